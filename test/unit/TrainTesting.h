// What the tests of training share: folders with small files, and models that are there for their inputs.
#ifndef RONDO_TEST_UNIT_TRAINTESTING_H
#define RONDO_TEST_UNIT_TRAINTESTING_H

#include "dsl/Frontend.h"
#include "dsl/Model.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace rondo::train {

/// A folder that is gone afterwards.
class Folder {
public:
  Folder() { llvm::sys::fs::createUniqueDirectory("rondo-train", path); }
  ~Folder() { llvm::sys::fs::remove_directories(path); }
  std::string at(const std::string &name) const { return (path + "/" + name).str(); }
  std::string write(const std::string &name, const std::string &text) const {
    std::ofstream(at(name), std::ios::binary) << text;
    return at(name);
  }
  std::string read(const std::string &name) const {
    std::ifstream file(at(name), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  bool has(const std::string &name) const { return llvm::sys::fs::exists(at(name)); }

private:
  llvm::SmallString<64> path;
};

/// A checked program with one model.
class Checked {
public:
  explicit Checked(const std::string &text) {
    if (frontend.checkText(text, "test.rondo"))
      return;
    std::string message;
    llvm::raw_string_ostream os(message);
    frontend.diagnostics().printText(os, false);
    ADD_FAILURE() << message;
  }
  const dsl::Model &model() { return frontend.models().front(); }

private:
  dsl::Frontend frontend;
};

/// The message of an error; the folder of the file in it is cut off.
template <typename T> std::string messageOf(llvm::Expected<T> value, const Folder &folder) {
  if (value)
    return "no error";
  std::string message = llvm::toString(value.takeError()), prefix = folder.at("");
  for (size_t at; (at = message.find(prefix)) != std::string::npos;)
    message.erase(at, prefix.size());
  return message;
}

template <typename T> T good(llvm::Expected<T> value) {
  if (value)
    return std::move(*value);
  ADD_FAILURE() << llvm::toString(value.takeError());
  return T();
}

} // namespace rondo::train
#endif
