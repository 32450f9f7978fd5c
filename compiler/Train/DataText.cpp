// Texts as data.
#include "compiler/Train/Data.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace rondo::train {

using dsl::Elem;

bool isText(const DataSource &source, const dsl::Input &input) {
  if (input.type.elem != Elem::Token || !input.type.dims.empty())
    return false;
  return any_of(source.chains, [&](const run::Chain &chain) { return chain.find(input.clock->name) == 0; });
}

namespace {

/// A part of the file: a document, and where it stands.
struct Piece {
  StringRef text;
  int64_t line, column;
};

StringRef withoutEnd(StringRef line) {
  line.consume_back("\r");
  return line;
}

/// The lines of a text; what ends it is no line.
std::vector<Piece> linesOf(StringRef text) {
  std::vector<Piece> lines;
  for (int64_t number = 1; !text.empty(); ++number) {
    auto [line, rest] = text.split('\n');
    lines.push_back({withoutEnd(line), number, 1});
    text = rest;
  }
  return lines;
}

/// What stands between empty lines.
std::vector<Piece> paragraphsOf(StringRef text) {
  std::vector<Piece> paragraphs;
  bool isOpen = false;
  for (const Piece &line : linesOf(text)) {
    bool isEmpty = line.text.trim().empty();
    if (!isEmpty && isOpen)
      paragraphs.back().text =
          StringRef(paragraphs.back().text.begin(), line.text.end() - paragraphs.back().text.begin());
    else if (!isEmpty)
      paragraphs.push_back(line);
    isOpen = !isEmpty;
  }
  return paragraphs;
}

/// The token that ends a text which the model writes itself; -1: there is none.
int64_t endOf(const DataSource &source, const dsl::Input &input) {
  for (const dsl::Generate &generate : source.model.generates)
    if (&source.model.inputs[generate.input] == &input)
      return generate.stop;
  return -1;
}

/// Makes tokens of documents, for one input.
class TextReader {
public:
  TextReader(const DataSource &source, const dsl::Input &input, StringRef path)
      : source(source), input(input), path(path) {
    for (size_t c = 0; c < source.chains.size(); ++c)
      if (source.chains[c].find(input.clock->name) == 0)
        chain = c;
  }

  size_t axes() const { return source.chains[chain].axes.size(); }

  Error checkAxes() const {
    if (axes() <= 2)
      return Error::success();
    return run::failureIn(path, "a text falls into sentences and words, but '" + input.clock->name +
                                    "' has more axes over it; give a .safetensors file with offsets");
  }

  /// Words or characters of a document, which must hold some.
  Expected<std::vector<Unit>> split(const Piece &piece, bool words) const {
    bool bytes = !words && input.type.tokens == 256;
    auto units = bytes   ? splitBytes(piece.text, piece.line, piece.column)
                 : words ? splitWords(piece.text, path, piece.line, piece.column)
                         : splitCharacters(piece.text, path, piece.line, piece.column);
    if (units && units->empty())
      return run::failureIn(path, "the document is empty", piece.line, piece.column);
    return units;
  }

  /// `areWhole`: where the model's texts end with a token, so do these.
  Expected<GivenData> encode(const std::vector<std::vector<Unit>> &documents, bool words, bool areWhole) {
    auto vocabulary = vocabularyFor(documents, words);
    if (!vocabulary)
      return vocabulary.takeError();
    GivenData given = source.none(input, path);
    if (!*vocabulary)
      return given;
    for (const std::vector<Unit> &document : documents) {
      reference::Array rows = run::makeArray({int64_t(document.size())}, /*isReal=*/false);
      for (auto [unit, to] : zip(document, rows.ints)) {
        auto number = (*vocabulary)->number(unit, path);
        if (!number)
          return number.takeError();
        to = *number;
      }
      if (int64_t end = endOf(source, input); end >= 0 && areWhole) {
        rows.ints.push_back(end);
        ++rows.shape[0];
      }
      given.rows.samples.push_back(std::move(rows));
      if (axes() < 2)
        continue;
      run::Cuts cuts(axes());
      cuts.offsets[1] = splitSentences(document);
      cuts.rows = {int64_t(document.size()), int64_t(cuts.offsets[1]->size()) - 1};
      given.cuts[chain].push_back(std::move(cuts));
    }
    return given;
  }

private:
  /// Null: the file is only looked through.
  Expected<const Vocabulary *> vocabularyFor(const std::vector<std::vector<Unit>> &documents, bool words) {
    if (!words && run::textHasTokens(input.type.tokens)) {
      fixed = input.type.tokens == 256 ? Vocabulary::bytes() : Vocabulary::printable();
      return &*fixed;
    }
    auto known = source.vocabularies.find(input.name);
    if (known != source.vocabularies.end())
      return &known->second;
    if (!source.collected)
      return run::failureIn(path, "input '" + input.name + "' has no vocabulary: the training data were no text");
    VocabularyText &text = (*source.collected)[input.name];
    text.sources.push_back({path.str(), {}});
    for (const std::vector<Unit> &document : documents)
      llvm::append_range(text.sources.back().units, document);
    return nullptr;
  }

  const DataSource &source;
  const dsl::Input &input;
  StringRef path;
  size_t chain = 0;
  std::optional<Vocabulary> fixed;
};

/// How documents without labels are told apart.
TextSplit splitOf(const DataSource &source, const TextReader &reader) {
  if (source.options.split)
    return *source.options.split;
  TextSplit split;
  if (count_if(source.model.inputs, [&](const dsl::Input &input) { return isText(source, input); }) > 1)
    split.kind = TextSplit::Kind::Lines;
  else if (reader.axes() > 1)
    split.kind = TextSplit::Kind::Paragraphs;
  return split;
}

bool isNumber(const Unit &label) {
  double number;
  return label.text == "true" || label.text == "false" || !StringRef(label.text).getAsDouble(number);
}

/// The numbers of labels: the labels themselves, or their places in a vocabulary.
Expected<GivenData> encodeLabels(const DataSource &source, const dsl::Input &input, const std::vector<Unit> &labels,
                                 StringRef path) {
  GivenData given = source.none(input, path);
  auto known = source.vocabularies.find(input.name);
  bool named = known != source.vocabularies.end();
  if (source.collected) {
    VocabularyText &text = (*source.collected)[input.name];
    text.isLabel = true;
    text.sources.push_back({path.str(), labels});
    return given;
  }
  for (const Unit &label : labels) {
    reference::Array rows;
    rows.shape = {1};
    rows.isReal = input.type.elem == Elem::Real;
    if (named) {
      auto number = known->second.number(label, path);
      if (!number)
        return number.takeError();
      rows.ints.push_back(*number);
    } else {
      double value = label.text == "true";
      if (!isNumber(label))
        return run::failureIn(path, shownUnit(label.text) + " is no number; it is for " + source.describe(input),
                              label.line, label.column);
      if (label.text != "true" && label.text != "false")
        StringRef(label.text).getAsDouble(value);
      if (std::string mistake = addValue(source, input, value, rows); !mistake.empty())
        return run::failureIn(path, mistake, label.line, label.column);
    }
    given.rows.samples.push_back(std::move(rows));
  }
  return given;
}

} // namespace

Error makeVocabularies(const DataSource &source, const std::map<std::string, VocabularyText> &texts) {
  for (const auto &[name, text] : texts) {
    const dsl::Input &input = *run::findInput(source.model, name);
    auto hasNumbers = [](const Vocabulary::Source &labels) { return all_of(labels.units, isNumber); };
    if (source.vocabularies.count(name) ||
        (text.isLabel && (input.type.elem != Elem::Token || all_of(text.sources, hasNumbers))))
      continue;
    Vocabulary::Plan plan;
    plan.most = input.type.tokens;
    plan.withUnknown = source.options.unknown && !text.isLabel;
    plan.end = text.isLabel ? -1 : endOf(source, input);
    plan.what = source.describe(input);
    auto made = Vocabulary::make(text.sources, plan);
    if (!made)
      return made.takeError();
    source.vocabularies.emplace(name, std::move(*made));
  }
  return Error::success();
}

Expected<GivenInputs> readText(const DataSource &source, const dsl::Input &input, StringRef path) {
  TextReader reader(source, input, path);
  if (Error error = reader.checkAxes())
    return std::move(error);
  auto file = run::readWhole(path);
  if (!file)
    return file.takeError();
  StringRef text = *file;
  if (text.consume_back("\n"))
    text = withoutEnd(text);
  bool words = source.options.words.value_or(reader.axes() > 1);
  TextSplit split = splitOf(source, reader);
  std::vector<Piece> pieces = split.kind == TextSplit::Kind::Lines        ? linesOf(text)
                              : split.kind == TextSplit::Kind::Paragraphs ? paragraphsOf(text)
                                                                          : std::vector<Piece>{{text, 1, 1}};
  if (pieces.empty())
    return run::failureIn(path, "the file is empty");
  std::vector<std::vector<Unit>> documents;
  for (const Piece &piece : pieces) {
    auto units = reader.split(piece, words);
    if (!units)
      return units.takeError();
    size_t most = split.kind == TextSplit::Kind::Pieces ? size_t(split.length) : units->size();
    for (size_t begin = 0; begin < units->size(); begin += most)
      documents.emplace_back(units->begin() + begin, units->begin() + std::min(begin + most, units->size()));
  }
  auto given = reader.encode(documents, words, split.kind != TextSplit::Kind::Pieces);
  if (!given)
    return given.takeError();
  GivenInputs all;
  all[input.name] = std::move(*given);
  return all;
}

Expected<GivenInputs> readLabelled(const DataSource &source, const dsl::Input &label, const dsl::Input &text,
                                   StringRef path) {
  TextReader reader(source, text, path);
  if (Error error = reader.checkAxes())
    return std::move(error);
  auto file = run::readWhole(path);
  if (!file)
    return file.takeError();
  bool words = source.options.words.value_or(true);
  std::vector<Unit> labels;
  std::vector<std::vector<Unit>> documents;
  for (const Piece &line : linesOf(*file)) {
    auto [name, document] = line.text.split('\t');
    if (name.size() == line.text.size())
      return run::failureIn(path, "the line has no tab; each is a label, a tab and a text", line.line, 1);
    if (name.trim().empty())
      return run::failureIn(path, "the label is empty", line.line, 1);
    auto column = splitCharacters(name, path, line.line);
    if (!column)
      return column.takeError();
    labels.push_back({name.trim().str(), line.line, 1});
    auto units = reader.split({document, line.line, int64_t(column->size()) + 2}, words);
    if (!units)
      return units.takeError();
    documents.push_back(std::move(*units));
  }
  if (documents.empty())
    return run::failureIn(path, "the file is empty");
  auto numbers = encodeLabels(source, label, labels, path);
  if (!numbers)
    return numbers.takeError();
  auto tokens = reader.encode(documents, words, /*areWhole=*/true);
  if (!tokens)
    return tokens.takeError();
  GivenInputs all;
  all[label.name] = std::move(*numbers);
  all[text.name] = std::move(*tokens);
  return all;
}

} // namespace rondo::train
