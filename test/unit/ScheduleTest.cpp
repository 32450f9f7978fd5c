// Schedules against the models that they schedule, and what the interpreter says of a schedule in a wrong order.
#include "compiler/IR/Step.h"
#include "test/unit/InterpreterTesting.h"

namespace rondo::reference {
namespace {

/// One set of equations twice: as a model, and scheduled.
class Twice {
public:
  /// `declarations`: aliases; `inputs`: as in both headers.
  Twice(const std::string &declarations, const std::string &inputs, const std::string &model,
        const std::string &schedule) {
    context.loadDialect<rnn::RnnDialect, step::StepDialect>();
    std::string text = prelude + declarations;
    text += "rnn.model @m(" + inputs + ") {\n" + model + "}\n";
    text += "step.schedule @m.scheduled(" + inputs + ") {\n" + schedule + "}\n";
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module)
      ADD_FAILURE() << "does not parse:\n" << text;
  }

  void expectSame(const Batch &batch, const Params &params = {}) {
    Result expected = resultOf(Interpreter::create(*module->getOps<rnn::ModelOp>().begin(), params, {}), batch);
    Result actual = resultOf(Interpreter::create(schedule(), params, {}), batch);
    ASSERT_EQ(expected.outputs.size(), actual.outputs.size());
    for (auto &[name, stream] : expected.outputs) {
      const Stream &other = actual.outputs[name];
      EXPECT_EQ(stream.ticks, other.ticks) << name;
      ASSERT_EQ(stream.rows.size(), other.rows.size()) << name;
      for (size_t s = 0; s < stream.rows.size(); ++s) {
        EXPECT_EQ(stream.rows[s].reals, other.rows[s].reals) << name << ", sample " << s;
        EXPECT_EQ(stream.rows[s].ints, other.rows[s].ints) << name << ", sample " << s;
      }
    }
    ASSERT_EQ(expected.losses.size(), actual.losses.size());
    for (size_t i = 0; i < expected.losses.size(); ++i)
      EXPECT_EQ(expected.losses[i].value, actual.losses[i].value) << expected.losses[i].name;
  }

  std::string errorOf(const Batch &batch) {
    auto interpreter = Interpreter::create(schedule(), {}, {});
    if (!interpreter)
      return llvm::toString(interpreter.takeError());
    auto result = (*interpreter)->run(batch);
    return result ? "no error" : llvm::toString(result.takeError());
  }

  step::ScheduleOp schedule() { return *module->getOps<step::ScheduleOp>().begin(); }

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// Samples of many lengths, an empty one among them.
Batch steps(std::vector<int64_t> shape = {}, std::vector<int64_t> lengths = {5, 0, 1, 8}) {
  Numbers numbers;
  Rows rows;
  for (int64_t length : lengths) {
    std::vector<int64_t> all = {length};
    all.insert(all.end(), shape.begin(), shape.end());
    rows.push_back(numbers.reals(all));
  }
  return batchOf({{"step", lengths}}, {{"x", rows}});
}

/// Words in sentences, empty ones among them.
Batch words() {
  Numbers numbers;
  Batch batch = batchOf({{"word", {6, 0, 3}}}, {{"x", {numbers.reals({6}), numbers.reals({0}), numbers.reals({3})}}});
  batch.offsets["sentence"] = {{0, 2, 2, 5, 6}, {0, 0}, {0, 3}};
  batch.offsets["review"] = {{0, 3, 4}, {0, 1}, {0, 1}};
  return batch;
}

TEST(Schedule, ParAndScanAreTheModel) {
  Twice both("!v = !rnn.stream<3xf32, #t>\n", "%x \"x\" : !v", R"(
      %W = rnn.param "W" init(zeros) : tensor<3x3xf32>
      %s = rnn.state "h" : !rnn.state<!v>
      %h = rnn.read %s : !rnn.state<!v> -> !v
      %wx = rnn.matmul %W, %x : tensor<3x3xf32>, !v
      %a = rnn.add %wx, %h : !v
      %n = rnn.tanh %a : !v
      rnn.next %s, %n : !v
      %all = rnn.fold sum %n all : !v
      rnn.loss "all" %all : !rnn.stream<f32, #t>
      rnn.return "h" = %n : !v
  )",
             R"(
      %W = rnn.param "W" init(zeros) : tensor<3x3xf32>
      %wx = step.par {
        %p = rnn.matmul %W, %x : tensor<3x3xf32>, !v
        step.yield %p : !v
      } : !v
      %n = step.scan on #t {
        %s = rnn.state "h" : !rnn.state<!v>
        %h = rnn.read %s : !rnn.state<!v> -> !v
        %a = rnn.add %wx, %h : !v
        %t = rnn.tanh %a : !v
        rnn.next %s, %t : !v
        step.yield %t : !v
      } : !v
      %all = rnn.fold sum %n all : !v
      rnn.loss "all" %all : !rnn.stream<f32, #t>
      rnn.return "h" = %n : !v
  )");
  both.expectSame(steps({3}), {{"W", Numbers(2).reals({3, 3})}});
}

TEST(Schedule, BackwardLoopsAndSequencesBetweenCuts) {
  Twice both("!v = !rnn.stream<f32, #word>\n", "%x \"x\" : !v", R"(
      %s = rnn.state "h" reverse restart(after #sentence) : !rnn.state<!v>
      %h = rnn.read %s : !rnn.state<!v> -> !v
      %n = rnn.add %x, %h : !v
      rnn.next %s, %n : !v
      %m = rnn.latest reverse %n : !v -> !rnn.stream<f32, #sentence>
      rnn.return "h" = %n, "m" = %m : !v, !rnn.stream<f32, #sentence>
  )",
             R"(
      %n = step.scan on #word reverse split(after #sentence) {
        %s = rnn.state "h" reverse restart(after #sentence) : !rnn.state<!v>
        %h = rnn.read %s : !rnn.state<!v> -> !v
        %a = rnn.add %x, %h : !v
        rnn.next %s, %a : !v
        step.yield %a : !v
      } : !v
      %m = rnn.latest reverse %n : !v -> !rnn.stream<f32, #sentence>
      rnn.return "h" = %n, "m" = %m : !v, !rnn.stream<f32, #sentence>
  )");
  both.expectSame(words());
}

// Two modules that read one another, the slower one on every second tick, in one loop.
TEST(Schedule, ClocksInsideOfALoop) {
  std::string equations = R"(
        %fs = rnn.state "fast" : !rnn.state<!v>
        %ss = rnn.state "slow" : !rnn.state<!v2>
        %f = rnn.read %fs : !rnn.state<!v> -> !v
        %s = rnn.read %ss : !rnn.state<!v2> -> !v
        %a = rnn.add %f, %s : !v
        %b = rnn.add %a, %x : !v
        %c = rnn.tanh %b : !v
        rnn.next %fs, %c : !v
        %d = rnn.latest %c : !v -> !v2
        %own = rnn.read %ss : !rnn.state<!v2> -> !v2
        %e = rnn.sub %d, %own : !v2
        rnn.next %ss, %e : !v2
  )";
  std::string types = "!v, !v2";
  Twice both("!v = !rnn.stream<f32, #t>\n!v2 = !rnn.stream<f32, #t2>\n", "%x \"x\" : !v",
             equations + "rnn.return \"fast\" = %c, \"slow\" = %e : !v, !v2\n",
             "%o:2 = step.scan on #t {" + equations +
                 "step.yield %c, %e : !v, !v2\n} : !v, !v2\nrnn.return \"fast\" = %o#0, \"slow\" = %o#1 : !v, !v2\n");
  both.expectSame(steps());
}

// The event comes from the loop's own state, and cuts another slot of the loop.
TEST(Schedule, EventsInsideOfALoop) {
  std::string equations = R"(
        %s = rnn.state "h" : !rnn.state<!v>
        %h = rnn.read %s : !rnn.state<!v> -> !v
        %high = rnn.compare gt %h, %one : !v
        rnn.event #e = %high
        %cs = rnn.state "count" restart(before #e) : !rnn.state<!v>
        %c = rnn.read %cs : !rnn.state<!v> -> !v
        %n = rnn.add %c, %one : !v
        rnn.next %cs, %n : !v
        %xe = rnn.latest %x : !v -> !ve
        %held = rnn.latest %xe : !ve -> !v
        %a = rnn.abs %x : !v
        %sum = rnn.add %h, %a : !v
        %zero = rnn.const 0.0 : !v
        %next = rnn.select %high, %zero, %sum : !rnn.stream<i1, #t>, !v
        rnn.next %s, %next : !v
  )";
  Twice both("#e = #rnn.event<0 of #t>\n!v = !rnn.stream<f32, #t>\n!ve = !rnn.stream<f32, #e>\n", "%x \"x\" : !v",
             "%one = rnn.const 1.0 : !v\n" + equations +
                 "rnn.return \"n\" = %n, \"xe\" = %xe, \"held\" = %held : !v, !ve, !v\n",
             "%one = rnn.const 1.0 : !v\n%o:3 = step.scan on #t {" + equations +
                 "step.yield %n, %xe, %held : !v, !ve, !v\n} : !v, !ve, !v\n" +
                 "rnn.return \"n\" = %o#0, \"xe\" = %o#1, \"held\" = %o#2 : !v, !ve, !v\n");
  both.expectSame(steps());
}

// Sequences side by side: what happened behind a cut, such as whether an event of the loop came, is not asked for.
TEST(Schedule, WhatIsCutOffIsNotNeeded) {
  std::string equations = R"(
        %s = rnn.state "h" restart(after #e, after #k) : !rnn.state<!v>
        %h = rnn.read %s : !rnn.state<!v> -> !v
        %low = rnn.compare lt %h, %half : !v
        rnn.event #e = %low
        %sum = rnn.reduce sum restart(after #k) %x : !v -> !ve
        %held = rnn.latest restart(after #k) %sum : !ve -> !v
        %count = rnn.tick restart(after #e, after #k) : !rnn.stream<i64, #t>
        %c = rnn.convert %count : !rnn.stream<i64, #t> -> !v
        %a = rnn.add %held, %c : !v
        rnn.next %s, %a : !v
  )";
  std::string above = "%half = rnn.const 0.5 : !v\n%known = rnn.compare gt %x, %half : !v\nrnn.event #k = %known\n";
  Twice both("#k = #rnn.event<0 of #t>\n#e = #rnn.event<1 of #t>\n!v = !rnn.stream<f32, #t>\n"
             "!ve = !rnn.stream<f32, #e>\n",
             "%x \"x\" : !v", above + equations + "rnn.return \"a\" = %a : !v\n",
             above + "%o = step.scan on #t split(after #k) {" + equations +
                 "step.yield %a : !v\n} : !v\nrnn.return \"a\" = %o : !v\n");
  both.expectSame(steps({}, {5, 0, 1, 20}));
}

// Attention over another axis from inside of a loop.
TEST(Schedule, PairsInsideOfALoop) {
  std::string equations = R"(
        %s = rnn.state "h" : !rnn.state<!v>
        %h = rnn.read %s : !rnn.state<!v> -> !v
        %q = rnn.cross %h : !v -> !p
        %k = rnn.cross %m : !rnn.stream<f32, #s> -> !p
        %e = rnn.mul %q, %k : !p
        %al = rnn.softmax %e per(#t) : !p
        %w = rnn.mul %al, %k : !p
        %c = rnn.reduce sum %w : !p -> !v
        %a = rnn.add %c, %x : !v
        rnn.next %s, %a : !v
  )";
  Twice both("#ts = #rnn.pair<#t, #s>\n!v = !rnn.stream<f32, #t>\n!p = !rnn.stream<f32, #ts>\n",
             "%x \"x\" : !v, %m \"m\" : !rnn.stream<f32, #s>",
             equations + "rnn.return \"h\" = %a, \"al\" = %al : !v, !p\n",
             "%o:2 = step.scan on #t {" + equations +
                 "step.yield %a, %al : !v, !p\n} : !v, !p\nrnn.return \"h\" = %o#0, \"al\" = %o#1 : !v, !p\n");
  Batch batch = steps();
  Numbers numbers(7);
  batch.lengths["source"] = {3, 2, 0, 4};
  batch.inputs["m"] = {numbers.reals({3}), numbers.reals({2}), numbers.reals({0}), numbers.reals({4})};
  both.expectSame(batch);
}

// A read of a slot that another loop writes is `before` of what is written.
TEST(Schedule, BeforeIsARead) {
  Twice both("!v = !rnn.stream<f32, #t>\n!v2 = !rnn.stream<f32, #t2>\n", "%x \"x\" : !v", R"(
      %s = rnn.state "x" reverse restart(after #t2) : !rnn.state<!v>
      %u = rnn.state "y" : !rnn.state<!v2>
      rnn.next %s, %x : !v
      %y = rnn.latest %x : !v -> !v2
      rnn.next %u, %y : !v2
      %a = rnn.read %s : !rnn.state<!v> -> !v
      %b = rnn.read %s : !rnn.state<!v> -> !v2
      %c = rnn.read %u : !rnn.state<!v2> -> !v
      rnn.return "a" = %a, "b" = %b, "c" = %c : !v, !v2, !v
  )",
             R"(
      %y = rnn.latest %x : !v -> !v2
      %a = step.before reverse restart(after #t2) %x : !v -> !v
      %b = step.before reverse restart(after #t2) %x : !v -> !v2
      %c = step.before %y : !v2 -> !v
      rnn.return "a" = %a, "b" = %b, "c" = %c : !v, !v2, !v
  )");
  both.expectSame(steps());
}

// A loop that is affine in its state, in both directions.
TEST(Schedule, AffineIsALoop) {
  for (std::string how : {"", "reverse restart(after #t2)"}) {
    Twice both("!v = !rnn.stream<f32, #t>\n", "%x \"x\" : !v", R"(
      %a = rnn.sigmoid %x : !v
      %s = rnn.state "h" )" + how + R"( : !rnn.state<!v>
      %h = rnn.read %s : !rnn.state<!v> -> !v
      %ah = rnn.mul %a, %h : !v
      %n = rnn.add %ah, %x : !v
      rnn.next %s, %n : !v
      rnn.return "h" = %n : !v
  )",
               R"(
      %a = rnn.sigmoid %x : !v
      %n = step.affine )" +
                   how + R"( %a, %x : !v
      rnn.return "h" = %n : !v
  )");
    both.expectSame(steps());
  }
}

// `sample` ticks in a sample without ticks too.
TEST(Schedule, SampleTicksInAnEmptyLoop) {
  std::string equations = R"(
        %s = rnn.state "h" reverse : !rnn.state<!v>
        %h = rnn.read %s : !rnn.state<!v> -> !v
        %a = rnn.add %h, %x : !v
        rnn.next %s, %a : !v
        %l = rnn.latest reverse %a : !v -> !vs
        %m = rnn.exp %l : !vs
  )";
  Twice both("!v = !rnn.stream<f32, #t>\n!vs = !rnn.stream<f32, #sample>\n", "%x \"x\" : !v",
             equations + "rnn.return \"m\" = %m : !vs\n",
             "%o = step.scan on #t reverse {" + equations +
                 "step.yield %m : !vs\n} : !vs\nrnn.return \"m\" = %o : !vs\n");
  both.expectSame(steps());
}

//===--- Wrong orders ---===//

const char *const doubled = "%y = rnn.add %x, %x : !v\nrnn.return \"y\" = %y : !v\n";

// Sequences run side by side: what holds a value across a cut of `split` asks for a step that is still to come.
TEST(Schedule, SequencesMustNotNeedOneAnother) {
  Twice both("!v = !rnn.stream<f32, #word>\n!s = !rnn.stream<f32, #rnn.every<3 phase 0 of #word>>\n", "%x \"x\" : !v",
             doubled, R"(
      %y = step.scan on #word split(after #sentence) {
        %s = rnn.state "h" restart(after #sentence) : !rnn.state<!v>
        %h = rnn.read %s : !rnn.state<!v> -> !v
        %a = rnn.add %h, %x : !v
        rnn.next %s, %a : !v
        %slow = rnn.latest %a : !v -> !s
        %held = rnn.latest %slow : !s -> !v
        step.yield %held : !v
      } : !v
      rnn.return "y" = %y : !v
  )");
  EXPECT_EQ(both.errorOf(words()),
            "step.scan on word: rnn.latest, sample 0, tick 5: needs rnn.latest, sample 0, tick 3, "
            "which is not yet computed");
}

// The number of ticks until an event is known when the event is: not while the loop that defines it still runs.
TEST(Schedule, TicksToComeAreNotKnown) {
  Twice both("#e = #rnn.event<0 of #t>\n!v = !rnn.stream<f32, #t>\n", "%x \"x\" : !v", doubled, R"(
      %y = step.scan on #t {
        %s = rnn.state "h" : !rnn.state<!v>
        %h = rnn.read %s : !rnn.state<!v> -> !v
        %b = rnn.compare lt %h, %x : !v
        rnn.event #e = %b
        %left = rnn.tick reverse restart(after #e) : !rnn.stream<i64, #t>
        %r = rnn.convert %left : !rnn.stream<i64, #t> -> !v
        rnn.next %s, %r : !v
        step.yield %r : !v
      } : !v
      rnn.return "y" = %y : !v
  )");
  EXPECT_EQ(
      both.errorOf(steps()),
      "step.scan on step: rnn.tick, sample 3, tick 0: needs rnn.compare, sample 3, tick 1, which is not yet computed");
}

// What no output needs is computed all the same, so that a wrong order does not hide.
TEST(Schedule, EverythingIsComputed) {
  Twice both("#e = #rnn.event<0 of #t>\n!v = !rnn.stream<f32, #t>\n", "%x \"x\" : !v", doubled, R"(
      step.scan on #t {
        %s = rnn.state "h" : !rnn.state<!v>
        %h = rnn.read %s : !rnn.state<!v> -> !v
        %b = rnn.compare lt %h, %x : !v
        rnn.event #e = %b
        %unused = rnn.tick reverse restart(after #e) : !rnn.stream<i64, #t>
        rnn.next %s, %x : !v
        step.yield
      }
      rnn.return "y" = %x : !v
  )");
  EXPECT_NE(both.errorOf(steps()).find("not yet computed"), std::string::npos);
}

TEST(Schedule, TakesNoState) {
  Twice both("!v = !rnn.stream<f32, #t>\n", "%x \"x\" : !v", doubled, doubled);
  auto interpreter = Interpreter::create(both.schedule(), {}, {});
  ASSERT_TRUE(bool(interpreter)) << llvm::toString(interpreter.takeError());
  auto result = (*interpreter)->run(steps(), nullptr, /*keepState=*/true);
  ASSERT_FALSE(bool(result));
  EXPECT_EQ(llvm::toString(result.takeError()),
            "a schedule runs whole batches: 'm.scheduled' takes and gives no state");
}

TEST(Schedule, ParametersStartAsTheModels) {
  Twice both("!v = !rnn.stream<f32, #t>\n", "%x \"x\" : !v", "rnn.return\n",
             "%W = rnn.param \"W\" init(uniform(0.5)) : tensor<2x3xf32>\nrnn.return\n");
  Params params = initialise(both.schedule(), 3);
  ASSERT_EQ(params.size(), 1u);
  EXPECT_EQ(params["W"].shape, (std::vector<int64_t>{2, 3}));
}

} // namespace
} // namespace rondo::reference
