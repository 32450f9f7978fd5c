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

// CHECK-LABEL: step.schedule @once(
// CHECK-NOT:   @once.step
// WHY: cannot be computed step by step: a part of it is computed once a sample
step.schedule @once(%x "x" : !x) {
  %y = rnn.latest %x : !x -> !rnn.stream<4xf32, #sample>
  rnn.return "y" = %y : !rnn.stream<4xf32, #sample>
}

// CHECK-LABEL: step.schedule @backward(
// CHECK-NOT:   @backward.step
// WHY: cannot be computed step by step: a part of it looks from the end to the begin
step.schedule @backward(%x "x" : !x) {
  %y = step.before reverse %x : !x -> !x
  rnn.return "y" = %y : !x
}
