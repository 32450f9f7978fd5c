#include "runtime/Generate.h"
#include "runtime/Check.h"
#include "runtime/Execute.h"
#include "runtime/Layout.h"
#include "runtime/Random.h"
#include "runtime/Timeline.h"
#include <cmath>
#include <cstring>

namespace rondo::runtime {

constexpr int64_t mostBeams = 1 << 16;

static long long wide(int64_t number) { return number; }

//===--- Memory ------------------------------------------------------------------------------------------------===//

static int64_t atMost(int64_t a, int64_t b) { return a < b ? a : b; }

int64_t ChoiceMemory::tokens(const Call &call) const { return call.input(call.choice->input).tokens; }

ChoiceMemory::ChoiceMemory(const Call &call, int64_t sequences, int64_t windows, int64_t views, int64_t widest,
                           int64_t widestOfPairs, Carver &carver)
    : widest(widest), widestOfPairs(widestOfPairs) {
  const Choice &choice = *call.choice;
  const PortPlan &port = call.input(choice.input);
  bool hasBeams = choice.beams > 1, draws = choice.mode == ChoiceMode::Sample;
  int64_t all = call.batch * choice.beams; // both below 2^31
  int64_t places = atMost(sequences, mostThreads);
  rowBytes = port.elements * bytesOf(port.element);
  samples = carver.take<Sample>(call.batch);
  int64_t bytes = 0; // of all that one hypothesis may choose
  if (__builtin_mul_overflow(choice.limit, rowBytes, &bytes))
    bytes = -1;
  for (int32_t half = 0; half < 2; ++half) {
    hypotheses[half] = carver.take<Hypothesis>(half && !hasBeams ? 0 : all);
    rows[half] = carver.bytes(half && !hasBeams ? 0 : all, bytes);
  }
  parents = hasBeams ? carver.take<int32_t>(sequences) : nullptr;
  oldRows = carver.take<int32_t>(hasBeams ? sequences : 0);
  candidates = carver.take<Candidate>(choice.mode == ChoiceMode::Beam ? places * choice.beams : 0);
  weights = carver.take<double>(draws ? places * port.tokens : 0);
  heap = carver.take<int32_t>(draws ? places * atMost(choice.best, port.tokens) : 0);
  moved = carver.bytes(hasBeams ? sequences : 0, widest);
  movedPairs = carver.bytes(hasBeams ? windows : 0, widestOfPairs);
  following = carver.take<int32_t>(views + 1);
}

void ChoiceMemory::begin(const Call &call) {
  for (int64_t s = 0; s < call.batch; ++s)
    samples[s] = Sample{1, call.choice->limit == 0, 0};
  for (int64_t i = 0; i < call.batch * call.choice->beams; ++i)
    hypotheses[0][i] = Hypothesis();
}

//===--- What the caller gives ---------------------------------------------------------------------------------===//

namespace {

/// Words of the struct of results, behind its size.
enum Word : int32_t { ChosenRows, RowCount, Offsets, Scores, Found };

/// Takes the caller's structs apart.
class Taking {
public:
  Taking(Call &call, Choice &choice) : call(call), choice(choice) {}

  bool findChoose() {
    for (uint32_t i = 0; i < call.plan->ops.count; ++i)
      if (call.op(int32_t(i)).code == OpCode::Choose)
        choice.op = int32_t(i);
    if (choice.op < 0)
      return fail(call.error, Code::Plan, "the library's plan does not say what is generated");
    numbers = call.numbers(call.op(choice.op));
    choice.input = int32_t(numbers[0]);
    choice.next = numbers[1];
    choice.axis = int32_t(numbers[5]);
    choice.hypotheses = int32_t(numbers[6]);
    return true;
  }

  bool takeOptions(const void *given) {
    const PortPlan &port = call.input(choice.input);
    choice.start = numbers[2];
    choice.stop = numbers[3];
    choice.limit = numbers[4];
    bool isToken = port.element == Element::Token;
    if (given) {
      if (!checkWords("options", given, optionWords))
        return false;
      const uint64_t *words = static_cast<const uint64_t *>(given);
      const double *reals = static_cast<const double *>(given);
      int64_t mode = int64_t(words[1]);
      if (mode < 0 || mode > 2)
        return fail(call.error, Code::Argument, "options: there is no mode %lld", wide(mode));
      choice.mode = ChoiceMode(mode);
      choice.key = randomKey(words[2], hashPath("generate", 8), 0);
      std::memcpy(&choice.temperature, reals + 3, sizeof(double));
      choice.best = int64_t(words[4]);
      choice.beams = choice.mode == ChoiceMode::Beam ? int64_t(words[5]) : 1;
      std::memcpy(&choice.lengthPenalty, reals + 6, sizeof(double));
      if (!takeNumber("limit", int64_t(words[7]), INT32_MAX / 2, choice.limit) ||
          !takeNumber("start", int64_t(words[8]), isToken ? port.tokens - 1 : INT32_MAX, choice.start) ||
          !takeNumber("stop", int64_t(words[9]), isToken ? port.tokens - 1 : INT32_MAX, choice.stop))
        return false;
    }
    return checkOptions(port);
  }

  bool takeInputs(const void *given, const int64_t **offsets, const void **inputs, bool values) {
    const Plan &plan = *call.plan;
    int64_t axes = numbers[7], ports = numbers[8];
    if (!checkWords("inputs", given, 3 + axes + ports))
      return false;
    const uint64_t *words = static_cast<const uint64_t *>(given);
    call.batch = int64_t(words[1]);
    call.seed = words[2];
    if (call.batch < 0 || call.batch > mostRows)
      return fail(call.error, Code::Argument, "inputs: a batch of %lld samples", wide(call.batch));
    if (call.batch * choice.beams > mostRows)
      return fail(call.error, Code::TooLarge, "%lld beams for each of %lld samples are too many", wide(choice.beams),
                  wide(call.batch));
    const int64_t *axisOf = numbers + 9, *portOf = axisOf + plan.axes.count;
    for (uint32_t a = 0; a < plan.axes.count; ++a)
      offsets[a] = axisOf[a] < 0 ? nullptr : reinterpret_cast<const int64_t *>(words[3 + axisOf[a]]);
    for (uint32_t i = 0; i < plan.inputs.count; ++i)
      inputs[i] = reinterpret_cast<const void *>(words[3 + axes + portOf[i]]);
    call.offsets = offsets;
    call.inputs = inputs;
    if (!takePrompts(values))
      return false;
    call.choice = &choice;
    for (uint32_t a = 0; a < plan.axes.count; ++a)
      if (int32_t(a) != choice.axis && int32_t(a) != choice.hypotheses && !checkAxis(call, int32_t(a)))
        return false;
    for (uint32_t i = 0; values && i < plan.inputs.count; ++i)
      if (int32_t(i) != choice.input && !checkInput(call, int32_t(i), givenRows(call, call.input(int32_t(i)))))
        return false;
    return true;
  }

  bool takeOutputs(void *given) {
    if (!checkWords("generated", given, generatedWords))
      return false;
    choice.outputs = static_cast<uint64_t *>(given) + 1;
    choice.isScored = choice.outputs[Scores] != 0;
    const PortPlan &port = call.input(choice.input);
    if (choice.outputs[ChosenRows] % uint64_t(bytesOf(port.element)))
      return fail(call.error, Code::Argument, "generated: rows are not at a multiple of %lld bytes",
                  wide(bytesOf(port.element)));
    if (choice.outputs[ChosenRows] && int64_t(choice.outputs[RowCount]) < 0)
      return fail(call.error, Code::Argument, "generated: room for %lld rows", wide(choice.outputs[RowCount]));
    const char *const names[] = {"offsets", "scores", "numbers of hypotheses"};
    for (int32_t word = Offsets; word <= Found; ++word)
      if (choice.outputs[word] % 8)
        return fail(call.error, Code::Argument, "generated: %s are not at a multiple of 8 bytes",
                    names[word - Offsets]);
    return true;
  }

private:
  bool checkWords(const char *what, const void *words, int64_t count) {
    if (!checkPointer(call.error, what, "", words, 8))
      return false;
    uint64_t size = *static_cast<const uint64_t *>(words);
    return size == uint64_t(count) * 8 ||
           fail(call.error, Code::Argument, "%s: size is %llu, but the struct has %lld bytes", what,
                static_cast<unsigned long long>(size), wide(count * 8));
  }

  /// -1 leaves the program's.
  bool takeNumber(const char *name, int64_t given, int64_t most, int64_t &number) {
    if (given < -1 || given > most)
      return fail(call.error, Code::Argument, "options: %s is %lld; it can be 0 to %lld, or -1 for the program's", name,
                  wide(given), wide(most));
    number = given < 0 ? number : given;
    return true;
  }

  bool checkOptions(const PortPlan &port) {
    const OpPlan &op = call.op(choice.op);
    bool isToken = port.element == Element::Token;
    bool isChosen = isToken && call.array(call.views(op)[0].array).element == Element::F32;
    if (choice.limit < 0)
      return fail(call.error, Code::Argument, "options: neither they nor the program give a limit");
    if (choice.mode != ChoiceMode::Greedy && !isChosen)
      return fail(call.error, Code::Argument,
                  "options: sampling and beams choose among tokens; rows of '%s' are computed", call.name(port.name));
    if (choice.mode == ChoiceMode::Sample && !(choice.temperature > 0 && std::isfinite(choice.temperature)))
      return fail(call.error, Code::Argument, "options: the temperature is %g; it must be a number above 0",
                  choice.temperature);
    if (choice.best < 0)
      return fail(call.error, Code::Argument, "options: top_k is %lld; it can be 0 (all) or more", wide(choice.best));
    if (choice.beams < 1 || choice.beams > mostBeams)
      return fail(call.error, Code::Argument, "options: %lld beams; there can be 1 to %lld", wide(choice.beams),
                  wide(mostBeams));
    if (!std::isfinite(choice.lengthPenalty))
      return fail(call.error, Code::Argument, "options: the length penalty is no finite number");
    return true;
  }

  bool takePrompts(bool values) {
    const PortPlan &port = call.input(choice.input);
    choice.promptOffsets = call.offsets[choice.axis];
    choice.prompts = static_cast<const char *>(call.inputs[choice.input]);
    if (choice.promptOffsets && !checkOffsets(call, choice.axis, call.batch, "sample"))
      return false;
    int64_t rows = choice.promptOffsets ? choice.promptOffsets[call.batch] : 0;
    if (values && rows && !checkInput(call, choice.input, rows))
      return false;
    if (choice.next && port.element == Element::Token && choice.start < 0)
      for (int64_t s = 0; s < call.batch; ++s)
        if (!choice.promptRows(s))
          return fail(call.error, Code::Argument,
                      "the first row of '%s' is missing in sample %lld: give a start or a prompt", call.name(port.name),
                      wide(s));
    return true;
  }

  Call &call;
  Choice &choice;
  const int64_t *numbers = nullptr;
};

} // namespace

//===--- Results -----------------------------------------------------------------------------------------------===//

bool giveChosen(const Call &call, const ChoiceMemory &memory) {
  const Choice &choice = *call.choice;
  uint64_t *words = choice.outputs;
  char *to = reinterpret_cast<char *>(words[ChosenRows]);
  auto *offsets = reinterpret_cast<int64_t *>(words[Offsets]);
  auto *scores = reinterpret_cast<double *>(words[Scores]);
  auto *found = reinterpret_cast<int64_t *>(words[Found]);
  int64_t room = int64_t(words[RowCount]), rows = 0;
  for (int64_t s = 0; s < call.batch; ++s) {
    const ChoiceMemory::Sample &sample = memory.samples[s];
    if (found)
      found[s] = sample.found;
    for (int64_t j = 0; j < choice.beams; ++j) {
      int64_t i = s * choice.beams + j;
      const Hypothesis one = j < sample.found ? memory.hypotheses[sample.turn][i] : Hypothesis();
      if (offsets)
        offsets[i] = rows;
      if (scores)
        scores[i] = one.score;
      if (to && rows + one.length <= room && one.length)
        std::memcpy(to + rows * memory.rowBytes, memory.rows[sample.turn] + i * choice.limit * memory.rowBytes,
                    size_t(one.length * memory.rowBytes));
      rows += one.length;
    }
  }
  if (offsets)
    offsets[call.batch * choice.beams] = rows;
  words[RowCount] = uint64_t(rows);
  return !to || rows <= room ||
         fail(call.error, Code::Capacity, "generated: room for %lld rows, and %lld are needed", wide(room), wide(rows));
}

//===--- Calls -------------------------------------------------------------------------------------------------===//

/// Takes what the caller gives, and if it is right does `then` with it.
template <typename Then>
static int32_t takeAll(Call &call, const void *inputs, const void *options, bool values, const Then &then) {
  const Plan *plan = call.plan;
  if (!checkPlan(plan, call.error))
    return codeOf(false, call.error);
  Choice choice;
  Taking taking(call, choice);
  auto **offsets =
      static_cast<const int64_t **>(__builtin_alloca(size_t(plan->axes.count + 1) * sizeof(const int64_t *)));
  auto **rows = static_cast<const void **>(__builtin_alloca(size_t(plan->inputs.count + 1) * sizeof(const void *)));
  bool isDone = taking.findChoose() && taking.takeOptions(options) &&
                taking.takeInputs(inputs, offsets, rows, values) && then(taking);
  return codeOf(isDone, call.error);
}

int32_t generateWorkspaceBytes(const Model &model, const void *inputs, const void *options, size_t *bytes,
                               Error *error) {
  Call call(model, error);
  return takeAll(call, inputs, options, /*values=*/false, [&](Taking &) { return countWorkspace(call, bytes); });
}

int32_t generate(const Model &model, const void *prepared, const void *inputs, const void *options, void *outputs,
                 void *workspace, size_t bytes, Pool *pool, Error *error) {
  Call call(model, error);
  call.prepared = const_cast<char *>(static_cast<const char *>(prepared));
  return takeAll(call, inputs, options, /*values=*/true, [&](Taking &taking) {
    if (!taking.takeOutputs(outputs))
      return false;
    call.pool = enter(pool) ? pool : nullptr;
    bool isDone = carryOut(call, workspace, bytes);
    if (call.pool)
      leave(call.pool);
    return isDone;
  });
}

} // namespace rondo::runtime
