// What a group needs of a loop ahead of it is kept, or computed again.
//
// RUN: rondo-opt "--pass-pipeline=builtin.module(step.schedule(rondo-plan-tape))" %s | FileCheck %s

#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
!x = !rnn.stream<8xf32, #t>
!x2 = !rnn.stream<8xf32, #t2>

// Of four numbers one is kept; the others are made of it and the input, by way of one that only the caller reads.
//
// CHECK-LABEL: step.schedule @again
// CHECK:       %[[F:.*]]:2 = step.scan on
// CHECK:         %[[R:.*]] = rnn.read
// CHECK:         %[[N:.*]] = rnn.mul %{{.*}}, %x
// CHECK:         step.yield %[[R]], %[[N]]
// CHECK:       step.scan on {{.*}} reverse {
// CHECK-NEXT:    %[[S:.*]] = rnn.sigmoid %[[F]]#0
// CHECK-NEXT:    %[[M:.*]] = rnn.mul %[[S]], %x
// CHECK-NEXT:    %[[T:.*]] = rnn.tanh %[[M]]
// CHECK-NEXT:    %[[Q:.*]] = rnn.mul %[[T]], %[[T]]
// CHECK:         rnn.mul %{{.*}}, %[[F]]#0
// CHECK-NEXT:    rnn.mul %{{.*}}, %[[S]]
// CHECK-NEXT:    rnn.mul %{{.*}}, %[[T]]
// CHECK-NEXT:    rnn.mul %{{.*}}, %[[Q]]
step.schedule @again(%x "x" : !x) {
  %f:5 = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %a = rnn.sigmoid %r : !x
    %n = rnn.mul %a, %x : !x
    %u = rnn.tanh %n : !x
    %q = rnn.mul %u, %u : !x
    rnn.next %s, %n : !x
    step.yield %r, %a, %u, %q, %n : !x, !x, !x, !x, !x
  } : !x, !x, !x, !x, !x
  %b = step.scan on #t reverse {
    %s = rnn.state "d" reverse : !rnn.state<!x>
    %d = rnn.read %s : !rnn.state<!x> -> !x
    %y = rnn.add %d, %x : !x
    %1 = rnn.mul %y, %f#0 : !x
    %2 = rnn.mul %1, %f#1 : !x
    %3 = rnn.mul %2, %f#2 : !x
    %4 = rnn.mul %3, %f#3 : !x
    rnn.next %s, %4 : !x
    step.yield %4 : !x
  } : !x
  rnn.return "h" = %f#4, "d" = %b : !x, !x
}

// What the caller reads is kept anyway; and nothing is gained if an operand would be kept instead, be it a par's result
// that needs not be there for all of time.
//
// CHECK-LABEL: step.schedule @kept
// CHECK:       %[[F:.*]]:2 = step.scan
// CHECK:         %[[U:.*]] = rnn.neg
// CHECK:         %[[V:.*]] = rnn.tanh
// CHECK:         step.yield %[[U]], %[[V]] :
// CHECK:       step.scan on {{.*}} reverse {
// CHECK:         %[[A:.*]] = rnn.mul %{{.*}}, %[[F]]#0
// CHECK-NEXT:    rnn.mul %[[A]], %[[F]]#1
step.schedule @kept(%x "x" : !x) {
  %p = step.par {
    %e = rnn.exp %x : !x
    step.yield %e : !x
  } : !x
  %f:2 = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %p : !x
    %u = rnn.neg %p : !x
    %v = rnn.tanh %n : !x
    rnn.next %s, %v : !x
    step.yield %u, %v : !x, !x
  } : !x, !x
  %b = step.scan on #t reverse {
    %s = rnn.state "d" reverse : !rnn.state<!x>
    %d = rnn.read %s : !rnn.state<!x> -> !x
    %1 = rnn.mul %d, %f#0 : !x
    %2 = rnn.mul %1, %f#1 : !x
    rnn.next %s, %2 : !x
    step.yield %2 : !x
  } : !x
  rnn.return "v" = %f#1, "d" = %b : !x, !x
}

// A par reads it, on the clock that the results are on.
//
// CHECK-LABEL: step.schedule @par
// CHECK:       %[[H:.*]] = step.scan
// CHECK:       step.par {
// CHECK-NEXT:    %[[T:.*]] = rnn.neg %[[H]]
// CHECK-NEXT:    rnn.mul %[[T]], %[[H]]
step.schedule @par(%x "x" : !x) {
  %f:2 = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %x : !x
    %u = rnn.neg %n : !x
    rnn.next %s, %n : !x
    step.yield %n, %u : !x, !x
  } : !x, !x
  %y = step.par {
    %a = rnn.mul %f#1, %f#0 : !x
    step.yield %a : !x
  } : !x
  rnn.return "y" = %y : !x
}
