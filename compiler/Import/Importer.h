// One dsl::Model becoming one `rnn.model`: internal to this folder.
//
// The model's nodes are walked once, in order; each becomes the operations of its row in the tables of these files:
//   Elementwise.cpp  operators and functions of each element
//   Shapes.cpp       products, slices, joins
//   Rows.cpp         values with a clock's axis: streams of rows
//   Time.cpp         slots, crossings from clock to clock
//   Validity.cpp     what `next` makes invalid; event clocks
#ifndef RONDO_IMPORT_IMPORTER_H
#define RONDO_IMPORT_IMPORTER_H

#include "compiler/Import/Clocks.h"
#include "compiler/Import/Graph.h"
#include "compiler/Import/Locations.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <map>
#include <set>
#include <tuple>

namespace rondo::import {

using mlir::Value;
using rnn::ClockInterface;
using rnn::valueType;

/// What a node has become.
struct Imported {
  /// On the node's clock, a tensor where it is the same at every tick, and of a value with a clock's axis a stream of
  /// rows (see Rows.cpp). Null of constants, which are made where they are used.
  Value value;
  /// i1 on the node's clock: false at ticks where a `next` inside reads behind the end (S7). Null: true everywhere.
  Value valid;
  /// Of a value with a clock's axis: the clock of its rows.
  ClockInterface rows;
};

/// Where an operation is computed: once a call, at each tick of a clock, or at each row.
struct Space {
  ClockInterface clock; // of operands and result; null: they are tensors
  ClockInterface ticks; // to whose ticks rows belong; else the same as `clock`
  ClockInterface rows;  // the rows' own clock; null: there are no rows
};

/// The clock's axis in a type; null where there is none.
const dsl::ClockAxis *raggedAxis(const dsl::Type &type);
/// The shape of a row: the static dimensions.
llvm::SmallVector<int64_t> rowShape(const dsl::Type &type);
/// The number of a static axis within a row.
int64_t rowAxis(const dsl::Type &type, int64_t axis);

class Importer {
public:
  Importer(mlir::OpBuilder builder, const dsl::Model &model, llvm::SourceMgr &sources, bool &refused);

  /// Builds the model where the builder stands. Null after an error.
  rnn::ModelOp run();

private:
  //===--- The model (Import.cpp) ---===//
  void findUses();
  void importParams();
  void declareStates();
  void importNode(dsl::NodeId id);
  Imported convert(dsl::NodeId id);
  Value convertInSpace(const dsl::Node &node, Space space);
  void importEnds();
  std::string freshPath(llvm::StringRef name);
  /// Reports, once, what cannot be imported; the result only stands in for a value.
  Value fail(const llvm::Twine &message);
  /// The same, of what the language allows and the dialect cannot say: the program is to be written otherwise.
  Value refuse(const llvm::Twine &message);

  //===--- Values.cpp ---===//
  const dsl::Node &node(dsl::NodeId id) const { return graph.nodes[id]; }
  mlir::Type element(const dsl::Type &type);
  mlir::Type type(const dsl::Type &type, ClockInterface clock); // of a row
  Value constant(double value, mlir::Type type);
  Value constant(const dsl::Node &node, llvm::ArrayRef<int64_t> shape, mlir::Type element, ClockInterface clock);
  /// A node's value in this space, with this element type (if given; int widens to real) and shape (if given; scalars and
  /// lower ranks repeat along the leading axes).
  Value operand(dsl::NodeId id, Space space, mlir::Type element = {});
  Value operand(dsl::NodeId id, Space space, mlir::Type element, llvm::ArrayRef<int64_t> shape);
  /// The same for operations that take tensors beside streams.
  Value operandOrTensor(dsl::NodeId id, Space space, mlir::Type element = {});
  Value toElement(Value value, mlir::Type element);
  Value toShape(Value value, llvm::ArrayRef<int64_t> shape);
  Value reshape(Value value, llvm::ArrayRef<int64_t> shape);
  Value onClock(Value value, ClockInterface clock);

  //===--- Elementwise.cpp ---===//
  Value importPointwise(const dsl::Node &node, Space space);
  Value importMultiply(const dsl::Node &node, Space space);
  Value importCompare(const dsl::Node &node, Space space);
  Value importSelect(const dsl::Node &node, Space space);
  Value importRandom(const dsl::Node &node, Space space);

  //===--- Shapes.cpp ---===//
  Value importMatMul(const dsl::Node &node, Space space);
  Value importGather(const dsl::Node &node, Space space);
  Value importPick(const dsl::Node &node, Space space);
  Value importSlice(const dsl::Node &node, Space space);
  Value importConcat(const dsl::Node &node, Space space);
  Value importStack(const dsl::Node &node, Space space);
  Value importTranspose(const dsl::Node &node, Space space);
  Value product(Value a, Value c);
  Value transpose(Value value, llvm::ArrayRef<int64_t> permutation);
  Value slice(Value value, int64_t axis, int64_t begin, int64_t end);

  //===--- Rows.cpp ---===//
  Space home(const dsl::Type &type, const dsl::Clock *clock);
  Space spaceOf(dsl::NodeId self);
  ClockInterface pair(ClockInterface ticks, ClockInterface rows, const dsl::ClockAxis *axis);
  Value inSpace(Value value, Space space, ClockInterface rows);
  Value cross(Value value, Space space, bool isSource);
  Value atTicks(Value value, const dsl::Clock *clock);
  Value importCollect(const dsl::Node &node, Imported &result);
  Value importAlongLastAxis(const dsl::Node &node, Space space);
  Value importFold(const dsl::Node &node, Space space);
  Value importRowProduct(const dsl::Node &node, Space space);
  Value importConv1d(const dsl::Node &node, Space space);
  Value productsOfNeighbours(Value x, Value filters);
  Value importCtc(const dsl::Node &node);

  //===--- Time.cpp ---===//
  Value latest(Value x, ClockInterface clock, bool reverse = false, rnn::ScopeAttr cuts = {});
  Value reduce(rnn::Reduction kind, Value x, ClockInterface clock, bool reverse = false, rnn::ScopeAttr cuts = {});
  Value tick(ClockInterface clock, bool reverse, rnn::ScopeAttr cuts);
  Value isFirst(ClockInterface clock, bool reverse, rnn::ScopeAttr cuts);
  Value compareTick(rnn::Predicate predicate, ClockInterface clock, bool reverse, rnn::ScopeAttr cuts); // with 0
  Value importTick(const dsl::Node &node);
  Value importEvery(const dsl::Node &node);
  Value importSegment(const dsl::Node &node);
  ClockInterface firstTickOf(const dsl::Clock *segment, const dsl::Clock *axis);
  ClockInterface withRows(ClockInterface clock, Value x);
  bool cutsInside(uint32_t scope, const dsl::Clock *segment);
  bool keepsStart(const dsl::Slot &slot) const;
  Value importRead(const dsl::Node &node);
  Value importKeptStart(const dsl::Slot &slot, Space space);
  void importNext(uint32_t slot);
  Value importWhen(const dsl::Node &node, Imported &result);
  Value importHold(const dsl::Node &node, Imported &result);
  Value importSpread(const dsl::Node &node, Imported &result);
  Value importReducePer(const dsl::Node &node);
  Value sample(Value x, const dsl::Node &from, const dsl::Node &to);
  Value hold(Value x, const dsl::Clock *from, const dsl::Node &to);

  //===--- Validity.cpp ---===//
  Value importNextValue(const dsl::Node &node, Imported &result);
  Value valueBehind(Value value, bool reverse, rnn::ScopeAttr cuts);
  Value validOf(const dsl::Node &node);
  Value both(Value a, Value c);
  ClockInterface eventOf(Value condition);
  Value conditionOf(ClockInterface event);
  void importEvents(dsl::NodeId condition);

  mlir::ImplicitLocOpBuilder b;
  const dsl::Model &model;
  Graph graph;
  mlir::MLIRContext *context;
  ClockTranslator clocks;
  LocationTranslator locations;
  mlir::Type real, integer, boolean;

  rnn::ModelOp op;
  bool failed = false, &refused;
  std::vector<Imported> imported;                                                 // by node
  std::vector<bool> needed;                                                       // by node: something reads its value
  std::vector<Value> params;                                                      // by index
  std::vector<Value> states;                                                      // by slot; null where none is needed
  llvm::DenseMap<dsl::NodeId, llvm::SmallVector<uint32_t, 1>> slotsWritten;       // by next value
  llvm::DenseMap<dsl::NodeId, llvm::SmallVector<const dsl::Clock *, 1>> eventsOf; // by condition
  int64_t nextEvent = 0;                                                          // the next free id
  llvm::DenseMap<Value, ClockInterface> eventsMade;                               // by condition
  std::map<std::tuple<const void *, bool, const void *>, Value> ticks;            // by clock, direction, cuts
  llvm::DenseMap<std::pair<rnn::Predicate, Value>, Value> compared;               // ticks with 0
  std::map<std::tuple<const void *, bool, const void *>, Value> following;        // by value, direction, cuts
  std::set<std::string> paths;                                                    // of slots
};

} // namespace rondo::import
#endif
