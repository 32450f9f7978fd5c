#include "compiler/Emit/Interface.h"
#include "compiler/Gradient/FormWindows.h"
#include "compiler/IR/Step.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace rondo::emit {

StringRef nameOf(Element element) {
  return element == Element::F32    ? "f32"
         : element == Element::I64  ? "i64"
         : element == Element::Bool ? "bool"
                                    : "token";
}

StringRef cTypeOf(Element element) {
  return element == Element::F32    ? "float"
         : element == Element::I64  ? "int64_t"
         : element == Element::Bool ? "uint8_t"
                                    : "int32_t";
}

int64_t RowType::elements() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

namespace {

/// Words that no member can be called: keywords of C and C++, and macros of their usual headers.
bool isReserved(StringRef name) {
  static constexpr StringLiteral words =
      "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t "
      "class co_await co_return co_yield compl complex concept const const_cast consteval constexpr constinit "
      "continue decltype default delete do double dynamic_cast else enum errno explicit export extern false "
      "float for friend goto i386 if imaginary inline int linux long mutable namespace new noexcept noreturn "
      "not not_eq nullptr offsetof operator or or_eq private protected public register reinterpret_cast "
      "requires restrict return short signed sizeof static static_assert static_cast stderr stdin stdout "
      "struct switch template this thread_local throw true try typedef typeid typename typeof typeof_unqual "
      "union unix unsigned using virtual void volatile wchar_t while xor xor_eq I NULL EOF "
      "size_t int32_t int64_t uint8_t uint64_t rondo_error";
  return is_contained(split(words, ' '), name);
}

/// Members of one struct: each gets its name, or that and a `_` where C or another member has it.
class Members {
public:
  explicit Members(ArrayRef<StringRef> fixed) {
    for (StringRef name : fixed)
      taken.insert(name);
  }

  std::string add(StringRef name, ArrayRef<StringRef> endings) {
    std::string member = name.str();
    auto isTaken = [&](StringRef ending) { return taken.contains(member + ending.str()); };
    while (isReserved(member) || any_of(endings, isTaken))
      member += '_';
    for (StringRef ending : endings)
      taken.insert(member + ending.str());
    return member;
  }

private:
  StringSet<> taken;
};

class Describer {
public:
  Describer(mlir::Operation *model, StringRef plan)
      : model(model), plan(*reinterpret_cast<const runtime::Plan *>(plan.data())) {}

  Interface describe() {
    StringRef symbol = mlir::SymbolTable::getSymbolName(model);
    interface.training = model->hasAttr("training");
    if (interface.training)
      symbol.consume_back(".train");
    interface.model = symbol.str();
    interface.prefix = interface.model + (interface.training ? "_train" : "");
    mlir::Block &body = model->getRegion(0).front();
    model->walk([&](rnn::EventOp event) {
      if (auto name = dyn_cast<mlir::NameLoc>(event.getLoc()))
        eventNames[event.getClock()] = name.getName().str();
    });

    Members inputs({"size", "batch", "seed", "active"}), outputs({"size", "losses", "loss_ticks"});
    ArrayRef<runtime::AxisPlan> axes(plan.axes.begin(&plan), plan.axes.count);
    for (const runtime::AxisPlan &axis : axes)
      interface.axes.push_back({nameOf(axis), axis.outer < 0 ? "sample" : nameOf(axes[axis.outer]),
                                inputs.add(nameOf(axis) + "_offsets", {""})});
    for (auto [i, argument] : enumerate(body.getArguments())) {
      StringRef name = cast<mlir::StringAttr>(model->getAttrOfType<mlir::ArrayAttr>("inputs")[i]).getValue();
      interface.inputs.push_back(port(name, inputs.add(name, {""}), argument.getType()));
    }
    for (const Axis &axis : interface.axes)
      interface.stepEnds.push_back({axis.name, inputs.add(axis.name + "_ends", {""})});
    interface.stepEnds.push_back({"sample", inputs.add("sample_ends", {""})});
    auto end = cast<rnn::ReturnOp>(body.getTerminator());
    for (auto [i, value] : enumerate(end.getValues())) {
      StringRef name = end.getName(i);
      interface.outputs.push_back(port(name, outputs.add(name, {"", "_rows", "_offsets", "_ticks"}), value.getType()));
    }
    for (auto loss : body.getOps<rnn::LossOp>()) {
      interface.losses.push_back({loss.getName().str(), std::nullopt});
      if (auto trains = loss.getTrains()) {
        auto &paths = interface.losses.back().trains.emplace();
        for (auto path : trains->getAsRange<mlir::StringAttr>())
          paths.push_back(path.str());
      }
    }
    layOutParameters();
    return std::move(interface);
  }

private:
  std::string nameOf(const runtime::AxisPlan &axis) const { return plan.text.begin(&plan) + axis.name; }

  static RowType rowType(mlir::Type type) {
    RowType row;
    mlir::Type element = rnn::elementOf(type);
    if (auto token = dyn_cast<rnn::TokenType>(element)) {
      row.element = Element::Token;
      row.tokens = token.getSize();
    } else {
      row.element = element.isF32() ? Element::F32 : element.isInteger(1) ? Element::Bool : Element::I64;
    }
    ArrayRef<int64_t> shape = rnn::shapeOf(type);
    row.shape.assign(shape.begin(), shape.end());
    return row;
  }

  std::string text(rnn::ClockInterface clock) const {
    return rnn::wordsOf(clock, [&](rnn::EventClockAttr event) {
      auto name = eventNames.find(event);
      return name == eventNames.end() ? "event" + std::to_string(event.getId()) : name->second;
    });
  }

  Port port(StringRef name, std::string member, mlir::Type type) const {
    Port port;
    port.name = name.str();
    port.member = std::move(member);
    port.type = rowType(type);
    rnn::ClockInterface clock = rnn::clockOf(type);
    if (!clock)
      return port;
    port.clock = text(clock);
    port.axis = rnn::rootAxis(clock).getName().str();
    if (auto pair = dyn_cast<rnn::PairClockAttr>(clock)) {
      port.source = text(pair.getSource());
      port.sourceAxis = rnn::rootAxis(pair.getSource()).getName().str();
      port.per = pair.getPer() ? text(pair.getPer()) : "sample";
    }
    return port;
  }

  void layOutParameters() {
    for (auto param : model->getRegion(0).front().getOps<rnn::ParamOp>())
      interface.parameters.push_back({param.getPath().str(), rowType(param.getType()), 0, param.getInit()});
    sort(interface.parameters, [](const Parameter &a, const Parameter &b) { return a.path < b.path; });
    for (Parameter &parameter : interface.parameters) {
      parameter.offset = interface.parameterBytes;
      int64_t bytes = parameter.type.elements() * bytesOf(parameter.type.element);
      interface.parameterBytes = alignTo(parameter.offset + bytes, parameterAlignment);
    }
  }

  mlir::Operation *model;
  const runtime::Plan &plan;
  Interface interface;
  DenseMap<mlir::Attribute, std::string> eventNames;
};

} // namespace

Interface interfaceOf(mlir::Operation *model, StringRef plan) { return Describer(model, plan).describe(); }

Gradients gradientsOf(mlir::Operation *schedule, const Interface &interface) {
  Gradients gradients;
  Members members({"size", "accumulate", "parameters"});
  auto names = cast<step::ScheduleOp>(schedule).getInputs().getAsValueRange<mlir::StringAttr>();
  for (StringRef name : drop_begin(names, interface.inputs.size())) {
    name.consume_front("d.");
    size_t port =
        find_if(interface.outputs, [&](const Port &port) { return port.name == name; }) - interface.outputs.begin();
    gradients.outputs.push_back({port, members.add("d_" + name.str(), {""})});
  }
  for (auto [i, input] : enumerate(interface.inputs))
    if (input.type.element == Element::F32)
      gradients.inputs.push_back({i, members.add("d_" + input.name, {""})});
  return gradients;
}

Windows windowsOf(mlir::Operation *schedule, const Interface &interface) {
  Windows windows;
  Members members({"size", "state", "next_state", "sample_ends", "d_next_state", "d_state"});
  auto names = cast<step::ScheduleOp>(schedule).getInputs().getAsValueRange<mlir::StringAttr>();
  for (StringRef name : drop_begin(names, interface.inputs.size())) {
    if (!name.consume_front(rnn::aheadPrefix))
      continue;
    size_t port =
        find_if(interface.inputs, [&](const Port &port) { return port.name == name; }) - interface.inputs.begin();
    windows.ahead.push_back({port, members.add(name.str() + "_next", {""})});
  }
  for (const Gradient &row : windows.ahead)
    if (interface.gradients && interface.inputs[row.port].type.element == Element::F32)
      windows.dAhead.push_back({row.port, members.add("d_" + row.member, {""})});
  return windows;
}

Generation generationOf(mlir::Operation *schedule, ArrayRef<Port> inputs) {
  Generation generation;
  schedule->walk([&](step::ChooseOp choose) {
    generation.input =
        find_if(inputs, [&](const Port &port) { return port.name == choose.getInput(); }) - inputs.begin();
    generation.axis = inputs[generation.input].axis;
    generation.isNext = choose.getNext();
    generation.isChosen =
        inputs[generation.input].type.element == Element::Token && rnn::elementOf(choose.getSource().getType()).isF32();
    generation.start = choose.getStart();
    generation.stop = choose.getStop();
    generation.limit = choose.getLimit();
  });
  for (StringRef name : cast<step::ScheduleOp>(schedule).getInputs().getAsValueRange<mlir::StringAttr>())
    if (name != inputs[generation.input].name)
      generation.inputs.push_back(name.str());
  return generation;
}

} // namespace rondo::emit
