#include "compiler/Reference/Program.h"
#include "compiler/IR/Step.h"
#include "compiler/Reference/Rules.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace rondo::reference {

//===--- Types, clocks, scopes ---===//

llvm::SmallVector<ValueId, 3> Compiler::idsOf(mlir::ValueRange values) const {
  llvm::SmallVector<ValueId, 3> result;
  for (mlir::Value value : values)
    result.push_back(id(value));
  return result;
}

Type Compiler::type(mlir::Type type) {
  if (auto state = llvm::dyn_cast<rnn::StateType>(type))
    type = state.getStream();
  if (auto accum = llvm::dyn_cast<rnn::AccumType>(type))
    type = accum.getStream();
  Type result;
  llvm::ArrayRef<int64_t> shape = rnn::shapeOf(type);
  result.shape.assign(shape.begin(), shape.end());
  result.size = rnn::elementCount(type);
  mlir::Type element = rnn::elementOf(type);
  if (auto token = llvm::dyn_cast<rnn::TokenType>(element)) {
    result.element = Element::Token;
    result.tokens = token.getSize();
  } else {
    result.element = element.isF32() ? Element::Real : element.isInteger(1) ? Element::Bool : Element::Int;
  }
  if (rnn::ClockInterface clock = rnn::clockOf(type))
    result.clock = this->clock(clock);
  return result;
}

ClockId Compiler::clock(rnn::ClockInterface attr) {
  if (!attr || attr.isSample())
    return sampleClock;
  if (auto it = clocks.find(attr); it != clocks.end())
    return it->second;
  Clock c;
  if (auto axis = llvm::dyn_cast<rnn::AxisClockAttr>(attr)) {
    c.kind = Clock::Kind::Axis;
    c.parent = clock(axis.getOuter());
    c.axis = program.axes.size();
    c.text = axis.getName().str();
    int32_t coarser = program.clocks[c.parent].axis;
    program.axes.push_back({c.text, static_cast<ClockId>(program.clocks.size()), coarser, -1, -1});
    if (coarser >= 0)
      program.axes[coarser].finer = c.axis;
  } else if (auto every = llvm::dyn_cast<rnn::EveryClockAttr>(attr)) {
    c.kind = Clock::Kind::Every;
    c.parent = clock(every.getOf());
    c.period = every.getPeriod();
    c.phase = every.getPhase();
    c.reverse = every.getReverse();
    c.scope = scope(every.getScope());
  } else if (auto event = llvm::dyn_cast<rnn::EventClockAttr>(attr)) {
    c.kind = Clock::Kind::Event;
    c.id = event.getId();
    c.parent = clock(event.getOf());
  } else if (auto pair = llvm::dyn_cast<rnn::PairClockAttr>(attr)) {
    c.kind = Clock::Kind::Pair;
    c.target = clock(pair.getTarget());
    c.source = clock(pair.getSource());
    c.per = pair.getPer() ? clock(pair.getPer()) : sampleClock;
  }
  ClockId id = program.clocks.size();
  program.clocks.push_back(std::move(c));
  clocks[attr] = id;
  return id;
}

ScopeId Compiler::scope(rnn::ScopeAttr attr) {
  if (!attr)
    return 0;
  if (auto it = scopes.find(attr); it != scopes.end())
    return it->second;
  llvm::SmallVector<Cut, 2> cuts;
  for (rnn::CutAttr cut : attr.getCuts())
    cuts.push_back({cut.getBefore(), clock(cut.getClock())});
  ScopeId id = program.scopes.size();
  program.scopes.push_back(std::move(cuts));
  scopes[attr] = id;
  return id;
}

int32_t Program::axisNamed(llvm::StringRef name) const {
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i].name == name)
      return i;
  return -1;
}

std::string Program::describe(ValueId id) const {
  const Value &value = values[id];
  return value.name.empty() ? value.op : "'" + value.name + "' (" + value.op + ")";
}

std::string describe(const Type &type) {
  std::string text = type.element == Element::Real   ? "real"
                     : type.element == Element::Int  ? "int"
                     : type.element == Element::Bool ? "bool"
                                                     : "token(" + std::to_string(type.tokens) + ")";
  if (!type.shape.empty())
    text += "[" + llvm::join(llvm::map_range(type.shape, [](int64_t n) { return std::to_string(n); }), ", ") + "]";
  return text;
}

//===--- Parameters ---===//

template <typename... Parts> static llvm::Error error(Parts &&...parts) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  (stream << ... << parts);
  return llvm::createStringError(text);
}

static std::string shapeText(llvm::ArrayRef<int64_t> shape) {
  return "[" + llvm::join(llvm::map_range(shape, [](int64_t n) { return std::to_string(n); }), ", ") + "]";
}

static llvm::Error keepParam(Program &program, const std::string &path, const Type &type, const Params &params) {
  auto it = params.find(path);
  if (it == params.end())
    return error("parameter '", path, "' is missing");
  const Array &given = it->second;
  if (llvm::ArrayRef<int64_t>(given.shape) != llvm::ArrayRef<int64_t>(type.shape))
    return error("parameter '", path, "' has shape ", shapeText(given.shape), "; the model declares ", describe(type));
  if (given.isReal != type.isReal())
    return error("parameter '", path, "' holds ", given.isReal ? "reals" : "integers", "; the model declares ",
                 describe(type));
  if (int64_t(given.isReal ? given.reals.size() : given.ints.size()) != type.size)
    return error("parameter '", path, "' has ", given.isReal ? given.reals.size() : given.ints.size(),
                 " elements, not ", type.size);
  Array &kept = program.params[path] = given;
  if (!program.fp64)
    for (double &x : kept.reals)
      x = rounded(x, false);
  return llvm::Error::success();
}

//===--- The model ---===//

namespace {

/// Fills a program in three walks: numbers for all that is defined, then rules, then what clocks have from one another.
class ModelCompiler {
public:
  ModelCompiler(Program &program, const Params &params) : program(program), params(params), c(program) {}

  /// `op`: a model or a schedule.
  template <typename Op> llvm::Error run(Op op) {
    program.model = op.getSymName().str();
    program.clocks.push_back({});
    program.clocks[0].text = "sample";
    program.scopes.push_back({});
    mlir::Block &body = op.getBody().front();
    for (mlir::BlockArgument input : body.getArguments()) {
      llvm::StringRef name = op.getInputName(input.getArgNumber());
      ValueId value = define(input, "input", name);
      program.values[value].rule = makeInputRule(program.inputs.size());
      program.inputs.push_back({name.str(), value});
    }
    for (mlir::Operation &part : body)
      number(part);
    for (mlir::Operation *equation : equations) {
      if (llvm::Error e = addRules(*equation))
        return e;
      addRole(*equation);
    }
    for (auto &[path, array] : params)
      if (!program.params.count(path))
        return error("unknown parameter '", path, "'; model '", program.model, "' has no such path");
    return finishClocks();
  }

  /// How a schedule's operations are computed.
  void addGroups(step::ScheduleOp schedule) {
    program.isSchedule = true;
    for (mlir::Operation &op : schedule.getBody().front()) {
      Group group;
      group.text = op.getName().getStringRef().str();
      if (auto scan = llvm::dyn_cast<step::ScanOp>(op)) {
        group.kind = Group::Kind::Scan;
        group.clock = c.clock(scan.getClock());
        group.reverse = scan.getReverse();
        group.split = c.scope(scan.getSplit().value_or(rnn::ScopeAttr()));
        group.text += " on " + program.clocks[group.clock].text;
      }
      bool isGroup = llvm::isa<step::ScanOp, step::ParOp>(op);
      mlir::Block *body = isGroup ? &op.getRegion(0).front() : nullptr;
      auto add = [&](mlir::Operation &equation) {
        for (mlir::Value result : equation.getResults())
          if (c.ids.count(result))
            group.values.push_back(c.id(result));
      };
      if (isGroup)
        llvm::for_each(body->without_terminator(), add);
      else
        add(op);
      if (group.values.empty())
        continue;
      if (llvm::isa<step::ParOp>(op)) {
        group.kind = Group::Kind::Par;
        group.clock = program.typeOf(group.values.front()).clock;
        if (group.clock != noClock)
          group.text += " on " + program.clocks[group.clock].text;
      }
      program.groups.push_back(std::move(group));
    }
  }

private:
  ValueId define(mlir::Value value, llvm::StringRef op, llvm::StringRef name) {
    ValueId id = program.values.size();
    Value entry;
    entry.type = c.type(value.getType());
    entry.op = op.str();
    entry.name = name.str();
    program.values.push_back(std::move(entry));
    c.ids[value] = id;
    return id;
  }

  void number(mlir::Operation &op) {
    if (llvm::isa<step::ParOp, step::ScanOp>(op)) {
      mlir::Block &body = op.getRegion(0).front();
      for (mlir::Operation &inner : body.without_terminator())
        number(inner);
      for (auto [result, yielded] : llvm::zip_equal(op.getResults(), body.getTerminator()->getOperands()))
        c.ids[result] = c.id(yielded);
      return;
    }
    equations.push_back(&op);
    if (llvm::isa<rnn::StateOp, rnn::AccumOp>(op)) {
      auto timed = llvm::cast<rnn::Timed>(op);
      Slot slot;
      slot.path = op.getAttrOfType<mlir::StringAttr>("path").getValue().str();
      slot.type = c.type(op.getResult(0).getType());
      slot.reverse = timed.getReverse();
      slot.scope = c.scope(timed.getScopeAttr());
      c.slots[op.getResult(0)] = program.slots.size();
      program.slots.push_back(std::move(slot));
      return;
    }
    llvm::StringRef name;
    if (auto named = llvm::dyn_cast<mlir::NameLoc>(op.getLoc()))
      name = named.getName().getValue();
    for (mlir::Value result : op.getResults())
      define(result, op.getName().getStringRef(), name);
  }

  llvm::Error addRules(mlir::Operation &op) {
    if (llvm::isa<rnn::StateOp, rnn::AccumOp>(op))
      return llvm::Error::success();
    if (auto param = llvm::dyn_cast<rnn::ParamOp>(op))
      if (llvm::Error e = keepParam(program, param.getPath().str(), c.type(param.getResult()), params))
        return e;
    static constexpr RuleMaker families[] = {makePointwiseRule, makeProductRule,  makeFeatureRule, makeSourceRule,
                                             makeSlotRule,      makeCrossingRule, makeRowRule,     makeCtcRule};
    for (mlir::OpResult result : op.getResults()) {
      Value &value = program.values[c.id(result)];
      for (RuleMaker make : families)
        if ((value.rule = make(c, &op, result.getResultNumber())))
          break;
      if (!value.rule)
        return error("internal error: the interpreter has no rule for ", value.op);
      for (mlir::Value operand : op.getOperands()) {
        if (auto slot = c.slots.find(operand); slot != c.slots.end())
          value.slot = slot->second;
        else
          value.operands.push_back(c.id(operand));
      }
      if (auto timed = llvm::dyn_cast<rnn::Timed>(op)) {
        value.backward = timed.getReverse();
        value.scope = c.scope(timed.getScopeAttr());
      }
      if (auto per = op.getAttrOfType<rnn::ClockInterface>("per"))
        value.per = c.clock(per);
      else if (llvm::isa<rnn::CtcOp>(op))
        value.per = value.type.clock;
      else if (auto dctc = llvm::dyn_cast<rnn::DctcOp>(op))
        value.per = c.type(dctc.getDy()).clock;
    }
    return llvm::Error::success();
  }

  void addRole(mlir::Operation &op) {
    if (auto next = llvm::dyn_cast<rnn::NextOp>(op)) {
      program.slots[c.slots.lookup(next.getSlot())].next = c.id(next.getValue());
    } else if (auto put = llvm::dyn_cast<rnn::PutOp>(op)) {
      program.slots[c.slots.lookup(put.getSlot())].puts.push_back(c.id(put.getValue()));
    } else if (auto event = llvm::dyn_cast<rnn::EventOp>(op)) {
      program.clocks[c.clock(event.getClock())].condition = c.id(event.getCondition());
    } else if (auto loss = llvm::dyn_cast<rnn::LossOp>(op)) {
      program.losses.push_back(
          {loss.getName().str(), c.id(loss.getValue()), loss.getMask() ? c.id(loss.getMask()) : -1});
    } else if (auto out = llvm::dyn_cast<rnn::ReturnOp>(op)) {
      for (unsigned i = 0; i < out.getNumOperands(); ++i)
        program.outputs.push_back({out.getName(i).str(), c.id(out.getOperand(i))});
    } else if (auto generate = llvm::dyn_cast<rnn::GenerateOp>(op)) {
      GenerateInfo info;
      for (size_t i = 0; i < program.inputs.size(); ++i)
        if (program.inputs[i].name == generate.getInput())
          info.input = i;
      info.source = c.id(generate.getSource());
      info.next = generate.getNext();
      info.start = generate.getStart().value_or(-1);
      info.stop = generate.getStop().value_or(-1);
      info.limit = generate.getLimit().value_or(-1);
      program.generates.push_back(info);
    }
  }

  llvm::Error finishClocks() {
    for (size_t i = 0; i < program.axes.size(); ++i) {
      Axis &axis = program.axes[i];
      for (size_t j = 0; j < i; ++j) {
        if (program.axes[j].name == axis.name)
          return error("axis '", axis.name, "' is used with two parents");
        if (axis.coarser >= 0 && program.axes[j].coarser == axis.coarser)
          return error("axes '", program.axes[j].name, "' and '", axis.name, "' both divide axis '",
                       program.axes[axis.coarser].name, "'; a segment axis has one finer axis");
      }
      axis.root = i;
      while (program.axes[axis.root].finer >= 0)
        axis.root = program.axes[axis.root].finer;
    }
    for (Clock &clock : program.clocks) { // parents come before their children
      const Clock &parent = program.clocks[clock.isPair() ? clock.target : clock.parent];
      switch (clock.kind) {
      case Clock::Kind::Sample: break;
      case Clock::Kind::Axis: clock.root = program.axes[clock.axis].root; break;
      case Clock::Kind::Every:
        clock.root = parent.root;
        clock.text = parent.text + " when every(" + std::to_string(clock.period) +
                     (clock.phase ? ", phase = " + std::to_string(clock.phase) : "") + ")";
        break;
      case Clock::Kind::Event: {
        if (clock.condition < 0)
          return error("an event of clock '", parent.text, "' has no rnn.event");
        clock.root = parent.root;
        const std::string &name = program.values[clock.condition].name;
        clock.text = parent.text + " when " + (name.empty() ? "event" + std::to_string(clock.id) : name);
        break;
      }
      case Clock::Kind::Pair:
        clock.root = parent.root;
        clock.text = parent.text;
        break;
      }
    }
    return llvm::Error::success();
  }

  Program &program;
  const Params &params;
  Compiler c;
  std::vector<mlir::Operation *> equations; // in order, those inside of groups too
};

} // namespace

static std::shared_ptr<Program> emptyProgram(const Options &options) {
  auto program = std::make_shared<Program>();
  program->fp64 = options.fp64;
  program->seed = options.seed;
  return program;
}

llvm::Expected<std::shared_ptr<const Program>> compile(rnn::ModelOp model, const Params &params,
                                                       const Options &options) {
  std::shared_ptr<Program> program = emptyProgram(options);
  if (llvm::Error e = ModelCompiler(*program, params).run(model))
    return e;
  return program;
}

llvm::Expected<std::shared_ptr<const Program>> compile(step::ScheduleOp schedule, const Params &params,
                                                       const Options &options) {
  std::shared_ptr<Program> program = emptyProgram(options);
  ModelCompiler compiler(*program, params);
  if (llvm::Error e = compiler.run(schedule))
    return e;
  compiler.addGroups(schedule);
  return program;
}

} // namespace rondo::reference
