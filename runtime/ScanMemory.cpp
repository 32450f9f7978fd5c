// What a scan may need, by the lengths in the batch.
#include "runtime/Loop.h"

namespace rondo::runtime {

int32_t windowOf(const Call &call, const OpPlan &op, int32_t operand) {
  if (op.code == OpCode::Event)
    return call.clock(int32_t(call.numbers(op)[0])).parent;
  bool isRead = operand >= 0 && operand < op.views.count - 1;
  return op.code == OpCode::Reduce && isRead ? int32_t(call.numbers(op)[0]) : op.clock;
}

static bool isOneCut(const Call &call, int32_t scope, int32_t clock) {
  Span cuts = call.plan->scopes.begin(call.plan)[scope].cuts;
  const CutPlan &cut = call.plan->cuts.begin(call.plan)[cuts.first];
  return cuts.count == 1 && cut.clock == clock && !cut.before;
}

ScanBounds::ScanBounds(const Call &call, const ScanPlan &scan) : ticks(call.mostRows[scan.driver]) {
  const int64_t *clocks = call.numbers(scan.clocks);
  int64_t *pairRows = &windows;
  auto sequencesOf = [&](int64_t s) {
    int64_t length = mostTicks(call, scan.driver, s), here = 1;
    if (scan.split >= 0) {
      Span cuts = call.plan->scopes.begin(call.plan)[scan.split].cuts;
      for (int32_t i = 0; i < cuts.count; ++i)
        here += mostTicks(call, call.plan->cuts.begin(call.plan)[cuts.first + i].clock, s);
    }
    return atMost(here, length);
  };
  for (int64_t s = 0; s < call.batch; ++s)
    sequences += sequencesOf(s);
  for (int32_t j = 0; j < scan.clocks.count; ++j) {
    if (!call.isPair(int32_t(clocks[j])))
      continue;
    const ClockPlan &pair = call.clock(int32_t(clocks[j]));
    // Sequences that lie each in a tick of `per` of its own meet different rows.
    bool apart = scan.split < 0 || (pair.per >= 0 && isOneCut(call, scan.split, pair.per));
    int64_t rows = apart ? call.mostRows[pair.source] : 0;
    for (int64_t s = 0; s < call.batch && !apart; ++s)
      rows += atMost(sequencesOf(s) * mostTicks(call, pair.source, s), int64_t(1) << 40);
    *pairRows = rows > *pairRows ? rows : *pairRows;
  }
  for (int32_t i = 0; i < scan.ops.count; ++i) {
    const OpPlan &op = call.op(scan.ops.first + i);
    views += op.views.count;
    for (int32_t v = 0; v < op.views.count; ++v)
      mapped += call.views(op)[v].rows == Rows::Mapped;
  }
  threads = atMost(mostThreads, sequences < threadsByColumns ? threadsByColumns : sequences);
}

LoopTables::LoopTables(const ScanPlan &scan, const ScanBounds &bounds, int64_t words, Carver &carver)
    : clocks(carver.take<LoopClock>(scan.clocks.count)), maps(carver.take<LoopMap>(bounds.mapped)),
      ops(carver.take<LoopOp>(scan.ops.count)), groups(carver.take<LoopGroup>(scan.ops.count)),
      operands(carver.take<Operand>(bounds.views)), moves(carver.take<Move>(bounds.views)),
      slides(carver.take<Slide>(bounds.views)), follows(carver.take<Follow>(bounds.views)),
      swaps(carver.take<Operand *>(bounds.views)), swapsBegin(carver.take<int32_t>(scan.arrays.count + 1)),
      dueOf(carver.take<uint64_t>(scan.clocks.count * words)) {}

/// Whether arrays are rows of a pair's window: of another size than those of sequences.
static bool isOfPairs(const Call &call, int32_t array) { return call.isPair(call.array(array).clock); }

namespace {

/// Bytes that a scan's arrays have together, a row.
struct RowBytes {
  int64_t registers = 0, blocks = 0, pairBlocks = 0, memories = 0, chunks = 0;

  int64_t &of(const Call &call, int32_t array) {
    switch (call.array(array).place) {
    case Place::Register: return registers;
    case Place::Memory: return memories;
    case Place::Chunk: return chunks;
    default: return isOfPairs(call, array) ? pairBlocks : blocks;
    }
  }

  /// Calls place(array, bytes so far) for each of them, perhaps more than once.
  template <typename Function> static void each(const Call &call, const ScanPlan &scan, const Function &function) {
    for (int32_t i = 0; i < scan.arrays.count; ++i)
      function(int32_t(call.numbers(scan.arrays)[i]));
    for (int32_t i = 0; i < scan.ops.count; ++i) {
      const OpPlan &op = call.op(scan.ops.first + i);
      for (int32_t v = 0; v < op.views.count; ++v)
        if (Place place = call.array(call.views(op)[v].array).place; place == Place::Block || place == Place::Chunk)
          function(call.views(op)[v].array);
    }
  }
};

RowBytes rowBytesOf(const Call &call, const ScanPlan &scan) {
  RowBytes bytes;
  RowBytes::each(call, scan, [&](int32_t array) {
    int64_t end = call.arrays[array].offset + aligned(call.array(array).stride), &most = bytes.of(call, array);
    most = end > most ? end : most;
  });
  return bytes;
}

} // namespace

void placeLoopArrays(Call &call, int32_t index) {
  RowBytes bytes;
  RowBytes::each(call, call.scan(index), [&](int32_t array) {
    if (call.arrays[array].offset >= 0)
      return;
    int64_t &used = bytes.of(call, array);
    call.arrays[array].offset = used;
    used += aligned(call.array(array).stride);
  });
}

/// Steps whose rows stay in a near cache, but enough of them that weights are read for many rows at a time.
static int64_t chunkStepsOf(const ScanBounds &bounds, int64_t rowBytes) {
  constexpr int64_t bytes = 512 * 1024, rows = 256;
  int64_t sequences = bounds.sequences > 0 ? bounds.sequences : 1;
  if (rowBytes == 0)
    return 0;
  int64_t near = bytes / (rowBytes * sequences), many = (rows + sequences - 1) / sequences;
  return atMost(near > many ? near : many, bounds.ticks > 0 ? bounds.ticks : 1);
}

bool isChoosing(const Call &call, const ScanPlan &scan) {
  return call.choice && call.choice->op >= scan.ops.first && call.choice->op < scan.ops.first + scan.ops.count;
}

static ClockMemory takeClock(const Call &call, const ScanPlan &scan, const ScanBounds &bounds, int32_t clock,
                             Carver &carver) {
  ClockMemory memory;
  auto take = [&](List list, int64_t count) { memory.lists[int32_t(list)] = carver.take<int32_t>(count); };
  if (call.isPair(clock)) {
    for (int32_t list = 0; list < listKinds; ++list)
      take(List(list), bounds.windows);
    memory.sources = carver.take<Range>(bounds.ticks);
    memory.windows = carver.take<int32_t>(bounds.sequences + 1);
    memory.memoryRows = carver.take<int32_t>(bounds.sequences + 1);
    memory.shifts = carver.take<int32_t>(bounds.sequences);
    memory.groups = carver.take<int32_t>(bounds.sequences + mostThreads);
    memory.lastSequences = carver.take<int32_t>(bounds.sequences);
    memory.lastSources = carver.take<Range>(bounds.sequences);
    return memory;
  }
  memory.offsets = carver.take<int32_t>(bounds.ticks + mostThreads);
  take(List::Tick, bounds.ticks);
  if (clock != scan.driver) {
    take(List::Sequence, bounds.ticks);
    take(List::Driver, bounds.ticks);
  }
  return memory;
}

ScanMemory::ScanMemory(const Call &call, const ScanPlan &scan, Carver &carver) : bounds(call, scan) {
  sequences = carver.take<Sequence>(bounds.sequences);
  sorted = carver.take<Sequence>(bounds.sequences);
  owners = carver.take<int32_t>(bounds.sequences);
  places = scan.sums.count ? carver.take<int32_t>(bounds.sequences) : nullptr;
  cutNumbers = carver.take<int32_t>(cutsSize(call, scan.split, call.clock(scan.driver).root));
  clocks = carver.take<ClockMemory>(scan.clocks.count);
  mapLists = carver.take<int32_t *>(bounds.mapped);
  tickCounts = carver.take<int32_t *>(scan.ops.count);
  for (int32_t j = 0; j < scan.clocks.count; ++j) {
    ClockMemory clock = takeClock(call, scan, bounds, int32_t(call.numbers(scan.clocks)[j]), carver);
    if (clocks)
      clocks[j] = clock;
  }
  int64_t mapped = 0;
  for (int32_t i = 0; i < scan.ops.count; ++i) {
    const OpPlan &op = call.op(scan.ops.first + i);
    for (int32_t v = 0; v < op.views.count; ++v) {
      if (call.views(op)[v].rows != Rows::Mapped)
        continue;
      int32_t *list = carver.take<int32_t>(call.isPair(windowOf(call, op, v)) ? bounds.windows : bounds.ticks);
      if (mapLists)
        mapLists[mapped++] = list;
    }
    if (op.code != OpCode::Tick)
      continue;
    int32_t *counts = carver.take<int32_t>(call.mostRows[op.clock] < 0 ? 0 : call.mostRows[op.clock]);
    carver.take<int32_t>(cutsSize(call, int32_t(call.numbers(op)[1]), call.clock(op.clock).root));
    if (tickCounts)
      tickCounts[i] = counts;
  }
  RowBytes bytes = rowBytesOf(call, scan);
  registers = carver.bytes(bounds.sequences, bytes.registers);
  blocks = carver.bytes(bounds.sequences, bytes.blocks);
  pairBlocks = carver.bytes(bounds.windows, bytes.pairBlocks);
  memories = carver.bytes(bounds.windows, bytes.memories);
  chunkSteps = int32_t(chunkStepsOf(bounds, bytes.chunks));
  chunks = carver.bytes(bounds.sequences * chunkSteps, bytes.chunks);
  chunkTicks = carver.take<int32_t>(bounds.sequences * chunkSteps);
  words = (int64_t(scan.ops.count) + 63) / 64;
  due = carver.take<uint64_t>((bounds.ticks + mostThreads) * words);
  Carver one(nullptr);
  LoopTables(scan, bounds, words, one);
  tableBytes = one.count();
  tables = carver.bytes(bounds.threads, tableBytes);
  if (isChoosing(call, scan)) {
    int64_t widest = 0, widestOfPairs = 0;
    RowBytes::each(call, scan, [&](int32_t array) {
      int64_t &most = isOfPairs(call, array) ? widestOfPairs : widest;
      most = call.array(array).stride > most ? call.array(array).stride : most;
    });
    choice = ChoiceMemory(call, bounds.sequences, bounds.windows, bounds.views, widest, widestOfPairs, carver);
  }
  if (bounds.windows > INT32_MAX) // rows are numbered in 32 bits
    carver.bytes(-1, 1);
}

} // namespace rondo::runtime
