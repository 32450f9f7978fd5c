// The training loop on models whose gradients are written by hand: what it computes, what it writes, and that going on
// gives the bits of a training that never stopped.
#include "InterpreterTesting.h"
#include "TrainTesting.h"
#include "compiler/Run/Files.h"
#include "compiler/Train/Batches.h"
#include "compiler/Train/Trainer.h"
#include <cmath>
#include <numeric>

using namespace rondo;
using namespace rondo::train;

namespace {

/// Logistic regression on x : real[2] and y, both on `sample`: parameters `out.b` and `out.W`, and between them in the
/// buffer a float that is nobody's. `scale` is a parameter that the loss does not know.
class Logistic : public Gradients {
public:
  Logistic() {
    layout = {{"out.W", {2}, 0, 2}, {"out.b", {}, 3, 1}, {"scale", {}, 4, 1}};
    count = 5;
  }
  llvm::Expected<reference::Params> initialise(uint64_t seed) override {
    reference::Params params;
    params["out.W"] = reference::realArray({2}, {double(seed), 0.25});
    params["out.b"] = reference::realArray({}, {0.5});
    params["scale"] = reference::realArray({}, {1});
    return params;
  }
  llvm::Expected<std::vector<reference::LossValue>> compute(const float *p, float *gradients,
                                                            const reference::Batch &batch, uint64_t seed) override {
    double loss = 0, g[3] = {};
    for (int64_t s = 0; s < batch.samples; ++s) {
      const std::vector<double> &x = batch.inputs.at("x")[s].reals;
      double y = batch.inputs.at("y")[s].reals[0], z = p[0] * x[0] + p[1] * x[1] + p[3];
      double q = 1 / (1 + std::exp(-z));
      loss -= y * std::log(q) + (1 - y) * std::log(1 - q);
      for (int i = 0; i < 3; ++i)
        g[i] += (q - y) * (i < 2 ? x[i] : 1) / double(batch.samples);
    }
    calls += gradients != nullptr;
    if (calls == poisonedAt)
      g[1] = NAN;
    if (gradients)
      gradients[0] = float(g[0]), gradients[1] = float(g[1]), gradients[2] = NAN, gradients[3] = float(g[2]),
      gradients[4] = 0;
    seeds.push_back(seed);
    reference::LossValue value;
    value.name = "loss";
    value.value = loss / double(batch.samples);
    value.ticks = batch.samples;
    return std::vector<reference::LossValue>{value};
  }

  int64_t calls = 0, poisonedAt = -1;
  std::vector<uint64_t> seeds;
};

/// Points on both sides of a line.
reference::Batch points(int64_t count, unsigned seed) {
  reference::Numbers numbers(seed);
  reference::Batch batch;
  batch.samples = count;
  for (int64_t s = 0; s < count; ++s) {
    reference::Array x = numbers.reals({1, 2});
    batch.inputs["y"].push_back(reference::realArray({1}, {double(x.reals[0] - 2 * x.reals[1] + 0.3 > 0)}));
    batch.inputs["x"].push_back(std::move(x));
  }
  return batch;
}

struct Case {
  Folder folder;
  Logistic model;
  std::string said;
  TrainTask task;
  int64_t stopAfter = -1;       // steps of this run
  double time = 0, perLook = 0; // seconds that go by when the clock is looked at

  Case() {
    task.model = "points";
    task.training = task.evaluation = &model;
    task.data = Dataset(points(40, 7));
  }

  llvm::Expected<TrainOutcome> run(Settings settings, bool resume = false, const std::string &into = "run") {
    auto options = parseOptions(std::move(settings));
    if (!options)
      return options.takeError();
    task.moved.clear();
    for (const Parameter &parameter : model.parameters())
      if (options->phase.moves(parameter.path))
        task.moved.insert(parameter.path);
    said.clear();
    llvm::raw_string_ostream os(said);
    Progress progress(os, /*isTerminal=*/false, [&] { return time += perLook; });
    TrainFolder where{folder.at(into), resume};
    auto open = openFolder(where);
    if (!open)
      return open.takeError();
    int64_t steps = 0;
    return train::train(task, *options, where, progress, [&] { return ++steps == stopAfter; });
  }
  std::string refusal(Settings settings, bool resume = false) {
    return messageOf(run(std::move(settings), resume), folder);
  }
  /// The lines on whole epochs.
  std::string epochsSaid() const {
    llvm::SmallVector<llvm::StringRef> lines;
    llvm::StringRef(said).split(lines, '\n');
    std::string text;
    for (llvm::StringRef line : lines)
      if (line.contains(": loss"))
        text += line;
    return text;
  }
  std::vector<double> parameters(const std::string &file = "run/model.safetensors") {
    reference::Params params = good(run::readParams(folder.at(file)));
    std::vector<double> all = params["out.W"].reals;
    all.push_back(params["out.b"].reals[0]);
    return all;
  }
};

//===--- What it computes --------------------------------------------------------------------------------------===//

// Plain gradient descent, carried out a second time here, in double: within 1e-5 after 12 steps.
TEST(Train, TakesTheStepsOfTheOptimiser) {
  Case c;
  TrainOutcome outcome = good(c.run({{"optimizer", "sgd"}, {"lr", "0.5"}, {"batch", "10"}, {"epochs", "3"}}));
  EXPECT_EQ(outcome.steps, 12);
  EXPECT_FALSE(outcome.interrupted);
  double p[3] = {0, 0.25, 0.5};
  reference::Batch data = c.task.data.all();
  for (int64_t epoch = 0; epoch < 3; ++epoch)
    for (const Samples &samples : shuffledBatches(c.task.data.ticks(), 10, 0, epoch)) {
      double g[3] = {};
      for (int64_t s : samples) {
        const std::vector<double> &x = data.inputs["x"][s].reals;
        double q = 1 / (1 + std::exp(-(p[0] * x[0] + p[1] * x[1] + p[2])));
        for (int i = 0; i < 3; ++i)
          g[i] += (q - data.inputs["y"][s].reals[0]) * (i < 2 ? x[i] : 1) / double(samples.size());
      }
      for (int i = 0; i < 3; ++i)
        p[i] -= 0.5 * g[i];
    }
  std::vector<double> trained = c.parameters();
  for (int i = 0; i < 3; ++i)
    EXPECT_NEAR(trained[i], p[i], 1e-5);
}

TEST(Train, Learns) {
  for (const char *optimizer : {"sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"}) {
    Case c;
    TrainOutcome outcome = good(c.run({{"optimizer", optimizer}, {"lr", "0.05"}, {"epochs", "60"}, {"batch", "8"}}));
    EXPECT_EQ(outcome.steps, 300);
    EXPECT_LT(outcome.loss, 0.35) << optimizer; // 0.69 is chance
  }
}

TEST(Train, DrawsOtherRandomNumbersAtEachStep) {
  Case c;
  good(c.run({{"epochs", "2"}, {"batch", "10"}}));
  std::sort(c.model.seeds.begin(), c.model.seeds.end());
  EXPECT_EQ(std::unique(c.model.seeds.begin(), c.model.seeds.end()), c.model.seeds.end());
}

TEST(Train, ClipsByTheNormOfAll) {
  Case c;
  good(c.run({{"optimizer", "sgd"}, {"lr", "1"}, {"batch", "40"}, {"epochs", "1"}, {"clip", "0.01"}}));
  std::vector<double> p = c.parameters();
  EXPECT_NEAR(std::hypot(p[0], p[1] - 0.25, p[2] - 0.5), 0.01, 1e-6);
}

TEST(Train, LeavesFrozenGroupsAlone) {
  Case c;
  good(c.run({{"optimizer", "adamw"}, {"freeze", "out.b"}, {"epochs", "2"}}));
  EXPECT_EQ(c.parameters()[2], 0.5);
  EXPECT_NE(c.parameters()[0], 0);
  Case d;
  good(d.run({{"optimizer", "adamw"}, {"train", "out.b"}, {"epochs", "2"}}));
  EXPECT_EQ(d.parameters()[0], 0);
  EXPECT_EQ(d.parameters()[1], 0.25);
  EXPECT_NE(d.parameters()[2], 0.5);
  Case e;
  EXPECT_EQ(e.refusal({{"freeze", "out"}, {"train", "scale"}}), "give one of --train and --freeze");
}

TEST(Train, ValidatesAtTheEndOfEachEpoch) {
  Case c;
  c.task.valid = Dataset(points(10, 8));
  good(c.run({{"epochs", "3"}, {"batch", "20"}}));
  EXPECT_NE(c.said.find("epoch 3 of 3: loss 0."), std::string::npos) << c.said;
  EXPECT_NE(c.said.find(", validation 0."), std::string::npos) << c.said;
  EXPECT_TRUE(c.folder.has("run/best.safetensors"));
  EXPECT_TRUE(c.folder.has("run/curve.svg"));
}

//===--- Going on ----------------------------------------------------------------------------------------------===//

TEST(Train, GoesOnWithTheSameBits) {
  for (const char *optimizer : {"sgd", "nesterov", "adam"})
    for (int64_t stop : {1, 4, 7, 10, 12}) { // 5 steps an epoch: inside, at the end, in the next, at the very end
      Settings settings = {{"optimizer", optimizer}, {"batch", "8"},  {"epochs", "3"},
                           {"schedule", "cosine"},   {"warmup", "2"}, {"seed", "3"}};
      Case c;
      c.task.valid = Dataset(points(10, 8));
      good(c.run(settings, false, "whole"));
      std::string epochs = c.epochsSaid();
      c.stopAfter = stop;
      EXPECT_TRUE(good(c.run(settings, false, "parts")).interrupted);
      EXPECT_NE(c.said.find("stopped behind step " + std::to_string(stop) + " and saved"), std::string::npos);
      std::string first = c.epochsSaid();
      c.stopAfter = -1;
      TrainOutcome outcome = good(c.run(settings, true, "parts"));
      EXPECT_EQ(outcome.steps, 15);
      EXPECT_EQ(first + c.epochsSaid(), epochs);
      for (const char *file :
           {"model.safetensors", "best.safetensors", "checkpoint.safetensors", "metrics.csv", "curve.svg"})
        EXPECT_EQ(c.folder.read(std::string("whole/") + file), c.folder.read(std::string("parts/") + file))
            << optimizer << " " << stop << " " << file;
    }
}

// A program that was killed has written more steps to the table than the checkpoint knows.
TEST(Train, ForgetsStepsBehindTheCheckpoint) {
  Settings settings = {{"batch", "8"}, {"epochs", "2"}};
  Case c;
  good(c.run(settings, false, "whole"));
  c.stopAfter = 3;
  good(c.run(settings, false, "parts"));
  c.folder.write("parts/metrics.csv", c.folder.read("parts/metrics.csv") + "4,1,9,0.001,1,\n5,1,9");
  c.stopAfter = -1;
  good(c.run(settings, true, "parts"));
  EXPECT_EQ(c.folder.read("whole/metrics.csv"), c.folder.read("parts/metrics.csv"));
}

TEST(Train, GoesOnForMoreEpochs) {
  Case c;
  Settings settings = {{"batch", "8"}, {"epochs", "2"}};
  good(c.run(settings));
  settings["epochs"] = "4";
  good(c.run(settings, true));
  good(c.run(settings, false, "whole"));
  EXPECT_EQ(c.folder.read("whole/model.safetensors"), c.folder.read("run/model.safetensors"));
}

TEST(Train, RefusesCheckpointsThatDoNotFit) {
  Case c;
  Settings settings = {{"batch", "8"}, {"epochs", "1"}, {"optimizer", "sgd"}};
  EXPECT_EQ(c.refusal(settings, true), "run/checkpoint.safetensors: there is no training to go on with");
  good(c.run(settings));
  EXPECT_EQ(c.refusal(settings),
            "run/checkpoint.safetensors: is there already: --resume goes on with it; else take another folder");
  Settings other = settings;
  other["optimizer"] = "adam";
  EXPECT_EQ(c.refusal(other, true), "run/checkpoint.safetensors: was made with --optimizer sgd, not adam; a training "
                                    "goes on with what it began with");
  other = settings;
  other.erase("batch");
  EXPECT_EQ(c.refusal(other, true), "run/checkpoint.safetensors: was made with --batch 8, not 16; a training "
                                    "goes on with what it began with");
  c.task.data = Dataset(points(40, 9));
  EXPECT_EQ(c.refusal(settings, true), "run/checkpoint.safetensors: was made with other training data");
  c.task.data = Dataset(points(40, 7));
  c.task.model = "other";
  EXPECT_EQ(c.refusal(settings, true), "run/checkpoint.safetensors: is a checkpoint of model 'points', not of 'other'");
  c.task.model = "points";
  std::vector<Parameter> layout = c.model.parameters();
  layout[0].shape = {1, 2};
  std::string path = c.folder.at("run/checkpoint.safetensors");
  EXPECT_EQ(messageOf(readCheckpoint(path, "points", layout, 5), c.folder),
            "run/checkpoint.safetensors: 'out.W' has shape [2], but [1, 2] in the model");
  layout[0] = {"in.W", {2}, 0, 2};
  EXPECT_EQ(messageOf(readCheckpoint(path, "points", layout, 5), c.folder),
            "run/checkpoint.safetensors: has no 'in.W', which the model has; it is of another model");
  layout.erase(layout.begin());
  EXPECT_EQ(messageOf(readCheckpoint(path, "points", layout, 5), c.folder),
            "run/checkpoint.safetensors: has 'out.W', which the model does not have; it is of another model");
  EXPECT_EQ(messageOf(readSettings(c.folder.at("run/model.safetensors")), c.folder),
            "run/model.safetensors: is no checkpoint of 'rondo train'");
  c.folder.write("run/checkpoint.safetensors", "x");
  EXPECT_EQ(c.refusal(settings, true).find("run/checkpoint.safetensors: "), 0u);
}

TEST(Train, KeepsTheSettings) {
  Case c;
  Settings settings = {{"batch", "8"}, {"epochs", "1"}, {"lr", "0.125"}};
  good(c.run(settings));
  EXPECT_EQ(good(readSettings(c.folder.at("run/checkpoint.safetensors"))), settings);
}

//===--- What goes wrong ---------------------------------------------------------------------------------------===//

TEST(Train, StopsAtNaN) {
  Case c;
  c.model.poisonedAt = 7;
  EXPECT_EQ(c.refusal({{"batch", "8"}, {"epochs", "3"}}),
            "step 7: the gradient of parameter 'out.W' is NaN; the last good checkpoint is run/checkpoint.safetensors, "
            "of step 5. A lower --lr, --clip or --warmup may help");
  // The checkpoint is good: it goes on from there.
  c.model.poisonedAt = -1;
  EXPECT_EQ(good(c.run({{"batch", "8"}, {"epochs", "3"}}, true)).steps, 15);
  Case d;
  d.model.poisonedAt = 2;
  EXPECT_EQ(d.refusal({{"batch", "8"}, {"freeze", "out.W"}}), "no error"); // nobody reads that gradient
  Case e;
  EXPECT_EQ(e.refusal({{"optimizer", "sgd"}, {"batch", "8"}, {"lr", "1e39"}}),
            "step 1: parameter 'out.W' is an infinity; the last good checkpoint is run/checkpoint.safetensors, of step "
            "0. A lower --lr, --clip or --warmup may help");
}

TEST(Train, SaysWhatOptionsMustBe) {
  Case c;
  EXPECT_EQ(c.refusal({{"optimizer", "adamx"}}),
            "option '--optimizer' needs one of sgd, momentum, nesterov, rmsprop, adam, adamw, not 'adamx'");
  EXPECT_EQ(c.refusal({{"lr", "0"}}), "option '--lr' needs a number over 0, not '0'");
  EXPECT_EQ(c.refusal({{"lr", "nan"}}), "option '--lr' needs a number over 0, not 'nan'");
  EXPECT_EQ(c.refusal({{"decay", "-1"}}), "option '--decay' needs a number that is not negative, not '-1'");
  EXPECT_EQ(c.refusal({{"batch", "0"}}), "option '--batch' needs a whole number over 0, not '0'");
  for (const char *schedule : {"step", "step:0:0.5", "step:5:2", "cosine:2", "constant:1", "linear", ""})
    EXPECT_EQ(c.refusal({{"schedule", schedule}}).find("option '--schedule' needs constant, "), 0u) << schedule;
  EXPECT_EQ(c.refusal({{"momentum", "0.5"}}).find("option '--momentum' needs a number between 0 and 1"), 0u);
  EXPECT_EQ(good(parseOptions({{"optimizer", "rmsprop"}, {"momentum", "0.5"}})).optimiser.momentum, 0.5);
  EXPECT_EQ(good(parseOptions({{"schedule", "step:7:0.5"}})).optimiser.every, 7);
}

// Where saving takes longer than an epoch, not every epoch is saved; at the end there is what there always is.
TEST(Train, PassesOverShortEpochs) {
  Case quick, slow;
  slow.perLook = 1; // each file that is written takes a second, as each step does
  for (Case *c : {&quick, &slow}) {
    c->task.valid = Dataset(points(10, 8));
    good(c->run({{"batch", "20"}, {"epochs", "6"}}));
  }
  for (const char *file : {"run/checkpoint.safetensors", "run/best.safetensors", "run/model.safetensors",
                           "run/metrics.csv", "run/curve.svg"})
    EXPECT_EQ(quick.folder.read(file), slow.folder.read(file)) << file;

  auto lastGood = [](double perLook, const char *every = "100") {
    Case c;
    c.perLook = perLook;
    c.model.poisonedAt = 9;
    std::string refusal = c.refusal({{"batch", "20"}, {"epochs", "6"}, {"save-every", every}});
    size_t at = refusal.find("of step ") + 8;
    return std::stoi(refusal.substr(at));
  };
  EXPECT_EQ(lastGood(0), 8);
  EXPECT_LT(lastGood(1), 8);
  EXPECT_EQ(lastGood(1, "4"), 8);
}

//===--- What it says ------------------------------------------------------------------------------------------===//

TEST(Train, WritesARowAStep) {
  Case c;
  c.task.valid = Dataset(points(10, 8));
  good(c.run({{"batch", "20"}, {"epochs", "2"}}));
  llvm::SmallVector<llvm::StringRef> lines;
  std::string text = c.folder.read("run/metrics.csv");
  llvm::StringRef(text).trim().split(lines, '\n');
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], "step,epoch,loss,rate,norm,valid");
  EXPECT_TRUE(lines[1].starts_with("1,1,"));
  EXPECT_TRUE(lines[1].ends_with(","));
  EXPECT_TRUE(lines[4].starts_with("4,2,"));
  EXPECT_FALSE(lines[4].ends_with(","));
}

TEST(Train, DrawsTheCurve) {
  std::vector<MetricsRow> rows;
  for (int64_t step = 1; step <= 1000; ++step) {
    MetricsRow row;
    row.step = step;
    row.loss = 2.0 / double(step);
    if (step % 100 == 0)
      row.valid = 1;
    rows.push_back(row);
  }
  std::string svg;
  llvm::raw_string_ostream os(svg);
  printCurve(rows, "a<b", os);
  EXPECT_NE(svg.find("a&lt;b"), std::string::npos);
  size_t lines = 0;
  for (size_t at = 0; (at = svg.find("<polyline", at)) != std::string::npos; ++at)
    ++lines;
  EXPECT_EQ(lines, 2u);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  rows.resize(1);
  svg.clear();
  printCurve(rows, "m", os);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

TEST(Progress, DrawsABarOnATerminal) {
  std::string text;
  llvm::raw_string_ostream os(text);
  double time = 0, perLook = 0; // seconds that go by when the clock is looked at
  Progress progress(os, /*isTerminal=*/true, [&] { return time += perLook; });
  progress.begin(0, 100);
  progress.step(1, 1, 2, 0.5, 10); // no time has passed
  EXPECT_EQ(text, "");
  time = 10;
  progress.step(50, 1, 2, 0.5, 90);
  EXPECT_EQ(text, "\repoch 1/2  step 50/100  [==========          ]  loss 0.5  10 tokens/s  0:10 left");
  size_t drawn = text.size() - 1;
  text.clear();
  progress.line("done");
  EXPECT_EQ(text, "\r" + std::string(drawn, ' ') + "\rdone\n");
}

TEST(Progress, PrintsLinesElsewhere) {
  std::string text;
  llvm::raw_string_ostream os(text);
  double time = 0, perLook = 0; // seconds that go by when the clock is looked at
  Progress progress(os, /*isTerminal=*/false, [&] { return time += perLook; });
  progress.begin(10, 110); // goes on behind step 10
  time = 5;
  progress.step(11, 1, 1, 0.5, 10);
  time = 20;
  progress.step(30, 1, 1, 0.25, 30);
  EXPECT_EQ(text, "epoch 1/1  step 30/110  loss 0.25  2 tokens/s  1:20 left\n");
  EXPECT_EQ(timeText(3723.4), "1:02:03");
}

} // namespace
