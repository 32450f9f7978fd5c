// The plan as text: what is computed in which order, from which rows to which.
#include "compiler/Cpu/Plan.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace rondo::cpu {

using namespace runtime;

namespace {

const char *nameOf(Element element) {
  const char *names[] = {"f32", "i64", "bool", "token"};
  return names[int(element)];
}

const char *nameOf(WeightFormat format) {
  const char *names[] = {"f32", "bf16", "int8"};
  return names[int(format)];
}

const char *nameOf(Place place) {
  const char *names[] = {"call",   "block",    "chunk",     "register", "memory",  "input",
                         "output", "gradient", "parameter", "prepared", "constant"};
  return names[int(place)];
}

const char *nameOf(OpCode code) {
  const char *names[] = {"clock",      "map",         "par",           "scan",        "kernel",      "copy",
                         "zero",       "fold",        "softmax",       "log_softmax", "cumsum",      "pick",
                         "window",     "overlap",     "argmax",        "one_hot",     "transpose",   "embed",
                         "scatter",    "random",      "tick",          "reduce",      "softmax per", "log_softmax per",
                         "cumsum per", "pick per",    "window per",    "overlap per", "affine",      "ctc",
                         "dctc",       "event",       "commit",        "choose",      "pack",        "loss",
                         "total",      "total outer", "total scatter", "gradient"};
  return names[int(code)];
}

class Printer {
public:
  Printer(const CpuPlan &plan, const PlanTables &tables, llvm::raw_ostream &out)
      : plan(plan), tables(tables), out(out) {}

  void run() {
    out << "parameters: " << tables.parameterBytes << " bytes, prepared: " << tables.preparedBytes
        << " bytes, kernels: " << plan.kernels.size() << "\n\nclocks\n";
    for (size_t i = 0; i < tables.clocks.size(); ++i)
      printClock(i);
    if (!tables.maps.empty())
      out << "\nmaps\n";
    for (size_t i = 0; i < tables.maps.size(); ++i)
      printMap(i);
    out << "\narrays\n";
    for (size_t i = 0; i < tables.arrays.size(); ++i)
      printArray(i);
    out << "\nprepare\n";
    printOps(tables.prepare, 1);
    out << "\nforward\n";
    printOps(tables.forward, 1);
  }

private:
  void printClock(int32_t index) {
    const ClockPlan &clock = tables.clocks[index];
    out << "  c" << index << " ";
    switch (clock.kind) {
    case ClockPlan::Kind::Sample: out << "sample"; break;
    case ClockPlan::Kind::Axis: out << &tables.text[tables.axes[clock.axis].name]; break;
    case ClockPlan::Kind::Every:
      out << "every " << clock.period << " phase " << clock.phase << " of c" << clock.parent
          << (clock.reverse ? " reverse" : "");
      printScope(clock.scope);
      break;
    case ClockPlan::Kind::Event: out << "event of c" << clock.parent; break;
    case ClockPlan::Kind::Pair:
      out << "pair of c" << clock.target << ", c" << clock.source;
      if (clock.per >= 0)
        out << " per c" << clock.per;
      break;
    }
    out << "\n";
  }

  void printScope(int32_t index) {
    if (index < 0)
      return;
    const Span &cuts = tables.scopes[index].cuts;
    for (int32_t i = 0; i < cuts.count; ++i) {
      const CutPlan &cut = tables.cuts[cuts.first + i];
      out << (i == 0 ? " restart " : ", ") << (cut.before ? "before c" : "after c") << cut.clock;
    }
  }

  void printMap(int32_t index) {
    const MapPlan &map = tables.maps[index];
    const char *kinds[] = {"latest", "strict", "target", "source", "compose"};
    out << "  m" << index << " " << kinds[int(map.kind)] << (map.reverse ? " reverse" : "") << " c" << map.from
        << " -> c" << map.to;
    if (map.kind == MapPlan::Kind::Compose)
      out << ": m" << map.inner << " of m" << map.outer;
    printScope(map.scope);
    out << "\n";
  }

  void printArray(int32_t index) {
    const ArrayPlan &array = tables.arrays[index];
    out << "  a" << index << " ";
    if (array.weights == WeightFormat::F32)
      out << array.elements << " " << nameOf(array.element);
    else
      out << array.stride << " bytes of " << nameOf(array.weights);
    out << " " << nameOf(array.place);
    if (array.clock >= 0)
      out << " on c" << array.clock;
    if (array.index >= 0)
      out << " " << array.index;
    if (array.place == Place::Call)
      out << " (" << array.firstUse << " to " << array.lastUse << ")";
    out << "\n";
  }

  void printOps(Span ops, int depth) {
    for (int32_t i = 0; i < ops.count; ++i)
      printOp(ops.first + i, i, depth);
  }

  void printScan(const ScanPlan &scan, int64_t number, int depth) {
    if (number)
      out.indent(2 * depth) << (scan.isBehind ? "  behind it, on c" : "  beside it, on c") << scan.driver;
    out << (scan.reverse ? " reverse" : "");
    printScope(scan.split);
    out << "\n";
    if (scan.ahead)
      out.indent(2 * depth + 2) << "ahead, by chunks of steps\n";
    printOps({scan.ops.first, scan.ahead}, depth + (scan.ahead ? 2 : 1));
    printOps({scan.ops.first + scan.ahead, scan.stepsEnd() - scan.ahead}, depth + 1);
    if (scan.after)
      out.indent(2 * depth + 2) << "behind, by chunks of steps\n";
    printOps({scan.ops.first + scan.stepsEnd(), scan.after}, depth + 2);
    if (scan.sums.count)
      out.indent(2 * depth + 2) << "behind the last step, of all sequences\n";
    printOps(scan.sums, depth + 2);
  }

  void printOp(int32_t index, int32_t position, int depth) {
    const OpPlan &op = tables.ops[index];
    const int64_t *numbers = tables.numbers.data() + op.numbers.first;
    out.indent(2 * depth) << position << " " << nameOf(op.code);
    if (op.clock >= 0)
      out << " on c" << op.clock;
    if (op.code == OpCode::Par) {
      out << "\n";
      printOps({int32_t(numbers[0]), int32_t(numbers[1])}, depth + 1);
      return;
    }
    if (op.code == OpCode::Scan) {
      for (int64_t i = 0; i < numbers[1]; ++i)
        printScan(tables.scans[numbers[0] + i], i, depth);
      return;
    }
    if (op.numbers.count)
      out << " ["
          << llvm::join(llvm::map_range(llvm::ArrayRef<int64_t>(numbers, op.numbers.count),
                                        [](int64_t n) { return std::to_string(n); }),
                        ", ")
          << "]";
    for (int32_t i = 0; i < op.views.count; ++i) {
      const View &view = tables.views[op.views.first + i];
      const char *rows[] = {"", "", " by m", " by target", " by source"};
      out << (i == 0 ? " " : ", ") << "a" << view.array << rows[int(view.rows)];
      if (view.rows == Rows::Mapped)
        out << view.map;
      if (view.offset)
        out << " + " << view.offset;
    }
    out << "\n";
  }

  const CpuPlan &plan;
  const PlanTables &tables;
  llvm::raw_ostream &out;
};

} // namespace

void printPlan(const CpuPlan &plan, llvm::raw_ostream &out) {
  Printer(plan, plan.tables, out).run();
  for (auto [what, other] : {std::make_pair("single steps", &plan.step),
                             {"rows that the model makes", &plan.generate},
                             {"gradients", &plan.backward},
                             {"windows", &plan.window},
                             {"gradients of windows", &plan.windowBackward}})
    if (*other) {
      out << "\n# " << what << "\n";
      Printer(plan, **other, out).run();
    }
}

} // namespace rondo::cpu
