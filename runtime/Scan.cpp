#include "runtime/Scan.h"
#include "runtime/Loop.h"
#include "runtime/RangeOps.h"
#include <new>

namespace rondo::runtime {

/// Bytes of weights that a step reads.
static int64_t weightBytes(const Call &call, const ScanPlan &scan) {
  int64_t bytes = 0;
  for (int32_t i = scan.ahead; i < scan.stepsEnd(); ++i) {
    const OpPlan &op = call.op(scan.ops.first + i);
    for (int32_t v = 0; v < op.views.count && op.code == OpCode::Kernel; ++v)
      if (const ArrayPlan &array = call.array(call.views(op)[v].array); array.place == Place::Prepared)
        bytes += array.stride;
  }
  return bytes;
}

//===--- Views -------------------------------------------------------------------------------------------------===//

List listOf(const Call &call, const ScanPlan &scan, const View &view, int32_t window) {
  const ArrayPlan &array = call.array(view.array);
  bool isPair = call.isPair(window);
  int32_t target = isPair ? call.clock(window).target : -1;
  // Those of a clock known only step by step have no place in canonical order.
  auto isKnown = [&](int32_t clock) { return call.clocks[clock].known; };
  List sequence = window == scan.driver ? List::Self : List::Sequence;
  switch (view.rows) {
  case Rows::One: return List::One;
  case Rows::Same:
    switch (array.place) {
    case Place::Register: return sequence;
    case Place::Memory: return isPair ? List::Memory : List::Self; // all rows of the sequence: only Zero
    case Place::Block:
    case Place::Chunk:
      return array.clock == window ? List::Self : array.clock == scan.driver ? List::Sequence : List::None;
    default:
      if (array.clock < 0)
        return List::One;
      if (array.clock == window && isKnown(window))
        return List::Tick;
      return array.clock == scan.driver ? List::Driver : List::None;
    }
  case Rows::Target:
    if (!isPair)
      return List::None;
    if (array.place == Place::Register)
      return List::Sequence;
    if (array.place == Place::Block || array.place == Place::Chunk)
      return array.clock == target ? List::Window : array.clock == scan.driver ? List::Sequence : List::None;
    if (array.clock == scan.driver)
      return List::Driver;
    return array.clock == target && isKnown(target) ? List::Target : List::None;
  case Rows::Source:
    if (!isPair)
      return List::None;
    if (array.place == Place::Memory)
      return List::Memory;
    return array.clock == call.clock(window).source ? List::Source : List::None;
  case Rows::Mapped:
    if (!call.maps[view.map].known || (call.maps[view.map].misses && !array.zeroRow))
      return List::None;
    if (call.map(view.map).to == window && isKnown(window))
      return List::Map;
    return call.map(view.map).to == scan.driver ? List::MapOfDriver : List::None;
  }
  return List::None;
}

//===--- Sequences ---------------------------------------------------------------------------------------------===//

namespace {

/// Prepares a scan, and runs it.
class ScanRun {
public:
  ScanRun(Call &call, const ScanPlan &scan, Carver &carver) : call(call), scan(scan), memory(call, scan, carver) {}

  /// The i-th of scans that run side by side.
  bool runBesideOthers(Progress *all, int32_t i) {
    team.progress = all + i;
    team.ahead = all;
    team.aheadEnd = scan.isBehind ? all + i : all;
    bool isDone = run();
    team.progress->steps.store(INT32_MAX, std::memory_order_release);
    return isDone;
  }

  bool run() {
    if (!findClocks() || !findNeeds())
      return false;
    findSequences();
    sort();
    bool chooses = isChoosing(call, scan);
    if (chooses)
      beginChoice();
    if (count == 0) {
      sumUp();
      return !chooses || giveChosen(call, memory.choice);
    }
    share();
    findPairs();
    countAllTicks();
    auto work = [](void *context, int32_t thread) { static_cast<ScanRun *>(context)->work(thread); };
    rondo::runtime::run(call.pool, team.threads, work, this);
    if (team.failures.load())
      return fail(call.error, Code::Plan, "a clock of a loop ticks where the loop has no step");
    sumUp();
    return !chooses || giveChosen(call, memory.choice);
  }

private:
  int32_t clockAt(int32_t j) const { return int32_t(call.numbers(scan.clocks)[j]); }

  bool findClocks() {
    for (int32_t j = 0; j < scan.clocks.count; ++j)
      call.clocks[clockAt(j)].loopClock = j;
    for (int32_t j = 0; j < scan.arrays.count; ++j)
      call.arrays[call.numbers(scan.arrays)[j]].next = j;
    for (int32_t j = 0; j < scan.clocks.count; ++j) {
      const ClockPlan &clock = call.clock(clockAt(j));
      int32_t parent = clock.kind == ClockPlan::Kind::Pair ? clock.target : clock.parent;
      bool isMade = call.isPair(clockAt(j)) || !call.clocks[clockAt(j)].known;
      if (isMade && (parent < 0 || !isInLoop(parent)))
        return fail(call.error, Code::Plan, "a clock of a loop is made from one that is not");
      if (call.isPair(clockAt(j)) && !call.clocks[clock.source].known)
        return fail(call.error, Code::Plan, "a pair's source is not known in a loop");
    }
    return call.clocks[scan.driver].known || fail(call.error, Code::Plan, "a loop's driver is not known");
  }

  bool isInLoop(int32_t clock) const {
    int32_t j = call.clocks[clock].loopClock;
    return j >= 0 && j < scan.clocks.count && clockAt(j) == clock;
  }

  /// Registers and Memories are the scan's own.
  bool isHere(int32_t array) const {
    if (call.array(array).place != Place::Register && call.array(array).place != Place::Memory)
      return true;
    int32_t j = call.arrays[array].next;
    return j >= 0 && j < scan.arrays.count && call.numbers(scan.arrays)[j] == array;
  }

  bool findNeeds() {
    auto need = [&](int32_t clock, List list) {
      memory.clocks[call.clocks[clock].loopClock].isNeeded[int32_t(list)] = true;
    };
    for (int32_t i = 0; i < scan.ops.count; ++i) {
      const OpPlan &op = call.op(scan.ops.first + i);
      for (int32_t v = 0; v < op.views.count; ++v) {
        const View &view = call.views(op)[v];
        int32_t window = windowOf(call, op, v);
        List list = isInLoop(window) && isHere(view.array) ? listOf(call, scan, view, window) : List::None;
        bool isAll = call.array(view.array).place == Place::Memory && !call.isPair(window);
        if (list == List::None || (isAll && op.code != OpCode::Zero))
          return fail(call.error, Code::Plan, "operation %d of a loop has an operand (%d) without rows", i, v);
        if (int32_t(list) < listKinds)
          need(window, list);
        else if (list == List::Map || list == List::MapOfDriver)
          need(window, list == List::Map ? List::Tick : List::Driver);
      }
      if (op.code == OpCode::Random && call.isPair(op.clock)) {
        need(op.clock, List::Sequence);
        need(op.clock, List::Driver);
        need(op.clock, List::Source);
      }
      if (op.code == OpCode::Tick)
        need(op.clock, List::Tick);
    }
    for (int32_t j = 0; j < scan.clocks.count; ++j)
      if (call.isPair(clockAt(j)) &&
          (memory.clocks[j].isNeeded[int32_t(List::Tick)] || memory.clocks[j].isNeeded[int32_t(List::Target)]))
        need(call.clock(clockAt(j)).target, List::Tick);
    return true;
  }

  void findSequences() {
    int32_t root = call.clock(scan.driver).root;
    Cuts cuts = cutsOf(call, scan.split, root, memory.cutNumbers);
    for (int64_t s = 0; s < call.batch; ++s) {
      Stretch ticks = stretchOf(call, scan.driver, root, s);
      for (int32_t i = 0, end; i < ticks.count; i = end) {
        end = cuts.numbers ? i + 1 : ticks.count;
        while (end < ticks.count && !cuts.between(ticks.at(i), ticks.at(end)))
          ++end;
        memory.sequences[count] = {int32_t(s), ticks.first + i, end - i, count};
        ++count;
      }
    }
  }

  /// By length, longest first, else in order: merges runs of growing width.
  void sort() {
    Sequence *from = memory.sequences, *to = memory.sorted;
    for (int64_t width = 1; width < count; width *= 2) {
      for (int64_t begin = 0; begin < count; begin += 2 * width) {
        int64_t middle = atMost(begin + width, count), end = atMost(begin + 2 * width, count);
        for (int64_t a = begin, b = middle, i = begin; i < end; ++i) {
          bool isFirst = b == end || (a < middle && from[a].length >= from[b].length);
          to[i] = from[isFirst ? a++ : b++];
        }
      }
      Sequence *other = from;
      from = to;
      to = other;
    }
    memory.sequences = from;
    memory.sorted = to;
  }

  /// Whether a step reads so many weights that it pays to meet behind each operation: where there are fewer sequences
  /// than threads, or where each thread's part of them stays in its own cache and all of them would not.
  bool isWorthColumns(int64_t threads) const {
    int64_t bytes = weightBytes(call, scan), meetings = 0;
    bool hasBlocks = false;
    for (int32_t i = scan.ahead; i < scan.stepsEnd(); ++i) {
      const OpPlan &op = call.op(scan.ops.first + i);
      meetings += op.code != OpCode::Commit;
      hasBlocks |= op.code == OpCode::Kernel && call.numbers(op)[1] > 1;
    }
    constexpr int64_t bytesOfMeeting = 80 * 1024; // are read while threads meet, and once more
    return hasBlocks && bytes > (threads > count ? bytesOfMeeting * meetings : ownCacheBytes);
  }

  /// Finds the Blocks that a choice moves: what is written ahead of it and read behind.
  void beginChoice() {
    memory.choice.begin(call);
    together = int32_t(call.choice->beams);
    int32_t *next = memory.choice.following;
    int32_t place = call.choice->op - scan.ops.first;
    auto isUsed = [&](int32_t array, int32_t from, int32_t to) {
      for (int32_t i = from; i < to; ++i)
        for (int32_t v = 0; v < call.op(scan.ops.first + i).views.count; ++v)
          if (call.views(call.op(scan.ops.first + i))[v].array == array)
            return true;
      return false;
    };
    for (int32_t i = 0; i < place && together > 1; ++i) {
      const OpPlan &op = call.op(scan.ops.first + i);
      for (int32_t v = 0; v < op.views.count; ++v) {
        int32_t array = call.views(op)[v].array;
        if (call.array(array).place == Place::Block && !isUsed(array, 0, i) &&
            isUsed(array, place + 1, scan.ops.count) && (next == memory.choice.following || next[-1] != array))
          *next++ = array;
      }
    }
    *next = -1;
  }

  /// Gives each thread sequences of about the same length in all. They stay sorted.
  void share() {
    int64_t threads = threadsOf(call.pool);
    if (threads > 1 && isWorthColumns(threads)) {
      team.byColumns = true;
      team.threads = int32_t(atMost(threads, threadsByColumns));
      team.barrier = &barrier;
      barrier.expect(team.threads);
      return;
    }
    team.threads = int32_t(atMost(threads, count));
    for (int32_t i = 0, least = 0; i < count; ++i) {
      if (i % together == 0) { // hypotheses of one sample lie side by side, and are of one length
        least = 0;
        for (int32_t t = 1; t < team.threads; ++t)
          if (ticks[t] < ticks[least])
            least = t;
      }
      memory.owners[i] = least;
      ++counts[least];
      ticks[least] += memory.sequences[i].length;
    }
    int32_t next[mostThreads], sum = 0;
    for (int32_t t = 0; t < team.threads; ++t) {
      next[t] = sum;
      sum += counts[t];
    }
    for (int32_t i = 0; i < count; ++i)
      memory.sorted[next[memory.owners[i]]++] = memory.sequences[i];
    Sequence *other = memory.sequences;
    memory.sequences = memory.sorted;
    memory.sorted = other;
  }

  /// What sequences meet, and their rows in windows and Memories.
  void findPairs() {
    for (int32_t j = 0; j < scan.clocks.count; ++j) {
      if (!call.isPair(clockAt(j)))
        continue;
      const ClockPlan &pair = call.clock(clockAt(j));
      ClockMemory &clock = memory.clocks[j];
      meetingsOf(call, scan.driver, pair.source, pair.per, clock.sources);
      int32_t windows = 0, rows = 0;
      for (int32_t q = 0; q < count; ++q) {
        const Sequence &sequence = memory.sequences[q];
        int32_t most = 0, begin = INT32_MAX, end = 0;
        for (int32_t i = 0; i < sequence.length; ++i) {
          Range range = clock.sources[sequence.first + i];
          if (range.begin == range.end)
            continue;
          most = range.end - range.begin > most ? range.end - range.begin : most;
          begin = range.begin < begin ? range.begin : begin;
          end = range.end > end ? range.end : end;
        }
        clock.windows[q] = windows;
        clock.memoryRows[q] = rows;
        clock.shifts[q] = most ? rows - begin : 0;
        windows += most;
        rows += most ? end - begin : 0;
      }
      clock.windows[count] = windows;
      clock.memoryRows[count] = rows;
      memoryRows = rows > memoryRows ? rows : memoryRows;
    }
    for (int32_t j = 0; j < scan.arrays.count; ++j) {
      int32_t index = int32_t(call.numbers(scan.arrays)[j]);
      const ArrayPlan &array = call.array(index);
      if (array.place == Place::Memory)
        std::memset(memory.memories + call.arrays[index].offset * memory.bounds.windows, 0,
                    size_t(memoryRows * array.stride));
    }
  }

  void countAllTicks() {
    for (int32_t i = 0; i < scan.ops.count; ++i) {
      const OpPlan &op = call.op(scan.ops.first + i);
      if (op.code != OpCode::Tick)
        continue;
      const int64_t *n = call.numbers(op);
      int32_t root = call.clock(op.clock).root;
      int32_t *cutNumbers = memory.tickCounts[i] + aligned(call.mostRows[op.clock] * 4) / 4;
      countTicks(call, op.clock, n[0], cutsOf(call, int32_t(n[1]), root, cutNumbers), memory.tickCounts[i]);
    }
  }

  /// In the order of the sequences' numbers, which does not hang on the threads.
  void sumUp() {
    for (int32_t i = 0; i < count && scan.sums.count; ++i)
      memory.places[memory.sequences[i].number] = i;
    for (int32_t i = 0; i < scan.sums.count; ++i) {
      const OpPlan &op = call.op(scan.sums.first + i);
      int32_t array = call.views(op)[0].array;
      char *rows = memory.registers + call.arrays[array].offset * memory.bounds.sequences;
      runTotal(call, op, {rows, memory.places, call.array(array).stride}, count);
    }
  }

  void work(int32_t thread) {
    if (team.byColumns)
      return workByColumns(thread);
    int32_t first = 0;
    int64_t before = 0;
    for (int32_t t = 0; t < thread; ++t) {
      first += counts[t];
      before += ticks[t];
    }
    Loop loop(call, scan, memory, team, thread, first, counts[thread], before);
    if (loop.makeLists() && loop.makeTables())
      loop.run();
    else
      ++team.failures;
  }

  void workByColumns(int32_t thread) {
    Loop loop(call, scan, memory, team, thread, 0, count, 0);
    if (thread == 0) {
      if (!loop.makeLists())
        ++team.failures;
      shared = &loop;
    }
    barrier.meet(thread);
    if (!team.failures.load()) {
      if (thread)
        loop.shareLists(*shared);
      loop.makeTables();
      barrier.meet(thread);
      loop.run();
    }
    barrier.meet(thread);
  }

  Call &call;
  const ScanPlan &scan;
  ScanMemory memory;
  int32_t count = 0, together = 1; // sequences that one thread must have
  int64_t memoryRows = 0;
  Team team;
  Barrier barrier;
  const Loop *shared = nullptr;
  int32_t counts[mostThreads] = {}; // sequences of each thread
  int64_t ticks[mostThreads] = {};  // and their lengths together
};

} // namespace

//===--- Several scans -----------------------------------------------------------------------------------------===//

namespace {

/// What scans have beside their own memory, to run side by side.
struct Beside {
  Progress *progress;
  Error *errors;
  Carver *begins;     // of their own memory
  ClockState *clocks; // a table for each
  ArrayState *arrays;
  Beside(const Call &call, Span scans, Carver &carver) {
    int64_t count = scans.count > 1 ? scans.count : 0;
    progress = carver.take<Progress>(count);
    errors = carver.take<Error>(count);
    begins = carver.take<Carver>(count);
    clocks = carver.take<ClockState>(count * call.plan->clocks.count);
    arrays = carver.take<ArrayState>(count * call.plan->arrays.count);
  }
};

/// Whether threads have more to do with a scan each than all with one: if there are fewer sequences than threads, and
/// as many scans, whose weights stay in the cache of the core that they are on.
bool isWorthBeside(const Call &call, Span scans) {
  int64_t threads = threadsOf(call.pool);
  if (threads < 2 || scans.count < threads)
    return false;
  for (int32_t i = 0; i < scans.count; ++i) {
    const ScanPlan &scan = call.scan(scans.first + i);
    if (call.batch >= threads || ScanBounds(call, scan).sequences >= threads || weightBytes(call, scan) > ownCacheBytes)
      return false;
  }
  return true;
}

} // namespace

void carveScans(const Call &call, Span scans, Carver &carver) {
  Beside(call, scans, carver);
  for (int32_t i = 0; i < scans.count; ++i)
    ScanMemory(call, call.scan(scans.first + i), carver);
}

bool runScans(Call &call, Span scans, char *scratch) {
  Carver carver(scratch);
  Beside beside(call, scans, carver);
  if (!isWorthBeside(call, scans)) {
    for (int32_t i = 0; i < scans.count; ++i)
      if (!ScanRun(call, call.scan(scans.first + i), carver).run())
        return false;
    return true;
  }
  struct Shared {
    Call &call;
    Span scans;
    Beside beside;
    std::atomic<int32_t> next;
  } shared{call, scans, beside, {0}};
  for (int32_t i = 0; i < scans.count; ++i) {
    ::new (beside.progress + i) Progress;
    beside.errors[i] = Error();
    ::new (beside.begins + i) Carver(carver);
    ScanMemory(call, call.scan(scans.first + i), carver);
  }
  auto work = [](void *context, int32_t) {
    Shared &shared = *static_cast<Shared *>(context);
    const Plan &plan = *shared.call.plan;
    // In order: what a scan waits for is under way.
    for (int32_t i; (i = shared.next.fetch_add(1)) < shared.scans.count;) {
      Call call(shared.call, shared.beside.errors + i);
      call.clocks = shared.beside.clocks + i * int64_t(plan.clocks.count);
      call.arrays = shared.beside.arrays + i * int64_t(plan.arrays.count);
      std::memcpy(call.clocks, shared.call.clocks, plan.clocks.count * sizeof(ClockState));
      std::memcpy(call.arrays, shared.call.arrays, plan.arrays.count * sizeof(ArrayState));
      ScanRun(call, call.scan(shared.scans.first + i), shared.beside.begins[i])
          .runBesideOthers(shared.beside.progress, i);
    }
  };
  rondo::runtime::run(call.pool, int32_t(atMost(threadsOf(call.pool), scans.count)), work, &shared);
  for (int32_t i = 0; i < scans.count; ++i)
    if (beside.errors[i].code) {
      *call.error = beside.errors[i];
      return false;
    }
  return true;
}

} // namespace rondo::runtime
