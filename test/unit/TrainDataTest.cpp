// Files as training data: what they become, and every way in which they can be wrong.
#include "TrainTesting.h"
#include "compiler/Train/Batches.h"
#include "compiler/Train/Data.h"
#include <algorithm>
#include <set>

using namespace rondo;
using namespace rondo::train;

namespace {

using Ints = std::vector<int64_t>;
using Files = std::vector<run::InputFile>;

const char *const letters = "model m { input text : token(8) on step  output y = dense(8)(embed(4)(text)) "
                            "loss cross_entropy(y, next(text)) }";
const char *const ascii = "model m { input text : token(96) on step  output y = dense(96)(embed(4)(text)) "
                          "loss cross_entropy(y, next(text)) }";
const char *const reviews = R"(model m {
  input words : token(12) on word in sentence
  input label : token(3) on sample
  h = gru(4)(embed(4)(words))
  output y = dense(3)(h when sample)
  loss cross_entropy(y, label)
})";
const char *const table = R"(model m {
  input x : real[2] on step
  input kind : token(3) on sample
  output y = dense(3)(gru(4)(x) when sample)
  loss cross_entropy(y, kind)
})";
const char *const flat = R"(model m {
  input x : real on sample
  input z : int on sample
  param w : real = 0.0
  output y = w * x
  loss mse(y, real(z))
})";

struct Case {
  Folder folder;
  Vocabularies vocabularies;
  DataOptions options;

  llvm::Expected<reference::Batch> read(const std::string &program, Files files) {
    Checked checked(program);
    options.files = std::move(files);
    auto data = readData(checked.model(), options, vocabularies);
    if (!data)
      return data.takeError();
    return data->all();
  }
  /// One file without a name.
  llvm::Expected<reference::Batch> one(const std::string &program, const std::string &name, const std::string &text) {
    return read(program, {{"", folder.write(name, text)}});
  }
  std::string refusal(const std::string &program, const std::string &name, const std::string &text) {
    return messageOf(one(program, name, text), folder);
  }
};

//===--- Text --------------------------------------------------------------------------------------------------===//

TEST(TrainData, ReadsCharactersInPieces) {
  Case c;
  c.options.split = TextSplit{TextSplit::Kind::Pieces, 4};
  reference::Batch data = good(c.one(letters, "a.txt", "abacab\nä\n"));
  ASSERT_EQ(data.samples, 2);
  // a 3 times, b twice, then by character: the end of the line, c, ä.
  EXPECT_EQ(c.vocabularies["text"].units(), (std::vector<std::string>{"a", "b", "\n", "c", "ä"}));
  EXPECT_EQ(data.inputs["text"][0].ints, (Ints{0, 1, 0, 3}));
  EXPECT_EQ(data.inputs["text"][1].ints, (Ints{0, 1, 2, 4}));
  EXPECT_EQ(data.lengths["step"], (Ints{4, 4}));
}

TEST(TrainData, NeedsNoVocabularyForAscii) {
  Case c;
  c.options.split = TextSplit{TextSplit::Kind::Lines, 0};
  reference::Batch data = good(c.one(ascii, "a.txt", " !\r\n~\n"));
  ASSERT_EQ(data.samples, 2);
  EXPECT_EQ(data.inputs["text"][0].ints, (Ints{0, 1}));
  EXPECT_EQ(data.inputs["text"][1].ints, (Ints{94}));
  EXPECT_TRUE(c.vocabularies.empty());
  EXPECT_EQ(c.refusal(ascii, "b.txt", "ab\ncäd\n"),
            "b.txt:2:2: 'ä' is not in token(96), which holds printable ASCII and the end of a line");
}

TEST(TrainData, ReadsWordsOfParagraphs) {
  Case c;
  c.options.words = true;
  c.options.split = TextSplit{TextSplit::Kind::Paragraphs, 0};
  reference::Batch data = good(c.one(letters, "a.txt", "no, no!\nit's\n\n\nso-so\n"));
  ASSERT_EQ(data.samples, 2);
  std::vector<std::string> units = c.vocabularies["text"].units();
  std::string text;
  for (int64_t token : data.inputs["text"][0].ints)
    text += units[token] + "|";
  EXPECT_EQ(text, "no|,|no|!|it's|");
  EXPECT_EQ(units[data.inputs["text"][1].ints[0]], "so-so");
}

TEST(TrainData, SaysWhichTokenFindsNoPlace) {
  Case c;
  EXPECT_EQ(c.refusal(letters, "a.txt", "aabbccddeeff\ngg\ni"),
            "a.txt:3:1: 'i' finds no place: the text has 9 different tokens, but input 'text' : token(8) has room for "
            "8; make the model's larger, or let --unk stand for the rarest");
  c.options.unknown = true;
  c.vocabularies.clear();
  reference::Batch data = good(c.one(letters, "a.txt", "aabbccddeeff\ngg\ni"));
  EXPECT_EQ(c.vocabularies["text"].units()[0], "<unk>");
  EXPECT_EQ(c.vocabularies["text"].units().size(), 8u);
  EXPECT_EQ(data.inputs["text"][0].ints.back(), 0); // i
}

TEST(TrainData, ValidatesWithTheVocabularyOfTraining) {
  Case c;
  good(c.one(letters, "a.txt", "abc"));
  c.options.isNew = false;
  EXPECT_EQ(good(c.one(letters, "b.txt", "cab")).inputs["text"][0].ints, (Ints{2, 0, 1}));
  EXPECT_EQ(c.refusal(letters, "b.txt", "ca\nbd"),
            "b.txt:1:3: the end of a line is not in the vocabulary of the training data; a vocabulary made with --unk "
            "takes it for <unk>");
  c.vocabularies.clear();
  EXPECT_EQ(c.refusal(letters, "b.txt", "a"), "b.txt: for input 'text' there is no vocabulary.text.txt beside the "
                                              "parameters, in which training on text leaves its tokens");
}

TEST(TrainData, MakesOneVocabularyOfAllFiles) {
  Case c;
  std::string a = c.folder.write("a.txt", "ab"), b = c.folder.write("b.txt", "bc");
  reference::Batch data = good(c.read(letters, {{"", a}, {"", b}}));
  EXPECT_EQ(data.samples, 2);
  EXPECT_EQ(c.vocabularies["text"].units(), (std::vector<std::string>{"b", "a", "c"}));
}

TEST(TrainData, KeepsVocabulariesInFiles) {
  Folder folder;
  Case c;
  good(c.one(letters, "a.txt", "a\n\t\\ a"));
  ASSERT_FALSE(bool(c.vocabularies["text"].write(folder.at("v.txt"))));
  Vocabulary read = good(Vocabulary::read(folder.at("v.txt"), 8, "input 'text'"));
  EXPECT_EQ(read.units(), c.vocabularies["text"].units());
  EXPECT_EQ(messageOf(Vocabulary::read(folder.at("v.txt"), 2, "input 'text'"), folder),
            "v.txt:3: has more tokens than input 'text', which has 2");
  EXPECT_EQ(messageOf(Vocabulary::read(folder.write("w.txt", "a\nb\na\n"), 8, "input 'text'"), folder),
            "w.txt:3: 'a' stands twice");
  EXPECT_EQ(messageOf(Vocabulary::read(folder.write("w.txt", "a\n\\x\n"), 8, "input 'text'"), folder),
            "w.txt:2:1: a \\ must stand before n, t, r or another \\");
}

TEST(TrainData, RefusesWhatIsNoText) {
  Case c;
  EXPECT_EQ(c.refusal(letters, "a.txt", "ab\n\xff"), "a.txt:2:1: the byte 0xFF begins no character of UTF-8");
  EXPECT_EQ(c.refusal(letters, "a.txt", "a\xc0\xaf"), "a.txt:1:2: the byte 0xC0 begins no character of UTF-8");
  EXPECT_EQ(c.refusal(letters, "a.txt", ""), "a.txt:1:1: the document is empty");
  EXPECT_EQ(c.refusal(letters, "a.doc", "a"),
            "a.doc: the ending '.doc' is none of .txt, .tsv, .csv, .npy, .safetensors");
  c.options.split = TextSplit{TextSplit::Kind::Lines, 0};
  EXPECT_EQ(c.refusal(letters, "a.txt", "a\n\nb\n"), "a.txt:2:1: the document is empty");
  EXPECT_EQ(messageOf(c.read(letters, {{"", c.folder.at("none.txt")}}), c.folder),
            "none.txt: No such file or directory");
  EXPECT_EQ(messageOf(c.read(letters, {{"txt", c.folder.at("none.txt")}}), c.folder),
            "model 'm' has no input 'txt' (it has: text); did you mean 'text'?");
}

TEST(TrainData, ReadsTextsBesideEachOther) {
  const char *translate = R"(model m {
    input source : token(6) on heard
    input target : token(6) on said
    s = gru(4)(embed(4)(source)) when sample
    output y = dense(6)(embed(4)(target) + spread(s, to = said))
    loss cross_entropy(y, target)
  })";
  Case c;
  std::string a = c.folder.write("a.txt", "ab\nb\n"), b = c.folder.write("b.txt", "xyz\nx\n");
  reference::Batch data = good(c.read(translate, {{"source", a}, {"target", b}}));
  EXPECT_EQ(data.lengths["heard"], (Ints{2, 1}));
  EXPECT_EQ(data.lengths["said"], (Ints{3, 1}));
  EXPECT_EQ(messageOf(c.read(translate, {{"", a}}), c.folder),
            "a.txt: a text is for a model with one input of tokens on an axis, and perhaps a label on 'sample'; model "
            "'m' has source, target; say which: NAME=FILE");
  EXPECT_EQ(messageOf(c.read(translate, {{"source", a}}), c.folder),
            "the data have nothing for input 'target' of model 'm'; give a further file, target=FILE");
  EXPECT_EQ(messageOf(c.read(translate, {{"source", a}, {"target", c.folder.write("c.txt", "x")}}), c.folder),
            "input 'target' (c.txt) has 1 sample, but input 'source' (a.txt) has 2");
}

TEST(TrainData, EndsTextsThatTheModelEnds) {
  const char *writer = "model m { input text : token(6) on step  output y = dense(6)(embed(4)(text)) "
                       "loss cross_entropy(y, next(text)) generate next text from y (start = 0, stop = 2) }";
  Case c;
  c.options.split = TextSplit{TextSplit::Kind::Lines, 0};
  reference::Batch data = good(c.one(writer, "a.txt", "abac\nb\n"));
  EXPECT_EQ(c.vocabularies["text"].units(), (std::vector<std::string>{"a", "b", "<end>", "c"}));
  EXPECT_EQ(data.inputs["text"][0].ints, (Ints{0, 1, 0, 3, 2}));
  EXPECT_EQ(data.inputs["text"][1].ints, (Ints{1, 2}));
  EXPECT_EQ(data.lengths["step"], (Ints{5, 2}));
  c.vocabularies.clear();
  good(c.one(writer, "a.txt", "a\n"));
  EXPECT_EQ(c.vocabularies["text"].units(), (std::vector<std::string>{"a", "<1>", "<end>"}));
  c.vocabularies.clear();
  EXPECT_EQ(
      c.refusal(writer, "a.txt", "abc\ndef\n"),
      "a.txt:2:3: 'f' finds no place: the text has 6 different tokens, but input 'text' : token(6) has room for 5; "
      "make the model's larger, or let --unk stand for the rarest");
  c.options.split = TextSplit{TextSplit::Kind::Pieces, 3};
  EXPECT_EQ(good(c.one(writer, "a.txt", "abab")).inputs["text"][0].ints, (Ints{0, 1, 0}));
}

//===--- Labelled text -----------------------------------------------------------------------------------------===//

TEST(TrainData, ReadsLabelledDocuments) {
  Case c;
  reference::Batch data = good(c.one(reviews, "a.tsv", "good\tA b. C!?\nbad\tb b\ngood\tA.\n"));
  ASSERT_EQ(data.samples, 3);
  EXPECT_EQ(c.vocabularies["label"].units(), (std::vector<std::string>{"good", "bad"}));
  EXPECT_EQ(data.inputs["label"][1].ints, (Ints{1}));
  EXPECT_EQ(data.lengths["word"], (Ints{6, 2, 2}));
  EXPECT_EQ(data.offsets["sentence"], (std::vector<Ints>{{0, 3, 6}, {0, 2}, {0, 2}}));
}

// Without labels documents are paragraphs.
TEST(TrainData, ReadsDocumentsInSentencesAndWords) {
  const char *story = R"(model m {
    input words : token(12) on word in sentence
    h = gru(4)(embed(4)(words))
    output y = dense(12)(h)
    loss cross_entropy(y, next(words))
  })";
  Case c;
  reference::Batch data = good(c.one(story, "a.txt", "A b. C\nd!? E\n\n\nf.\n"));
  ASSERT_EQ(data.samples, 2);
  EXPECT_EQ(data.lengths["word"], (Ints{8, 2}));
  EXPECT_EQ(data.offsets["sentence"], (std::vector<Ints>{{0, 3, 7, 8}, {0, 2}}));
}

TEST(TrainData, SpellsWordsOfSentences) {
  const char *spelled = R"(model m {
    input letters : token(12) on letter in word in sentence
    input label : token(3) on sample
    h = gru(4)(embed(4)(letters))
    output y = dense(3)(h when sample)
    loss cross_entropy(y, label)
  })";
  Case c;
  reference::Batch data = good(c.one(spelled, "a.tsv", "0\tab a. cab\n2\tb\n"));
  ASSERT_EQ(data.samples, 2);
  EXPECT_EQ(c.vocabularies["letters"].units(), (std::vector<std::string>{"a", "b", ".", "c"}));
  EXPECT_EQ(data.inputs["letters"][0].ints, (Ints{0, 1, 0, 2, 3, 0, 1}));
  EXPECT_EQ(data.lengths["letter"], (Ints{7, 1}));
  EXPECT_EQ(data.offsets["word"], (std::vector<Ints>{{0, 2, 3, 4, 7}, {0, 1}}));
  EXPECT_EQ(data.offsets["sentence"], (std::vector<Ints>{{0, 3, 4}, {0, 1}}));
}

const char *const chapters = R"(model m {
  input words : token(12) on word in sentence in paragraph
  input label : token(3) on sample
  s = mean(embed(4)(words), per = sentence)
  p = max(s, per = paragraph)
  output y = dense(3)(mean(p, per = sample))
  loss cross_entropy(y, label)
})";

// An empty line ends a paragraph, and so a sentence; a line with a tab begins the next document.
TEST(TrainData, ReadsDocumentsInParagraphs) {
  Case c;
  c.options.words = true;
  reference::Batch data = good(c.one(chapters, "a.tsv", "0\ta b. a\nb\n\n \na. b. c\n2\tb\n\n1\t\n\nc c\n"));
  ASSERT_EQ(data.samples, 3);
  EXPECT_EQ(data.lengths["word"], (Ints{10, 1, 2}));
  EXPECT_EQ(data.offsets["sentence"], (std::vector<Ints>{{0, 3, 5, 7, 9, 10}, {0, 1}, {0, 2}}));
  EXPECT_EQ(data.offsets["paragraph"], (std::vector<Ints>{{0, 2, 5}, {0, 1}, {0, 1}}));
  EXPECT_EQ(data.inputs["label"][2].ints, (Ints{1}));
  EXPECT_EQ(c.refusal(chapters, "a.tsv", "\n a\n"),
            "a.tsv:2:1: the line has no tab; each is a label, a tab and a text");
  EXPECT_EQ(c.refusal(chapters, "a.tsv", "0\t\n \n1\ta\n"), "a.tsv:1:3: the document is empty");
  c.options.words.reset();
  EXPECT_EQ(c.refusal(chapters, "a.tsv", "0\ta\n\nb\n"),
            "a.tsv:2:1: the line has no tab; each is a label, a tab and a text; --unit words is for words in sentences "
            "in paragraphs");
}

// Without labels a text is a document, unless it is said what is.
TEST(TrainData, ReadsTextsInParagraphs) {
  const char *text = R"(model m {
    input words : token(12) on word in sentence in paragraph
    output y = dense(12)(gru(4)(embed(4)(words)))
    loss cross_entropy(y, next(words))
  })";
  Case c;
  c.options.words = true;
  reference::Batch data = good(c.one(text, "a.txt", "a. b\n\nc\n"));
  ASSERT_EQ(data.samples, 1);
  EXPECT_EQ(data.offsets["sentence"], (std::vector<Ints>{{0, 2, 3, 4}}));
  EXPECT_EQ(data.offsets["paragraph"], (std::vector<Ints>{{0, 2, 3}}));
  c.options.split = TextSplit{TextSplit::Kind::Pieces, 3};
  data = good(c.one(text, "b.txt", "a. b\n\nc\n"));
  EXPECT_EQ(data.offsets["sentence"], (std::vector<Ints>{{0, 2, 3}, {0, 1}}));
  EXPECT_EQ(data.offsets["paragraph"], (std::vector<Ints>{{0, 2}, {0, 1}}));
}

TEST(TrainData, SpellsWordsOfParagraphs) {
  auto on = [](const std::string &axes) {
    return "model m { input letters : token(12) on " + axes +
           "  output y = dense(12)(gru(4)(embed(4)(letters)))  loss cross_entropy(y, next(letters)) }";
  };
  Case c;
  reference::Batch data = good(c.one(on("letter in word in sentence in paragraph"), "a.txt", "ab. a\n\nb a"));
  EXPECT_EQ(data.offsets["word"], (std::vector<Ints>{{0, 2, 3, 4, 5, 6}}));
  EXPECT_EQ(data.offsets["sentence"], (std::vector<Ints>{{0, 2, 3, 5}}));
  EXPECT_EQ(data.offsets["paragraph"], (std::vector<Ints>{{0, 2, 3}}));
  EXPECT_EQ(c.refusal(on("a in b in c in d in e"), "a.txt", "a"),
            "a.txt: a text falls into paragraphs, sentences, words and letters, but 'a' has more axes over it; give a "
            ".safetensors file with offsets");
  c.options.words = true;
  EXPECT_EQ(c.refusal(on("a in b in c in d"), "a.txt", "a"),
            "a.txt: a text falls into paragraphs, sentences and words, but 'a' has more axes over it; give a "
            ".safetensors file with offsets");
}

TEST(TrainData, TakesLabelsThatAreNumbersAsTheyAre) {
  Case c;
  reference::Batch data = good(c.one(reviews, "a.tsv", "2\ta\n0\tb\n"));
  EXPECT_EQ(data.inputs["label"][0].ints, (Ints{2}));
  EXPECT_EQ(c.vocabularies.count("label"), 0u);
  EXPECT_EQ(c.refusal(reviews, "a.tsv", "2\ta\n3\tb\n"),
            "a.tsv:2:1: 3 is out of range, 0 to 2; it is for input 'label' : token(3)");
  c.options.isNew = false;
  EXPECT_EQ(c.refusal(reviews, "b.tsv", "2\ta\nbad\tb\n"),
            "b.tsv:2:1: 'bad' is no number; it is for input 'label' : token(3)");
}

TEST(TrainData, RefusesBadLabelledLines) {
  Case c;
  EXPECT_EQ(c.refusal(reviews, "a.tsv", "0\ta\n1 b\n"),
            "a.tsv:2:1: the line has no tab; each is a label, a tab and a text");
  EXPECT_EQ(c.refusal(reviews, "a.tsv", "0\ta\nbad\t \n"), "a.tsv:2:5: the document is empty");
  EXPECT_EQ(c.refusal(reviews, "a.tsv", "\ta\n"), "a.tsv:1:1: the label is empty");
  EXPECT_EQ(c.refusal(reviews, "a.tsv", ""), "a.tsv: the file is empty");
  EXPECT_NE(c.refusal(reviews, "a.tsv", "a\tx\nb\tx\nc\tx\nd\tx\n").find("a.tsv:4:1: 'd' finds no place"),
            std::string::npos);
}

//===--- Tables and arrays -------------------------------------------------------------------------------------===//

TEST(TrainData, ReadsTablesByTheirHeaders) {
  Case c;
  reference::Batch data = good(c.one(table, "a.csv", "kind,x.1,x.0\n1,2,3\n1,4,5\n\n2,6,7\n"));
  ASSERT_EQ(data.samples, 2);
  EXPECT_EQ(data.inputs["x"][0].reals, (std::vector<double>{3, 2, 5, 4}));
  EXPECT_EQ(data.inputs["x"][0].shape, (Ints{2, 2}));
  EXPECT_EQ(data.inputs["kind"][0].ints, (Ints{1}));
  EXPECT_EQ(data.inputs["kind"][1].ints, (Ints{2}));
}

TEST(TrainData, TakesEachRowOfATableOnSampleForOne) {
  Case c;
  reference::Batch data = good(c.one(flat, "a.csv", "x,z\n0.5,1\n-1,2\n"));
  ASSERT_EQ(data.samples, 2);
  EXPECT_EQ(data.inputs["x"][1].reals, (std::vector<double>{-1}));
  EXPECT_EQ(data.inputs["z"][1].ints, (Ints{2}));
}

TEST(TrainData, SaysWhereATableIsWrong) {
  Case c;
  EXPECT_EQ(c.refusal(table, "a.csv", "kind,x.0\n1,2\n"),
            "a.csv:1: has no column 'x.1'; input 'x' : real[2] takes 'x.0' to 'x.1'");
  EXPECT_EQ(c.refusal(table, "a.csv", "kind,x.0,x.1,kinds\n1,2,3,4\n"),
            "a.csv:1: the column 'kinds' is of no input of model 'm', which has x, kind; did you mean 'kind'?");
  EXPECT_EQ(c.refusal(table, "a.csv", "kind,x.0,x.1,x.1\n1,2,3,4\n"), "a.csv:1: the column 'x.1' stands twice");
  EXPECT_EQ(c.refusal(table, "a.csv", "x.0,x.1,kind\n1,2,1\n3,4\n"),
            "a.csv:3:1: 2 fields, but the lines before have 3");
  EXPECT_EQ(c.refusal(table, "a.csv", "x.0,x.1,kind\n1,2,1\n3,nan,1\n"),
            "a.csv:3: column 2 ('x.1'): NaN; it is for input 'x' : real[2]");
  EXPECT_EQ(c.refusal(table, "a.csv", "x.0,x.1,kind\n1,2,3\n"),
            "a.csv:2: column 3 ('kind'): 3 is out of range, 0 to 2; it is for input 'kind' : token(3)");
  EXPECT_EQ(c.refusal(table, "a.csv", "x.0,x.1,kind\n1,2,1\n1,2,2\n"),
            "a.csv:3: column 3 ('kind'): 2 differs from 1 in line 2, but input 'kind' : token(3) is on 'sample', where "
            "all rows up to an empty line are one");
  EXPECT_EQ(c.refusal(table, "a.csv", "1,2,3\n"),
            "a.csv:1: has no header; its columns must be named by inputs of model 'm': x, kind");
  EXPECT_EQ(c.refusal(table, "a.csv", "x.0,x.1,kind\n"), "a.csv: holds no rows");
  EXPECT_EQ(c.refusal(flat, "a.csv", "x,z\n1,0.5\n"),
            "a.csv:2: column 2 ('z'): 0.5 is no whole number; it is for input 'z' : int");
  EXPECT_EQ(messageOf(c.read(table, {{"x", c.folder.write("x.csv", "1,2,3\n")}}), c.folder),
            "x.csv:1: has 3 columns, but input 'x' : real[2] takes 2");
}

TEST(TrainData, ReadsArrays) {
  Case c;
  reference::Array x = run::makeArray({2, 3, 2}, true);
  for (size_t i = 0; i < x.reals.size(); ++i)
    x.reals[i] = double(i);
  std::string npy = c.folder.write("x.npy", run::npyBytes(x));
  std::string kinds = c.folder.write("kind.csv", "1\n2\n");
  reference::Batch data = good(c.read(table, {{"x", npy}, {"kind", kinds}}));
  EXPECT_EQ(data.lengths["step"], (Ints{3, 3}));
  EXPECT_EQ(data.inputs["x"][1].reals[0], 6);
  EXPECT_EQ(messageOf(c.read(table, {{"", npy}}), c.folder),
            "x.npy: holds one input, but model 'm' has x, kind; say which: NAME=FILE");
  x.reals[8] = NAN;
  npy = c.folder.write("x.npy", run::npyBytes(x));
  EXPECT_EQ(messageOf(c.read(table, {{"x", npy}, {"kind", kinds}}), c.folder),
            "x.npy: input 'x': sample 1, row 1 holds NaN");
}

TEST(TrainData, ReadsRaggedTensors) {
  Case c;
  run::SafetensorsWriter writer;
  Ints words = {0, 1, 2, 3}, offsets = {0, 1, 3, 4}, sentences = {0, 2, 3}, label = {2, 0};
  writer.addInts("words", run::DType::I64, {4}, words.data());
  writer.addInts("word.offsets", run::DType::I64, {4}, offsets.data());
  writer.addInts("sentence.offsets", run::DType::I64, {3}, sentences.data());
  writer.addInts("label", run::DType::I64, {2}, label.data());
  reference::Batch data = good(c.one(reviews, "a.safetensors", writer.bytes()));
  EXPECT_EQ(data.lengths["word"], (Ints{3, 1}));
  EXPECT_EQ(data.offsets["sentence"], (std::vector<Ints>{{0, 1, 3}, {0, 1}}));
  // Words without sentences are not enough: what falls where is no matter of chance.
  run::SafetensorsWriter rows;
  rows.addInts("words", run::DType::I64, {2, 2}, words.data());
  rows.addInts("label", run::DType::I64, {2}, label.data());
  EXPECT_EQ(c.refusal(reviews, "b.safetensors", rows.bytes()),
            "the data do not say how the rows of 'word' fall into 'sentence': a .safetensors file does, with "
            "'word.offsets'");
  run::SafetensorsWriter other;
  other.addInts("x", run::DType::I64, {2}, label.data());
  EXPECT_EQ(c.refusal(reviews, "c.safetensors", other.bytes()),
            "c.safetensors: has none of the inputs of model 'm': words, label");
}

//===--- Batches -----------------------------------------------------------------------------------------------===//

TEST(TrainBatches, TakeEverySampleOnceInLikeLengths) {
  Ints ticks;
  for (int64_t i = 0; i < 101; ++i)
    ticks.push_back(i * 37 % 50);
  std::vector<Samples> first = shuffledBatches(ticks, 8, 1, 0);
  EXPECT_EQ(first.size(), 13u);
  Ints all;
  int64_t spread = 0;
  for (const Samples &batch : first) {
    EXPECT_LE(batch.size(), 8u);
    all.insert(all.end(), batch.begin(), batch.end());
    auto [low, high] =
        std::minmax_element(batch.begin(), batch.end(), [&](int64_t a, int64_t b) { return ticks[a] < ticks[b]; });
    spread = std::max(spread, ticks[*high] - ticks[*low]);
  }
  std::sort(all.begin(), all.end());
  for (int64_t i = 0; i < 101; ++i)
    EXPECT_EQ(all[i], i);
  EXPECT_LE(spread, 5); // 101 samples over 50 lengths, 8 at a time
  EXPECT_EQ(first, shuffledBatches(ticks, 8, 1, 0));
  EXPECT_NE(first, shuffledBatches(ticks, 8, 1, 1));
  EXPECT_NE(first, shuffledBatches(ticks, 8, 2, 0));
}

//===--- Memory ------------------------------------------------------------------------------------------------===//

dsl::Type typeOf(dsl::Elem elem, int64_t tokens = 0) {
  dsl::Type type;
  type.elem = elem;
  type.tokens = tokens;
  return type;
}

// What is as wide as need be gives back what was put in, up to the largest.
TEST(TrainDataset, KeepsTheLargestOfEachType) {
  struct {
    dsl::Type type;
    double value;
  } all[] = {{typeOf(dsl::Elem::Token, 256), 255},
             {typeOf(dsl::Elem::Token, 257), 256},
             {typeOf(dsl::Elem::Token, 65536), 65535},
             {typeOf(dsl::Elem::Token, 65537), 65536},
             {typeOf(dsl::Elem::Token, 1 << 30), 1 << 29},
             {typeOf(dsl::Elem::Int), -0x1p52},
             {typeOf(dsl::Elem::Bool), 1},
             {typeOf(dsl::Elem::Real), 0.25}};
  for (auto &one : all) {
    Column column(one.type);
    column.add(one.value);
    column.add(0);
    column.endSample(2);
    column.endSample(0);
    Column twice(one.type);
    twice.append(column);
    twice.append(column);
    ASSERT_EQ(twice.samples(), 4);
    EXPECT_EQ(twice.rows(1), 0);
    reference::Array rows = twice.sample(2);
    EXPECT_EQ(rows.isReal ? rows.reals[0] : double(rows.ints[0]), one.value);
    EXPECT_EQ(rows.shape, (Ints{2}));
  }
}

// Other data have another number: other values, the same ones in other samples, other sentences.
TEST(TrainDataset, TellsDataApart) {
  std::set<uint64_t> numbers;
  int64_t count = 0;
  for (const char *text : {"0\ta b. c\n1\tb\n", "0\ta b. b\n1\tb\n", "0\ta b.\n1\tc b\n", "0\ta. b c\n1\tb\n",
                           "1\ta b. c\n0\tb\n", "0\ta b. c\n"}) {
    Case c;
    Dataset data(good(c.one(reviews, "a.tsv", text)));
    EXPECT_EQ(data.fingerprint(), Dataset(data.all()).fingerprint());
    numbers.insert(data.fingerprint());
    ++count;
  }
  EXPECT_EQ(int64_t(numbers.size()), count);
}

// Characters of one to four bytes, ends of lines of both kinds, in a text that is cut in the middle of all that.
TEST(TrainData, ReadsTheSameFromAllCuts) {
  std::string text;
  for (int i = 0; i < 40; ++i)
    text += i % 3 ? "aé\r\n€" : "b\n😀";
  Ints whole;
  for (int64_t length : {1000, 7, 1}) {
    Case c;
    c.options.split = TextSplit{TextSplit::Kind::Pieces, length};
    reference::Batch data = good(c.one(letters, "a.txt", text));
    Ints tokens;
    for (const reference::Array &rows : data.inputs["text"]) {
      EXPECT_LE(rows.shape[0], length);
      tokens.insert(tokens.end(), rows.ints.begin(), rows.ints.end());
    }
    whole = whole.empty() ? tokens : whole;
    EXPECT_EQ(tokens, whole);
    EXPECT_EQ(c.vocabularies["text"].units(), (std::vector<std::string>{"\n", "a", "é", "€", "b", "😀"}));
  }
  EXPECT_EQ(whole.size(), 40u * 4 - 14);
}

TEST(TrainBatches, TakeSamplesWithTheirStructure) {
  Case c;
  Dataset data(good(c.one(reviews, "a.tsv", "0\ta b. c\n1\tb\n2\tc.\n")));
  EXPECT_EQ(data.ticks(), (Ints{4, 1, 2}));
  EXPECT_EQ(orderedBatches(data.ticks(), 2), (std::vector<Samples>{{1, 2}, {0}}));
  reference::Batch batch = data.take({2, 0});
  EXPECT_EQ(batch.samples, 2);
  EXPECT_EQ(batch.lengths["word"], (Ints{2, 4}));
  EXPECT_EQ(batch.offsets["sentence"], (std::vector<Ints>{{0, 2}, {0, 3, 4}}));
  EXPECT_EQ(batch.inputs["label"][0].ints, (Ints{2}));
}

} // namespace
