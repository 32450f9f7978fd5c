// The equations of one par or scan: which of their values are kept in memory, and by which operations they get there.
//
// Values that are needed as a whole row (operands of products and of operations that the runtime knows, what is
// remembered, what others use) are *kept*. All others are computed where they are needed, in registers. Kept values of one
// width that need nothing of one another but at the same element are computed by one kernel. In a loop a kept value that
// joins others (the adjoint of gates, say) is never computed: they write their parts of it.
#ifndef RONDO_CPU_GROUP_H
#define RONDO_CPU_GROUP_H

#include "compiler/Cpu/MatrixLines.h"
#include "compiler/Cpu/Planner.h"
#include "llvm/ADT/SetVector.h"

namespace rondo::cpu {

class Group {
public:
  Group(Planner &planner, mlir::Block &block, bool inPrepare)
      : planner(planner), block(block), inPrepare(inPrepare), lines(block) {}
  virtual ~Group() = default;

  /// Plans all; the operations in their order.
  bool plan();

  std::vector<OpPlan> ops;

protected:
  //===--- What kinds of groups differ in ---===//
  /// Marks what must be kept beside what any group keeps, and makes memory for what is remembered.
  virtual bool prepareMemory() { return true; }
  /// What must be kept where this is a result: itself, or the value of whose rows it is a part.
  virtual mlir::Value keptFor(mlir::Value yielded) { return yielded; }
  /// Finds places for results that hang together, before any value is given its own.
  virtual void placeResults() {}
  /// Where rows of a value that is computed here are also written, beside its home.
  virtual void addTargets(mlir::Value value, llvm::SmallVectorImpl<View> &targets) = 0;
  /// Where rows of a value go that a kernel loads, and can write there in passing.
  virtual void addTargetsOfLoaded(mlir::Value value, llvm::SmallVectorImpl<View> &targets) {}
  /// A place for a value that only this group reads.
  virtual View addHome(mlir::Value value) = 0;
  /// A target of the value that can be read in this group; none if there is none.
  virtual std::optional<View> homeAmong(llvm::ArrayRef<View> targets) = 0;
  /// Where a value that no kernel and no row operation computes is seen (slots, held values); none if it is neither.
  virtual std::optional<View> seen(mlir::Value value) { return std::nullopt; }
  /// Whether what is written there is added to what is there.
  virtual bool isSum(const View &target) { return false; }
  /// The least level of what stands on the clock of the value.
  virtual int64_t earliest(mlir::Value value) { return 0; }
  /// The operation's own way; false: an ordinary one.
  virtual bool isSpecial(mlir::Operation *op) { return false; }
  virtual bool isLoop() const { return false; }
  /// Whether parts of what is joined are written where they belong in it.
  virtual bool writesParts() { return false; }
  /// Adds operations for special ones, behind all else of the plan.
  virtual bool finish() { return true; }

  //===--- For them ---===//
  bool isInside(mlir::Value value) const {
    return value.getDefiningOp() && value.getDefiningOp()->getBlock() == &block;
  }
  bool isKernelOp(mlir::Operation *op) const;
  void keep(mlir::Value value) {
    if (isInside(value))
      kept.insert(value);
  }
  /// 0 for what is there before the group begins; what needs a value of a level is of a higher one.
  int64_t levelOf(mlir::Value value);
  View loadView(mlir::Value value);
  /// Of a kept value that others write parts of these; else itself.
  llvm::SmallVector<mlir::Value> writtenParts(mlir::Value value) const {
    auto it = joined.find(value);
    return it == joined.end() ? llvm::SmallVector<mlir::Value>{value} : it->second;
  }
  int32_t clockOf(mlir::Value value) { return planner.clock(rnn::clockOf(value.getType())); }
  void add(int64_t level, OpPlan op) { units.push_back({level, op}); }

  Planner &planner;
  mlir::Block &block;
  bool inPrepare;

private:
  struct Reach {
    llvm::SetVector<mlir::Value> loads;    // rows that are read
    llvm::SetVector<mlir::Value> together; // kept values of the same width, needed at the same element
    llvm::SetVector<mlir::Value> computed; // in registers
    llvm::SetVector<mlir::Value> folded;   // in registers, on another walk over the row: what folds need
    llvm::SetVector<mlir::Value> products;
    llvm::SetVector<mlir::Value> missing; // among the loads: folds over another width, which must be kept
  };
  struct Unit {
    int64_t level;
    OpPlan op;
  };
  using Members = llvm::SetVector<mlir::Value>;

  void keepWhatIsNeeded();
  void keepForLines(mlir::Operation *op);
  /// Of what is joined the parts, else the value itself.
  llvm::SmallVector<mlir::Value> partsOf(mlir::Value value) const;
  void keepPartsOfJoined();
  bool isLoaded(mlir::Value value) const;
  /// Whether they can be of one kernel, but for their clocks.
  bool isAlike(mlir::Value a, mlir::Value b) const { return widthOf(a) == widthOf(b) && lines.of(a) == lines.of(b); }
  static int64_t widthOf(mlir::Value value);
  /// What computing a kept value needs; `members`: other values that the same kernel computes.
  Reach reach(mlir::Value root, const Members *members = nullptr) const;
  void walk(mlir::Value value, mlir::Value root, const Members *members, bool inFold, Reach &found) const;
  std::vector<Members> formKernels();
  bool keepWhatIsShared(llvm::ArrayRef<Members> kernels);
  bool hangsOnFold(mlir::Value value, llvm::DenseMap<mlir::Value, bool> &known) const;
  llvm::DenseSet<mlir::Value> findRead(llvm::ArrayRef<Members> kernels) const;
  void placeHomes(llvm::ArrayRef<Members> kernels);
  bool addKernel(const Members &members);
  bool addRowOp(mlir::Operation *op);

  MatrixLines lines;
  llvm::SetVector<mlir::Value> kept;
  llvm::MapVector<mlir::Value, llvm::SmallVector<mlir::Value>> joined; // of the kept ones, of which others they consist
  llvm::DenseMap<mlir::Value, View> homes;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<View, 2>> stores;
  llvm::DenseMap<mlir::Value, int64_t> levels;
  std::vector<Unit> units;
};

} // namespace rondo::cpu
#endif
