// What a scan works with: memory for all threads (ScanMemory), and for each thread a loop: for every clock of the loop
// the rows that tick at each step, and for every operation its operands, made once and then only moved from step to
// step.
#ifndef RONDO_RUNTIME_LOOP_H
#define RONDO_RUNTIME_LOOP_H

#include "runtime/Generate.h"
#include "runtime/RowOps.h"
#include "runtime/Scan.h"

namespace rondo::runtime {

struct Sequence {
  int32_t sample = 0;
  int32_t first = 0, length = 0; // ticks of the driver
  int32_t number = 0;            // in the order of samples and time
};

/// Of what the rows of a window have a list.
enum class List : uint8_t {
  Sequence, // the sequence's number in the loop
  Tick,     // the tick itself, in canonical order
  Driver,   // the driver's tick
  // On a pair clock:
  Window, // the target's row in its own window
  Target, // the target's tick
  Source, // the source's tick
  Memory, // the row of a Memory
  // No lists:
  Self, // the window's rows are the array's
  One,  // one row for all
  Map,  // a list of its own, by tick
  MapOfDriver,
  None, // the view cannot be
};
constexpr int32_t listKinds = 7;

constexpr int32_t threadsByColumns = 16; // at most

/// What a thread reads again at every step should not be more: a part of the cache that a core has to itself.
constexpr int64_t ownCacheBytes = 5 * 256 * 1024;

//===--- Memory of a scan --------------------------------------------------------------------------------------===//

/// Numbers that bound a scan's memory; they follow from the lengths.
struct ScanBounds {
  int64_t sequences = 0, ticks = 0,
          windows = 0;           // ticks of the driver; rows of a pair window of all sequences at a step
  int64_t views = 0, mapped = 0; // of all operations
  int64_t threads = 0;           // that may work on it
  ScanBounds(const Call &call, const ScanPlan &scan);
};

/// What all threads share of a clock.
struct ClockMemory {
  int32_t *offsets = nullptr;     // [ticks + mostThreads + ..] of a known clock, by step
  int32_t *lists[listKinds] = {}; // null: there is never such a list
  bool isNeeded[listKinds] = {};  // some view looks at it
  // Of a pair:
  Range *sources = nullptr;         // by the driver's tick: what it meets
  int32_t *windows = nullptr;       // [sequences + 1]: rows ahead of each sequence's in windows
  int32_t *memoryRows = nullptr;    // [sequences + 1]: rows of Memories ahead of each sequence's
  int32_t *shifts = nullptr;        // [sequences]: from a tick of the source to its row in a Memory
  int32_t *groups = nullptr;        // [sequences + threads]: rows of a window ahead of each target's
  int32_t *lastSequences = nullptr; // [sequences]: of the window that lists were last made for
  Range *lastSources = nullptr;
};

struct Move;
struct Slide;
struct Follow;
struct LoopClock;
struct LoopMap;
struct LoopOp;
struct LoopGroup;

/// What one thread's loop is made of.
struct LoopTables {
  LoopClock *clocks;
  LoopMap *maps;
  LoopOp *ops;
  LoopGroup *groups;
  Operand *operands;
  Move *moves;
  Slide *slides;
  Follow *follows;
  Operand **swaps;     // operands on Registers and Memories, by array
  int32_t *swapsBegin; // [arrays + 1]
  uint64_t *dueOf;     // [clocks][words]: the groups of each clock
  LoopTables(const ScanPlan &scan, const ScanBounds &bounds, int64_t words, Carver &carver);
};

struct ScanMemory {
  ScanBounds bounds;
  Sequence *sequences, *sorted; // [sequences]
  int32_t *owners;              // [sequences]: threads
  int32_t *places;              // [sequences]: which of `sequences` has the number; null where nothing is summed up
  int32_t *cutNumbers;
  ClockMemory *clocks;  // of the loop
  int32_t **mapLists;   // one a Mapped view
  int32_t **tickCounts; // by operation: of Tick
  uint64_t *due;        // [ticks + mostThreads][words]: by step, the groups that may have rows, a bit each
  int64_t words;        // for the bits of all groups
  char *registers, *blocks, *pairBlocks, *memories;
  int32_t chunkSteps;  // of a chunk; 0: there are none
  char *chunks;        // of all sequences, for so many steps
  int32_t *chunkTicks; // likewise: ticks of the driver, where no list has them
  char *tables;        // of each thread `tableBytes`
  int64_t tableBytes;
  ChoiceMemory choice; // where the scan chooses
  ScanMemory(const Call &call, const ScanPlan &scan, Carver &carver);
};

//===--- A thread's loop ---------------------------------------------------------------------------------------===//

/// rows = list + the window's first entry.
struct Move {
  Operand *operand;
  const int32_t *list;
};
/// base += bytes, at each step.
struct Slide {
  Operand *operand;
  int64_t bytes;
};

/// base = from + stride for each entry of the clock behind the first; `inChunk`: of the chunk, else of all.
struct Follow {
  Operand *operand;
  char *from;
  int64_t stride;
  const LoopClock *clock;
  bool inChunk;
};

struct LoopClock {
  enum class Kind : uint8_t { Driver, Known, InLoop, Pair } kind = Kind::Driver;
  bool isFull = false; // at each step all sequences tick, or none
  int32_t clock = -1;  // in the plan
  int32_t target = -1; // Pair, InLoop: the loop's clock whose window it is made from
  int32_t maps = -1;   // the first list by a map
  // At step k the window is entries offsets[k & mask] .. of its lists.
  const int32_t *offsets = nullptr;
  int32_t mask = 0;
  int32_t chunkEntry = 0;     // the first of the chunk
  int32_t counts[2] = {0, 0}; // what `offsets` is, where ticks are found step by step
  int32_t step = -1;          // Pair: for which the window has been made
  int32_t lastCount = -1;     // Pair: targets of the window that lists were last made for
  int32_t *groups = nullptr;
  int32_t *lastSequences = nullptr;
  Range *lastSources = nullptr;
  int32_t *lists[listKinds] = {};
};

/// rows[i] = map[tick of entry i].
struct LoopMap {
  int32_t *rows = nullptr;
  const int32_t *map = nullptr;
  bool ofDriver = false;
  int32_t next = -1; // of the same clock
};

struct LoopOp {
  Kernel kernel = nullptr;
  Operand *operands = nullptr;
  Move *moves = nullptr, *movesEnd = nullptr;
  Slide *slides = nullptr, *slidesEnd = nullptr;
  Follow *follows = nullptr, *followsEnd = nullptr;
  int64_t firstBlock = 0, endBlock = 1;
  RowFunction function = nullptr;
  RowTask task;
  OpCode code = OpCode::Copy;
  // Commit: operands on `now` and on `next`; how far apart these are, in turn one way and the other.
  Operand **now = nullptr, **nowEnd = nullptr, **next = nullptr, **nextEnd = nullptr;
  int64_t distance = 0;
  LoopClock *clock = nullptr;          // Event: whose ticks it finds; over rows: the pair
  const int32_t *tickCounts = nullptr; // Tick
};

/// Operations side by side on one clock. Most clocks tick at few steps: from `due` a step knows whom it concerns.
struct LoopGroup {
  LoopClock *clock = nullptr;
  LoopOp *first = nullptr, *end = nullptr;
};

/// How many steps of each of several scans are done, while they run side by side.
struct alignas(64) Progress {
  std::atomic<int32_t> steps{0};
};
constexpr int32_t stepsBesideOthers = 16; // of a chunk, at most: those behind wait for them

/// How threads share a scan: by sequences, or, if there are few, by columns of kernels.
struct Team {
  int32_t threads = 1;
  bool byColumns = false;
  Barrier *barrier = nullptr;
  bool isOver = false; // by columns: nothing more is to be chosen
  std::atomic<int32_t> failures{0};
  // Beside others: its own steps, and those of the scans that it is behind.
  Progress *progress = nullptr;
  const Progress *ahead = nullptr, *aheadEnd = nullptr;
};

class Loop {
public:
  /// Sequences first..first+count-1 of the scan, `ticks` of the driver behind those of the loops before.
  Loop(Call &call, const ScanPlan &scan, const ScanMemory &memory, Team &team, int32_t thread, int32_t first,
       int32_t count, int64_t ticks);

  /// Finds the rows of each step. False: a clock ticks where its driver does not.
  bool makeLists();
  /// Takes another thread's lists, to share its sequences.
  void shareLists(const Loop &other);
  bool makeTables();
  void run();

private:
  /// Waits until scans that this one is behind have done so many steps.
  void waitForOthers(int32_t step) const {
    for (const Progress *other = team.ahead; other != team.aheadEnd; ++other) {
      Patience patience;
      while (other->steps.load(std::memory_order_acquire) < step)
        patience.wait();
    }
  }
  int32_t steps() const { return count ? sequences[0].length : 0; }
  /// Entries of the driver's lists are rows that follow one another.
  bool isOneSequence() const { return count == 1; }
  int32_t driverTick(int32_t sequence, int32_t step) const {
    const Sequence &s = sequences[sequence];
    return s.first + (scan.reverse ? s.length - 1 - step : step);
  }
  int32_t active(int32_t step) const { return driver->offsets[step + 1] - driver->offsets[step]; }
  LoopClock &clockOf(int32_t clock) { return tables.clocks[call.clocks[clock].loopClock]; }

  // LoopLists.cpp
  void makeGroups();
  void makeDriver();
  bool makeKnown(LoopClock &clock, const ClockMemory &from);
  template <typename Function> bool eachTick(const LoopClock &clock, const Function &function);
  void makeMapLists(const LoopClock &clock, int64_t entry, int32_t count, int32_t step);
  void makePairs(LoopClock &pair, int32_t step);
  void findEvents(const LoopOp &op, const LoopClock &parent, int32_t count, int32_t entry, int32_t step);

  // LoopTables.cpp
  bool makeOp(int32_t index, const OpPlan &plan, LoopOp &op);
  bool makeOperand(const View &view, const LoopClock &window, Operand &operand, bool isOfChunks);
  void place(const Follow &one, int32_t step) {
    int32_t entries = one.clock->offsets[step] - (one.inChunk ? one.clock->chunkEntry : 0);
    one.operand->base = one.from + entries * one.stride;
  }
  char *baseOf(const View &view);
  void makeSwaps();

  // LoopRun.cpp
  template <bool byColumns> void runSteps();
  template <bool byColumns> void beginChunk(int32_t step, int32_t end);
  template <bool byColumns> void runChunk(const LoopGroup *group, const LoopGroup *groupEnd, int32_t step, int32_t end);
  template <bool byColumns> void runGroup(const LoopGroup &group, int32_t step);
  template <bool byColumns> void runOps(const LoopGroup &group, int32_t entry, int32_t rows, int32_t step);
  template <bool byColumns> void runOther(LoopOp &op, LoopClock &clock, int32_t rows, int32_t entry, int32_t step);
  template <bool byColumns> void refreshPairs(LoopClock &pair, int32_t step);
  bool swap(LoopOp &op, const LoopClock &clock, int32_t rows, int32_t step);
  void runRows(LoopOp &op, const LoopClock &clock, int32_t rows, int32_t entry, int32_t step);
  void zero(const LoopOp &op, const LoopClock &clock, int32_t rows, int32_t entry);
  void fillRandom(const LoopOp &op, const LoopClock &clock, int32_t rows, int32_t entry, int32_t step);

  // LoopChoose.cpp
  template <bool byColumns> void runChoose(LoopOp &op, int32_t rows, int32_t step);
  void choose(LoopOp &op, int32_t rows, int32_t step);
  bool chooseBeam(const LoopOp &op, int32_t sequence, int32_t step);
  void follow(int32_t step);
  void followBlocks(LoopClock &clock, int32_t step);

  Call &call;
  const ScanPlan &scan;
  const ScanMemory &memory;
  Team &team;
  LoopTables tables;
  const Sequence *sequences;
  int32_t thread, first, count;
  int64_t ticks;
  LoopClock *driver = nullptr;
  bool isAffine = false; // sequences are of one length, and begin at equal distances:
  int32_t distance = 0;
  int32_t nextMap = 0;
  LoopGroup *stepGroups = nullptr, *stepGroupsEnd = nullptr, *groupsEnd = nullptr; // of chunks: before and behind
  uint64_t *due = nullptr;                                                         // see ScanMemory
  int32_t dueMask = 0;                // 0: all steps have what the first has
  const LoopClock *leaders = nullptr; // by columns: the clocks of thread 0, which finds what ticks
  bool isOver = false;                // nothing more is to be chosen
  Move *nextMove = nullptr;
  Slide *nextSlide = nullptr;
  Follow *nextFollow = nullptr;
};

/// Whether the model feeds itself in this scan.
bool isChoosing(const Call &call, const ScanPlan &scan);

inline int64_t atMost(int64_t a, int64_t b) { return a < b ? a : b; }

/// By what list a view on a window of the loop's clock finds its rows.
List listOf(const Call &call, const ScanPlan &scan, const View &view, int32_t window);

/// The clock whose window an operand is on. That of its operation, but for x of Reduce and conditions of events.
int32_t windowOf(const Call &call, const OpPlan &op, int32_t operand);

} // namespace rondo::runtime
#endif
