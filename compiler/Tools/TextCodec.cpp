#include "compiler/Tools/TextCodec.h"
#include "compiler/Train/Trainer.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace rondo::tools {

Expected<std::optional<TextCodec>> TextCodec::of(const dsl::Input &input, StringRef params) {
  TextCodec codec;
  StringRef folder = sys::path::parent_path(params);
  train::TrainFolder ofTraining{folder.empty() ? "." : folder.str()};
  std::string file = vocabularyFile(ofTraining.path, input.name);
  if (input.type.elem != dsl::Elem::Token || !input.type.dims.empty())
    return std::nullopt;
  if (!params.empty() && sys::fs::exists(file)) {
    auto read = train::Vocabulary::read(file, input.type.tokens, "input '" + input.name + "'");
    if (!read)
      return read.takeError();
    codec.vocabulary = std::move(*read);
    if (sys::fs::exists(ofTraining.checkpoint())) {
      auto settings = train::readSettings(ofTraining.checkpoint());
      if (!settings)
        return settings.takeError();
      if (auto unit = settings->find("unit"); unit != settings->end() && unit->second == "words")
        codec.kind = train::UnitKind::Words;
    }
    return std::move(codec);
  }
  if (!rondo::run::textHasTokens(input.type.tokens))
    return std::nullopt;
  codec.alphabet = input.type.tokens;
  return std::move(codec);
}

std::string TextCodec::decode(ArrayRef<int64_t> tokens) const {
  if (!vocabulary)
    return rondo::run::decodeText(tokens, alphabet);
  const std::vector<std::string> &units = vocabulary->units();
  std::string text;
  for (int64_t token : tokens) {
    if (kind == train::UnitKind::Words && !text.empty())
      text += ' ';
    text += token < int64_t(units.size()) ? units[size_t(token)] : "<" + std::to_string(token) + ">";
  }
  return text;
}

Expected<std::vector<int64_t>> TextCodec::encode(StringRef text, StringRef name) const {
  if (!vocabulary)
    return rondo::run::encodeText(text, alphabet, name);
  train::TextFile file = train::TextFile::of(name, text);
  StringRef rest = file.text();
  if (rest.consume_back("\n")) // what ends the text is no part of it
    rest.consume_back("\r");
  train::Units units(rest, kind);
  std::vector<int64_t> tokens;
  StringRef unit;
  while (units.next(unit)) {
    tokens.push_back(vocabulary->number(unit));
    if (tokens.back() < 0)
      return vocabulary->missing(unit, file);
  }
  if (const char *bad = units.bad())
    return noCharacter(file, bad);
  return tokens;
}

} // namespace rondo::tools
