// Matrices of a tick are read the way they lie; products of one row or one column are with a vector.
//
// RUN: rondo-opt --rondo-orient-matrices %s | FileCheck %s

#t = #rnn.axis<"step">
!d = !rnn.stream<64xf32, #t>
!n = !rnn.stream<32xf32, #t>
!m = !rnn.stream<64x32xf32, #t>
!w = !rnn.stream<32x64xf32, #t>

// A decay of each line, as the language says it: two transposes and a repeated vector become a column times ones.
//
// CHECK-LABEL: rnn.model @decay
// CHECK-NOT:   rnn.transpose
// CHECK-DAG:   %[[COLUMN:.*]] = rnn.reshape %a : {{.*}} -> !rnn.stream<64x1xf32, #step>
// CHECK-DAG:   %[[ONES:.*]] = rnn.const 1.0 : !rnn.stream<1x32xf32, #step>
// CHECK:       %[[SPREAD:.*]] = rnn.matmul %[[COLUMN]], %[[ONES]]
// CHECK:       %[[Y:.*]] = rnn.mul %[[SPREAD]], %s
// CHECK:       rnn.return "y" = %[[Y]]
rnn.model @decay(%a "a" : !d, %s "s" : !m) {
  %t = rnn.transpose %s [1, 0] : !m
  %r = rnn.repeat %a : !d -> !w
  %p = rnn.mul %r, %t : !w
  %y = rnn.transpose %p [1, 0] : !w
  rnn.return "y" = %y : !m
}

// The other spreads, constants and scalars, and what is chosen.
//
// CHECK-LABEL: rnn.model @between
// CHECK-NOT:   rnn.transpose
// CHECK:       rnn.return
rnn.model @between(%a "a" : !d, %b "b" : !n, %f "f" : !rnn.stream<f32, #t>, %s "s" : !m) {
  %t = rnn.transpose %s [1, 0] : !m
  %o = rnn.outer %b, %a : !n, !d -> !w
  %c = rnn.reshape %b : !n -> !rnn.stream<32x1xf32, #t>
  %l = rnn.reshape %a : !d -> !rnn.stream<1x64xf32, #t>
  %q = rnn.matmul %c, %l : !rnn.stream<32x1xf32, #t>, !rnn.stream<1x64xf32, #t>
  %h = rnn.scale %f, %o : !rnn.stream<f32, #t>, !w
  %i = rnn.add %h, %q : !w
  %z = rnn.const 0.0 : !w
  %g = rnn.compare gt %t, %z : !w
  %j = rnn.select %g, %i, %z : !rnn.stream<32x64xi1, #t>, !w
  %y = rnn.transpose %j [1, 0] : !w
  rnn.return "y" = %y : !m
}

// Folds, products and sums over ticks take their operand the other way round, where that makes a transpose superfluous.
//
// CHECK-LABEL: rnn.model @readers
// CHECK:       %[[E:.*]] = rnn.tanh %s
// CHECK:       %[[LINES:.*]] = rnn.fold sum %[[E]] axis 1
// CHECK:       %[[F:.*]] = rnn.exp %s
// CHECK:       %[[READ:.*]] = rnn.matmul transposed %[[F]], %a
// CHECK:       %[[G:.*]] = rnn.sigmoid %s
// CHECK:       %[[TOTAL:.*]] = rnn.total %[[G]]
// CHECK-NEXT:  %[[TURNED:.*]] = rnn.transpose %[[TOTAL]] [1, 0]
// CHECK:       rnn.return "lines" = %[[LINES]], "read" = %[[READ]], "total" = %[[TURNED]]
rnn.model @readers(%a "a" : !d, %s "s" : !m) {
  %t = rnn.transpose %s [1, 0] : !m
  %e = rnn.tanh %t : !w
  %lines = rnn.fold sum %e axis 0 : !w
  %f = rnn.exp %t : !w
  %read = rnn.matmul %f, %a : !w, !d
  %g = rnn.sigmoid %t : !w
  %total = rnn.total %g : !w -> tensor<32x64xf32>
  rnn.return "lines" = %lines, "read" = %read, "total" = %total : !d, !n, tensor<32x64xf32>
}

// A transpose that would have to be made is not; what others need as it is stays too.
//
// CHECK-LABEL: rnn.model @kept
// CHECK:       %[[T:.*]] = rnn.transpose %s [1, 0]
// CHECK:       %[[P:.*]] = rnn.mul %[[T]], %u
// CHECK:       %[[Y:.*]] = rnn.transpose %[[P]] [1, 0]
// CHECK:       %[[OWN:.*]] = rnn.tanh %[[T]]
// CHECK:       %[[BOTH:.*]] = rnn.mul %[[OWN]], %u
// CHECK:       %[[Z:.*]] = rnn.fold sum %[[BOTH]] axis 0
// CHECK:       rnn.return "y" = %[[Y]], "z" = %[[Z]], "t" = %[[T]]
rnn.model @kept(%s "s" : !m, %u "u" : !w) {
  %t = rnn.transpose %s [1, 0] : !m
  %p = rnn.mul %t, %u : !w
  %y = rnn.transpose %p [1, 0] : !w
  %own = rnn.tanh %t : !w
  %both = rnn.mul %own, %u : !w
  %z = rnn.fold sum %both axis 0 : !w
  rnn.return "y" = %y, "z" = %z, "t" = %t : !m, !d, !w
}

// Adjoints of products with a vector, written as a column or a row.
//
// CHECK-LABEL: rnn.model @vectors
// CHECK-DAG:   %[[P:.*]] = rnn.matmul transposed %s, %a
// CHECK-DAG:   rnn.reshape %[[P]] : {{.*}} -> !rnn.stream<1x32xf32, #step>
// CHECK-DAG:   %[[Q:.*]] = rnn.matmul %s, %b
// CHECK-DAG:   rnn.reshape %[[Q]] : {{.*}} -> !rnn.stream<64x1xf32, #step>
// CHECK-DAG:   rnn.matmul %{{.*}}, %b : tensor<8x32xf32>, !rnn.stream<32xf32, #step>
// CHECK-DAG:   %[[EACH:.*]] = rnn.mul %s, %s
// CHECK-DAG:   rnn.fold sum %[[EACH]] all
rnn.model @vectors(%a "a" : !d, %b "b" : !n, %s "s" : !m) {
  %W = rnn.param "W" init(glorot) : tensor<8x32xf32>
  %c = rnn.reshape %a : !d -> !rnn.stream<64x1xf32, #t>
  %r = rnn.reshape %b : !n -> !rnn.stream<1x32xf32, #t>
  %v = rnn.reshape %b : !n -> !rnn.stream<32x1xf32, #t>
  %p = rnn.matmul transposed %c, %s : !rnn.stream<64x1xf32, #t>, !m
  %q = rnn.outer %s, %r : !m, !rnn.stream<1x32xf32, #t> -> !rnn.stream<64x1xf32, #t>
  %w = rnn.matmul %W, %v : tensor<8x32xf32>, !rnn.stream<32x1xf32, #t>
  %l = rnn.reshape %s : !m -> !rnn.stream<2048xf32, #t>
  %dot = rnn.matmul %l, %l : !rnn.stream<2048xf32, #t>, !rnn.stream<2048xf32, #t>
  rnn.return "p" = %p, "q" = %q, "w" = %w, "dot" = %dot : !rnn.stream<1x32xf32, #t>, !rnn.stream<64x1xf32, #t>, !rnn.stream<8x1xf32, #t>, !rnn.stream<f32, #t>
}

// A matrix of short lines is remembered the other way round.
//
// CHECK-LABEL: rnn.model @narrow
// CHECK-NOT:   rnn.transpose
// CHECK:       %[[SLOT:.*]] = rnn.state "s" : !rnn.state<!rnn.stream<4x64xf32, #step>>
// CHECK:       %[[OLD:.*]] = rnn.read %[[SLOT]]
// CHECK-NOT:   rnn.transpose
// CHECK:       %[[NEW:.*]] = rnn.add %{{.*}}, %{{.*}} : !rnn.stream<4x64xf32, #step>
// CHECK-NOT:   rnn.transpose
// CHECK-DAG:   rnn.next %[[SLOT]], %[[NEW]]
// CHECK-DAG:   rnn.matmul transposed %[[NEW]], %q
// CHECK-DAG:   rnn.fold max %[[OLD]] axis 1
rnn.model @narrow(%a "a" : !d, %q "q" : !rnn.stream<4xf32, #t>) {
  %slot = rnn.state "s" : !rnn.state<!rnn.stream<64x4xf32, #t>>
  %old = rnn.read %slot : !rnn.state<!rnn.stream<64x4xf32, #t>> -> !rnn.stream<64x4xf32, #t>
  %half = rnn.const 0.5 : !rnn.stream<64x4xf32, #t>
  %less = rnn.mul %old, %half : !rnn.stream<64x4xf32, #t>
  %outer = rnn.outer %a, %q : !d, !rnn.stream<4xf32, #t> -> !rnn.stream<64x4xf32, #t>
  %new = rnn.add %less, %outer : !rnn.stream<64x4xf32, #t>
  rnn.next %slot, %new : !rnn.stream<64x4xf32, #t>
  %read = rnn.matmul %new, %q : !rnn.stream<64x4xf32, #t>, !rnn.stream<4xf32, #t>
  %most = rnn.fold max %old axis 0 : !rnn.stream<64x4xf32, #t>
  rnn.return "read" = %read, "most" = %most : !d, !rnn.stream<4xf32, #t>
}

// One that is given as it is, stays; so does one that meets what is no transpose.
//
// CHECK-LABEL: rnn.model @stays
// CHECK-NOT:   4x64
// CHECK:       rnn.return
rnn.model @stays(%x "x" : !rnn.stream<64x4xf32, #t>) {
  %given = rnn.state "given" : !rnn.state<!rnn.stream<64x4xf32, #t>>
  %g = rnn.read %given : !rnn.state<!rnn.stream<64x4xf32, #t>> -> !rnn.stream<64x4xf32, #t>
  %g1 = rnn.tanh %g : !rnn.stream<64x4xf32, #t>
  rnn.next %given, %g1 : !rnn.stream<64x4xf32, #t>
  %met = rnn.state "met" : !rnn.state<!rnn.stream<64x4xf32, #t>>
  %m = rnn.read %met : !rnn.state<!rnn.stream<64x4xf32, #t>> -> !rnn.stream<64x4xf32, #t>
  %m1 = rnn.add %m, %x : !rnn.stream<64x4xf32, #t>
  rnn.next %met, %m1 : !rnn.stream<64x4xf32, #t>
  %sum = rnn.fold sum %m1 axis 0 : !rnn.stream<64x4xf32, #t>
  rnn.return "given" = %g1, "sum" = %sum : !rnn.stream<64x4xf32, #t>, !rnn.stream<4xf32, #t>
}

// What others need the way it is, is not made the other way round too.
//
// CHECK-LABEL: rnn.model @needed
// CHECK:       %[[T:.*]] = rnn.transpose %s [1, 0]
// CHECK:       %[[E:.*]] = rnn.exp %[[T]]
// CHECK:       rnn.fold sum %[[E]] axis 0
// CHECK-NEXT:  %[[Y:.*]] = rnn.tanh %[[E]]
rnn.model @needed(%s "s" : !m) {
  %t = rnn.transpose %s [1, 0] : !m
  %e = rnn.exp %t : !w
  %sum = rnn.fold sum %e axis 0 : !w
  %y = rnn.tanh %e : !w
  rnn.return "sum" = %sum, "y" = %y : !d, !w
}

// Products of two matrices read the second one, or both, the way they lie, if there is a form of the product that does.
//
// CHECK-LABEL: rnn.model @products
// CHECK-NOT:   rnn.transpose %
// CHECK-DAG:   rnn.outer %s, %r
// CHECK-DAG:   rnn.matmul %s, %q
// CHECK-DAG:   rnn.outer transposed %s, %r : {{.*}} -> tensor<32x32xf32>
// CHECK-DAG:   rnn.outer %q, %q : {{.*}} -> tensor<32x32xf32>
// CHECK:       rnn.return
rnn.model @products(%s "s" : !m, %r "r" : !m, %q "q" : !w) {
  %a = rnn.transpose %r [1, 0] : !m
  %x = rnn.matmul %s, %a : !m, !w
  %b = rnn.transpose %q [1, 0] : !w
  %y = rnn.outer %s, %b : !m, !m -> !rnn.stream<64x64xf32, #t>
  %c = rnn.transpose %s [1, 0] : !m
  %d = rnn.outer %c, %a : !w, !w -> tensor<32x32xf32>
  %e = rnn.outer transposed %b, %b : !m, !m -> tensor<32x32xf32>
  rnn.return "x" = %x, "y" = %y, "d" = %d, "e" = %e : !rnn.stream<64x64xf32, #t>, !rnn.stream<64x64xf32, #t>,
    tensor<32x32xf32>, tensor<32x32xf32>
}
