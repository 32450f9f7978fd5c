// From paths to checked models: reading files, following `use`, and handing what parses to elaboration.
#include "dsl/Frontend.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <algorithm>
#include <set>

using namespace llvm;

namespace rondo::dsl {

Frontend::Frontend(CheckOptions options) : options(std::move(options)) {}
Frontend::~Frontend() = default;

/// The text of a file; pipes may be read, devices that never end may not.
static ErrorOr<std::unique_ptr<MemoryBuffer>> readText(StringRef path) {
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(path, status))
    return error;
  if (status.type() == sys::fs::file_type::directory_file)
    return std::make_error_code(std::errc::is_a_directory);
  if (status.type() == sys::fs::file_type::character_file || status.type() == sys::fs::file_type::block_file)
    return std::make_error_code(std::errc::invalid_argument);
  // A copy, not a mapping: a file that shrinks while we read it must not take us with it.
  return MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/true, /*IsVolatile=*/true);
}

/// One name for a file however it is reached.
static std::string identityOf(StringRef path) {
  SmallString<256> real;
  return sys::fs::real_path(path, real) ? path.str() : real.str().str();
}

File *Frontend::parseBuffer(unsigned buffer) {
  files.push_back(parse(buffer, diags));
  return files.back().get();
}

File *Frontend::parseFile(StringRef path) {
  std::string identity = identityOf(path);
  if (auto known = filesByPath.find(identity); known != filesByPath.end())
    return known->second;
  ErrorOr<std::unique_ptr<MemoryBuffer>> text = readText(path);
  if (!text) {
    diags.report(DiagId::R0209, SMLoc(), "cannot read '" + path.str() + "': " + text.getError().message());
    return nullptr;
  }
  return filesByPath[identity] = parseBuffer(sources.AddNewSourceBuffer(std::move(*text), SMLoc()));
}

std::vector<StringRef> Frontend::filesRead() const {
  std::vector<StringRef> names;
  for (const auto &file : filesByPath)
    names.push_back(sources.getMemoryBuffer(file.second->buffer)->getBufferIdentifier());
  return names;
}

File *Frontend::parseText(StringRef text, StringRef name) {
  return parseBuffer(sources.AddNewSourceBuffer(MemoryBuffer::getMemBufferCopy(text, name), SMLoc()));
}

/// Parses what `file` uses, and what that uses. `open`: the files that led here, the last one `file` itself.
void Frontend::checkUses(File *file, std::vector<std::string> &open) {
  if (used.count(file))
    return;
  std::vector<File *> &mine = used[file];
  StringRef from = sources.getMemoryBuffer(file->buffer)->getBufferIdentifier();
  std::set<std::string> seen;
  for (const Use &use : file->uses) {
    SmallString<256> path(use.path);
    if (!sys::path::is_absolute(path)) {
      path = sys::path::parent_path(from);
      sys::path::append(path, use.path);
    }
    std::string identity = identityOf(path);
    if (!seen.insert(identity).second)
      continue;
    if (auto cycle = std::find(open.begin(), open.end(), identity); cycle != open.end()) {
      std::string files;
      for (; cycle != open.end(); ++cycle)
        files += sys::path::filename(*cycle).str() + " -> ";
      diags.report(DiagId::R0209, use.range,
                   "files use each other in a circle: " + files + sys::path::filename(identity).str());
      file->isBroken = true;
      continue;
    }
    if (!filesByPath.count(identity)) {
      ErrorOr<std::unique_ptr<MemoryBuffer>> text = readText(path);
      if (!text) {
        diags.report(DiagId::R0209, use.range, "cannot read '" + path.str().str() + "': " + text.getError().message());
        file->isBroken = true;
        continue;
      }
      filesByPath[identity] = parseBuffer(sources.AddNewSourceBuffer(std::move(*text), SMLoc()));
    }
    File *target = filesByPath[identity];
    mine.push_back(target);
    open.push_back(identity);
    checkUses(target, open);
    open.pop_back();
  }
}

std::vector<File *> Frontend::library() {
  if (!libraryFiles.empty())
    return libraryFiles;
  if (options.libraryPath.empty()) {
    for (auto [name, text] : libraryTexts())
      libraryFiles.push_back(parseText(text, name));
    return libraryFiles;
  }
  std::vector<std::string> paths;
  std::error_code error;
  for (sys::fs::directory_iterator entry(options.libraryPath, error), end; !error && entry != end;
       entry.increment(error))
    if (sys::path::extension(entry->path()) == ".rondo")
      paths.push_back(entry->path());
  if (error || paths.empty())
    diags.report(DiagId::R0209, SMLoc(),
                 "cannot read a library in '" + options.libraryPath +
                     "': " + (error ? error.message() : "it holds no .rondo file"));
  std::sort(paths.begin(), paths.end());
  for (const std::string &path : paths)
    if (File *file = parseFile(path))
      libraryFiles.push_back(file);
  return libraryFiles;
}

bool Frontend::check(File *file) {
  std::vector<std::string> open = {identityOf(sources.getMemoryBuffer(file->buffer)->getBufferIdentifier())};
  checkUses(file, open);
  std::vector<File *> library = this->library();
  if (library.empty() && !options.libraryPath.empty())
    return false;

  // What `file` uses, and what those files use, each once, nearest first.
  std::vector<File *> visible = used[file];
  for (size_t i = 0; i != visible.size(); ++i)
    for (File *further : used[visible[i]])
      if (further != file && !is_contained(visible, further))
        visible.push_back(further);

  // Where a file does not parse, names are missing that were only misspelt: nothing more is checked.
  auto isBroken = [](const File *one) { return one->isBroken; };
  if (isBroken(file) || any_of(visible, isBroken) || any_of(library, isBroken))
    return false;
  return elaborate(*file, visible, library, options, diags, checked);
}

bool Frontend::checkFile(StringRef path) {
  File *file = parseFile(path);
  return file && check(file);
}

bool Frontend::checkText(StringRef text, StringRef name) { return check(parseText(text, name)); }

} // namespace rondo::dsl
