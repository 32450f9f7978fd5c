// rondo bench: how long a model takes on this machine, and how long it would have to take at the least.
#include "compiler/Emit/Target.h"
#include "compiler/Run/Machine.h"
#include "compiler/Run/Trial.h"
#include "compiler/Run/Work.h"
#include "compiler/Tools/Compiled.h"
#include "runtime/Library.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <chrono>
#include <fmt/format.h>

using namespace llvm;

namespace rondo::tools {

namespace {

/// The least time for a batch: its multiply-adds, or its weights from where they fit.
struct Floor {
  double flops = 0;     // a second, one core
  double bandwidth = 0; // bytes a second, one core, of what the slowest group reads
  double footprint = 0; // bytes that each core reads of it
  double seconds = 0;   // a call
  double reading = 0;   // of these, where reading takes longer than computing
};

Floor measureFloor(const rondo::run::Work &work, emit::WeightFormat weights, int64_t threads, bool isStepped) {
  Floor floor;
  floor.flops = rondo::run::measureFlops(weights);
  double slowest = 0;
  for (const rondo::run::GroupWork &group : work.groups) {
    // What is read once a call comes from where all weights are; a loop reads its own again and again.
    bool isLoop = group.readBytes > group.weightBytes && !isStepped;
    double footprint = (isLoop ? group.weightBytes : work.weightBytes()) / double(threads);
    double computing = group.flops / floor.flops / double(threads), reading = 0, bandwidth = 0;
    if (group.readBytes > 0) {
      bandwidth = rondo::run::measureBandwidth(size_t(footprint));
      reading = group.readBytes / bandwidth / double(threads);
    }
    floor.seconds += std::max(computing, reading);
    floor.reading += reading > computing ? reading : 0;
    if (reading > slowest) {
      slowest = reading;
      floor.bandwidth = bandwidth;
      floor.footprint = footprint;
    }
  }
  return floor;
}

struct Report {
  const dsl::Model &model;
  bool gradients, isStepped;
  std::string target;
  emit::WeightFormat weights;
  int64_t batch, threads, windows;
  double seconds; // a call
  rondo::run::Work work;
  Floor floor;

  double steps() const { return double(std::max<int64_t>(work.steps, 1)); }
  double microsecondsAStep(double seconds) const { return seconds * 1e6 / steps(); }
};

std::string bytesText(double bytes) {
  if (bytes < 10e3)
    return fmt::format("{:.0f} B", bytes);
  return bytes < 10e6 ? fmt::format("{:.0f} kB", bytes / 1e3) : fmt::format("{:.0f} MB", bytes / 1e6);
}

std::string flopText(double flops) {
  if (flops < 10e3)
    return fmt::format("{:.0f} flop", flops);
  return flops < 10e6 ? fmt::format("{:.4g} kflop", flops * 1e-3) : fmt::format("{:.4g} Mflop", flops * 1e-6);
}

void printText(const Report &report) {
  const Floor &floor = report.floor;
  double step = report.microsecondsAStep(report.seconds);
  outs() << "model " << report.model.name << ", " << report.target;
  if (report.weights != emit::WeightFormat::F32)
    outs() << ", weights in " << emit::nameOf(report.weights);
  if (report.gradients)
    outs() << ", with gradients";
  if (report.isStepped)
    outs() << ", step by step";
  outs() << '\n';
  auto line = [](StringRef what, const std::string &text) { outs() << fmt::format("  {:<9} {}\n", what.str(), text); };
  line("batch", fmt::format("{} {} of {} {}, {} {}", report.batch, report.batch == 1 ? "sample" : "samples",
                            report.work.steps, report.work.steps == 1 ? "step" : "steps", report.threads,
                            report.threads == 1 ? "thread" : "threads"));
  line("time", report.isStepped
                   ? fmt::format("{:.4g} us a step, each a call (median of {} windows)", step, report.windows)
                   : fmt::format("{:.4g} us a step, {:.4g} us a call (median of {} windows)", step,
                                 report.seconds * 1e6, report.windows));
  line("products", fmt::format("{} a step, {:.4g} GFLOP/s", flopText(report.work.flops() / report.steps()),
                               report.work.flops() / report.seconds * 1e-9));
  line("weights", bytesText(report.work.readBytes() / report.steps()) + " read a step");
  std::string machine = fmt::format("{:.4g} GFLOP/s", floor.flops * 1e-9);
  if (floor.bandwidth > 0)
    machine += fmt::format(", {:.4g} GB/s of {}", floor.bandwidth * 1e-9, bytesText(floor.footprint));
  line("machine", machine + ", each core");
  if (floor.seconds > 0)
    line("floor",
         fmt::format("{:.4g} us a step, for {}; the time is {:.3g} times that", report.microsecondsAStep(floor.seconds),
                     floor.reading > floor.seconds / 2 ? "reading weights" : "multiplying and adding",
                     report.seconds / floor.seconds));
  else
    line("floor", "none: the model has no products");
}

void printJson(const Report &report) {
  const Floor &floor = report.floor;
  double step = report.microsecondsAStep(report.seconds);
  json::OStream json(outs(), 1);
  json.object([&] {
    json.attribute("model", report.model.name);
    json.attribute("target", report.target);
    json.attribute("dtype", emit::nameOf(report.weights));
    json.attribute("gradients", report.gradients);
    json.attribute("stepped", report.isStepped);
    json.attribute("batch", report.batch);
    json.attribute("steps", report.work.steps);
    json.attribute("threads", report.threads);
    json.attribute("windows", report.windows);
    json.attribute("us_per_step", step);
    json.attribute("us_per_call", report.isStepped ? step : report.seconds * 1e6);
    json.attribute("flop_per_step", report.work.flops() / report.steps());
    json.attribute("gflops", report.work.flops() / report.seconds * 1e-9);
    json.attribute("weight_bytes_per_step", report.work.readBytes() / report.steps());
    json.attributeObject("machine", [&] {
      json.attribute("gflops", floor.flops * 1e-9);
      if (floor.bandwidth > 0) {
        json.attribute("gbytes_per_second", floor.bandwidth * 1e-9);
        json.attribute("footprint_bytes", floor.footprint);
      }
    });
    if (floor.seconds > 0) {
      json.attribute("floor_us_per_step", report.microsecondsAStep(floor.seconds));
      json.attribute("floor_is", floor.reading > floor.seconds / 2 ? "memory" : "compute");
      json.attribute("distance", report.seconds / floor.seconds);
    } else {
      json.attribute("floor_us_per_step", nullptr);
    }
  });
  outs() << '\n';
}

/// Seconds that a batch takes: the median of windows, each of as many times as take some milliseconds. `repeat` computes
/// it for as long as it is told.
Expected<double> measure(function_ref<Error(function_ref<bool()>)> repeat, double seconds, int64_t &windows) {
  using Clock = std::chrono::steady_clock;
  constexpr double window = 0.005;
  std::vector<double> times;
  int64_t calls = -1; // of the open window; the first call only warms up
  Clock::time_point begin = Clock::now(),
                    end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  Error error = repeat([&] {
    Clock::time_point now = Clock::now();
    double since = std::chrono::duration<double>(now - begin).count();
    bool isFull = calls > 0 && since >= window;
    if (isFull)
      times.push_back(since / double(calls));
    if (calls <= 0 || isFull) {
      begin = Clock::now();
      calls = calls < 0 ? 0 : 1;
      return times.empty() || now < end;
    }
    ++calls;
    return true;
  });
  if (error)
    return std::move(error);
  windows = int64_t(times.size());
  auto middle = times.begin() + windows / 2;
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

} // namespace

static int run(const Command &command, const Arguments &arguments) {
  auto options = checkOptions(command, arguments);
  auto weights = formatOf(command, arguments);
  auto checkpoint = checkpointOf(command, arguments.text("checkpoint"));
  if (!options || !weights || !checkpoint)
    return exitUsage;
  if (*checkpoint && !arguments.has("gradients"))
    return usageError(command, "--checkpoint is about gradients: give --gradients too");
  bool isStepped = options->requireStep;
  int64_t samples = arguments.count("batch", 1), length = arguments.count("length", 100),
          threads = arguments.count("threads", 1);
  double seconds = arguments.real("seconds", 1);
  for (auto [name, value] : {std::pair("batch", samples), {"length", length}, {"threads", threads}})
    if (value < 1 || value > INT32_MAX)
      return usageError(command, Twine("option '--") + name + "' needs a number from 1 to " + Twine(INT32_MAX));
  if (seconds < 0 || seconds > 3600)
    return usageError(command, "option '--seconds' needs a number from 0 to 3600");
  for (const char *other : {"gradients", "threads"})
    if (isStepped && arguments.has(other))
      return usageError(command, Twine("options '--entry' and '--") + other + "' exclude each other");
  Program program(std::move(*options), arguments.has("json"));
  Chosen chosen = loadModel(program, arguments.positional[0], arguments.text("model"), arguments.has("training"));
  if (!chosen)
    return program.code;
  auto targets = emit::parseTargets("native", *weights);
  if (!targets)
    return program.fail(targets.takeError());
  Beside beside{arguments.has("gradients"), /*windows=*/false, *checkpoint};
  auto compiled = compileModel(chosen, *targets, *weights, beside);
  if (!compiled)
    return program.fail(compiled.takeError());
  auto library = compiled->load({/*seed=*/0, int32_t(threads)});
  if (!library)
    return program.fail(library.takeError());
  if (isStepped && !(*library)->hasSteps())
    return program.fail(createStringError("model '" + chosen.model->name +
                                          "' has no functions for steps: " + (*library)->whyNoSteps()));
  auto params = parametersFor(chosen.op, arguments.text("params"), /*seed=*/0);
  if (!params)
    return program.fail(params.takeError());
  if (Error error = (*library)->setParameters(*params))
    return program.fail(std::move(error));
  rondo::run::InputOptions inputs;
  inputs.samples = samples;
  inputs.making.length = length;
  inputs.making.equal = true;
  auto batch = rondo::run::makeBatch(*chosen.model, inputs);
  if (!batch)
    return program.fail(batch.takeError());

  auto scheduled = scheduleModel(chosen, beside);
  if (!scheduled)
    return program.fail(scheduled.takeError());
  rnn::ModelOp model = scheduled->model();
  step::ScheduleOp schedule = scheduled->schedule();
  if (beside.gradients) {
    std::string name = (model.getSymName() + ".backward").str();
    model = scheduled->rnn->lookupSymbol<rnn::ModelOp>(name);
    schedule = scheduled->step->lookupSymbol<step::ScheduleOp>(name);
    rondo::run::addInputs(model, /*seed=*/0, *batch); // what flows into outputs
  }
  auto work = rondo::run::countWork(schedule, model, *params, *batch, *weights, isStepped);
  if (!work)
    return program.fail(work.takeError());
  Floor floor = measureFloor(*work, *weights, threads, isStepped);
  int64_t windows = 0;
  auto repeat = [&](function_ref<bool()> again) {
    return isStepped ? (*library)->repeatSteps(*batch, again) : (*library)->repeat(*batch, beside.gradients, again);
  };
  auto time = measure(repeat, seconds, windows);
  if (!time)
    return program.fail(time.takeError());
  auto used = find_if(
      *targets, [](const emit::Target *target) { return runtime::runsLevel(target->level, runtime::cpuLevel()); });
  Report report{*chosen.model, beside.gradients, isStepped, (*used)->name.str(), *weights, samples,
                threads,       windows,          *time,     std::move(*work),    floor};
  if (arguments.has("json"))
    printJson(report);
  else
    printText(report);
  return exitFine;
}

Command benchCommand() {
  return {
      "bench",
      "FILE",
      "measure how long a model takes, and how long it must",
      "Compiles the model for this machine and runs it again and again on made-up inputs, samples of one length;\n"
      "with --gradients forward and backward, with --entry step by a call for each step, as where data come step by\n"
      "step.\n"
      "  time      of a step (a tick of the longest sample) of all samples together, and of a call\n"
      "  products  their multiply-adds (two flops each) at all ticks; nothing else is counted\n"
      "  weights   what products in loops read of parameters at each tick, and others once\n"
      "  machine   the best that one core computes, and reads of as many bytes, measured first\n"
      "  floor     the time that this must take on so many cores, and how far above it the model is\n"
      "A busy machine makes all of it worse.",
      withModelOptions({
          {"batch", Option::Kind::Count, "N", "samples (1)"},
          {"length", Option::Kind::Count, "N", "steps of each (100)"},
          {"threads", Option::Kind::Count, "N", "threads that work on a call (1)"},
          {"seconds", Option::Kind::Real, "S", "how long to run it (1)"},
          {"gradients", Option::Kind::Flag, "", "gradients too: of parameters and inputs"},
          checkpointOption(),
          {"entry", Option::Kind::Text, "step", "call the function for a single step"},
          {"params", Option::Kind::File, "FILE", "read the parameters from a safetensors file"},
          formatOption(),
          {"json", Option::Kind::Flag, "", "print JSON"},
      }),
      1,
      1,
      run};
}

} // namespace rondo::tools
