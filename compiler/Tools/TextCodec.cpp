#include "compiler/Tools/TextCodec.h"
#include "compiler/Train/Trainer.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace rondo::tools {

Expected<std::optional<TextCodec>> TextCodec::of(const dsl::Input &input, const Arguments &arguments) {
  std::string params = arguments.text("params");
  TextCodec codec;
  std::string file = vocabularyFile(folderOf(params), input.name);
  if (input.type.elem != dsl::Elem::Token || !input.type.dims.empty())
    return std::nullopt;
  if (!params.empty() && sys::fs::exists(file)) {
    codec.areLabels = input.clock->kind == dsl::Clock::Kind::Sample;
    auto read = train::Vocabulary::read(file, input.type.tokens, "input '" + input.name + "'", codec.areLabels);
    if (!read)
      return read.takeError();
    codec.vocabulary = std::move(*read);
    auto settings = settingsBeside(arguments, {"unit"}, folderOf(params), {"unit"});
    if (!settings)
      return settings.takeError();
    auto unit = settings->find("unit"); // else words are what no characters are
    if (unit == settings->end() ? codec.vocabulary->holdsWords() : unit->second == "words")
      codec.kind = train::UnitKind::Words;
    return std::move(codec);
  }
  if (!rondo::run::textHasTokens(input.type.tokens))
    return std::nullopt;
  codec.alphabet = input.type.tokens;
  return std::move(codec);
}

rondo::run::TextReader TextCodec::reader(const Arguments &arguments) {
  return [&arguments](const dsl::Input &input, StringRef text,
                      StringRef path) -> Expected<std::optional<std::vector<int64_t>>> {
    auto codec = of(input, arguments);
    if (!codec)
      return codec.takeError();
    if (!*codec || !(*codec)->vocabulary)
      return std::nullopt;
    return (*codec)->encode(text, path);
  };
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
  std::vector<int64_t> tokens;
  auto add = [&](StringRef unit) {
    tokens.push_back(vocabulary->number(unit));
    return tokens.back() < 0 ? vocabulary->missing(unit, file) : Error::success();
  };
  while (areLabels && !rest.empty()) {
    StringRef label;
    std::tie(label, rest) = rest.split('\n');
    if (Error error = add(label.trim()))
      return std::move(error);
  }
  train::Units units(rest, kind);
  StringRef unit;
  while (units.next(unit))
    if (Error error = add(unit))
      return std::move(error);
  if (const char *bad = units.bad())
    return noCharacter(file, bad);
  return tokens;
}

} // namespace rondo::tools
