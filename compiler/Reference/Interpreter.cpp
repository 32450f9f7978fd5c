#include "compiler/Reference/Interpreter.h"
#include "compiler/IR/Step.h"
#include "compiler/Reference/Dependence.h"
#include "compiler/Reference/Evaluation.h"
#include "compiler/Reference/Rules.h"
#include "compiler/Reference/Schedule.h"
#include "compiler/Reference/Structure.h"

namespace rondo::reference {

int64_t Array::size() const {
  int64_t n = 1;
  for (int64_t d : shape)
    n *= d;
  return n;
}

/// Everything so far. What a causal model computed in an earlier part stays as it was, and is kept; the little else
/// that a later part asks for (sums over the open sample, rows of open segments) is computed again from the inputs.
struct State {
  std::vector<std::shared_ptr<const Program>> programs; // own parameters and constants that rows may point to
  std::vector<std::shared_ptr<Arena>> arenas;
  Batch batch;
  std::vector<Structure> structure;
  std::set<std::string> open;
  std::vector<std::vector<Column>> columns; // by sample and value; settled values' only
};

//===--- One run ---===//

namespace {

/// An evaluation of a batch, or of its last part: positions before `begin` belong to earlier parts.
class Run {
public:
  explicit Run(const std::shared_ptr<const Program> &program) : program(*program), evaluation(program) {}

  llvm::Error start(const Batch &given, const State *from, bool keepState,
                    const std::vector<std::string> &openSegments) {
    inParts = from || keepState;
    if (llvm::Error e = checkOpen(program, openSegments))
      return e;
    open.insert(openSegments.begin(), openSegments.end());
    Required required = requireAll(program);
    llvm::Expected<std::vector<Structure>> part = checkBatch(program, given, required, open);
    if (!part)
      return part.takeError();
    begin.assign(given.samples, std::vector<int32_t>(program.axes.size(), 0));
    batch = &given;
    structure = std::move(*part);
    if (from) {
      llvm::Expected<Batch> whole = joined(program, from->batch, from->structure, from->open, given, structure, open);
      if (!whole)
        return whole.takeError();
      all = std::move(*whole);
      batch = &all;
      llvm::Expected<std::vector<Structure>> joint = checkBatch(program, all, required, open);
      if (!joint)
        return joint.takeError();
      structure = std::move(*joint);
      for (int64_t s = 0; s < given.samples; ++s)
        begin[s] = from->structure[s].lengths;
    }
    for (int64_t s = 0; s < given.samples; ++s) {
      Sample &sample = evaluation.addSample(s, structure[s].lengths, structure[s].rowAt);
      for (size_t i = 0; i < program.inputs.size(); ++i)
        sample.inputs[i] = &batch->inputs.at(program.inputs[i].name)[s];
      if (from)
        sample.columns = from->columns[s];
    }
    return program.isSchedule ? execute(evaluation) : llvm::Error::success();
  }

  /// The places of this part, in (sample, tick, row) order. Of values that are complete only at the next tick of some
  /// clock: the places that this part completes.
  llvm::Expected<std::vector<Place>> places(ClockId clock, llvm::ArrayRef<ClockId> awaited = {}) {
    int32_t root = program.clocks[clock].root;
    std::vector<Place> mine;
    auto find = [&] {
      mine.clear();
      std::optional<std::vector<Place>> found = evaluation.allPlaces(clock);
      if (!found)
        return false;
      for (const Place &place : *found) {
        int32_t known = root == noRoot ? 0 : place.at;
        for (ClockId other : awaited) {
          int32_t end = evaluation.timeline(place.sample).first(other, root, place.at);
          if (end == unknown)
            return false;
          known = end == nowhere || known == nowhere ? nowhere : std::max(known, end);
        }
        if (root == noRoot || known >= begin[place.sample][root])
          mine.push_back(place);
      }
      return true;
    };
    if (llvm::Error e = evaluation.settle(find))
      return e;
    return mine;
  }

  llvm::Expected<Stream> stream(const std::string &name, ValueId value, bool values) {
    const Type &type = program.typeOf(value);
    Stream stream;
    stream.name = name;
    if (type.clock == noClock) {
      stream.rows.push_back(emptyArray(type, -1));
      if (llvm::Error e = values ? copy(value, {}, stream.rows.back()) : llvm::Error::success())
        return e;
      return stream;
    }
    const Clock &clock = program.clocks[type.clock];
    stream.clock = clock.text;
    if (clock.isPair())
      stream.axisClocks.push_back(program.clocks[clock.source].text);
    llvm::Expected<std::vector<Place>> found =
        inParts ? places(type.clock, awaitedClocks(program)[value]) : places(type.clock);
    if (!found)
      return found.takeError();
    size_t samples = evaluation.samples().size();
    std::vector<int64_t> rows(samples);
    for (const Place &place : *found)
      ++rows[place.sample];
    for (size_t s = 0; s < samples; ++s)
      stream.rows.push_back(emptyArray(type, values ? rows[s] : 0));
    stream.ticks.resize(samples);
    if (clock.isPair()) {
      if (llvm::Error e = countRows(clock, *found, stream))
        return e;
    } else {
      for (const Place &place : *found)
        stream.ticks[place.sample].push_back(tickOf(clock, place));
    }
    if (values)
      for (const Place &place : *found)
        if (llvm::Error e = copy(value, place, stream.rows[place.sample]))
          return e;
    return stream;
  }

  llvm::Expected<LossValue> loss(const LossInfo &info) {
    LossValue loss;
    loss.name = info.name;
    const Type &type = program.typeOf(info.value);
    if (type.clock == noClock) {
      llvm::Expected<Row> row = evaluation.get(info.value, {});
      if (!row)
        return row.takeError();
      loss.value = *reals(*row);
      loss.perTick.shape = {1};
      loss.perTick.reals = {loss.value};
      return loss;
    }
    llvm::Expected<std::vector<Place>> found = places(type.clock);
    if (!found)
      return found.takeError();
    Sum sum{program.fp64};
    for (const Place &place : *found) {
      if (info.mask >= 0) {
        llvm::Expected<Row> valid = evaluation.get(info.mask, place);
        if (!valid)
          return valid.takeError();
        if (!*ints(*valid))
          continue;
      }
      llvm::Expected<Row> row = evaluation.get(info.value, place);
      if (!row)
        return row.takeError();
      sum.add(*reals(*row));
      loss.perTick.reals.push_back(*reals(*row));
    }
    loss.ticks = loss.perTick.reals.size();
    loss.perTick.shape = {loss.ticks};
    loss.value = loss.ticks ? rounded(sum.value / loss.ticks, program.fp64) : 0;
    return loss;
  }

  /// Makes sure that all that states and crossings of a continuation may ask for has been computed, and keeps it.
  llvm::Expected<std::shared_ptr<const State>> state(const State *from) {
    auto state = std::make_shared<State>();
    std::vector<bool> settled = settledValues(program);
    for (const Slot &slot : program.slots) {
      if (slot.next < 0 || !settled[slot.next])
        continue;
      llvm::Expected<std::vector<Place>> found = places(slot.type.clock);
      if (!found)
        return found.takeError();
      for (const Place &place : *found)
        if (llvm::Expected<Row> row = evaluation.get(slot.next, place); !row)
          return row.takeError();
    }
    if (from) {
      state->programs = from->programs;
      state->arenas = from->arenas;
    }
    if (state->programs.empty() || state->programs.back() != evaluation.owner)
      state->programs.push_back(evaluation.owner);
    state->arenas.push_back(evaluation.memory);
    state->batch = *batch;
    state->structure = structure;
    state->open = open;
    for (Sample &sample : evaluation.samples()) {
      state->columns.push_back(sample.columns);
      for (size_t v = 0; v < settled.size(); ++v)
        if (!settled[v])
          state->columns.back()[v] = {};
    }
    return state;
  }

private:
  /// Ticks of a pair's target, those without a row among them, and how many rows each has.
  llvm::Error countRows(const Clock &pair, llvm::ArrayRef<Place> rows, Stream &stream) {
    llvm::Expected<std::vector<Place>> targets = places(pair.target);
    if (!targets)
      return targets.takeError();
    stream.counts.resize(stream.ticks.size());
    for (const Place &target : *targets) {
      stream.ticks[target.sample].push_back(tickOf(pair, target));
      int64_t count = 0;
      for (; !rows.empty() && rows[0].sample == target.sample && rows[0].at == target.at; rows = rows.drop_front())
        ++count;
      stream.counts[target.sample].push_back(count);
    }
    return llvm::Error::success();
  }

  Array emptyArray(const Type &type, int64_t rows) {
    Array array;
    array.isReal = type.isReal();
    if (rows >= 0)
      array.shape.push_back(rows);
    array.shape.insert(array.shape.end(), type.shape.begin(), type.shape.end());
    return array;
  }

  llvm::Error copy(ValueId value, Place place, Array &to) {
    llvm::Expected<Row> row = evaluation.get(value, place);
    if (!row)
      return row.takeError();
    int64_t size = program.typeOf(value).size;
    if (to.isReal)
      to.reals.insert(to.reals.end(), reals(*row), reals(*row) + size);
    else
      to.ints.insert(to.ints.end(), ints(*row), ints(*row) + size);
    return llvm::Error::success();
  }

  /// As the caller counts: from the beginning of this part.
  int64_t tickOf(const Clock &clock, const Place &place) {
    if (clock.root != noRoot)
      return place.at - begin[place.sample][clock.root];
    for (const Axis &axis : program.axes) // `sample` stands at the end of every root; the first one speaks
      if (axis.finer < 0)
        return evaluation.timeline(place.sample).end(axis.root) - begin[place.sample][axis.root];
    return -1;
  }

  const Program &program;
  Evaluation evaluation;
  bool inParts = false;
  const Batch *batch = nullptr;
  Batch all; // of all parts, where there are several
  std::vector<Structure> structure;
  std::set<std::string> open;
  std::vector<std::vector<int32_t>> begin; // by sample and root
};

} // namespace

//===--- Interpreter ---===//

struct Interpreter::Impl {
  std::shared_ptr<const Program> program;
};

Interpreter::Interpreter(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Interpreter::~Interpreter() = default;

llvm::Expected<std::unique_ptr<Interpreter>> Interpreter::create(rnn::ModelOp model, const Params &params,
                                                                 Options options) {
  return create(compile(model, params, options));
}

llvm::Expected<std::unique_ptr<Interpreter>> Interpreter::create(step::ScheduleOp schedule, const Params &params,
                                                                 Options options) {
  return create(compile(schedule, params, options));
}

llvm::Expected<std::unique_ptr<Interpreter>>
Interpreter::create(llvm::Expected<std::shared_ptr<const Program>> program) {
  if (!program)
    return program.takeError();
  auto impl = std::make_unique<Impl>();
  impl->program = std::move(*program);
  return std::unique_ptr<Interpreter>(new Interpreter(std::move(impl)));
}

/// Rows of a state are found by value number: it must come from the same model.
static llvm::Error checkSameModel(const Program &program, const Program &other) {
  bool same =
      program.model == other.model && program.values.size() == other.values.size() && program.fp64 == other.fp64;
  for (size_t v = 0; same && v < program.values.size(); ++v)
    same = program.values[v].op == other.values[v].op && program.typeOf(v).shape == other.typeOf(v).shape &&
           program.typeOf(v).clock == other.typeOf(v).clock;
  if (same)
    return llvm::Error::success();
  return llvm::createStringError("the state was made by another model than '" + program.model +
                                 "', or in another precision");
}

llvm::Expected<Result> Interpreter::run(const Batch &batch, const State *from, bool keepState,
                                        const std::vector<std::string> &openSegments) {
  const Program &program = *impl->program;
  if (from || keepState || !openSegments.empty()) {
    if (program.isSchedule)
      return llvm::createStringError("a schedule runs whole batches: '" + program.model + "' takes and gives no state");
    if (llvm::Error e = checkCausal(program))
      return e;
  }
  if (from)
    if (llvm::Error e = checkSameModel(program, *from->programs.back()))
      return e;
  Run run(impl->program);
  if (llvm::Error e = run.start(batch, from, keepState, openSegments))
    return e;
  Result result;
  for (const OutputInfo &output : program.outputs) {
    llvm::Expected<Stream> stream = run.stream(output.name, output.value, true);
    if (!stream)
      return stream.takeError();
    result.outputs[output.name] = std::move(*stream);
  }
  for (const LossInfo &info : program.losses) {
    llvm::Expected<LossValue> loss = run.loss(info);
    if (!loss)
      return loss.takeError();
    result.losses.push_back(std::move(*loss));
  }
  if (keepState) {
    llvm::Expected<std::shared_ptr<const State>> state = run.state(from);
    if (!state)
      return state.takeError();
    result.state = std::move(*state);
  }
  return result;
}

llvm::Expected<std::vector<Stream>> Interpreter::trace(const Batch &batch, bool values) {
  const Program &program = *impl->program;
  Run run(impl->program);
  if (llvm::Error e = run.start(batch, nullptr, false, {}))
    return e;
  std::vector<Stream> streams;
  for (size_t v = program.inputs.size(); v < program.values.size(); ++v) {
    if (program.values[v].name.empty())
      continue;
    llvm::Expected<Stream> stream = run.stream(program.values[v].name, v, values);
    if (!stream)
      return stream.takeError();
    streams.push_back(std::move(*stream));
  }
  return streams;
}

} // namespace rondo::reference
