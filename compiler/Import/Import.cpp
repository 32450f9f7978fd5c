#include "compiler/Import/Import.h"
#include "compiler/Import/Importer.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::import {

using dsl::Op;

Importer::Importer(mlir::OpBuilder builder, const dsl::Model &model, llvm::SourceMgr &sources, bool &refused)
    : b(builder.getUnknownLoc(), builder), model(model), graph(model), context(builder.getContext()),
      clocks(context, model), locations(context, model, sources), real(b.getF32Type()), integer(b.getI64Type()),
      boolean(b.getI1Type()), refused(refused) {}

Value Importer::fail(const llvm::Twine &message) {
  if (!failed)
    mlir::emitError(b.getLoc()) << message;
  failed = true;
  return constant(0, valueType({}, real, {}));
}

Value Importer::refuse(const llvm::Twine &message) {
  refused |= !failed;
  return fail(message);
}

//===--- The model ---------------------------------------------------------------------------------------------===//

rnn::ModelOp Importer::run() {
  llvm::SmallVector<llvm::StringRef> names;
  llvm::SmallVector<mlir::Type> types;
  for (const dsl::Input &input : model.inputs) {
    names.push_back(input.name);
    types.push_back(type(input.type, clocks.clock(input.clock)));
  }
  b.setLoc(model.inputs.empty() ? b.getLoc() : locations.at(model.inputs.front().range));
  op = rnn::ModelOp::create(b, model.training ? model.name + ".train" : model.name, names, types, model.training);
  for (auto [argument, input] : llvm::zip(op.getBody().getArguments(), model.inputs))
    argument.setLoc(locations.at(input.range));
  b.setInsertionPointToStart(&op.getBody().front());

  imported.resize(graph.nodes.size());
  nextEvent = graph.events.size();
  for (auto [condition, event] : graph.events)
    eventsOf[condition].push_back(event);
  findUses();
  importParams();
  declareStates();
  for (dsl::NodeId id : graph.order)
    if (!failed)
      importNode(id);
  if (!failed)
    importEnds();
  if (failed) {
    op.erase();
    return {};
  }
  return op;
}

/// Constants, ticks and periods that nothing reads as a value become no operation.
void Importer::findUses() {
  needed.resize(graph.nodes.size());
  auto need = [&](dsl::NodeId id) {
    if (id != dsl::noNode)
      needed[id] = true;
  };
  for (const dsl::Node &node : graph.nodes)
    for (dsl::NodeId id : node.operands)
      need(id);
  for (const dsl::Slot &slot : graph.slots)
    need(slot.init), need(slot.next);
  for (auto [condition, event] : graph.events)
    need(condition);
  for (const dsl::Output &output : graph.outputs)
    need(output.node);
  for (const dsl::Loss &loss : graph.losses)
    need(loss.node);
  for (const dsl::Generate &generate : graph.generates)
    need(generate.node);
}

void Importer::importParams() {
  for (const dsl::Param &param : model.params) {
    b.setLoc(locations.at(param.range));
    mlir::Type tensor = type(param.type, {});
    const dsl::Initializer &init = param.init;
    mlir::DenseElementsAttr values =
        init.values ? rnn::constantFor(tensor, llvm::ArrayRef<double>(*init.values)) : nullptr;
    auto attribute = rnn::InitAttr::get(context, rnn::InitKind(init.kind), init.scale, values);
    params.push_back(rnn::ParamOp::create(b, tensor, param.path, attribute));
  }
}

/// Slots that are read and can hold something else than their initial value. One tick a sample remembers nothing.
void Importer::declareStates() {
  std::vector<bool> isRead(graph.slots.size());
  for (const dsl::Node &node : graph.nodes)
    if (node.op == Op::Read)
      isRead[node.index] = true;
  states.resize(graph.slots.size());
  for (auto [index, slot] : llvm::enumerate(graph.slots)) {
    paths.insert(slot.path);
    Space space = home(slot.type, slot.clock);
    if (!isRead[index] || keepsStart(slot) || (space.rows && space.clock == space.rows))
      continue;
    b.setLoc(locations.at(slot.range));
    if (!slot.clock) {
      fail("a slot without a clock");
      return;
    }
    auto stream = llvm::cast<rnn::StreamType>(type(slot.type, space.clock));
    states[index] = rnn::StateOp::create(b, rnn::StateType::get(stream), slot.path, clocks.reverse(slot.scope),
                                         clocks.cuts(slot.scope));
    slotsWritten[slot.next].push_back(index);
  }
}

std::string Importer::freshPath(llvm::StringRef name) {
  std::string path = name.str();
  for (unsigned i = 2; !paths.insert(path).second; ++i)
    path = name.str() + std::to_string(i);
  return path;
}

//===--- Nodes -------------------------------------------------------------------------------------------------===//

void Importer::importNode(dsl::NodeId id) {
  const dsl::Node &node = graph.nodes[id];
  b.setLoc(locations.at(node.location));
  if (id == graph.refused) {
    refuse(
        "in a reversed cell, an event on a segment clock cannot be part of a loop: take the event on the base clock");
    return;
  }
  bool isSource = node.op == Op::Constant || node.op == Op::Tick || node.op == Op::Every || node.op == Op::Segment;
  if (isSource && !needed[id])
    return;
  for (dsl::NodeId operand : node.operands)
    if (!imported[operand].value && graph.nodes[operand].op != Op::Constant) {
      fail("an operand comes behind its use");
      return;
    }
  imported[id] = convert(id);
  if (failed)
    return;
  // The value of a named equation carries its name, so that it can be found again.
  if (Value value = imported[id].value)
    if (mlir::Operation *made = value.getDefiningOp();
        made && !node.name.empty() && node.op != Op::Param && !llvm::isa<mlir::NameLoc>(made->getLoc()))
      made->setLoc(mlir::NameLoc::get(b.getStringAttr(node.name), made->getLoc()));
  importEvents(id);
  for (uint32_t slot : slotsWritten.lookup(id))
    importNext(slot);
}

Imported Importer::convert(dsl::NodeId id) {
  const dsl::Node &node = graph.nodes[id];
  Imported result;
  switch (node.op) {
  case Op::Constant: return result; // made where it is used, in its user's type
  case Op::Input: result.value = op.getBody().getArgument(node.index); return result;
  case Op::Param: result.value = params[node.index]; return result;
  case Op::Read:
    result.rows = home(node.type, node.clock).rows;
    result.value = importRead(node);
    return result;
  case Op::Tick: result.value = importTick(node); return result;
  case Op::Every: result.value = importEvery(node); return result;
  case Op::Segment: result.value = importSegment(node); return result;
  case Op::When: result.value = importWhen(node, result); return result;
  case Op::Hold: result.value = importHold(node, result); return result;
  case Op::Spread: result.value = importSpread(node, result); return result;
  case Op::ReducePer:
    result.rows = home(node.type, node.clock).rows;
    result.value = importReducePer(node);
    return result;
  case Op::Collect: result.value = importCollect(node, result); return result;
  case Op::Next: result.value = importNextValue(node, result); return result;
  default: break;
  }
  Space space = spaceOf(id);
  if (raggedAxis(node.type))
    result.rows = space.rows;
  result.value = convertInSpace(node, space);
  result.valid = validOf(node);
  return result;
}

/// Operations of one tick.
Value Importer::convertInSpace(const dsl::Node &node, Space space) {
  switch (node.op) {
  case Op::Random: return importRandom(node, space);
  case Op::Multiply: return importMultiply(node, space);
  case Op::Equal:
  case Op::NotEqual:
  case Op::Less:
  case Op::LessEqual:
  case Op::Greater:
  case Op::GreaterEqual: return importCompare(node, space);
  case Op::Select: return importSelect(node, space);
  case Op::ToReal:
  case Op::ToInt: return operand(node.operands[0], space, element(node.type));
  case Op::OneHot: return rnn::OneHotOp::create(b, operand(node.operands[0], space));
  case Op::MatMul: return importMatMul(node, space);
  case Op::Slice: return importSlice(node, space);
  case Op::Pick: return importPick(node, space);
  case Op::Gather: return importGather(node, space);
  case Op::Concat: return importConcat(node, space);
  case Op::Stack: return importStack(node, space);
  case Op::Reshape: return reshape(operand(node.operands[0], space, element(node.type)), rowShape(node.type));
  case Op::Transpose: return importTranspose(node, space);
  case Op::Softmax:
  case Op::LogSoftmax:
  case Op::Cumsum:
  case Op::Argmax: return importAlongLastAxis(node, space);
  case Op::Conv1d: return importConv1d(node, space);
  case Op::Fold: return importFold(node, space);
  case Op::Ctc: return importCtc(node);
  default: return importPointwise(node, space);
  }
}

//===--- What the caller sees ----------------------------------------------------------------------------------===//

void Importer::importEnds() {
  auto valueOf = [&](dsl::NodeId id) { return operand(id, home(node(id).type, node(id).clock)); };
  for (const dsl::Loss &loss : graph.losses) {
    b.setLoc(locations.at(loss.range));
    llvm::SmallVector<mlir::Attribute> trains;
    for (uint32_t param : loss.trains)
      trains.push_back(b.getStringAttr(model.params[param].path));
    Value value = operand(loss.node, home(node(loss.node).type, node(loss.node).clock), real);
    rnn::LossOp::create(b, b.getStringAttr(loss.name), value, imported[loss.node].valid,
                        loss.trainsAll ? mlir::ArrayAttr() : b.getArrayAttr(trains));
  }
  auto given = [&](int64_t number) { return number < 0 ? mlir::IntegerAttr() : b.getI64IntegerAttr(number); };
  for (const dsl::Generate &generate : graph.generates) {
    b.setLoc(locations.at(generate.range));
    rnn::GenerateOp::create(b, b.getStringAttr(model.inputs[generate.input].name), valueOf(generate.node),
                            generate.next, given(generate.start), given(generate.stop), given(generate.limit));
  }
  llvm::SmallVector<llvm::StringRef> names;
  llvm::SmallVector<Value> values;
  for (const dsl::Output &output : graph.outputs) {
    b.setLoc(locations.at(output.range));
    names.push_back(output.name);
    const dsl::Node &y = node(output.node);
    Space space = home(y.type, y.clock);
    if (space.rows && space.clock == space.rows &&
        !space.ticks.isSample()) // which of the rows are whose: those of a tick
      space.clock = pair(space.ticks, space.rows, raggedAxis(y.type));
    values.push_back(operand(output.node, space));
  }
  b.setLoc(op.getLoc());
  rnn::ReturnOp::create(b, names, values);
}

mlir::OwningOpRef<mlir::ModuleOp> importModels(mlir::MLIRContext &context, llvm::ArrayRef<const dsl::Model *> models,
                                               llvm::SourceMgr &sources, bool &refused) {
  context.loadDialect<rnn::RnnDialect>();
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  for (const dsl::Model *model : models)
    if (!Importer(mlir::OpBuilder::atBlockEnd(module->getBody()), *model, sources, refused).run())
      return nullptr;
  if (mlir::failed(mlir::verify(*module)))
    return nullptr;
  return module;
}

} // namespace rondo::import
