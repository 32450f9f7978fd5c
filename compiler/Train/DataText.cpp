// Texts as data. A file is gone through twice: for the vocabulary first, if there is none yet, then for its numbers.
#include "compiler/Train/Data.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"

using namespace llvm;

namespace rondo::train {

using dsl::Elem;

bool isText(const DataSource &source, const dsl::Input &input) {
  if (input.type.elem != Elem::Token || !input.type.dims.empty())
    return false;
  return any_of(source.chains, [&](const run::Chain &chain) { return chain.find(input.clock->name) == 0; });
}

namespace {

StringRef withoutEnd(StringRef line) {
  line.consume_back("\r");
  return line;
}

/// From the beginning of one part of a text to the end of a later one.
StringRef joined(StringRef first, StringRef last) {
  return StringRef(first.begin(), size_t(last.end() - first.begin()));
}

/// Calls `each` for the lines of a text, until one gives an error; what ends the text is no line.
Error forLines(StringRef text, function_ref<Error(StringRef line)> each) {
  while (!text.empty()) {
    auto [line, rest] = text.split('\n');
    if (Error error = each(withoutEnd(line)))
      return error;
    text = rest;
  }
  return Error::success();
}

/// The same for what stands between empty lines.
Error forParagraphs(StringRef text, function_ref<Error(StringRef paragraph)> each) {
  StringRef paragraph;
  Error error = forLines(text, [&](StringRef line) -> Error {
    bool isEmpty = line.trim().empty();
    if (!isEmpty)
      paragraph = paragraph.empty() ? line : joined(paragraph, line);
    if (!isEmpty || paragraph.empty())
      return Error::success();
    return each(std::exchange(paragraph, StringRef()));
  });
  if (error)
    return error;
  return paragraph.empty() ? Error::success() : each(paragraph);
}

/// The same for labelled documents: lines, or where they have paragraphs, what stands from one line with a tab to the
/// next.
Error forDocuments(StringRef text, bool haveParagraphs, function_ref<Error(StringRef document)> each) {
  if (!haveParagraphs)
    return forLines(text, each);
  StringRef document;
  Error error = forLines(text, [&](StringRef line) -> Error {
    if (!document.empty() && line.contains('\t'))
      return each(std::exchange(document, line));
    document = document.empty() ? line : joined(document, line);
    return Error::success();
  });
  if (error)
    return error;
  return document.empty() ? Error::success() : each(document);
}

/// The token that ends a text which the model writes itself; -1: there is none.
int64_t endOf(const DataSource &source, const dsl::Input &input) {
  for (const dsl::Generate &generate : source.model.generates)
    if (&source.model.inputs[generate.input] == &input)
      return generate.stop;
  return -1;
}

/// Makes tokens of documents, for one input; while files are looked through, it counts them.
class TextReader {
public:
  TextReader(const DataSource &source, const dsl::Input &input, StringRef path)
      : source(source), input(input), path(path), given(source.none(input, path)) {
    for (size_t c = 0; c < source.chains.size(); ++c)
      if (source.chains[c].find(input.clock->name) == 0)
        chain = c;
  }

  size_t axes() const { return source.chains[chain].axes.size(); }
  bool hasParagraphs() const { return axes() == (isSpelled() ? 4 : 3); }

  /// `words`: what is not asked for.
  Error open(bool words) {
    words = source.options.words.value_or(words && axes() < 3);
    if (axes() > (words ? 3 : 4))
      return run::failureIn(path, Twine("a text falls into paragraphs, sentences") +
                                      (words ? " and words" : ", words and letters") + ", but '" + input.clock->name +
                                      "' has more axes over it; give a .safetensors file with offsets");
    auto opened = TextFile::open(path);
    if (!opened)
      return opened.takeError();
    file.emplace(std::move(*opened));
    kind = words ? UnitKind::Words : input.type.tokens == 256 ? UnitKind::Bytes : UnitKind::Characters;
    if (!words && run::textHasTokens(input.type.tokens))
      vocabulary = &fixed.emplace(kind == UnitKind::Bytes ? Vocabulary::bytes() : Vocabulary::printable());
    else if (auto known = source.vocabularies.find(input.name); known != source.vocabularies.end())
      vocabulary = &known->second;
    else if (source.collected)
      counts = &(*source.collected)[input.name].counts;
    else
      return run::failureIn(path, "for input '" + input.name + "' there is no vocabulary." + input.name +
                                      ".txt beside the parameters, in which training on text leaves its tokens");
    if (!words && !source.collected)
      given.column.reserve(int64_t(file->text().size()));
    return Error::success();
  }

  const TextFile &text() const { return *file; }
  int64_t count(StringRef document) const {
    Units units(document, kind);
    int64_t all = 0;
    for (StringRef unit; units.next(unit);)
      ++all;
    return all;
  }

  /// A document, which must hold something. `length`: it falls into samples of about so many tokens; 0: it is one, and if
  /// the model's texts end with a token, so does this one.
  Error read(StringRef document, int64_t length) {
    bool isEmpty = true;
    auto part = [&](StringRef text) { return readPart(text, length, isEmpty); };
    if (Error error = hasParagraphs() ? forParagraphs(document, part) : part(document))
      return error;
    if (isEmpty)
      return file->failure(document.data(), "the document is empty");
    if (int64_t end = endOf(source, input); end >= 0 && !length)
      add(end);
    endSample();
    return Error::success();
  }

  GivenData take() { return std::move(given); }

private:
  /// Letters in words in sentences.
  bool isSpelled() const { return axes() > 2 && kind != UnitKind::Words; }

  /// A paragraph, or all of a document without them.
  Error readPart(StringRef text, int64_t length, bool &isEmpty) {
    Units units(text, isSpelled() ? UnitKind::Words : kind);
    StringRef unit;
    while (units.next(unit)) {
      isEmpty = false;
      if (length && ticks >= length)
        endSample();
      if (Error error = isSpelled() ? addWord(unit) : addUnit(unit))
        return error;
      if (axes() > 1)
        sentences.add(unit);
    }
    if (const char *bad = units.bad())
      return noCharacter(*file, bad);
    endParagraph();
    return Error::success();
  }

  void endParagraph() {
    if (int64_t count = sentences.end(); count > paragraphOffsets.back())
      paragraphOffsets.push_back(count);
  }

  Error addWord(StringRef word) {
    Units letters(word, kind);
    StringRef letter;
    while (letters.next(letter))
      if (Error error = addUnit(letter))
        return error;
    wordOffsets.push_back(ticks);
    return Error::success();
  }

  Error addUnit(StringRef unit) {
    if (counts) {
      counts->add(unit);
      return Error::success();
    }
    int64_t number = vocabulary->number(unit);
    if (number < 0)
      return vocabulary->missing(unit, *file);
    add(number);
    return Error::success();
  }

  void add(int64_t number) {
    given.column.add(double(number));
    ++ticks;
  }

  void endSample() {
    endParagraph();
    std::vector<int64_t> ofParagraphs = std::exchange(paragraphOffsets, {0}), ofSentences = sentences.finish(),
                         ofWords = std::exchange(wordOffsets, {0});
    int64_t count = std::exchange(ticks, 0);
    if (count == 0) // units were only counted
      return;
    given.column.endSample(count);
    if (axes() == 1)
      return;
    run::Cuts cuts(axes());
    cuts.rows[0] = count;
    size_t axis = 1;
    auto cut = [&](std::vector<int64_t> offsets) {
      cuts.rows[axis] = int64_t(offsets.size()) - 1;
      cuts.offsets[axis++] = std::move(offsets);
    };
    if (isSpelled())
      cut(std::move(ofWords));
    cut(std::move(ofSentences));
    if (hasParagraphs())
      cut(std::move(ofParagraphs));
    given.cuts[chain].push_back(std::move(cuts));
  }

  const DataSource &source;
  const dsl::Input &input;
  StringRef path;
  size_t chain = 0;
  std::optional<TextFile> file;
  UnitKind kind = UnitKind::Characters;
  std::optional<Vocabulary> fixed;
  const Vocabulary *vocabulary = nullptr;
  UnitCounts *counts = nullptr;
  GivenData given;
  // Of the sample that is read:
  int64_t ticks = 0;
  std::vector<int64_t> wordOffsets = {0}; // into letters
  Sentences sentences;
  std::vector<int64_t> paragraphOffsets = {0}; // into sentences
};

/// How documents without labels are told apart.
TextSplit splitOf(const DataSource &source, const TextReader &reader) {
  if (source.options.split)
    return *source.options.split;
  TextSplit split;
  if (count_if(source.model.inputs, [&](const dsl::Input &input) { return isText(source, input); }) > 1)
    split.kind = TextSplit::Kind::Lines;
  else if (reader.axes() > 1)
    split.kind = reader.hasParagraphs() ? TextSplit::Kind::Whole : TextSplit::Kind::Paragraphs;
  else if (source.options.streams)
    split = {TextSplit::Kind::Streams, source.options.streams};
  return split;
}

/// The numbers of labels: the labels themselves, or their places in a vocabulary.
class LabelReader {
public:
  LabelReader(const DataSource &source, const dsl::Input &input, StringRef path)
      : source(source), input(input), given(source.none(input, path)) {}

  Error read(StringRef label, const TextFile &file) {
    const auto *at = label.bytes_begin();
    if (!isLegalUTF8String(&at, label.bytes_end()))
      return noCharacter(file, reinterpret_cast<const char *>(at));
    double value = label == "true";
    bool isNumber = label == "true" || label == "false" || !label.getAsDouble(value);
    auto known = source.vocabularies.find(input.name);
    if (source.collected) {
      VocabularyText &text = (*source.collected)[input.name];
      text.isLabel = true;
      text.areNumbers &= isNumber;
      text.counts.add(label);
    } else if (known != source.vocabularies.end()) {
      int64_t number = known->second.number(label);
      if (number < 0)
        return known->second.missing(label, file);
      given.column.add(double(number));
    } else if (!isNumber) {
      return file.failure(label.data(), shownUnit(label) + " is no number; it is for " + source.describe(input));
    } else if (std::string mistake = addValue(source, input, value, given.column); !mistake.empty()) {
      return file.failure(label.data(), mistake);
    }
    if (!source.collected)
      given.column.endSample(1);
    return Error::success();
  }

  GivenData take() { return std::move(given); }

private:
  const DataSource &source;
  const dsl::Input &input;
  GivenData given;
};

} // namespace

/// True if a `ctc` aligns the input's tokens: then number 0 is its blank.
static bool isAligned(const dsl::Model &model, const dsl::Input &input) {
  SmallVector<dsl::NodeId> open;
  for (const dsl::Node &node : model.nodes)
    if (node.op == dsl::Op::Ctc)
      open.push_back(node.operands[1]);
  DenseSet<dsl::NodeId> seen;
  while (!open.empty()) {
    dsl::NodeId id = open.pop_back_val();
    const dsl::Node &node = model.nodes[id];
    if (node.type.elem != Elem::Token || !seen.insert(id).second)
      continue;
    if (node.op == dsl::Op::Input && &model.inputs[node.index] == &input)
      return true;
    append_range(open, node.operands);
  }
  return false;
}

void makeVocabularies(const DataSource &source, const std::map<std::string, VocabularyText> &texts) {
  for (const auto &[name, text] : texts) {
    const dsl::Input &input = *run::findInput(source.model, name);
    if (source.vocabularies.count(name) || (text.isLabel && (input.type.elem != Elem::Token || text.areNumbers)))
      continue;
    Vocabulary::Plan plan;
    plan.most = input.type.tokens;
    plan.areLabels = text.isLabel;
    plan.withUnknown = source.options.unknown && !text.isLabel;
    plan.withBlank = isAligned(source.model, input);
    plan.end = text.isLabel ? -1 : endOf(source, input);
    plan.what = source.describe(input);
    source.vocabularies.emplace(name, Vocabulary::make(text.counts, plan));
  }
}

Expected<GivenInputs> readText(const DataSource &source, const dsl::Input &input, StringRef path) {
  TextReader reader(source, input, path);
  if (Error error = reader.open(/*words=*/reader.axes() > 1))
    return std::move(error);
  StringRef text = reader.text().text();
  if (text.consume_back("\n"))
    text = withoutEnd(text);
  TextSplit split = splitOf(source, reader);
  bool isEmpty = true;
  auto whole = [&](StringRef document) {
    isEmpty = false;
    return reader.read(document, /*length=*/0);
  };
  bool isCut = split.kind == TextSplit::Kind::Pieces || split.kind == TextSplit::Kind::Streams;
  if (split.kind == TextSplit::Kind::Streams)
    split.length = std::max<int64_t>((reader.count(text) + split.length - 1) / split.length, 1);
  Error error = isCut                                  ? reader.read(text, split.length)
                : split.kind == TextSplit::Kind::Whole ? whole(text)
                : split.kind == TextSplit::Kind::Lines ? forLines(text, whole)
                                                       : forParagraphs(text, whole);
  if (error)
    return std::move(error);
  if (isEmpty && !isCut)
    return reader.text().failure("the file is empty");
  GivenInputs all;
  all.emplace(input.name, reader.take());
  return all;
}

Expected<GivenInputs> readLabelled(const DataSource &source, const dsl::Input &label, const dsl::Input &text,
                                   StringRef path) {
  if (source.options.split)
    return run::failureIn(path,
                          "its lines are labels with their texts, and option '--split' is for texts without labels");
  TextReader reader(source, text, path);
  if (Error error = reader.open(/*words=*/true))
    return std::move(error);
  LabelReader labels(source, label, path);
  const TextFile &file = reader.text();
  Error error = forDocuments(file.text(), reader.hasParagraphs(), [&](StringRef labelled) -> Error {
    auto [name, document] = labelled.split('\t');
    if (name.size() == labelled.size())
      return file.failure(labelled.data(), Twine("the line has no tab; each is a label, a tab and a text") +
                                               (reader.axes() == 3 && !reader.hasParagraphs()
                                                    ? "; --unit words is for words in sentences in paragraphs"
                                                    : ""));
    name = name.trim();
    if (name.empty())
      return file.failure(labelled.data(), "the label is empty");
    if (Error wrong = labels.read(name, file))
      return wrong;
    return reader.read(document, /*length=*/0);
  });
  if (error)
    return std::move(error);
  if (file.text().empty())
    return file.failure("the file is empty");
  GivenInputs all;
  all.emplace(label.name, labels.take());
  all.emplace(text.name, reader.take());
  return all;
}

} // namespace rondo::train
