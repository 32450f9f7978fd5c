// A product of joined operands becomes a sum of products where the parts come from different loops or clocks. The order
// of the sum is that of the first test: outside of the loop before inside, rarer before finer, then as joined.
//
// RUN: rondo-opt --rondo-split-products %s | FileCheck %s

#t = #rnn.axis<"step">
#t4 = #rnn.every<4 phase 0 of #t>
!x = !rnn.stream<2xf32, #t>
!h = !rnn.stream<3xf32, #t>
!s = !rnn.stream<3xf32, #t4>

// The loop's own state, an input, and a slot on a rarer clock. Weights are sliced ahead of all else.
//
// CHECK-LABEL: rnn.model @order
// CHECK-DAG:   %[[WS:.*]] = rnn.slice %W[5, 8] axis 1
// CHECK-DAG:   %[[WX:.*]] = rnn.slice %W[3, 5] axis 1
// CHECK-DAG:   %[[WH:.*]] = rnn.slice %W[0, 3] axis 1
// CHECK-DAG:   %[[H:.*]] = rnn.read %h
// CHECK-DAG:   %[[S:.*]] = rnn.read %slow
// CHECK-NOT:   rnn.concat
// CHECK:       %[[ZS:.*]] = rnn.matmul %[[WS]], %[[S]]
// CHECK:       %[[ZX:.*]] = rnn.matmul %[[WX]], %x
// CHECK:       %[[A:.*]] = rnn.add %[[ZS]], %[[ZX]]
// CHECK:       %[[ZH:.*]] = rnn.matmul %[[WH]], %[[H]]
// CHECK:       rnn.add %[[A]], %[[ZH]]
rnn.model @order(%x "x" : !x, %m "m" : !h) {
  %W = rnn.param "W" init(glorot) : tensor<3x8xf32>
  %hs = rnn.state "h" : !rnn.state<!h>
  %ss = rnn.state "slow" : !rnn.state<!s>
  %v = rnn.latest %m : !h -> !s
  rnn.next %ss, %v : !s
  %h = rnn.read %hs : !rnn.state<!h> -> !h
  %s = rnn.read %ss : !rnn.state<!s> -> !h
  %c = rnn.concat %h, %x, %s axis 0 : !h, !x, !h
  %z = rnn.matmul %W, %c : tensor<3x8xf32>, !rnn.stream<8xf32, #t>
  %n = rnn.tanh %z : !h
  rnn.next %hs, %n : !h
  rnn.return "y" = %n : !h
}

// Two slots of one loop on one clock are there at one time and stay joined, with neighbouring columns as one slice; what
// is not a neighbour is joined again. Joins of joins are seen through.
//
// CHECK-LABEL: rnn.model @together
// CHECK-DAG:   %[[WX:.*]] = rnn.slice %W[3, 5] axis 1
// CHECK-DAG:   %[[W0:.*]] = rnn.slice %W[0, 3] axis 1
// CHECK-DAG:   %[[W1:.*]] = rnn.slice %W[5, 8] axis 1
// CHECK-DAG:   %[[WH:.*]] = rnn.concat %[[W0]], %[[W1]] axis 1
// CHECK:       %[[C:.*]] = rnn.concat %[[A:.*]], %[[B:.*]] axis 0 : !rnn.stream<3xf32, #step>, !rnn.stream<3xf32, #step>
// CHECK:       rnn.matmul %[[WH]], %[[C]]
rnn.model @together(%x "x" : !x) {
  %W = rnn.param "W" init(glorot) : tensor<3x8xf32>
  %as = rnn.state "a" : !rnn.state<!h>
  %bs = rnn.state "b" : !rnn.state<!h>
  %a = rnn.read %as : !rnn.state<!h> -> !h
  %b = rnn.read %bs : !rnn.state<!h> -> !h
  %xb = rnn.concat %x, %b axis 0 : !x, !h
  %c = rnn.concat %a, %xb axis 0 : !h, !rnn.stream<5xf32, #t>
  %z = rnn.matmul %W, %c : tensor<3x8xf32>, !rnn.stream<8xf32, #t>
  %n = rnn.tanh %z : !h
  rnn.next %as, %n : !h
  %o = rnn.sigmoid %n : !h
  rnn.next %bs, %o : !h
  rnn.return "y" = %o : !h
}

// A transposed left operand is sliced along its first axis, a row along its only one; operands may be matrices.
//
// CHECK-LABEL: rnn.model @forms
// CHECK-DAG:   rnn.slice %V[0, 2] axis 0 : tensor<4x3xf32>
// CHECK-DAG:   rnn.slice %V[2, 4] axis 0 : tensor<4x3xf32>
// CHECK-DAG:   rnn.slice %v[0, 2] axis 0 : tensor<4xf32>
// CHECK-DAG:   rnn.slice %v[2, 4] axis 0 : tensor<4xf32>
// CHECK:       rnn.matmul transposed {{.*}} : tensor<2x3xf32>, !rnn.stream<2x5xf32, #step>
// CHECK:       rnn.matmul {{.*}} : tensor<2xf32>, !rnn.stream<2x5xf32, #step>
rnn.model @forms(%a "a" : !rnn.stream<2x5xf32, #t>) {
  %V = rnn.param "V" init(glorot) : tensor<4x3xf32>
  %v = rnn.param "v" init(glorot) : tensor<4xf32>
  %d = rnn.latest %a : !rnn.stream<2x5xf32, #t> -> !rnn.stream<2x5xf32, #t4>
  %u = rnn.latest %d : !rnn.stream<2x5xf32, #t4> -> !rnn.stream<2x5xf32, #t>
  %c = rnn.concat %a, %u axis 0 : !rnn.stream<2x5xf32, #t>, !rnn.stream<2x5xf32, #t>
  %y = rnn.matmul transposed %V, %c : tensor<4x3xf32>, !rnn.stream<4x5xf32, #t>
  %z = rnn.matmul %v, %c : tensor<4xf32>, !rnn.stream<4x5xf32, #t>
  rnn.return "y" = %y, "z" = %z : !rnn.stream<3x5xf32, #t>, !rnn.stream<5xf32, #t>
}

// A scalar is joined as a reshape; its origin is seen through it. What is lifted never changes: it comes first.
//
// CHECK-LABEL: rnn.model @scalars
// CHECK:       %[[WB:.*]] = rnn.slice %W[2, 3] axis 1
// CHECK:       %[[WX:.*]] = rnn.slice %W[0, 2] axis 1
// CHECK:       %[[WS:.*]] = rnn.slice %W[3, 4] axis 1
// CHECK:       rnn.matmul %[[WB]]
// CHECK:       rnn.matmul %[[WX]]
// CHECK:       rnn.matmul %[[WS]]
rnn.model @scalars(%x "x" : !x) {
  %W = rnn.param "W" init(glorot) : tensor<3x4xf32>
  %b = rnn.param "b" init(zeros) : tensor<1xf32>
  %ss = rnn.state "s" : !rnn.state<!rnn.stream<f32, #t>>
  %s = rnn.read %ss : !rnn.state<!rnn.stream<f32, #t>> -> !rnn.stream<f32, #t>
  %s1 = rnn.reshape %s : !rnn.stream<f32, #t> -> !rnn.stream<1xf32, #t>
  %lb = rnn.lift %b : tensor<1xf32> -> !rnn.stream<1xf32, #t>
  %c = rnn.concat %x, %lb, %s1 axis 0 : !x, !rnn.stream<1xf32, #t>, !rnn.stream<1xf32, #t>
  %z = rnn.matmul %W, %c : tensor<3x4xf32>, !rnn.stream<4xf32, #t>
  %n = rnn.fold sum %z all : !h
  rnn.next %ss, %n : !rnn.stream<f32, #t>
  rnn.return "z" = %z : !h
}

// Refused: parts of one origin; weights that change from tick to tick, for their slices would, too; operands that are
// not joined along the axis that is summed over.
//
// CHECK-LABEL: rnn.model @refused
// CHECK-NOT:   rnn.slice
// CHECK-NOT:   rnn.add
// CHECK:       rnn.return
rnn.model @refused(%x "x" : !x, %V "V" : !rnn.stream<3x4xf32, #t>) {
  %W = rnn.param "W" init(glorot) : tensor<3x4xf32>
  %y = rnn.tanh %x : !x
  %c = rnn.concat %x, %y axis 0 : !x, !x
  %z = rnn.matmul %W, %c : tensor<3x4xf32>, !rnn.stream<4xf32, #t>
  %d = rnn.latest %x : !x -> !rnn.stream<2xf32, #t4>
  %u = rnn.latest %d : !rnn.stream<2xf32, #t4> -> !x
  %k = rnn.concat %x, %u axis 0 : !x, !x
  %v = rnn.matmul %V, %k : !rnn.stream<3x4xf32, #t>, !rnn.stream<4xf32, #t>
  %V2 = rnn.latest %V : !rnn.stream<3x4xf32, #t> -> !rnn.stream<3x4xf32, #t4>
  %V3 = rnn.latest %V2 : !rnn.stream<3x4xf32, #t4> -> !rnn.stream<3x4xf32, #t>
  %m = rnn.concat %V, %V3 axis 1 : !rnn.stream<3x4xf32, #t>, !rnn.stream<3x4xf32, #t>
  %w = rnn.matmul transposed %W, %m : tensor<3x4xf32>, !rnn.stream<3x8xf32, #t>
  rnn.return "z" = %z, "v" = %v, "w" = %w : !h, !h, !rnn.stream<4x8xf32, #t>
}
