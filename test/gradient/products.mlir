// Products: to the right operand the product with the transpose, to weights one product over all ticks.
//
// RUN: rondo-opt --rondo-gradient %s | FileCheck %s

#t = #rnn.axis<"t">
!x = !rnn.stream<3xf32, #t>
!k = !rnn.stream<2x3xf32, #t>

// CHECK-LABEL: rnn.model @weights.backward
// CHECK-DAG:   %[[DX:.*]] = rnn.matmul transposed %W, %d.y
// CHECK-DAG:   %[[DW:.*]] = rnn.outer %d.y, %x : {{.*}} -> tensor<2x3xf32>
// CHECK:       rnn.return {{.*}}, "d.W" = %[[DW]], "d.x" = %[[DX]]
rnn.model @weights(%x "x" : !x) {
  %W = rnn.param "W" init(glorot) : tensor<2x3xf32>
  %y = rnn.matmul %W, %x : tensor<2x3xf32>, !x
  rnn.return "y" = %y : !rnn.stream<2xf32, #t>
}

// Weights that are a stream have an adjoint a tick.
//
// CHECK-LABEL: rnn.model @streams.backward
// CHECK-DAG:   %[[DX:.*]] = rnn.matmul transposed %k, %d.y
// CHECK-DAG:   %[[DK:.*]] = rnn.outer %d.y, %x : {{.*}} -> !rnn.stream<2x3xf32, #t>
// CHECK:       rnn.return {{.*}}, "d.k" = %[[DK]], "d.x" = %[[DX]]
rnn.model @streams(%k "k" : !k, %x "x" : !x) {
  %y = rnn.matmul %k, %x : !k, !x
  rnn.return "y" = %y : !rnn.stream<2xf32, #t>
}

// Of a matrix of each tick and weights to the right of it: one sum over the lines of all ticks; no tick has a product.
//
// CHECK-LABEL: rnn.model @lines.backward
// CHECK-DAG:   %[[DW:.*]] = rnn.outer transposed %k, %d.y : {{.*}} -> tensor<3x4xf32>
// CHECK-DAG:   %[[DK:.*]] = rnn.outer %d.y, %W : {{.*}} -> !rnn.stream<2x3xf32, #t>
// CHECK:       rnn.return {{.*}}, "d.W" = %[[DW]], "d.k" = %[[DK]]
rnn.model @lines(%k "k" : !k) {
  %W = rnn.param "W" init(glorot) : tensor<3x4xf32>
  %y = rnn.matmul %k, %W : !k, tensor<3x4xf32>
  rnn.return "y" = %y : !rnn.stream<2x4xf32, #t>
}

// CHECK-LABEL: rnn.model @tables.backward
// CHECK:       %[[DE:.*]] = rnn.scatter_add %i, %d.y : {{.*}} -> tensor<5x3xf32>
// CHECK:       rnn.return {{.*}}, "d.E" = %[[DE]]
rnn.model @tables(%i "i" : !rnn.stream<!rnn.token<5>, #t>) {
  %E = rnn.param "E" init(glorot) : tensor<5x3xf32>
  %y = rnn.embed %E, %i : tensor<5x3xf32>, !rnn.stream<!rnn.token<5>, #t>
  rnn.return "y" = %y : !x
}
