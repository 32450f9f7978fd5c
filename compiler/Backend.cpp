#include "compiler/Backend.h"
#include "compiler/Cpu/MachineCode.h"
#include "compiler/Cpu/Plan.h"
#include "compiler/Emit/Exports.h"
#include "compiler/Emit/Link.h"
#include "compiler/Emit/Module.h"
#include "compiler/Emit/Text.h"
#include "compiler/Gradient/FormWindows.h"
#include "compiler/Schedule/FormGenerate.h"
#include "compiler/Schedule/FormStep.h"
#include "mlir/IR/Builders.h"
#include "runtime/Library.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;

namespace rondo {

static cpu::Isa isaOf(const emit::Target &target, runtime::WeightFormat weights) {
  using Level = cpu::Isa::Level;
  cpu::Isa isa;
  isa.level = target.arch == emit::Arch::Aarch64 ? Level::Aarch64
              : target.level == 2                ? Level::X86_64_v2
              : target.level == 3                ? Level::X86_64_v3
                                                 : Level::X86_64_v4;
  isa.weights = weights;
  isa.hasPairs = target.level == 5;
  isa.hasTiles = target.level == 6;
  return isa;
}

struct Backend::Lowering {
  const emit::Target *target = nullptr;
  cpu::CpuPlan plan;
  std::vector<char> bytes;                  // of the plan
  std::vector<char> step;                   // of the plan of single steps; empty: there is none
  std::vector<char> generate;               // of the plan of rows that the model makes; empty: there is none
  std::vector<char> backward;               // of the plan of gradients; empty: there is none
  std::vector<char> window, windowBackward; // of the plans of windows and their gradients; empty: there are none
  std::vector<std::string> kernels;
  std::unique_ptr<llvm::Module> code;
  SmallVector<char> object;

  StringRef planBytes() const { return StringRef(bytes.data(), bytes.size()); }
  StringRef stepBytes() const { return StringRef(step.data(), step.size()); }
  StringRef generateBytes() const { return StringRef(generate.data(), generate.size()); }
  StringRef backwardBytes() const { return StringRef(backward.data(), backward.size()); }
  StringRef windowBytes() const { return StringRef(window.data(), window.size()); }
  StringRef windowBackwardBytes() const { return StringRef(windowBackward.data(), windowBackward.size()); }
};

struct Backend::Parts {
  step::ScheduleOp schedule;
  mlir::OwningOpRef<step::ScheduleOp> step;     // for single steps; null: there are none
  mlir::OwningOpRef<step::ScheduleOp> generate; // for rows that the model makes; null: it makes none
  BackendOptions options;
  mlir::TimingScope &timing;
  LLVMContext context;
  std::vector<Lowering> lowerings; // by target
  emit::Interface interface;
  int64_t preparedBytes = 0;
  bool isLowered = false, isCompiled = false;
  SmallVector<char> tables; // the object of all that is not kernels
  std::string noCheckpoints;

  emit::Facts facts() const { return {interface, options.targets, options.weights, preparedBytes, options.checkpoint}; }
};

Backend::Backend(step::ScheduleOp schedule, BackendOptions options, mlir::TimingScope &timing)
    : parts(new Parts{schedule, {}, {}, std::move(options), timing, {}, {}, {}, 0, false, false, {}, {}}) {}
Backend::~Backend() = default;

/// When single steps look at inputs.
static void setGiven(const schedule::StepForm &form, runtime::PlanTables &tables) {
  using runtime::Given;
  int32_t count = form.given.size();
  for (auto [port, given] : zip(tables.inputs, form.given)) {
    port.given = given == form.always ? Given::Always : given == form.first ? Given::First : Given::AtEnd;
    port.end = port.given == Given::AtEnd ? count + given : -1;
  }
  for (runtime::PortPlan &port : drop_begin(tables.inputs, count))
    port.given = Given::End;
}

/// What inputs of windows are that the model itself has not.
static void setGiven(mlir::Operation *window, const runtime::PlanTables &own, runtime::PlanTables &tables) {
  using runtime::Given;
  int32_t loss = 0;
  auto names = cast<step::ScheduleOp>(window).getInputs().getAsValueRange<mlir::StringAttr>();
  for (auto [port, name] : drop_begin(zip(tables.inputs, names), own.inputs.size())) {
    StringRef input = name;
    port.given = name == rnn::endsName                ? Given::Ends
                 : name.starts_with(rnn::wholePrefix) ? Given::Whole
                 : name.starts_with(rnn::carryPrefix) ? Given::Carried
                                                      : Given::Ahead;
    if (port.given == Given::Whole)
      port.end = loss++;
    if (port.given == Given::Ahead && input.consume_front(rnn::aheadPrefix))
      port.end = find(names, input).getCurrent() - names.begin().getCurrent();
  }
}

static void describeSteps(const schedule::StepForm &form, const runtime::PlanTables &tables,
                          emit::Interface &interface) {
  interface.stepAxis = form.axis;
  std::vector<emit::StepEnd> all = std::move(interface.stepEnds);
  interface.stepEnds.clear();
  for (const std::string &axis : form.ends)
    interface.stepEnds.push_back(*find_if(all, [&](const emit::StepEnd &end) { return end.axis == axis; }));
  for (auto [port, plan, given] : zip_first(interface.inputs, tables.inputs, form.given)) {
    port.isStepped = tables.arrays[plan.array].firstUse >= 0;
    port.given = given == form.always ? "" : given == form.first ? "first" : form.ends[given];
  }
  for (auto [port, isGiven] : zip_equal(interface.outputs, form.outputs))
    port.isStepped = isGiven;
}

mlir::LogicalResult Backend::plan() {
  mlir::TimingScope scope = parts->timing.nest("plan");
  std::string notStepped = parts->options.notCausal.value_or("");
  schedule::StepForm form;
  if (notStepped.empty()) {
    auto made = schedule::formStep(parts->schedule, notStepped);
    if (failed(made))
      return mlir::failure();
    form = std::move(*made);
  }
  parts->step = form.schedule;
  if (parts->step)
    parts->step->getOperation()->remove();
  std::string notGenerated;
  auto generate = schedule::formGenerate(parts->schedule, notGenerated);
  if (failed(generate))
    return mlir::failure();
  parts->generate = *generate;
  if (parts->generate)
    parts->generate->getOperation()->remove();
  for (const emit::Target *target : parts->options.targets) {
    std::optional<cpu::CpuPlan> plan = cpu::planSchedule(parts->schedule, isaOf(*target, parts->options.weights));
    if (!plan)
      return mlir::failure();
    Lowering lowering;
    lowering.target = target;
    if (parts->step && !cpu::planStep(*parts->step, isaOf(*target, parts->options.weights), *plan))
      return mlir::failure();
    if (parts->step) {
      setGiven(form, *plan->step);
      lowering.step = plan->step->serialise();
    }
    if (parts->generate && !cpu::planGenerate(*parts->generate, isaOf(*target, parts->options.weights), *plan))
      return mlir::failure();
    if (parts->generate)
      lowering.generate = plan->generate->serialise();
    step::ScheduleOp backward = parts->options.backward;
    if (backward && !cpu::planBackward(backward, isaOf(*target, parts->options.weights), *plan))
      return mlir::failure();
    if (backward)
      lowering.backward = plan->backward->serialise();
    if (step::ScheduleOp window = parts->options.window) {
      if (!cpu::planWindow(window, isaOf(*target, parts->options.weights), *plan))
        return mlir::failure();
      setGiven(window, plan->tables, *plan->window);
      lowering.window = plan->window->serialise();
    }
    step::ScheduleOp windowBackward = parts->options.windowBackward;
    if (windowBackward && !cpu::planWindowBackward(windowBackward, isaOf(*target, parts->options.weights), *plan))
      return mlir::failure();
    if (windowBackward)
      lowering.windowBackward = plan->windowBackward->serialise();
    lowering.bytes = plan->tables.serialise();
    lowering.plan = std::move(*plan);
    parts->preparedBytes =
        std::max(parts->preparedBytes, runtime::preparedMarkBytes + lowering.plan.last().preparedBytes);
    parts->lowerings.push_back(std::move(lowering));
  }
  parts->interface = emit::interfaceOf(parts->schedule, parts->lowerings.front().planBytes());
  parts->interface.notCausal = parts->options.notCausal;
  parts->interface.hasSteps = bool(parts->step);
  parts->interface.notStepped = notStepped;
  parts->interface.notGenerated = notGenerated;
  if (parts->generate)
    parts->interface.generate = emit::generationOf(*parts->generate, parts->interface.inputs);
  if (parts->options.backward)
    parts->interface.gradients = emit::gradientsOf(parts->options.backward, parts->interface);
  if (!checkCheckpoint())
    return mlir::failure();
  if (parts->options.window)
    parts->interface.windows = emit::windowsOf(parts->options.window, parts->interface);
  parts->interface.noWindows = parts->options.noWindows;
  if (parts->step)
    describeSteps(form, *parts->lowerings.front().plan.step, parts->interface);
  return mlir::success();
}

/// Whether samples can be replayed, where that is asked for. Where memory decides, they need not be.
bool Backend::checkCheckpoint() {
  if (!parts->options.checkpoint)
    return true;
  const cpu::CpuPlan &plan = parts->lowerings.front().plan;
  llvm::SetVector<mlir::Attribute> groups;
  parts->schedule.walk([&](rnn::LossOp loss) {
    if (!loss.getTrains() || !loss.getTrains()->empty())
      groups.insert(loss.getTrainsAttr());
  });
  std::string &why = parts->noCheckpoints;
  why = !parts->options.window         ? parts->options.noWindows
        : plan.tables.axes.size() != 1 ? "its time has more than one axis"
        : groups.size() > 1            ? "its losses train different parameters"
                                       : "";
  if (why.empty())
    return true;
  bool isFine = parts->options.checkpoint < 0 || !parts->options.mustCheckpoint;
  if (!isFine)
    mlir::emitError(parts->schedule.getLoc(), "the model has no checkpoints: ") << why;
  parts->options.checkpoint = 0;
  return isFine;
}

std::string Backend::prefix() { return parts->interface.prefix; }
const std::string &Backend::noCheckpoints() const { return parts->noCheckpoints; }
std::string Backend::header() { return emit::headerText(parts->facts()); }
std::string Backend::manifest() { return emit::manifestText(parts->facts()); }

void Backend::printPlan(raw_ostream &os) {
  for (const Lowering &lowering : parts->lowerings) {
    os << "# " << parts->interface.model << " on " << lowering.target->name << "\n";
    cpu::printPlan(lowering.plan, os);
  }
}

Error Backend::lower() {
  if (parts->isLowered)
    return Error::success();
  mlir::TimingScope scope = parts->timing.nest("lower");
  for (Lowering &lowering : parts->lowerings) {
    cpu::Isa isa = isaOf(*lowering.target, parts->options.weights);
    mlir::OwningOpRef<mlir::ModuleOp> kernels = mlir::ModuleOp::create(parts->schedule.getLoc());
    for (const auto &[number, kernel] : enumerate(lowering.plan.kernels)) {
      // With a dot, so that no C name can be the same.
      lowering.kernels.push_back(
          (parts->interface.prefix + ".kernel" + Twine(number) + "." + lowering.target->name).str());
      if (failed(cpu::emitKernel(kernel, lowering.kernels.back(), isa, *kernels)))
        return createStringError("kernel " + Twine(number) + " cannot be generated");
    }
    auto code = cpu::toLlvmIr(*kernels, isa, parts->context);
    if (!code)
      return code.takeError();
    lowering.code = std::move(*code);
    for (const std::string &name : lowering.kernels)
      lowering.code->getFunction(name)->setVisibility(GlobalValue::HiddenVisibility);
  }
  parts->isLowered = true;
  return Error::success();
}

Error Backend::printLlvm(raw_ostream &os) {
  if (Error error = lower())
    return error;
  for (const Lowering &lowering : parts->lowerings) {
    os << "; " << parts->interface.model << " on " << lowering.target->name << "\n";
    lowering.code->print(os, nullptr);
  }
  return Error::success();
}

Error Backend::printAssembly(raw_ostream &os) {
  if (Error error = lower())
    return error;
  for (const Lowering &lowering : parts->lowerings) {
    auto text = cpu::toObject(*lowering.code, isaOf(*lowering.target, parts->options.weights), /*assembly=*/true);
    if (!text)
      return text.takeError();
    os << "# " << parts->interface.model << " on " << lowering.target->name << "\n";
    os << StringRef(text->data(), text->size());
  }
  return Error::success();
}

Error Backend::compile() {
  if (parts->isCompiled)
    return Error::success();
  if (Error error = lower())
    return error;
  mlir::TimingScope scope = parts->timing.nest("emit");
  emit::Content content{parts->interface, manifest(), parts->preparedBytes, parts->options.checkpoint, {}};
  for (Lowering &lowering : parts->lowerings) {
    auto object = cpu::toObject(*lowering.code, isaOf(*lowering.target, parts->options.weights));
    if (!object)
      return object.takeError();
    lowering.object = std::move(*object);
    uint64_t identity = xxh3_64bits(lowering.planBytes()) ^ (3 * xxh3_64bits(lowering.stepBytes())) ^
                        (5 * xxh3_64bits(lowering.generateBytes())) ^
                        (lowering.backward.empty() ? 0 : 7 * xxh3_64bits(lowering.backwardBytes())) ^
                        (lowering.window.empty() ? 0 : 11 * xxh3_64bits(lowering.windowBytes())) ^
                        (lowering.windowBackward.empty() ? 0 : 13 * xxh3_64bits(lowering.windowBackwardBytes())) ^
                        xxh3_64bits(StringRef(lowering.object.data(), lowering.object.size()));
    content.codes.push_back({lowering.target, lowering.planBytes().str(), lowering.stepBytes().str(),
                             lowering.generateBytes().str(), lowering.backwardBytes().str(),
                             lowering.windowBytes().str(), lowering.windowBackwardBytes().str(), identity,
                             lowering.kernels});
  }
  std::unique_ptr<llvm::Module> module = emit::libraryModule(content, parts->context);
  auto tables = cpu::toObject(*module, isaOf(*parts->lowerings.back().target, parts->options.weights));
  if (!tables)
    return tables.takeError();
  parts->tables = std::move(*tables);
  parts->isCompiled = true;
  return Error::success();
}

Expected<std::string> Backend::link(bool isShared) {
  if (Error error = compile())
    return std::move(error);
  mlir::TimingScope scope = parts->timing.nest("link");
  emit::LinkJob job;
  job.arch = parts->options.targets.front()->arch;
  job.isShared = isShared;
  job.hasNames = parts->options.hasNames;
  job.soname = "lib" + parts->interface.prefix + ".so";
  for (const emit::Export &function : emit::exports(parts->interface))
    job.exports.push_back(parts->interface.prefix + "_" + function.name.str());
  job.objects.push_back(StringRef(parts->tables.data(), parts->tables.size()));
  for (const Lowering &lowering : parts->lowerings)
    job.objects.push_back(StringRef(lowering.object.data(), lowering.object.size()));
  return emit::link(job);
}

Expected<std::string> Backend::object() { return link(/*isShared=*/false); }
Expected<std::string> Backend::library() { return link(/*isShared=*/true); }

} // namespace rondo
