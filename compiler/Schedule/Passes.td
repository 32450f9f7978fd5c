// The passes that schedule. Each is one file of the same name, and one test test/schedule/<name>.mlir.
#ifndef RONDO_SCHEDULE_PASSES
#define RONDO_SCHEDULE_PASSES
include "mlir/Pass/PassBase.td"

def ExpandAccums : Pass<"rondo-expand-accums", "::rondo::rnn::ModelOp"> {
  let summary = "accumulators become slots and sums";
  let description = [{
    What is put at a tick is shifted by one tick of a clock that has the ticks of both sides, and added up from each tick
    of the taker's clock to the next. With one clock for both, a slot is all that is left.

    ```mlir
    %a = rnn.accum "d" reverse : !rnn.accum<!rnn.stream<4xf32, #t>>
    %dh = rnn.take %a : !rnn.accum<!rnn.stream<4xf32, #t>> -> !rnn.stream<4xf32, #t>
    rnn.put %a, %dz : !rnn.accum<!rnn.stream<4xf32, #t>>, !rnn.stream<4xf32, #t>
    // becomes
    %s = rnn.state "d" reverse : !rnn.state<!rnn.stream<4xf32, #t>>
    %dh = rnn.read %s : !rnn.state<!rnn.stream<4xf32, #t>> -> !rnn.stream<4xf32, #t>
    rnn.next %s, %dz : !rnn.stream<4xf32, #t>
    ```
  }];
  let constructor = "::rondo::schedule::createExpandAccumsPass()";
}

def FormScans : Pass<"rondo-form-scans", "::mlir::ModuleOp"> {
  let summary = "models become schedules: loops scans, the rest parallel over time";
  let description = [{
    Every loop through slots becomes a `step.scan`; what each tick computes by itself becomes part of a `step.par`, one
    for each clock and stage between loops; crossings, reductions and operations over rows stand between them. A slot
    that is no loop's, or is read outside of its loop, is read by `step.before`.

    ```mlir
    rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>) {
      %s = rnn.state "h" : !rnn.state<!rnn.stream<4xf32, #t>>
      %r = rnn.read %s : !rnn.state<!rnn.stream<4xf32, #t>> -> !rnn.stream<4xf32, #t>
      %e = rnn.exp %x : !rnn.stream<4xf32, #t>
      %h = rnn.add %r, %e : !rnn.stream<4xf32, #t>
      rnn.next %s, %h : !rnn.stream<4xf32, #t>
      rnn.return "h" = %h : !rnn.stream<4xf32, #t>
    }
    // becomes
    step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>) {
      %e = step.par { .. rnn.exp .. }
      %h = step.scan on #t { .. rnn.read .. rnn.add .. rnn.next .. }
      rnn.return "h" = %h : !rnn.stream<4xf32, #t>
    }
    ```
  }];
  let constructor = "::rondo::schedule::createFormScansPass()";
  let dependentDialects = ["::rondo::step::StepDialect"];
}

def NestMatrices : Pass<"rondo-nest-matrices", "::rondo::step::ScheduleOp"> {
  let summary = "matrices that a loop alone needs, or of which vectors alone are needed, are not rows of all of time";
  let description = [{
    What makes a matrix of vectors for one loop is computed in the loop, and so is what makes vectors of a matrix of the
    loop, if nothing else reads it.

    ```mlir
    %kv = step.par { .. rnn.matmul %k, %v .. }
    %S = step.scan on #t { .. rnn.add %s, %kv .. }
    %y = step.par { .. rnn.matmul %S, %q .. }
    // becomes
    %y = step.scan on #t { .. rnn.matmul %k, %v .. rnn.add %s, .. rnn.matmul %S, %q .. }
    ```
  }];
  let constructor = "::rondo::schedule::createNestMatricesPass()";
}

def NestSums : Pass<"rondo-nest-sums", "::rondo::step::ScheduleOp"> {
  let summary = "sums over time of matrices that are made of a loop's are added up in the loop";
  let description = [{
    What pars make of a loop's matrices, number by number, to sum it up over time, is made in the loop; the matrices of
    all of time are nowhere then. The sum of a step's rows is exact to a rounding each step, as one of all rows is.

    ```mlir
    %S = step.scan on #t { .. rnn.add %s, .. }
    %x = step.par { .. rnn.mul %S, %k .. }
    %dA = rnn.total %x
    // becomes
    %dA = step.scan on #t { .. rnn.add %s, ..  rnn.mul %S, %k  rnn.total %x .. }
    ```
  }];
  let constructor = "::rondo::schedule::createNestSumsPass()";
}

def BatchSegments : Pass<"rondo-batch-segments", "::rondo::step::ScheduleOp"> {
  let summary = "loops that start again at cuts run their stretches side by side";
  let description = [{
    Where all memory of a scan ends at the same cuts, and these are known before the scan begins, its stretches between
    them become sequences: rows of one step, not steps of one row.

    ```mlir
    step.scan on #word { %s = rnn.state "h" restart(after #sentence) .. }
    // becomes
    step.scan on #word split(after #sentence) { %s = rnn.state "h" restart(after #sentence) .. }
    ```
  }];
  let constructor = "::rondo::schedule::createBatchSegmentsPass()";
}

def ParallelScan : Pass<"rondo-parallel-scan", "::rondo::step::ScheduleOp"> {
  let summary = "loops that are affine in their state, element by element, become step.affine";
  let description = [{
    If what a slot is written is `a * h + b` of what is read, with a and b free of the loop, these are computed for all
    ticks at once, and so is all that the loop computes of its state. Of a loop that is not, a remark says why.

    ```mlir
    %h = step.scan on #t { %r = rnn.read %s .. %k = rnn.mul %f, %r .. %n = rnn.add %k, %x .. rnn.next %s, %n .. }
    // becomes
    %h = step.affine %f, %x : !rnn.stream<8xf32, #t>
    ```
  }];
  let constructor = "::rondo::schedule::createParallelScanPass()";
}

def ExpandMemory : Pass<"rondo-expand-memory", "::rondo::step::ScheduleOp"> {
  let summary = "in scans, reductions and tick counts become slots";
  let description = [{
    A reduction inside of a scan remembers what has come so far, a tick count how often it ticked. Both are written with
    slots, so that slots and held values are all the memory that a scan has.

    ```mlir
    %y = rnn.reduce sum %x : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #e>
    // becomes
    %s = rnn.state "reduce" restart(after #e) : !rnn.state<!rnn.stream<4xf32, #t>>
    %r = rnn.read %s : !rnn.state<!rnn.stream<4xf32, #t>> -> !rnn.stream<4xf32, #t>
    %n = rnn.add %r, %x : !rnn.stream<4xf32, #t>
    rnn.next %s, %n : !rnn.stream<4xf32, #t>
    %y = rnn.latest restart(after #e) %n : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #e>
    ```
  }];
  let constructor = "::rondo::schedule::createExpandMemoryPass()";
}

def PlanTape : Pass<"rondo-plan-tape", "::rondo::step::ScheduleOp"> {
  let summary = "what groups need of loops ahead of them is kept, or computed again, whichever is cheaper";
  let description = [{
    A group behind a loop, the backward pass of the forward one, reads values of the loop's ticks. Cheap pointwise
    operations on what is kept anyway are done again, so that fewer arrays go to memory and back.

    ```mlir
    %c, %t = step.scan on #t { .. %t = rnn.tanh %c .. step.yield %c, %t }
    %d = step.scan on #t reverse { .. rnn.dtanh %t, .. }
    // becomes
    %c = step.scan on #t { .. %t = rnn.tanh %c .. step.yield %c }
    %d = step.scan on #t reverse { %t = rnn.tanh %c .. rnn.dtanh %t, .. }
    ```
  }];
  let constructor = "::rondo::schedule::createPlanTapePass()";
}

def FormChunks : Pass<"rondo-form-chunks", "::rondo::step::ScheduleOp"> {
  let summary = "pars around a loop, step by step, are computed a few steps ahead of it or behind";
  let description = [{
    Rows that a loop reads of a par, or a par of a loop, are not all there at once: they stay in a near cache, and memory
    does not grow with time. Rows that a sum alone reads, each times a weight, are never there: their products are a par by
    itself, which nobody computes. A product that the loop reads by parts (gates) is joined of these parts: that is how a
    single step computes it, and weights are packed in one order for both.

    ```mlir
    %p = step.par { .. rnn.matmul %W, %x .. }
    %h = step.scan on #t { .. rnn.add %p, .. }
    %y = step.par { .. rnn.matmul %V, %h .. }
    // becomes
    %p = step.par chunked { .. rnn.matmul %W, %x .. }
    %h = step.scan on #t { .. rnn.add %p, .. }
    %y = step.par trailing { .. rnn.matmul %V, %h .. }
    ```
  }];
  let constructor = "::rondo::schedule::createFormChunksPass()";
}

def FormWaves : Pass<"rondo-form-waves", "::rondo::step::ScheduleOp"> {
  let summary = "scans that may run at the same time stand together";
  let description = [{
    The directions of a layer see nothing of one another; a layer sees of the one below what it gives at the same step.
    What else stands between such scans moves ahead of all or behind all, unless it ends the life of rows that one of
    them made.

    ```mlir
    %a = step.scan on #t { .. }
    %b = step.scan on #t { .. rnn.add %a, .. }
    %c = step.scan on #t reverse { .. }
    // becomes
    %a = step.scan on #t { .. }
    %b = step.scan behind on #t { .. rnn.add %a, .. }
    %c = step.scan beside on #t reverse { .. }
    ```
  }];
  let constructor = "::rondo::schedule::createFormWavesPass()";
}

def FormStep : Pass<"rondo-form-step", "::mlir::ModuleOp"> {
  let summary = "beside each schedule one for a single step of its time";
  let description = [{
    All that the outputs need stands in one scan on the finest axis, whose registers are the state between steps;
    periods are events there whose condition is a count, and segments events whose condition is an input. Of a schedule
    that cannot be computed so a remark says why.

    ```mlir
    step.schedule @m(..) { step.par {..}  step.scan on #t {..}  rnn.return .. }
    // is followed by
    step.schedule @m.step(..) { step.scan on #t {..} {stepped}  rnn.return .. }
    ```
  }];
  let constructor = "::rondo::schedule::createFormStepPass()";
  let dependentDialects = ["::rondo::step::StepDialect"];
}

def FormGenerate : Pass<"rondo-form-generate", "::mlir::ModuleOp"> {
  let summary = "beside each schedule that feeds itself one that makes the rows";
  let description = [{
    All that the generated rows are made from stands in one scan on the generated input's axis, which lies in an axis of
    hypotheses from then on; `step.choose` gives the rows. What stands on other axes is computed ahead of it, once a
    sample. Of a schedule that cannot be computed so a remark says why.

    ```mlir
    step.schedule @m(..) { step.par {..}  step.scan on #t {..}  rnn.generate "x" from %y next .. }
    // is followed by
    step.schedule @m.generate(..) { step.scan on #t split(after #hypothesis) {.. step.choose "x" from ..} }
    ```
  }];
  let constructor = "::rondo::schedule::createFormGeneratePass()";
  let dependentDialects = ["::rondo::step::StepDialect"];
}
#endif
