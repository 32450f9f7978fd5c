// Loops become scans; what each tick computes by itself one group for a clock and stage.
//
// RUN: rondo-opt --rondo-form-scans %s | FileCheck %s

#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
#e = #rnn.event<1 of #t>
!x = !rnn.stream<3xf32, #t>
!y = !rnn.stream<3xf32, #t2>
!z = !rnn.stream<3xf32, #e>

// What does not need the loop stands in front of it, what needs it behind.
//
// CHECK-LABEL: step.schedule @layers
// CHECK:       %[[WX:.*]] = step.par {
// CHECK-NEXT:    rnn.matmul
// CHECK-NEXT:    step.yield
// CHECK:       %[[H:.*]] = step.scan on #step {
// CHECK-NEXT:    %h = rnn.state "h"
// CHECK-NEXT:    %[[R:.*]] = rnn.read %h
// CHECK-NEXT:    %[[N:.*]] = rnn.add %[[R]], %[[WX]]
// CHECK-NEXT:    rnn.next %h, %[[N]]
// CHECK-NEXT:    step.yield %[[N]]
// CHECK:       %[[Y:.*]] = step.par {
// CHECK-NEXT:    rnn.tanh %[[H]]
// CHECK:       rnn.return "y" = %[[Y]]
rnn.model @layers(%x "x" : !x) {
  %W = rnn.param "W" init(glorot) : tensor<3x3xf32>
  %hs = rnn.state "h" : !rnn.state<!x>
  %h = rnn.read %hs : !rnn.state<!x> -> !x
  %wx = rnn.matmul %W, %x : tensor<3x3xf32>, !x
  %n = rnn.add %h, %wx : !x
  rnn.next %hs, %n : !x
  %y = rnn.tanh %n : !x
  rnn.return "y" = %y : !x
}

// A slot that is no loop's is a look at the tick before; so is a read from outside of the loop.
//
// CHECK-LABEL: step.schedule @before
// CHECK:       %[[S:.*]] = step.scan on #{{.*}} {
// CHECK:         rnn.add
// CHECK:         step.yield
// CHECK:       %[[P:.*]] = step.before %x
// CHECK:       %[[Q:.*]] = step.before %[[S]] : !rnn.stream<3xf32, #[[T2:.*]]> -> !rnn.stream<3xf32, #step>
// CHECK:       rnn.return "p" = %[[P]], "q" = %[[Q]]
rnn.model @before(%x "x" : !x) {
  %ps = rnn.state "p" : !rnn.state<!x>
  rnn.next %ps, %x : !x
  %p = rnn.read %ps : !rnn.state<!x> -> !x
  %x2 = rnn.latest %x : !x -> !y
  %s = rnn.state "s" : !rnn.state<!y>
  %r = rnn.read %s : !rnn.state<!y> -> !y
  %n = rnn.add %r, %x2 : !y
  rnn.next %s, %n : !y
  %q = rnn.read %s : !rnn.state<!y> -> !x
  rnn.return "p" = %p, "q" = %q : !x, !x
}

// An event of the loop sees a slower value that was led to each step ahead of the loop.
//
// CHECK-LABEL: step.schedule @ahead
// CHECK:       %[[D:.*]] = rnn.latest %{{.*}} : !rnn.stream<3xf32, #{{.*}}> -> !rnn.stream<3xf32, #step>
// CHECK:       step.scan on #step {
// CHECK:         rnn.event #[[E:.*]] =
// CHECK-NEXT:    rnn.latest %[[D]] : !rnn.stream<3xf32, #step> -> !rnn.stream<3xf32, #[[E]]>
rnn.model @ahead(%x "x" : !x) {
  %x2 = rnn.latest %x : !x -> !y
  %s = rnn.state "s" : !rnn.state<!z>
  %r = rnn.read %s : !rnn.state<!z> -> !x
  %m = rnn.fold sum %r all : !x
  %zero = rnn.const 0.0 : !rnn.stream<f32, #t>
  %c = rnn.compare le %m, %zero : !rnn.stream<f32, #t>
  rnn.event #e = %c
  %xe = rnn.latest %x2 : !y -> !z
  %n = rnn.tanh %xe : !z
  rnn.next %s, %n : !z
  rnn.return "n" = %n : !z
}

// What is constant is repeated in each group that uses it.
//
// CHECK-LABEL: step.schedule @constant
// CHECK:       step.par {
// CHECK-NEXT:    rnn.const 1.0
// CHECK:       step.scan
// CHECK:         rnn.const 1.0
rnn.model @constant(%x "x" : !x) {
  %one = rnn.const 1.0 : !x
  %a = rnn.add %x, %one : !x
  %hs = rnn.state "h" : !rnn.state<!x>
  %h = rnn.read %hs : !rnn.state<!x> -> !x
  %b = rnn.mul %h, %a : !x
  %n = rnn.add %b, %one : !x
  rnn.next %hs, %n : !x
  rnn.return "n" = %n : !x
}

// A product that only a later group uses is computed there, so that it is never stored; what others use too stays.
//
// CHECK-LABEL: step.schedule @late
// CHECK:       step.par {
// CHECK-NEXT:    %[[K:.*]] = rnn.sigmoid %x
// CHECK-NEXT:    step.yield %[[K]] :
// CHECK:       %[[H:.*]] = step.scan
// CHECK:       step.par {
// CHECK-NEXT:    %[[WX:.*]] = rnn.matmul
// CHECK-NEXT:    %[[S:.*]] = rnn.add %[[H]], %[[WX]]
// CHECK-NEXT:    rnn.mul %[[S]],
rnn.model @late(%x "x" : !x) {
  %W = rnn.param "W" init(glorot) : tensor<3x3xf32>
  %wx = rnn.matmul %W, %x : tensor<3x3xf32>, !x
  %k = rnn.sigmoid %x : !x
  %hs = rnn.state "h" : !rnn.state<!x>
  %h = rnn.read %hs : !rnn.state<!x> -> !x
  %n = rnn.add %h, %k : !x
  rnn.next %hs, %n : !x
  %s = rnn.add %n, %wx : !x
  %y = rnn.mul %s, %k : !x
  rnn.return "y" = %y : !x
}
