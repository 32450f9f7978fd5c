// How the fuzzer changes a program: half the time as libFuzzer changes any bytes, which tries lexer and parser; else a
// token or a line at a time, which leaves most programs well formed and so reaches the checker.
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

using llvm::StringRef;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

/// Names, numbers, runs of blanks, and single other bytes, in order.
static std::vector<StringRef> tokens(StringRef text) {
  std::vector<StringRef> result;
  auto isWord = [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; };
  while (!text.empty()) {
    size_t length = 1;
    if (isWord(text[0]))
      length = text.take_while(isWord).size();
    else if (llvm::isSpace(text[0]))
      length = text.take_while(llvm::isSpace).size();
    result.push_back(text.take_front(length));
    text = text.drop_front(length);
  }
  return result;
}

static std::vector<StringRef> lines(StringRef text) {
  std::vector<StringRef> result;
  while (!text.empty()) {
    size_t length = std::min(text.find('\n'), text.size() - 1) + 1;
    result.push_back(text.take_front(length));
    text = text.drop_front(length);
  }
  return result;
}

/// Changes `parts` in one place, with parts of its own or of `donor`.
static void edit(std::vector<StringRef> &parts, const std::vector<StringRef> &donor, std::minstd_rand &random) {
  auto any = [&](size_t n) { return size_t(random() % n); };
  auto at = parts.begin() + ptrdiff_t(any(parts.size()));
  StringRef other = donor[any(donor.size())];
  switch (any(4)) {
  case 0: *at = other; break;
  case 1: parts.insert(at, other); break;
  case 2: parts.erase(at); break;
  default: std::swap(*at, parts[any(parts.size())]); break;
  }
}

static size_t store(const std::vector<StringRef> &parts, uint8_t *data, size_t maxSize) {
  std::string text;
  for (StringRef part : parts)
    text += part;
  text.resize(std::min(text.size(), maxSize));
  std::copy(text.begin(), text.end(), data);
  return text.size();
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  std::minstd_rand random(seed);
  if (size == 0 || random() % 2)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::string text(reinterpret_cast<const char *>(data), size);
  std::vector<StringRef> parts = random() % 4 ? tokens(text) : lines(text);
  const std::vector<StringRef> donor = parts;
  for (unsigned changes = 1 + random() % 3; changes && !parts.empty(); --changes)
    edit(parts, donor, random);
  return store(parts, data, maxSize);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t firstSize, const uint8_t *second,
                                            size_t secondSize, uint8_t *out, size_t maxOutSize, unsigned seed) {
  std::minstd_rand random(seed);
  StringRef a(reinterpret_cast<const char *>(first), firstSize), b(reinterpret_cast<const char *>(second), secondSize);
  bool byToken = random() % 2;
  std::vector<StringRef> parts = byToken ? tokens(a) : lines(a), donor = byToken ? tokens(b) : lines(b);
  for (unsigned changes = 1 + random() % 3; changes && !parts.empty() && !donor.empty(); --changes)
    edit(parts, donor, random);
  return store(parts, out, maxOutSize);
}
