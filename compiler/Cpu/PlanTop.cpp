// The operations of a schedule, one after another.
#include "compiler/Cpu/Planner.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

namespace rondo::cpu {

using mlir::Operation;
using mlir::Value;
using rnn::ClockInterface;

//===--- Data --------------------------------------------------------------------------------------------------===//

Element Planner::elementOf(mlir::Type value) {
  mlir::Type element = rnn::elementOf(value);
  if (llvm::isa<rnn::TokenType>(element))
    return Element::Token;
  return element.isF32() ? Element::F32 : element.isInteger(1) ? Element::Bool : Element::I64;
}

int64_t Planner::rowBytes(mlir::Type value) { return rnn::elementCount(value) * runtime::bytesOf(elementOf(value)); }

int32_t Planner::addArray(mlir::Type value, Place place, int32_t clock) {
  ArrayPlan array;
  array.place = place;
  array.element = elementOf(value);
  array.clock = clock;
  array.elements = rnn::elementCount(value);
  array.stride = rowBytes(value);
  if (place == Place::Prepared) {
    array.offset = tables().preparedBytes;
    tables().preparedBytes += aligned(array.stride);
  }
  tables().arrays.push_back(array);
  return tables().arrays.size() - 1;
}

View Planner::view(Value value, bool inPrepare) {
  if (rnn::clockOf(value.getType())) {
    assert(views.contains(value));
    return views.lookup(value);
  }
  if (auto it = deferred.find(value); it != deferred.end()) {
    step::ParOp par = it->second;
    for (Value result : par.getResults())
      deferred.erase(result);
    planPar(*this, par, /*mayDefer=*/false);
  }
  if (inPrepare)
    return prepareViews.contains(value) ? prepareViews.lookup(value) : views.lookup(value);
  auto it = views.find(value);
  if (it != views.end())
    return it->second;
  // A parameter that the calls themselves read.
  if (std::optional<View> known = knownTensor(keyOf(value), value.getType()))
    return views[value] = *known;
  View from = prepareViews.lookup(value);
  View to = all(addArray(value.getType(), Place::Prepared, -1), Rows::One);
  result.tensors[keyOf(value)] = arrayOf(to).offset;
  prepare(makeCopy(-1, from, to, rowBytes(value.getType())));
  return views[value] = to;
}

std::optional<View> Planner::knownTensor(const std::string &key, mlir::Type type) {
  auto known = result.tensors.find(key);
  if (known == result.tensors.end())
    return std::nullopt;
  int64_t bytes = tables().preparedBytes;
  View view = all(addArray(type, Place::Prepared, -1), Rows::One);
  tables().preparedBytes = bytes;
  arrayOf(view).offset = known->second;
  return view;
}

const std::string &Planner::keyOf(Value value) {
  auto [it, isNew] = keys.try_emplace(value);
  if (!isNew)
    return it->second;
  Operation *op = value.getDefiningOp();
  unsigned number = llvm::cast<mlir::OpResult>(value).getResultNumber();
  std::string key;
  if (auto param = llvm::dyn_cast<rnn::ParamOp>(op)) {
    key = param.getPath().str();
  } else if (llvm::isa<step::ParOp>(op)) {
    key = keyOf(op->getRegion(0).front().getTerminator()->getOperand(number));
  } else {
    llvm::raw_string_ostream text(key);
    text << op->getName() << number << op->getAttrDictionary() << value.getType() << "(";
    for (Value operand : op->getOperands())
      text << keyOf(operand) << ",";
    text << ")";
    // No path of a program begins so; long ones do not grow.
    llvm::XXH128_hash_t hash = llvm::xxh3_128bits(llvm::arrayRefFromStringRef(key));
    key = "=" + llvm::utohexstr(hash.high64) + "." + llvm::utohexstr(hash.low64);
  }
  return keys[value] = key;
}

bool Planner::isPrepared(Value value) {
  if (rnn::clockOf(value.getType()))
    return false;
  auto it = views.find(value);
  return prepareViews.contains(value) || deferred.contains(value) ||
         (it != views.end() && arrayOf(it->second).place == Place::Constant);
}

View Planner::ownRows(Value value) {
  View from = view(value);
  if (from.rows != Rows::Mapped)
    return from;
  int32_t index = clock(rnn::clockOf(value.getType()));
  View to = all(addArray(value.getType(), Place::Call, index));
  top(makeCopy(index, from, to, rowBytes(value.getType())));
  return views[value] = to;
}

View Planner::withZeroRow(Value value) {
  View from = view(value);
  if (arrayOf(from).place != Place::Call) {
    int32_t index = clock(rnn::clockOf(value.getType()));
    View to = all(addArray(value.getType(), Place::Call, index));
    top(makeCopy(index, from, to, rowBytes(value.getType())));
    views[value] = from = to;
  }
  arrayOf(from).zeroRow = 1;
  return from;
}

int32_t Planner::kernel(Kernel kernel) {
  auto [it, isNew] = kernels.try_emplace(signatureOf(kernel, isa), result.kernels.size());
  if (isNew)
    result.kernels.push_back(std::move(kernel));
  return it->second;
}

//===--- Operations --------------------------------------------------------------------------------------------===//

OpPlan Planner::makeOp(OpCode code, int32_t clock, llvm::ArrayRef<View> views, llvm::ArrayRef<int64_t> numbers) {
  OpPlan op;
  op.code = code;
  op.clock = clock;
  op.views = {int32_t(tables().views.size()), int32_t(views.size())};
  tables().views.insert(tables().views.end(), views.begin(), views.end());
  op.numbers = {int32_t(tables().numbers.size()), int32_t(numbers.size())};
  tables().numbers.insert(tables().numbers.end(), numbers.begin(), numbers.end());
  return op;
}

runtime::Span Planner::store(llvm::ArrayRef<OpPlan> ops) {
  runtime::Span span{int32_t(tables().ops.size()), int32_t(ops.size())};
  tables().ops.insert(tables().ops.end(), ops.begin(), ops.end());
  return span;
}

bool Planner::refuse(Operation *op, const llvm::Twine &why) {
  op->emitError(why);
  return false;
}

//===--- The schedule ------------------------------------------------------------------------------------------===//

bool Planner::run() {
  clock(rnn::AxisClockAttr::getSample(schedule.getContext()));
  auto addAxes = [&](mlir::Type type) {
    type.walk([&](rnn::AxisClockAttr attribute) {
      if (!attribute.isSample())
        axis(attribute);
    });
  };
  // The caller gives offsets to both plans in one order.
  if (extends)
    addAxesOf(*addedTo);
  // Inputs first: the order of the caller's offsets.
  for (mlir::Type type : schedule.getBody().getArgumentTypes())
    addAxes(type);
  schedule.walk([&](Operation *op) { llvm::for_each(op->getResultTypes(), addAxes); });
  planParameters();
  planInputs();
  for (Operation &op : schedule.getBody().front())
    if (!planTop(&op))
      return false;
  tables().prepare = store(prepared);
  joinTotals(*this, forward);
  tables().forward = store(forward);
  planLifetimes();
  return true;
}

void Planner::planParameters() {
  llvm::SmallVector<rnn::ParamOp> params(schedule.getBody().front().getOps<rnn::ParamOp>());
  llvm::sort(params, [](rnn::ParamOp a, rnn::ParamOp b) { return a.getPath() < b.getPath(); });
  for (rnn::ParamOp param : params) {
    ArrayPlan array;
    array.place = Place::Parameter;
    array.element = elementOf(param.getType());
    array.elements = rnn::elementCount(param.getType());
    array.stride = rowBytes(param.getType());
    array.offset = tables().parameterBytes;
    tables().parameterBytes += aligned(array.stride);
    tables().arrays.push_back(array);
    result.parameters.push_back({param, array.offset});
    prepareViews[param.getResult()] = all(tables().arrays.size() - 1, Rows::One);
  }
}

runtime::PortPlan Planner::makePort(llvm::StringRef name, mlir::Type type) {
  runtime::PortPlan port;
  port.clock = clock(rnn::clockOf(type));
  port.element = elementOf(type);
  port.elements = rnn::elementCount(type);
  if (auto token = llvm::dyn_cast<rnn::TokenType>(rnn::elementOf(type)))
    port.tokens = token.getSize();
  port.name = tables().name(name);
  return port;
}

void Planner::planInputs() {
  mlir::Block &block = schedule.getBody().front();
  for (auto [index, argument] : llvm::enumerate(block.getArguments())) {
    mlir::Type type = argument.getType();
    ClockInterface attribute = rnn::clockOf(type);
    runtime::PortPlan port = makePort(schedule.getInputName(index), type);
    port.array = addArray(type, Place::Input, port.clock);
    tables().arrays[port.array].index = index;
    tables().inputs.push_back(port);
    views[argument] = all(port.array, attribute ? Rows::Same : Rows::One);
    if (!gradients || index < addedTo->inputs.size()) // an output may tick where only the model itself knows
      settle(attribute);
  }
}

bool Planner::planTop(Operation *op) {
  if (auto par = llvm::dyn_cast<step::ParOp>(op))
    return par.getTrailing() || planPar(*this, par); // the scan that it trails does it
  if (auto scan = llvm::dyn_cast<step::ScanOp>(op))
    return planScan(*this, scan);
  if (auto constant = llvm::dyn_cast<rnn::ConstOp>(op)) {
    planConstant(constant);
    return true;
  }
  if (auto event = llvm::dyn_cast<rnn::EventOp>(op)) {
    conditions[event.getClock()] = event.getCondition();
    settle(event.getClock());
    return true;
  }
  if (llvm::isa<rnn::LatestOp, rnn::CrossOp, step::BeforeOp>(op))
    return planCrossing(op);
  if (auto loss = llvm::dyn_cast<rnn::LossOp>(op)) {
    ClockInterface attribute = rnn::clockOf(loss.getValue().getType());
    llvm::SmallVector<View, 2> operands{ownRows(loss.getValue())};
    if (loss.getMask())
      operands.push_back(ownRows(loss.getMask()));
    top(makeOp(OpCode::Loss, clock(attribute), operands, {tables().losses++, clock(attribute)}));
    return true;
  }
  if (auto end = llvm::dyn_cast<rnn::ReturnOp>(op))
    return planReturn(end);
  if (llvm::isa<rnn::ParamOp, rnn::GenerateOp>(op))
    return true;
  return planRowOp(op);
}

void Planner::planConstant(rnn::ConstOp op) {
  mlir::Type type = op.getResult().getType();
  ArrayPlan array;
  array.place = Place::Constant;
  array.element = elementOf(type);
  array.elements = rnn::elementCount(type);
  array.stride = rowBytes(type);
  std::vector<char> &bytes = tables().constants;
  bytes.resize(aligned(bytes.size()));
  array.offset = bytes.size();
  auto append = [&](auto number) {
    const char *first = reinterpret_cast<const char *>(&number);
    bytes.insert(bytes.end(), first, first + sizeof number);
  };
  llvm::SmallVector<double> reals;
  llvm::SmallVector<int64_t> ints;
  if (array.element == Element::F32)
    reals = op.getReals();
  else
    ints = op.getInts();
  bool isOne = op.getValue().isSplat();
  for (int64_t i = 0; i < array.elements; ++i) {
    int64_t at = isOne ? 0 : i;
    if (array.element == Element::F32)
      append(float(reals[at]));
    else if (array.element == Element::I64)
      append(ints[at]);
    else if (array.element == Element::Token)
      append(int32_t(ints[at]));
    else
      append(uint8_t(ints[at]));
  }
  tables().arrays.push_back(array);
  views[op.getResult()] = all(tables().arrays.size() - 1, Rows::One);
}

bool Planner::planCrossing(Operation *op) {
  Value x = op->getOperand(0), result = op->getResult(0);
  ClockInterface from = rnn::clockOf(x.getType()), to = rnn::clockOf(result.getType());
  MapPlan plan;
  plan.from = clock(from);
  plan.to = clock(to);
  bool isTotal = true; // every tick sees a row
  if (auto cross = llvm::dyn_cast<rnn::CrossOp>(op)) {
    plan.kind = cross.isFromSource() ? MapPlan::Kind::Source : MapPlan::Kind::Target;
  } else {
    auto timed = llvm::cast<rnn::Timed>(op);
    plan.kind = llvm::isa<step::BeforeOp>(op) ? MapPlan::Kind::Strict : MapPlan::Kind::Latest;
    plan.reverse = timed.getReverse();
    plan.scope = scope(timed.getScopeAttr());
    settle(timed.getScopeAttr());
    // Ticks of both are seen at themselves. In a sample without rows its own tick sees none.
    isTotal = plan.kind == MapPlan::Kind::Latest && rnn::isSelection(to, from) && !to.isSample();
  }
  settle(from);
  settle(to);
  View seen = view(x);
  if (!isTotal) { // a row that is not there is read as zero
    if (seen.rows == Rows::Mapped && arrayOf(seen).place != Place::Call)
      seen = ownRows(x);
    if (seen.rows == Rows::Mapped)
      arrayOf(seen).zeroRow = 1;
    else
      seen = withZeroRow(x);
  }
  int32_t index = settledMap(plan);
  if (seen.rows == Rows::Mapped) {
    MapPlan composed;
    composed.kind = MapPlan::Kind::Compose;
    composed.from = tables().maps[seen.map].from;
    composed.to = plan.to;
    composed.inner = seen.map;
    composed.outer = index;
    index = settledMap(composed);
  }
  seen.map = index;
  seen.rows = Rows::Mapped;
  views[result] = seen;
  return true;
}

bool Planner::planRowOp(Operation *op) {
  ClockInterface attribute = rnn::clockOf(op->getResult(0).getType());
  if (!attribute)
    return planTotal(op);
  settle(attribute);
  llvm::SmallVector<View> operands, results;
  rnn::ScaleOp weighed = weighedBy(op);
  for (Value operand : rowsReadBy(op)) {
    bool isWeighed = weighed && operand == weighed.getX(); // wherever its rows lie
    operands.push_back(isWeighed ? view(operand) : ownRows(operand));
    settle(rnn::clockOf(operand.getType()));
  }
  if (auto per = op->getAttrOfType<ClockInterface>("per"))
    settle(per);
  if (auto timed = llvm::dyn_cast<rnn::Timed>(op))
    settle(timed.getScopeAttr());
  for (Value value : op->getResults()) {
    results.push_back(all(addArray(value.getType(), Place::Call, clock(attribute))));
    views[value] = results.back();
  }
  llvm::SmallVector<OpPlan, 1> ops;
  if (!rowOps(op, clock(attribute), operands, results, ops))
    return refuse(op, "is not compiled by this version");
  forward.insert(forward.end(), ops.begin(), ops.end());
  return true;
}

/// A sum over all ticks. Its operands' rows are found through maps: nothing is copied.
bool Planner::planTotal(Operation *op) {
  ClockInterface attribute;
  for (mlir::Type type : op->getOperandTypes())
    attribute = rnn::clockOf(type) ? rnn::clockOf(type) : attribute;
  settle(attribute);
  llvm::SmallVector<View> all;
  for (Value operand : op->getOperands())
    all.push_back(view(operand));
  Value result = op->getResult(0);
  all.push_back(addTotal(result));
  std::optional<OpPlan> total = totalOp(op, clock(attribute), all);
  if (!total)
    return refuse(op, "is not compiled by this version");
  top(*total);
  return true;
}

//===--- Ends --------------------------------------------------------------------------------------------------===//

View Planner::addResult(Value result, int32_t clock) {
  bool isOwnClock = clock == this->clock(rnn::clockOf(result.getType()));
  auto end = result.hasOneUse() ? llvm::dyn_cast<rnn::ReturnOp>(*result.user_begin()) : rnn::ReturnOp();
  bool isGradient = end && gradients && result.use_begin()->getOperandNumber() >= addedTo->outputs.size();
  Place place = end && isOwnClock && !isGradient ? Place::Output : Place::Call;
  int32_t array = addArray(result.getType(), place, clock);
  if (place == Place::Output)
    tables().arrays[array].index = result.use_begin()->getOperandNumber();
  return all(array, clock < 0 ? Rows::One : Rows::Same);
}

View Planner::addTotal(Value total) {
  View view = views[total] = all(addArray(total.getType(), Place::Call, -1), Rows::One);
  auto end = total.hasOneUse() ? llvm::dyn_cast<rnn::ReturnOp>(*total.user_begin()) : rnn::ReturnOp();
  if (!end || !gradients)
    return view;
  size_t outputs = addedTo->outputs.size(), index = total.use_begin()->getOperandNumber();
  if (index >= outputs && index - outputs < result.parameters.size()) {
    ArrayPlan &array = arrayOf(view);
    array.place = Place::Gradient;
    array.offset = result.parameters[index - outputs].offset;
  }
  return view;
}

bool Planner::planReturn(rnn::ReturnOp op) {
  for (auto [index, value] : llvm::enumerate(op.getValues())) {
    if (gradients && index >= addedTo->outputs.size()) {
      if (!planGradient(value, op.getName(index), index - addedTo->outputs.size()))
        return refuse(op, "gives \"" + op.getName(index) + "\" where another gradient is expected");
      continue;
    }
    mlir::Type type = value.getType();
    ClockInterface attribute = rnn::clockOf(type);
    settle(attribute);
    runtime::PortPlan port = makePort(op.getName(index), type);
    View from = view(value);
    if (arrayOf(from).place == Place::Output && from.rows != Rows::Mapped && arrayOf(from).index == int32_t(index)) {
      port.array = from.array;
    } else {
      port.array = addArray(type, Place::Output, port.clock);
      tables().arrays[port.array].index = index;
      top(makeCopy(port.clock, from, all(port.array, attribute ? Rows::Same : Rows::One), rowBytes(type)));
    }
    tables().outputs.push_back(port);
  }
  return true;
}

/// Gradients of parameters come in the order of their paths, then those of inputs of reals in theirs. False: this is not
/// the one that comes next.
bool Planner::planGradient(Value value, llvm::StringRef name, size_t number) {
  name.consume_front("d.");
  int32_t index = clock(rnn::clockOf(value.getType()));
  settle(rnn::clockOf(value.getType()));
  int64_t elements = rnn::elementCount(value.getType());
  if (number < result.parameters.size()) {
    PlannedParameter parameter = result.parameters[number];
    if (View from = view(value); arrayOf(from).place != Place::Gradient)
      top(makeOp(OpCode::Gradient, index, {from}, {2, parameter.offset, elements, 1}));
    return name == parameter.op.getPath() && value.getType() == parameter.op.getType();
  }
  // Behind what flows into outputs, each input of reals has a word.
  int64_t seeds = tables().inputs.size() - addedTo->inputs.size(), before = result.parameters.size();
  for (auto [input, type] : llvm::zip_first(addedTo->inputs, schedule.getBody().front().getArgumentTypes()))
    if (input.element == Element::F32 && size_t(before++) == number) {
      top(makeOp(OpCode::Gradient, index, {view(value)},
                 {3 + seeds + int64_t(number - result.parameters.size()), 0, elements, 0}));
      return name == addedTo->text.data() + input.name && value.getType() == type;
    }
  return false;
}

void Planner::planLifetimes() {
  for (ArrayPlan &array : tables().arrays)
    array.firstUse = array.lastUse = -1;
  for (int32_t at = 0; at < tables().forward.count; ++at)
    eachView(tables().ops[tables().forward.first + at], [&](const View &view) {
      ArrayPlan &array = tables().arrays[view.array];
      if (array.firstUse < 0)
        array.firstUse = at;
      array.lastUse = at;
    });
}

std::optional<CpuPlan> planSchedule(step::ScheduleOp schedule, const Isa &isa) {
  Planner planner(schedule, isa);
  if (!planner.run())
    return std::nullopt;
  return std::move(planner.result);
}

void Planner::addTo(CpuPlan &plan, bool isStepped) {
  stepped = isStepped;
  addedTo = &plan.tables;
  tables().preparedBytes = plan.last().preparedBytes;
  result.tensors = std::move(plan.tensors);
  result.packs = std::move(plan.packs);
  result.kernels = std::move(plan.kernels);
  for (auto [number, kernel] : llvm::enumerate(result.kernels))
    kernels.try_emplace(signatureOf(kernel, isa), number);
}

void Planner::giveTo(CpuPlan &plan) {
  plan.tensors = std::move(result.tensors);
  plan.packs = std::move(result.packs);
  plan.kernels = std::move(result.kernels);
}

/// They are known by their names.
template <typename Row>
static std::vector<int64_t> callersNumbers(const runtime::PlanTables &from, const std::vector<Row> &rows,
                                           const runtime::PlanTables &to, const std::vector<Row> &others) {
  std::vector<int64_t> numbers;
  for (const Row &row : rows) {
    auto isSame = [&](const Row &other) {
      return llvm::StringRef(to.text.data() + other.name) == from.text.data() + row.name;
    };
    auto it = llvm::find_if(others, isSame);
    numbers.push_back(it == others.end() ? -1 : it - others.begin());
  }
  return numbers;
}

std::vector<int64_t> Planner::callersAxes() { return callersNumbers(tables(), tables().axes, *addedTo, addedTo->axes); }

std::vector<int64_t> Planner::callersInputs() {
  return callersNumbers(tables(), tables().inputs, *addedTo, addedTo->inputs);
}

/// Plans one more schedule of a model that has a plan, and puts it into its place there.
static bool planBeside(Planner &planner, CpuPlan &plan, std::optional<runtime::PlanTables> CpuPlan::*place,
                       const runtime::PlanTables *extended = nullptr) {
  planner.addTo(plan, /*isStepped=*/place == &CpuPlan::step);
  if (extended)
    planner.extend(*extended);
  bool isPlanned = planner.run();
  planner.giveTo(plan);
  plan.*place = std::move(planner.result.tables);
  return isPlanned;
}

bool planStep(step::ScheduleOp schedule, const Isa &isa, CpuPlan &plan) {
  Planner planner(schedule, isa);
  return planBeside(planner, plan, &CpuPlan::step);
}

bool planGenerate(step::ScheduleOp schedule, const Isa &isa, CpuPlan &plan) {
  Planner planner(schedule, isa);
  return planBeside(planner, plan, &CpuPlan::generate);
}

bool planBackward(step::ScheduleOp schedule, const Isa &isa, CpuPlan &plan) {
  Planner planner(schedule, isa);
  planner.giveGradients();
  return planBeside(planner, plan, &CpuPlan::backward, &plan.tables);
}

bool planWindow(step::ScheduleOp schedule, const Isa &isa, CpuPlan &plan) {
  Planner planner(schedule, isa);
  return planBeside(planner, plan, &CpuPlan::window, &plan.tables);
}

bool planWindowBackward(step::ScheduleOp schedule, const Isa &isa, CpuPlan &plan) {
  Planner planner(schedule, isa);
  planner.giveGradients();
  return planBeside(planner, plan, &CpuPlan::windowBackward, &*plan.window);
}

} // namespace rondo::cpu
