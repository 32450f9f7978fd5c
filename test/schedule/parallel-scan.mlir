// Loops that are affine in their state, element by element, are computed for all ticks at once.
//
// RUN: rondo-opt "--pass-pipeline=builtin.module(rondo-form-scans,step.schedule(rondo-parallel-scan))" %s | FileCheck %s

#t = #rnn.axis<"step">
!h = !rnn.stream<3xf32, #t>

// A minimal gated unit: h' = (1 - z) * h + z * c.
//
// CHECK-LABEL: step.schedule @gated
// CHECK-NOT:   step.scan
// CHECK:       %[[AB:.*]]:2 = step.par {
// CHECK:       %[[H:.*]] = step.affine %[[AB]]#0, %[[AB]]#1
// CHECK:       rnn.return "h" = %[[H]]
rnn.model @gated(%z "z" : !h, %c "c" : !h) {
  %s = rnn.state "h" : !rnn.state<!h>
  %h = rnn.read %s : !rnn.state<!h> -> !h
  %one = rnn.const 1.0 : !h
  %keep = rnn.sub %one, %z : !h
  %old = rnn.mul %keep, %h : !h
  %new = rnn.mul %z, %c : !h
  %n = rnn.add %old, %new : !h
  rnn.next %s, %n : !h
  rnn.return "h" = %n : !h
}

// Coefficients that are there already need no group; what else is computed of the state sees the state before.
//
// CHECK-LABEL: step.schedule @given
// CHECK:       %[[H:.*]] = step.affine reverse %a, %b
// CHECK:       %[[P:.*]] = step.before reverse %[[H]]
// CHECK:       %[[Y:.*]] = step.par {
// CHECK-NEXT:    rnn.mul %a, %[[P]]
// CHECK:       rnn.return "y" = %[[Y]], "p" = %[[P]]
rnn.model @given(%a "a" : !h, %b "b" : !h) {
  %s = rnn.state "h" reverse : !rnn.state<!h>
  %h = rnn.read %s : !rnn.state<!h> -> !h
  %m = rnn.mul %a, %h : !h
  %n = rnn.add %m, %b : !h
  rnn.next %s, %n : !h
  rnn.return "y" = %m, "p" = %h : !h, !h
}

// What starts with a value from outside has the same factor there, and the same bits.
//
// CHECK-LABEL: step.schedule @start
// CHECK:       %[[P:.*]]:2 = step.par
// CHECK:         %[[A:.*]] = rnn.mul %x, %{{.*}}
// CHECK:         %[[AT:.*]] = rnn.mul %[[A]], %given
// CHECK:         %[[B:.*]] = rnn.add %[[AT]], %x
// CHECK:         %[[F:.*]] = rnn.select %first, %{{.*}}, %[[A]]
// CHECK:         %[[T:.*]] = rnn.select %first, %[[B]], %x
// CHECK:         step.yield %[[F]], %[[T]]
// CHECK:       step.affine %[[P]]#0, %[[P]]#1
rnn.model @start(%x "x" : !h, %first "first" : !rnn.stream<i1, #t>, %given "given" : !h) {
  %s = rnn.state "h" : !rnn.state<!h>
  %h = rnn.read %s : !rnn.state<!h> -> !h
  %i = rnn.select %first, %given, %h : !rnn.stream<i1, #t>, !h
  %c = rnn.const 0.5 : !h
  %m = rnn.mul %i, %x : !h
  %k = rnn.mul %m, %c : !h
  %n = rnn.add %k, %x : !h
  rnn.next %s, %n : !h
  rnn.return "n" = %n : !h
}

// Not affine, and affine but dense.
//
// CHECK-LABEL: step.schedule @curved
// CHECK-NOT:   step.affine
// CHECK:       step.scan
rnn.model @curved(%a "a" : !h) {
  %s = rnn.state "h" : !rnn.state<!h>
  %h = rnn.read %s : !rnn.state<!h> -> !h
  %m = rnn.mul %a, %h : !h
  %n = rnn.relu %m : !h
  rnn.next %s, %n : !h
  rnn.return "n" = %n : !h
}

// CHECK-LABEL: step.schedule @dense
// CHECK-NOT:   step.affine
// CHECK:       step.scan
rnn.model @dense(%a "a" : !h) {
  %U = rnn.param "U" init(orthogonal) : tensor<3x3xf32>
  %s = rnn.state "h" : !rnn.state<!h>
  %h = rnn.read %s : !rnn.state<!h> -> !h
  %m = rnn.matmul %U, %h : tensor<3x3xf32>, !h
  %n = rnn.add %m, %a : !h
  rnn.next %s, %n : !h
  rnn.return "n" = %n : !h
}
