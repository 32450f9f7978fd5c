#include "compiler/Reference/Evaluation.h"
#include <cstring>

namespace rondo::reference {

/// In place of the row of a value whose rule has asked for others and waits.
static const char waiting = 0;

Evaluation::Evaluation(std::shared_ptr<const Program> program)
    : owner(std::move(program)), tensors(owner->values.size()), known(owner->values.size()) {}

Sample &Evaluation::addSample(int32_t index, std::vector<int32_t> lengths, std::vector<std::vector<int32_t>> rowAt) {
  Timeline timeline(*owner, *this, all.size(), std::move(lengths), std::move(rowAt));
  all.push_back({index,
                 std::move(timeline),
                 std::vector<Column>(owner->values.size()),
                 std::vector<const Array *>(owner->inputs.size()),
                 false,
                 {}});
  return all.back();
}

Row &Evaluation::cell(ValueId value, Place place) {
  const Type &type = owner->typeOf(value);
  if (type.clock == noClock)
    return tensors[value];
  Column &column = all[place.sample].columns[value];
  std::vector<Row> *rows = &column.rows;
  size_t index = place.at;
  if (owner->clocks[type.clock].isPair()) {
    if (column.pairs.size() <= index)
      column.pairs.resize(index + 1);
    rows = &column.pairs[index];
    index = place.row;
  }
  if (rows->size() <= index)
    rows->resize(index + 1);
  return (*rows)[index];
}

Row Evaluation::ask(ValueId value, Place place) {
  Row row = cell(value, place);
  if (row == &waiting) {
    fail("depends on itself by way of " + describe(value, place));
    return nullptr;
  }
  if (!row)
    tasks.push_back({value, place});
  return row;
}

void Evaluation::work() {
  if (owner->isSchedule && !tasks.empty())
    fail(describe(tasks.front().value, tasks.front().place) + " is not yet computed");
  while (!tasks.empty() && error.empty()) {
    Task task = tasks.back();
    Row row = cell(task.value, task.place);
    if (row && row != &waiting) { // asked for twice
      tasks.pop_back();
      continue;
    }
    cell(task.value, task.place) = &waiting;
    size_t before = tasks.size();
    row = owner->values[task.value].rule->evaluate(*this, task.value, task.place);
    if (!error.empty()) {
      error = describe(task.value, task.place) + ": " + error;
      return;
    }
    if (row) {
      cell(task.value, task.place) = row;
      tasks.resize(before - 1);
    } else if (tasks.size() == before) {
      fail("internal error: " + describe(task.value, task.place) + " has no value");
    }
  }
}

llvm::Error Evaluation::settle(llvm::function_ref<bool()> attempt) {
  while (!attempt()) {
    if (tasks.empty() && error.empty())
      fail("internal error: nothing left to compute");
    work();
    if (!error.empty())
      return llvm::createStringError(error);
  }
  tasks.clear(); // what was asked for beyond need
  return error.empty() ? llvm::Error::success() : llvm::createStringError(error);
}

llvm::Expected<Row> Evaluation::get(ValueId value, Place place) {
  Row row = nullptr;
  if (llvm::Error e = settle([&] { return (row = ask(value, place)) != nullptr; }))
    return e;
  return row;
}

llvm::Error Evaluation::compute(ValueId value, Place place) {
  if (cell(value, place)) // found on the way to another
    return llvm::Error::success();
  Row row = owner->values[value].rule->evaluate(*this, value, place);
  if (!row && error.empty())
    fail("needs " + describe(tasks.front().value, tasks.front().place) + ", which is not yet computed");
  if (!error.empty())
    return llvm::createStringError(describe(value, place) + ": " + error);
  cell(value, place) = row;
  tasks.clear(); // what was asked for beyond need
  return llvm::Error::success();
}

Answer Evaluation::holds(ValueId condition, int32_t sample, int32_t at) {
  Row row = ask(condition, {sample, at, 0});
  return !row ? Answer::Unknown : *ints(row) ? Answer::Yes : Answer::No;
}

Row Evaluation::zeros(int64_t size) {
  Row &row = zeroRows[size];
  if (!row) {
    double *zero = newReals(std::max<int64_t>(size, 1));
    std::memset(zero, 0, size * sizeof(double)); // the int64_t 0 too
    row = zero;
  }
  return row;
}

Row Evaluation::sameAsBefore(ValueId value, llvm::ArrayRef<Row> operands) const {
  return llvm::ArrayRef<Row>(known[value].operands) == operands ? known[value].result : nullptr;
}

void Evaluation::remember(ValueId value, llvm::ArrayRef<Row> operands, Row result) {
  known[value].operands.assign(operands.begin(), operands.end());
  known[value].result = result;
}

std::optional<std::vector<Place>> Evaluation::placesOf(ClockId clock, int32_t sample) {
  const Clock &c = owner->clocks[clock];
  Timeline &time = timeline(sample);
  std::vector<int32_t> ticks;
  if (!time.allTicks(c.isPair() ? c.target : clock, ticks))
    return std::nullopt;
  std::vector<Place> places;
  bool complete = true;
  for (int32_t at : ticks) {
    if (!c.isPair()) {
      places.push_back({sample, at, 0});
    } else if (const std::vector<int32_t> *rows = time.sourceRows(clock, at)) {
      for (int32_t row : *rows)
        places.push_back({sample, at, row});
    } else {
      complete = false;
    }
  }
  if (!complete)
    return std::nullopt;
  return places;
}

std::optional<std::vector<Place>> Evaluation::allPlaces(ClockId clock) {
  std::vector<Place> places;
  bool complete = true;
  for (size_t s = 0; s < all.size(); ++s) {
    std::optional<std::vector<Place>> some = placesOf(clock, s);
    complete &= some.has_value();
    if (some)
      places.insert(places.end(), some->begin(), some->end());
  }
  if (!complete)
    return std::nullopt;
  return places;
}

void Evaluation::fail(const llvm::Twine &message) {
  if (error.empty())
    error = message.str();
}

std::string Evaluation::describe(ValueId value, Place place) const {
  std::string text = owner->describe(value);
  if (owner->typeOf(value).clock != noClock) {
    text += ", sample " + std::to_string(all[place.sample].index) + ", tick " + std::to_string(place.at);
    if (owner->clockOf(value).isPair())
      text += ", row " + std::to_string(place.row);
  }
  return text;
}

} // namespace rondo::reference
