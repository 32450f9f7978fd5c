// What the files of the planner share. Plan*.cpp: Time (clocks, scopes, maps), Top (the schedule's operations), Group
// (equations of one par or scan), Rows (operations that the runtime knows).
#ifndef RONDO_CPU_PLANNER_H
#define RONDO_CPU_PLANNER_H

#include "compiler/Cpu/Plan.h"
#include "llvm/ADT/MapVector.h"
#include <map>

namespace rondo::cpu {

using runtime::ArrayPlan;
using runtime::Element;
using runtime::MapPlan;
using runtime::OpCode;
using runtime::OpPlan;
using runtime::Place;
using runtime::Rows;
using runtime::View;

class Planner {
public:
  Planner(step::ScheduleOp schedule, const Isa &isa) : schedule(schedule), isa(isa) {}
  bool run();
  /// To be called first for a library that has a plan already; `isStepped`: the schedule is one of single steps.
  void addTo(CpuPlan &plan, bool isStepped);
  /// To be called behind addTo: the caller's inputs and axes are those of this plan, of which the schedule's are more.
  void extend(const runtime::PlanTables &other) { addedTo = &other, extends = true; }
  /// To be called behind extend: results behind the outputs of the other plan are gradients, of parameters and of inputs.
  void giveGradients() { gradients = true; }
  /// Gives back what addTo took.
  void giveTo(CpuPlan &plan);

  CpuPlan result;

  //===--- Time ---===//
  int32_t clock(rnn::ClockInterface clock); // -1 for null
  int32_t axis(rnn::AxisClockAttr axis);
  int32_t scope(rnn::ScopeAttr scope); // -1 for null
  int32_t map(MapPlan map);
  /// Emits, at the top level, what fixes the ticks of a clock, and of all that it is made of, unless it is there.
  void settle(rnn::ClockInterface clock);
  void settle(rnn::ScopeAttr scope);
  /// A map that is made here, if it is not there yet.
  int32_t settledMap(MapPlan map);

  //===--- Data ---===//
  runtime::PlanTables &tables() { return result.tables; }
  static Element elementOf(mlir::Type value);
  static int64_t rowBytes(mlir::Type value);
  /// A new array for rows of this type; `clock`: an index, -1 for one row.
  int32_t addArray(mlir::Type value, Place place, int32_t clock);
  ArrayPlan &arrayOf(const View &view) { return tables().arrays[view.array]; }
  static View all(int32_t array, Rows rows = Rows::Same) { return View{array, -1, 0, rows}; }

  /// The rows of a value of the top level, as they are seen by operations of its own clock; `inPrepare`: by those of
  /// Prepare, where parameters are the caller's.
  View view(mlir::Value value, bool inPrepare = false);
  /// The same, but row i is the tick's own: copied if it was seen through a map.
  View ownRows(mlir::Value value);
  void setView(mlir::Value value, View view) { views[value] = view; }
  void setPrepared(mlir::Value value, View view) { prepareViews[value] = views[value] = view; }
  /// How a tensor is computed from parameters: equal for equal tensors, of whatever schedule.
  const std::string &keyOf(mlir::Value value);
  /// The place of a tensor that the plan which this one is added to prepares; none if it does not.
  std::optional<View> knownTensor(const std::string &key, mlir::Type type);
  /// True for a tensor that Prepare has: made of parameters and constants alone.
  bool isPrepared(mlir::Value value);
  /// Which rows an event ticks at, known from here on.
  void setCondition(rnn::EventClockAttr clock, mlir::Value condition) { conditions[clock] = condition; }
  /// Leaves a par of parameters alone to those who need its results, if it only puts matrices together or cuts them out:
  /// they may do with the parts.
  bool defer(step::ParOp par);
  bool isDeferred(mlir::Value value) const { return deferred.contains(value); }
  /// Packed weights of a product, for a kernel.
  View packed(mlir::Value weights, const PackLayout &layout);
  int32_t kernel(Kernel kernel);

  //===--- Operations ---===//
  /// The products of rows and weights that this sum alone needs, inside of a par that makes nothing else or beside it; null
  /// if it is no such sum. They are never in memory.
  static rnn::ScaleOp weighedBy(mlir::Operation *sum);
  /// The rows that an operation which the runtime knows reads: its operands', or those that it weighs, and the weights.
  static llvm::SmallVector<mlir::Value> rowsReadBy(mlir::Operation *op);
  int32_t addOp(OpCode code, int32_t clock, llvm::ArrayRef<View> views, llvm::ArrayRef<int64_t> numbers);
  OpPlan makeOp(OpCode code, int32_t clock, llvm::ArrayRef<View> views, llvm::ArrayRef<int64_t> numbers);
  OpPlan makeCopy(int32_t clock, View from, View to, int64_t bytes) {
    return makeOp(OpCode::Copy, clock, {from, to}, {1, bytes, bytes, bytes});
  }
  /// The operations that the runtime knows for an rnn operation, on rows that are in memory; false if there are none.
  bool rowOps(mlir::Operation *op, int32_t clock, llvm::ArrayRef<View> operands, llvm::ArrayRef<View> results,
              llvm::SmallVectorImpl<OpPlan> &ops);
  /// Appends to the forward operations, or to those of Prepare. Those inside of groups stand elsewhere.
  void top(OpPlan op) { forward.push_back(op); }
  /// The same with a loop: in one operation with that above it where both may run at the same time. What need not wait
  /// for them is settled before.
  void topScan(step::ScanOp scan, const runtime::ScanPlan &plan);
  void prepare(OpPlan op) { prepared.push_back(op); }
  /// Calls function(view) for each view of an operation of the top level, those of its group included.
  template <typename Function> void eachView(const OpPlan &op, const Function &function) {
    auto eachOf = [&](const OpPlan &one) {
      for (int32_t i = 0; i < one.views.count; ++i)
        function(tables().views[one.views.first + i]);
    };
    auto eachInside = [&](runtime::Span inner) {
      for (int32_t i = 0; i < inner.count; ++i)
        eachOf(tables().ops[inner.first + i]);
    };
    eachOf(op);
    const int64_t *numbers = tables().numbers.data() + op.numbers.first;
    if (op.code == OpCode::Par)
      eachInside({int32_t(numbers[0]), int32_t(numbers[1])});
    for (int64_t i = 0; op.code == OpCode::Scan && i < numbers[1]; ++i) {
      eachInside(tables().scans[numbers[0] + i].ops);
      eachInside(tables().scans[numbers[0] + i].sums);
    }
  }
  /// Puts operations into the table, side by side.
  runtime::Span store(llvm::ArrayRef<OpPlan> ops);
  bool refuse(mlir::Operation *op, const llvm::Twine &why);

  const Isa &target() const { return isa; }
  /// The schedule's one scan is stepped from outside: nobody knows which clocks will tick.
  bool isStepped() const { return stepped; }
  /// By axis and by input of this plan the number that it has in the plan that this one is added to; -1: none.
  std::vector<int64_t> callersAxes();
  std::vector<int64_t> callersInputs();
  const runtime::PlanTables &caller() const { return *addedTo; }
  /// Operations of a chunked par, which the scan that reads it carries out.
  void addAhead(step::ScanOp scan, llvm::ArrayRef<OpPlan> ops) { llvm::append_range(ahead[scan], ops); }
  std::vector<OpPlan> takeAhead(step::ScanOp scan) { return std::move(ahead[scan]); }
  /// Of a par that trails it.
  void addAfter(step::ScanOp scan, llvm::ArrayRef<OpPlan> ops) { llvm::append_range(after[scan], ops); }
  std::vector<OpPlan> takeAfter(step::ScanOp scan) { return std::move(after[scan]); }
  /// The place of a group's result, which may be the caller's buffer; `clock`: of the array's rows.
  View addResult(mlir::Value result, int32_t clock);
  /// That of a sum over all ticks, which may be the gradient of a parameter.
  View addTotal(mlir::Value total);

private:
  void planInputs();
  runtime::PortPlan makePort(llvm::StringRef name, mlir::Type type);
  void planParameters();
  bool planTop(mlir::Operation *op);
  bool planCrossing(mlir::Operation *op);
  bool planReturn(rnn::ReturnOp op);
  bool planRowOp(mlir::Operation *op);
  bool planTotal(mlir::Operation *op);
  bool planGradient(mlir::Value value, llvm::StringRef name, size_t number);
  std::optional<OpPlan> totalOp(mlir::Operation *op, int32_t clock, llvm::ArrayRef<View> all);
  void addAxesOf(const runtime::PlanTables &other);
  std::optional<OpPlan> rowOp(mlir::Operation *op, int32_t clock, llvm::ArrayRef<View> operands,
                              llvm::ArrayRef<View> results);
  void planConstant(rnn::ConstOp op);
  void planLifetimes();
  /// The array with a row of zeros in front.
  View withZeroRow(mlir::Value value);

  step::ScheduleOp schedule;
  Isa isa;
  bool stepped = false, gradients = false, extends = false;
  const runtime::PlanTables *addedTo = nullptr;
  llvm::DenseMap<mlir::Attribute, int32_t> clocks, axes, scopes;
  std::map<std::vector<int64_t>, int32_t> maps;
  llvm::DenseSet<int32_t> settledClocks, settledMaps;
  llvm::DenseSet<mlir::Attribute> waveEvents;              // of the loops that the last operation with loops runs
  llvm::DenseMap<mlir::Attribute, mlir::Value> conditions; // of events, by clock: at the top level
  llvm::DenseMap<mlir::Value, View> views;
  llvm::DenseMap<mlir::Value, View> prepareViews; // of tensors
  llvm::DenseMap<mlir::Value, step::ParOp> deferred;
  std::map<std::pair<const void *, std::vector<int64_t>>, View> packs;
  llvm::DenseMap<mlir::Value, std::string> keys;
  llvm::StringMap<int32_t> kernels; // by signature
  std::vector<OpPlan> forward, prepared;
  llvm::DenseMap<mlir::Operation *, std::vector<OpPlan>> ahead, after;
};

/// Plans the operations of one par or scan.
bool planPar(Planner &planner, step::ParOp par, bool mayDefer = true);
bool planScan(Planner &planner, step::ScanOp scan);
/// Makes one operation of sums over the rows of one array, and of its products with others, so that it is read once.
void joinTotals(Planner &planner, std::vector<OpPlan> &ops);

} // namespace rondo::cpu
#endif
