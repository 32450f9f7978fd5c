// Products that share an operand are stacked; products that are terms of one sum are joined.
//
// RUN: rondo-opt --rondo-merge-products %s | FileCheck %s

#t = #rnn.axis<"step">
!x = !rnn.stream<2xf32, #t>
!h = !rnn.stream<3xf32, #t>

// Two gates: one product with %x, which stays outside of the loop, and one with the state.
//
// CHECK-LABEL: rnn.model @gates
// CHECK-DAG:   %[[W:.*]] = rnn.concat %Wi, %Wf axis 0
// CHECK-DAG:   %[[U:.*]] = rnn.concat %Ui, %Uf axis 0
// CHECK:       %[[ZX:.*]] = rnn.matmul %[[W]], %x
// CHECK:       %[[X:.*]]:2 = rnn.split %[[ZX]] axis 0
// CHECK:       %[[ZH:.*]] = rnn.matmul %[[U]], %
// CHECK:       %[[H:.*]]:2 = rnn.split %[[ZH]] axis 0
// CHECK:       rnn.add %[[X]]#0, %[[H]]#0
// CHECK:       rnn.add %[[X]]#1, %[[H]]#1
// CHECK-NOT:   rnn.matmul
// CHECK:       rnn.return
rnn.model @gates(%x "x" : !x) {
  %Wi = rnn.param "Wi" init(glorot) : tensor<3x2xf32>
  %Wf = rnn.param "Wf" init(glorot) : tensor<3x2xf32>
  %Ui = rnn.param "Ui" init(orthogonal) : tensor<3x3xf32>
  %Uf = rnn.param "Uf" init(orthogonal) : tensor<3x3xf32>
  %hs = rnn.state "h" : !rnn.state<!h>
  %h = rnn.read %hs : !rnn.state<!h> -> !h
  %ix = rnn.matmul %Wi, %x : tensor<3x2xf32>, !x
  %ih = rnn.matmul %Ui, %h : tensor<3x3xf32>, !h
  %zi = rnn.add %ix, %ih : !h
  %fx = rnn.matmul %Wf, %x : tensor<3x2xf32>, !x
  %fh = rnn.matmul %Uf, %h : tensor<3x3xf32>, !h
  %zf = rnn.add %fx, %fh : !h
  %i = rnn.tanh %zi : !h
  %f = rnn.sigmoid %zf : !h
  %n = rnn.mul %i, %f : !h
  rnn.next %hs, %n : !h
  rnn.return "y" = %n : !h
}

// A candidate whose two products are no terms of one sum: it comes first in the loop and last outside, so that the gate's
// adjoint lies behind the one's and ahead of the other's.
//
// CHECK-LABEL: rnn.model @candidate
// CHECK-DAG:   %[[W:.*]] = rnn.concat %Wr, %Wn axis 0
// CHECK-DAG:   %[[U:.*]] = rnn.concat %Un, %Ur axis 0
// CHECK:       rnn.matmul %[[W]], %x
// CHECK:       %[[ZH:.*]] = rnn.matmul %[[U]], %
// CHECK:       %[[H:.*]]:2 = rnn.split %[[ZH]] axis 0
// CHECK:       rnn.add %{{.*}}, %[[H]]#1
// CHECK:       rnn.mul %{{.*}}, %[[H]]#0
// CHECK-NOT:   rnn.matmul
// CHECK:       rnn.return
rnn.model @candidate(%x "x" : !x) {
  %Wn = rnn.param "Wn" init(glorot) : tensor<3x2xf32>
  %Wr = rnn.param "Wr" init(glorot) : tensor<3x2xf32>
  %Ur = rnn.param "Ur" init(orthogonal) : tensor<3x3xf32>
  %Un = rnn.param "Un" init(orthogonal) : tensor<3x3xf32>
  %hs = rnn.state "h" : !rnn.state<!h>
  %h = rnn.read %hs : !rnn.state<!h> -> !h
  %nx = rnn.matmul %Wn, %x : tensor<3x2xf32>, !x
  %rx = rnn.matmul %Wr, %x : tensor<3x2xf32>, !x
  %rh = rnn.matmul %Ur, %h : tensor<3x3xf32>, !h
  %zr = rnn.add %rx, %rh : !h
  %r = rnn.sigmoid %zr : !h
  %nh = rnn.matmul %Un, %h : tensor<3x3xf32>, !h
  %own = rnn.mul %r, %nh : !h
  %zn = rnn.add %nx, %own : !h
  %n = rnn.tanh %zn : !h
  rnn.next %hs, %n : !h
  rnn.return "y" = %n : !h
}

// Rows are stacked as matrices of one row, transposed left operands side by side.
//
// CHECK-LABEL: rnn.model @forms
// CHECK-DAG:   %[[R:.*]] = rnn.reshape %v : tensor<2xf32> -> tensor<1x2xf32>
// CHECK-DAG:   %[[A:.*]] = rnn.concat %W, %[[R]] axis 0
// CHECK-DAG:   %[[B:.*]] = rnn.concat %V, %V2 axis 1
// CHECK:       rnn.matmul %[[A]], %x : tensor<4x2xf32>
// CHECK:       rnn.reshape {{.*}} : !rnn.stream<1xf32, #step> -> !rnn.stream<f32, #step>
// CHECK:       rnn.matmul transposed %[[B]], %x : tensor<2x7xf32>
rnn.model @forms(%x "x" : !x) {
  %W = rnn.param "W" init(glorot) : tensor<3x2xf32>
  %v = rnn.param "v" init(glorot) : tensor<2xf32>
  %V = rnn.param "V" init(glorot) : tensor<2x3xf32>
  %V2 = rnn.param "V2" init(glorot) : tensor<2x4xf32>
  %a = rnn.matmul %W, %x : tensor<3x2xf32>, !x
  %b = rnn.matmul %v, %x : tensor<2xf32>, !x
  %c = rnn.matmul transposed %V, %x : tensor<2x3xf32>, !x
  %d = rnn.matmul transposed %V2, %x : tensor<2x4xf32>, !x
  rnn.return "a" = %a, "b" = %b, "c" = %c, "d" = %d : !h, !rnn.stream<f32, #t>, !h, !rnn.stream<4xf32, #t>
}

// Terms of one sum whose operands are made in one loop: one product, in the place of the last. The input is not of the
// loop and stays by itself.
//
// CHECK-LABEL: rnn.model @sum
// CHECK-DAG:   %[[W:.*]] = rnn.concat %U, %V axis 1
// CHECK:       %[[ZX:.*]] = rnn.matmul %W, %x
// CHECK:       %[[C:.*]] = rnn.concat %[[H:.*]], %[[G:.*]] axis 0
// CHECK:       %[[Z:.*]] = rnn.matmul %[[W]], %[[C]]
// CHECK:       rnn.add %[[ZX]], %[[Z]]
// CHECK-NOT:   rnn.add
// CHECK:       rnn.return
rnn.model @sum(%x "x" : !x) {
  %W = rnn.param "W" init(glorot) : tensor<3x2xf32>
  %U = rnn.param "U" init(orthogonal) : tensor<3x3xf32>
  %V = rnn.param "V" init(orthogonal) : tensor<3x3xf32>
  %hs = rnn.state "h" : !rnn.state<!h>
  %h = rnn.read %hs : !rnn.state<!h> -> !h
  %g = rnn.sigmoid %h : !h
  %zx = rnn.matmul %W, %x : tensor<3x2xf32>, !x
  %zh = rnn.matmul %U, %h : tensor<3x3xf32>, !h
  %a = rnn.add %zx, %zh : !h
  %zg = rnn.matmul %V, %g : tensor<3x3xf32>, !h
  %z = rnn.add %a, %zg : !h
  %n = rnn.tanh %z : !h
  rnn.next %hs, %n : !h
  rnn.return "y" = %n : !h
}

// Weights of one operand are added, also where it is one part of a join.
//
// CHECK-LABEL: rnn.model @same_operand
// CHECK-DAG:   %[[W0:.*]] = rnn.slice %W[0, 2] axis 1
// CHECK-DAG:   %[[W1:.*]] = rnn.slice %W[2, 4] axis 1
// CHECK-DAG:   %[[A:.*]] = rnn.add %[[W1]], %U : tensor<2x2xf32>
// CHECK-DAG:   %[[B:.*]] = rnn.concat %[[W0]], %[[A]] axis 1
// CHECK:       %[[C:.*]] = rnn.concat
// CHECK:       %[[Z:.*]] = rnn.matmul %[[B]], %[[C]]
// CHECK-NEXT:  rnn.tanh %[[Z]]
rnn.model @same_operand(%x "x" : !x) {
  %W = rnn.param "W" init(glorot) : tensor<2x4xf32>
  %U = rnn.param "U" init(orthogonal) : tensor<2x2xf32>
  %as = rnn.state "a" : !rnn.state<!x>
  %bs = rnn.state "b" : !rnn.state<!x>
  %a = rnn.read %as : !rnn.state<!x> -> !x
  %b = rnn.read %bs : !rnn.state<!x> -> !x
  %c = rnn.concat %a, %b axis 0 : !x, !x
  %zc = rnn.matmul %W, %c : tensor<2x4xf32>, !rnn.stream<4xf32, #t>
  %zb = rnn.matmul %U, %b : tensor<2x2xf32>, !x
  %z = rnn.add %zc, %zb : !x
  %n = rnn.tanh %z : !x
  rnn.next %as, %n : !x
  %o = rnn.mul %n, %x : !x
  rnn.next %bs, %o : !x
  rnn.return "y" = %n : !x
}

// Large products that different loops read stay apart, so that each can be computed along with its loop.
//
// CHECK-LABEL: rnn.model @directions
// CHECK-DAG:   rnn.matmul %F, %x
// CHECK-DAG:   rnn.matmul %B, %x
// CHECK:       rnn.return
rnn.model @directions(%x "x" : !x) {
  %F = rnn.param "F" init(glorot) : tensor<256x2xf32>
  %B = rnn.param "B" init(glorot) : tensor<256x2xf32>
  %f = rnn.matmul %F, %x : tensor<256x2xf32>, !x
  %b = rnn.matmul %B, %x : tensor<256x2xf32>, !x
  %fs = rnn.state "f" : !rnn.state<!rnn.stream<256xf32, #t>>
  %bs = rnn.state "b" reverse : !rnn.state<!rnn.stream<256xf32, #t>>
  %fr = rnn.read %fs : !rnn.state<!rnn.stream<256xf32, #t>> -> !rnn.stream<256xf32, #t>
  %br = rnn.read %bs : !rnn.state<!rnn.stream<256xf32, #t>> -> !rnn.stream<256xf32, #t>
  %fn = rnn.mul %fr, %f : !rnn.stream<256xf32, #t>
  %bn = rnn.mul %br, %b : !rnn.stream<256xf32, #t>
  rnn.next %fs, %fn : !rnn.stream<256xf32, #t>
  rnn.next %bs, %bn : !rnn.stream<256xf32, #t>
  rnn.return "f" = %fn, "b" = %bn : !rnn.stream<256xf32, #t>, !rnn.stream<256xf32, #t>
}

// Refused: %h meets weights in the loop and outside of it; terms of one sum that some other product shares an operand
// with, which is stacked instead; inputs, which have no loop in common; weights that are streams.
//
// CHECK-LABEL: rnn.model @refused
// CHECK:       rnn.matmul %W, %x
// CHECK:       rnn.matmul %V, %m
// CHECK:       %[[H:.*]] = rnn.read
// CHECK-DAG:   rnn.matmul %{{[0-9]+}}, %[[H]] : tensor<5x3xf32>
// CHECK-DAG:   rnn.matmul %Ug, %{{.*}} : tensor<3x3xf32>
// CHECK-DAG:   rnn.matmul %O, %[[H]] : tensor<3x3xf32>
// CHECK-DAG:   rnn.matmul %M, %x
// CHECK-DAG:   rnn.matmul %N, %x
rnn.model @refused(%x "x" : !x, %m "m" : !h, %M "M" : !rnn.stream<4x2xf32, #t>, %N "N" : !rnn.stream<4x2xf32, #t>) {
  %W = rnn.param "W" init(glorot) : tensor<3x2xf32>
  %V = rnn.param "V" init(glorot) : tensor<3x3xf32>
  %U = rnn.param "U" init(orthogonal) : tensor<3x3xf32>
  %Ug = rnn.param "Ug" init(orthogonal) : tensor<3x3xf32>
  %Q = rnn.param "Q" init(orthogonal) : tensor<2x3xf32>
  %O = rnn.param "O" init(orthogonal) : tensor<3x3xf32>
  %wx = rnn.matmul %W, %x : tensor<3x2xf32>, !x
  %vm = rnn.matmul %V, %m : tensor<3x3xf32>, !h
  %in = rnn.add %wx, %vm : !h
  %hs = rnn.state "h" : !rnn.state<!h>
  %h = rnn.read %hs : !rnn.state<!h> -> !h
  %q = rnn.matmul %Q, %h : tensor<2x3xf32>, !h
  %qs = rnn.fold sum %q all : !x
  %g = rnn.scale %qs, %h : !rnn.stream<f32, #t>, !h
  %uh = rnn.matmul %U, %h : tensor<3x3xf32>, !h
  %ug = rnn.matmul %Ug, %g : tensor<3x3xf32>, !h
  %s = rnn.add %uh, %ug : !h
  %z = rnn.add %s, %in : !h
  %n = rnn.tanh %z : !h
  rnn.next %hs, %n : !h
  %o = rnn.matmul %O, %h : tensor<3x3xf32>, !h
  %mx = rnn.matmul %M, %x : !rnn.stream<4x2xf32, #t>, !x
  %nx = rnn.matmul %N, %x : !rnn.stream<4x2xf32, #t>, !x
  rnn.return "o" = %o, "mx" = %mx, "nx" = %nx : !h, !rnn.stream<4xf32, #t>, !rnn.stream<4xf32, #t>
}
