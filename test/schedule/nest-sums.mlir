// Sums over time of matrices that a loop gives, or could make, are added up in the loop.
//
// RUN: rondo-opt "--pass-pipeline=builtin.module(step.schedule(rondo-nest-sums))" --split-input-file %s | FileCheck %s

#t = #rnn.axis<"step">
#sample = #rnn.axis<"sample">
!x = !rnn.stream<32xf32, #t>
!m = !rnn.stream<32x32xf32, #t>

// What a par makes for the sum is made in the loop; what others need of the par is left.
//
// CHECK-LABEL: step.schedule @made
// CHECK:       %[[K:.*]] = step.par {
// CHECK-NEXT:    rnn.exp %x
// CHECK:       %[[LOOP:.*]] = step.scan on #step {
// CHECK:         %[[S:.*]] = rnn.add
// CHECK-DAG:     %[[SPREAD:.*]] = rnn.repeat %[[K]]
// CHECK:         %[[X:.*]] = rnn.mul %[[S]], %[[SPREAD]]
// CHECK-NEXT:    %[[SUM:.*]] = rnn.total %[[X]] : !rnn.stream<32x32xf32, #step> -> tensor<32x32xf32>
// CHECK-NEXT:    step.yield %[[SUM]] : tensor<32x32xf32>
// CHECK-NOT:   step.par
// CHECK:       rnn.return "d" = %[[LOOP]]
step.schedule @made(%x "x" : !x, %a "a" : !m) {
  %s = step.scan on #t {
    %slot = rnn.state "s" : !rnn.state<!m>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %new = rnn.add %old, %a : !m
    rnn.next %slot, %new : !m
    step.yield %new : !m
  } : !m
  %y = step.par {
    %k = rnn.exp %x : !x
    %spread = rnn.repeat %k : !x -> !m
    %scaled = rnn.mul %s, %spread : !m
    step.yield %scaled : !m
  } : !m
  %d = rnn.total %y : !m -> tensor<32x32xf32>
  rnn.return "d" = %d : tensor<32x32xf32>
}

// -----

#t = #rnn.axis<"step">
#sample = #rnn.axis<"sample">
!m = !rnn.stream<32x32xf32, #t>

// The matrices themselves, which then lie nowhere.
//
// CHECK-LABEL: step.schedule @given
// CHECK:       %[[LOOP:.*]] = step.scan on #step {
// CHECK:         %[[S:.*]] = rnn.add
// CHECK:         %[[SUM:.*]] = rnn.total %[[S]]
// CHECK-NEXT:    step.yield %[[SUM]] : tensor<32x32xf32>
// CHECK:       rnn.return "d" = %[[LOOP]]
step.schedule @given(%a "a" : !m) {
  %s = step.scan on #t {
    %slot = rnn.state "s" : !rnn.state<!m>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %new = rnn.add %old, %a : !m
    rnn.next %slot, %new : !m
    step.yield %new : !m
  } : !m
  %d = rnn.total %s : !m -> tensor<32x32xf32>
  rnn.return "d" = %d : tensor<32x32xf32>
}

// -----

#t = #rnn.axis<"step">
#sample = #rnn.axis<"sample">
!m = !rnn.stream<32x32xf32, #t>

// A loop that goes back in time and reads the matrices anyway has them at hand, when that which gives them is over; one
// that reads none of them has not.
//
// CHECK-LABEL: step.schedule @read
// CHECK:       %[[S:.*]] = step.scan on #step {
// CHECK-NOT:     rnn.total
// CHECK:       %[[SEEN:.*]] = rnn.latest
// CHECK:       %[[LOOP:.*]]:2 = step.scan on #step reverse {
// CHECK:         %[[X:.*]] = rnn.mul %[[S]], %[[SEEN]]
// CHECK-NEXT:    %[[SUM:.*]] = rnn.total %[[X]]
// CHECK:       step.scan on #step {
// CHECK-NOT:     rnn.total
// CHECK:       rnn.return "d" = %[[LOOP]]#1
step.schedule @read(%b "b" : !m) {
  %s = step.scan on #t {
    %slot = rnn.state "s" : !rnn.state<!m>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %new = rnn.add %old, %b : !m
    rnn.next %slot, %new : !m
    step.yield %new : !m
  } : !m
  %was = step.before %s : !m -> !m
  %all = rnn.reduce sum %s : !m -> !rnn.stream<32x32xf32, #sample>
  %seen = rnn.latest %all : !rnn.stream<32x32xf32, #sample> -> !m
  %r = step.scan on #t reverse {
    %slot = rnn.state "r" reverse : !rnn.state<!m>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %new = rnn.mul %old, %was : !m
    rnn.next %slot, %new : !m
    step.yield %new : !m
  } : !m
  %y = step.par {
    %scaled = rnn.mul %s, %seen : !m
    step.yield %scaled : !m
  } : !m
  %d = rnn.total %y : !m -> tensor<32x32xf32>
  %q = step.scan on #t {
    %slot = rnn.state "q" : !rnn.state<!m>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %new = rnn.add %old, %b : !m
    rnn.next %slot, %new : !m
    step.yield %new : !m
  } : !m
  rnn.return "d" = %d, "r" = %r, "q" = %q : tensor<32x32xf32>, !m, !m
}

// -----

#t = #rnn.axis<"step">
#sample = #rnn.axis<"sample">
!m = !rnn.stream<32x32xf32, #t>

// What hangs on all of the loop is not there yet, what ticks otherwise has no step to be made at, small matrices are rows
// as any other, and products of matrices are no sums of numbers at hand.
//
// CHECK-LABEL: step.schedule @left
// CHECK:       step.scan on #step {
// CHECK-NOT:     rnn.total
// CHECK:       } : !rnn.stream<32x32xf32, #step>, !rnn.stream<4x4xf32, #step>, !rnn.stream<32x32xf32, #step>
// CHECK:       rnn.total %{{.*}} : !rnn.stream<32x32xf32, #step>
// CHECK:       rnn.total %{{.*}} : !rnn.stream<32x32xf32, #sample>
// CHECK:       rnn.total %{{.*}} : !rnn.stream<4x4xf32, #step>
// CHECK:       rnn.total %{{.*}} : !rnn.stream<32x32xf32, #step>
step.schedule @left(%a "a" : !m, %b "b" : !rnn.stream<4x4xf32, #t>) {
  %s:3 = step.scan on #t {
    %slot = rnn.state "s" : !rnn.state<!m>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %new = rnn.add %old, %a : !m
    rnn.next %slot, %new : !m
    %small = rnn.state "t" : !rnn.state<!rnn.stream<4x4xf32, #t>>
    %smallOld = rnn.read %small : !rnn.state<!rnn.stream<4x4xf32, #t>> -> !rnn.stream<4x4xf32, #t>
    %smallNew = rnn.add %smallOld, %b : !rnn.stream<4x4xf32, #t>
    rnn.next %small, %smallNew : !rnn.stream<4x4xf32, #t>
    %product = rnn.matmul %new, %a : !m, !m
    step.yield %new, %smallNew, %product : !m, !rnn.stream<4x4xf32, #t>, !m
  } : !m, !rnn.stream<4x4xf32, #t>, !m
  %all = rnn.reduce sum %s#0 : !m -> !rnn.stream<32x32xf32, #sample>
  %seen = rnn.latest %all : !rnn.stream<32x32xf32, #sample> -> !m
  %y = step.par {
    %scaled = rnn.mul %s#0, %seen : !m
    step.yield %scaled : !m
  } : !m
  %z = step.par {
    %square = rnn.mul %all, %all : !rnn.stream<32x32xf32, #sample>
    step.yield %square : !rnn.stream<32x32xf32, #sample>
  } : !rnn.stream<32x32xf32, #sample>
  %d = rnn.total %y : !m -> tensor<32x32xf32>
  %e = rnn.total %z : !rnn.stream<32x32xf32, #sample> -> tensor<32x32xf32>
  %f = rnn.total %s#1 : !rnn.stream<4x4xf32, #t> -> tensor<4x4xf32>
  %g = rnn.total %s#2 : !m -> tensor<32x32xf32>
  rnn.return "d" = %d, "e" = %e, "f" = %f, "g" = %g : tensor<32x32xf32>, tensor<32x32xf32>, tensor<4x4xf32>, tensor<32x32xf32>
}
