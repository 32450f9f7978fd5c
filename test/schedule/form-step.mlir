// Beside a schedule one for a single step: all that the outputs need in one scan. Or the reason why not.
//
// RUN: rondo-opt --rondo-form-step %s 2>%t | FileCheck %s
// RUN: FileCheck --check-prefix=WHY %s < %t

#t = #rnn.axis<"step">
#e = #rnn.every<4 phase 1 of #t>
#sample = #rnn.axis<"sample">
!x = !rnn.stream<4xf32, #t>
!y = !rnn.stream<4xf32, #e>

// Groups stand one behind the other; the value before is a slot, and an affine loop too; the period is an event whose
// condition is a count; what parameters alone decide stays in front, and what no output needs is gone.
//
// CHECK-LABEL: step.schedule @all(
// CHECK-LABEL: step.schedule @all.step(%x "x" : !rnn.stream<4xf32, #step>) {
// CHECK:         %[[P:.*]] = step.par {
// CHECK-NEXT:      rnn.exp
// CHECK:         %{{.*}}:2 = step.scan on #step {
// CHECK:           %[[PHASE:.*]] = rnn.compare eq
// CHECK:           rnn.event #[[E:.*]] = %[[PHASE]]
// CHECK-NOT:       rnn.tanh
// CHECK:           %[[LIFT:.*]] = rnn.lift %[[P]]
// CHECK:           %[[A:.*]] = rnn.mul %x, %[[LIFT]]
// CHECK:           %[[S:.*]] = rnn.state
// CHECK:           %[[LAST:.*]] = rnn.read %[[S]]
// CHECK:           %[[KEPT:.*]] = rnn.mul %[[A]], %[[LAST]]
// CHECK:           %[[H:.*]] = rnn.add %[[KEPT]], %x
// CHECK:           %[[S2:.*]] = rnn.state
// CHECK:           %[[BEFORE:.*]] = rnn.read %[[S2]]
// CHECK:           %[[SLOW:.*]] = rnn.latest %[[BEFORE]] : !rnn.stream<4xf32, #step> -> !rnn.stream<4xf32, #[[E]]>
// CHECK:           rnn.next %[[S]], %[[H]]
// CHECK:           rnn.next %[[S2]], %[[H]]
// CHECK:           step.yield %[[H]], %[[SLOW]]
// CHECK:         {stepped}
// CHECK:         rnn.return "h" = {{.*}}, "slow" =
step.schedule @all(%x "x" : !x) {
  %w = rnn.param "w" init(normal(1.0)) : tensor<4xf32>
  %p = step.par {
    %0 = rnn.exp %w : tensor<4xf32>
    step.yield %0 : tensor<4xf32>
  } : tensor<4xf32>
  %a:2 = step.par {
    %0 = rnn.lift %p : tensor<4xf32> -> !x
    %1 = rnn.mul %x, %0 : !x
    %2 = rnn.tanh %x : !x
    step.yield %1, %2 : !x, !x
  } : !x, !x
  %h = step.affine %a#0, %x : !x
  %before = step.before %h : !x -> !x
  %slow = rnn.latest %before : !x -> !y
  rnn.return "h" = %h, "slow" = %slow : !x, !y
}

#sentence = #rnn.axis<"sentence">
#word = #rnn.axis<"word" in #sentence>
!word = !rnn.stream<4xf32, #word>
!sentence = !rnn.stream<4xf32, #sentence>

// A step is a row of the finest axis. Clocks of segments are events that inputs define, and so is `sample`; cuts and
// counts go with them. A row on a segment is an input of each step, that is looked at where the segment ends.
//
// CHECK-LABEL: step.schedule @segments.step(
// CHECK-SAME:    %x "x" : !rnn.stream<4xf32, #word>, %y "y" : !rnn.stream<4xf32, #word>,
// CHECK-SAME:    %sentence_ends "sentence_ends" : !rnn.stream<i1, #word>, %sample_ends "sample_ends" : !rnn.stream<i1, #word>) {
// CHECK:         step.scan on #word {
// CHECK-DAG:       rnn.event #[[SENTENCE:.*]] = %sentence_ends
// CHECK-DAG:       rnn.event #[[SAMPLE:.*]] = %sample_ends
// CHECK:           %[[Y:.*]] = rnn.latest %y : !rnn.stream<4xf32, #word> -> !rnn.stream<4xf32, #[[SENTENCE]]>
// CHECK:           rnn.state {{.*}} restart(after #[[SENTENCE]])
// CHECK:           %[[LAST:.*]] = rnn.latest {{.*}} : !rnn.stream<4xf32, #word> -> !rnn.stream<4xf32, #[[SENTENCE]]>
// CHECK:           %[[SUM:.*]] = rnn.add %[[LAST]], %[[Y]] : !rnn.stream<4xf32, #[[SENTENCE]]>
// CHECK:           %[[ALL:.*]] = rnn.latest %[[SUM]] : !rnn.stream<4xf32, #[[SENTENCE]]> -> !rnn.stream<4xf32, #[[SAMPLE]]>
// CHECK:           step.yield %[[SUM]], %[[ALL]]
step.schedule @segments(%x "x" : !word, %y "y" : !sentence) {
  %h = step.scan on #word split(after #sentence) {
    %s = rnn.state "h" restart(after #sentence) : !rnn.state<!word>
    %r = rnn.read %s : !rnn.state<!word> -> !word
    %n = rnn.add %r, %x : !word
    rnn.next %s, %n : !word
    step.yield %n : !word
  } : !word
  %last = rnn.latest %h : !word -> !sentence
  %sum = step.par {
    %0 = rnn.add %last, %y : !sentence
    step.yield %0 : !sentence
  } : !sentence
  %all = rnn.latest %sum : !sentence -> !rnn.stream<4xf32, #sample>
  rnn.return "sum" = %sum, "all" = %all : !sentence, !rnn.stream<4xf32, #sample>
}

// What is known ahead of time is computed at the first step, and held; of an output once a sample, to its end. A running
// sum over the rows of a segment is a slot. An output without a clock is none of a step.
//
// CHECK-LABEL: step.schedule @ahead.step(
// CHECK:         %{{.*}}:3 = step.scan on #word {
// CHECK:           rnn.event #[[FIRST:.*]] = %{{[0-9]}}
// CHECK:           %[[VOICE:.*]] = rnn.latest %voice : !rnn.stream<4xf32, #word> -> !rnn.stream<4xf32, #[[FIRST]]>
// CHECK:           %[[LOUD:.*]] = rnn.exp %[[VOICE]] : !rnn.stream<4xf32, #[[FIRST]]>
// CHECK:           %[[HELD:.*]] = rnn.latest %[[LOUD]] : !rnn.stream<4xf32, #[[FIRST]]> -> !rnn.stream<4xf32, #word>
// CHECK:           %[[BOTH:.*]] = rnn.mul %x, %[[HELD]]
// CHECK:           rnn.state {{.*}} restart(after #[[SENTENCE:.*]]) :
// CHECK:           %[[RUNNING:.*]] = rnn.add {{.*}}, %[[BOTH]]
// CHECK:           %[[END:.*]] = rnn.latest %[[LOUD]] : !rnn.stream<4xf32, #[[FIRST]]> -> !rnn.stream<4xf32, #[[SAMPLE:.*]]>
// CHECK:           step.yield %[[BOTH]], %[[RUNNING]], %[[END]]
// CHECK:         rnn.return "both" = {{.*}}, "running" = {{.*}}, "loud" = {{.*}} : !rnn.stream<4xf32, #word>, !rnn.stream<4xf32, #word>, !rnn.stream<4xf32, #[[SAMPLE]]>
step.schedule @ahead(%x "x" : !word, %voice "voice" : !rnn.stream<4xf32, #sample>) {
  %w = rnn.param "w" init(normal(1.0)) : tensor<4xf32>
  %loud = step.par {
    %0 = rnn.exp %voice : !rnn.stream<4xf32, #sample>
    step.yield %0 : !rnn.stream<4xf32, #sample>
  } : !rnn.stream<4xf32, #sample>
  %at = rnn.latest reverse %loud : !rnn.stream<4xf32, #sample> -> !word
  %both = step.par {
    %0 = rnn.mul %x, %at : !word
    step.yield %0 : !word
  } : !word
  %running = rnn.cumsum %both per(#sentence) : !word
  rnn.return "both" = %both, "running" = %running, "loud" = %loud, "w" = %w : !word, !word, !rnn.stream<4xf32, #sample>, tensor<4xf32>
}

// A tensor that hangs on chance is computed at each step.
//
// CHECK-LABEL: step.schedule @tensors.step(
// CHECK:         step.scan on #step {
// CHECK:           %[[R:.*]] = rnn.random "r" site 0 {drawn = "call"} : !rnn.stream<4xf32, #step>
// CHECK:           %[[G:.*]] = rnn.lift %gain : tensor<4xf32> -> !rnn.stream<4xf32, #step>
// CHECK:           %[[B:.*]] = rnn.mul %[[R]], %[[G]] : !rnn.stream<4xf32, #step>
// CHECK:           rnn.mul %x, %[[B]]
step.schedule @tensors(%x "x" : !x) {
  %gain = rnn.param "gain" init(normal(1.0)) : tensor<4xf32>
  %b = step.par {
    %0 = rnn.random "r" site 0 : tensor<4xf32>
    %1 = rnn.mul %0, %gain : tensor<4xf32>
    step.yield %1 : tensor<4xf32>
  } : tensor<4xf32>
  %y = step.par {
    %0 = rnn.lift %b : tensor<4xf32> -> !x
    %1 = rnn.mul %x, %0 : !x
    step.yield %1 : !x
  } : !x
  rnn.return "y" = %y : !x
}

// CHECK-NOT:   @backward.step
// WHY: cannot be computed step by step: output 'y' needs a value (line {{.*}}) that looks ahead
step.schedule @backward(%x "x" : !x) {
  %y = step.before reverse %x : !x -> !x
  rnn.return "y" = %y : !x
}

// CHECK-NOT:   @future.step
// WHY: output 'y' needs a value (line {{.*}}) that looks ahead
step.schedule @future(%x "x" : !x) {
  %whole = rnn.latest %x : !x -> !rnn.stream<4xf32, #sample>
  %y = rnn.latest reverse %whole : !rnn.stream<4xf32, #sample> -> !x
  rnn.return "y" = %y : !x
}

// CHECK-NOT:   @rows.step
// WHY: output 'y' needs a value (line {{.*}}) that is computed from all rows of a segment at once
step.schedule @rows(%x "x" : !x) {
  %y = rnn.softmax %x per(#sample) : !x
  rnn.return "y" = %y : !x
}

// CHECK-NOT:   @pairs.step
// WHY: output 'y' needs a value (line {{.*}}) that meets rows of other ticks
step.schedule @pairs(%x "x" : !x) {
  %p = rnn.cross %x : !x -> !rnn.stream<4xf32, #rnn.pair<#t, #t per #t>>
  %y = rnn.reduce sum %p : !rnn.stream<4xf32, #rnn.pair<#t, #t per #t>> -> !x
  rnn.return "y" = %y : !x
}

// CHECK-NOT:   @two.step
// WHY: output 'y' needs both '{{.*}}' and '{{.*}}'
step.schedule @two(%x "x" : !x, %u "u" : !word) {
  %whole = rnn.latest %x : !x -> !rnn.stream<4xf32, #sample>
  %at = rnn.latest reverse %whole : !rnn.stream<4xf32, #sample> -> !word
  %y = step.par {
    %0 = rnn.add %at, %u : !word
    step.yield %0 : !word
  } : !word
  rnn.return "y" = %y : !word
}

// CHECK-NOT:   @none.step
// WHY: none of its outputs goes by steps
step.schedule @none(%x "x" : !rnn.stream<4xf32, #sample>) {
  rnn.return "x" = %x : !rnn.stream<4xf32, #sample>
}
