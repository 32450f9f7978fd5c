// What makes zero of zero is computed ahead of the crossing to a finer clock, where its operand ticks least often.
//
// RUN: rondo-opt --rondo-commute-crossings %s | FileCheck %s

#section = #rnn.axis<"section">
#t = #rnn.axis<"step" in #section>
#t4 = #rnn.every<4 phase 0 of #t>
#e = #rnn.event<0 of #t>
#s = #rnn.axis<"source">
#ts = #rnn.pair<#t, #s>
!x = !rnn.stream<4xf32, #t>
!h = !rnn.stream<4xf32, #t4>

// The product of what is read is written to a slot of its own, named for its weights, of the same direction and scope.
// The old slot has no read any more: dead-state takes it.
//
// CHECK-LABEL: rnn.model @read
// CHECK:       %[[Q:.*]] = rnn.state "h.U" reverse restart(after #section) : !rnn.state<!rnn.stream<2xf32, #every4_step>>
// CHECK-NEXT:  rnn.state "h" reverse
// CHECK:       %[[V:.*]] = rnn.latest %x
// CHECK:       %[[P:.*]] = rnn.matmul %U, %[[V]] : tensor<2x4xf32>, !rnn.stream<4xf32, #every4_step>
// CHECK:       rnn.next %[[Q]], %[[P]]
// CHECK:       %[[Z:.*]] = rnn.read %[[Q]] : {{.*}} -> !rnn.stream<2xf32, #step>
// CHECK:       rnn.return "z" = %[[Z]]
rnn.model @read(%x "x" : !x) {
  %U = rnn.param "U" init(orthogonal) : tensor<2x4xf32>
  %hs = rnn.state "h" reverse restart(after #section) : !rnn.state<!h>
  %v = rnn.latest %x : !x -> !h
  rnn.next %hs, %v : !h
  %r = rnn.read %hs : !rnn.state<!h> -> !x
  %z = rnn.matmul %U, %r : tensor<2x4xf32>, !x
  rnn.return "z" = %z : !rnn.stream<2xf32, #t>
}

// Movements between the crossing and the product go along. Here the value is written behind the product.
//
// CHECK-LABEL: rnn.model @movements
// CHECK:       rnn.state "h.U" : !rnn.state<!rnn.stream<2xf32, #event0_step>>
// CHECK:       %[[Z:.*]] = rnn.read %h.U
// CHECK:       %[[V:.*]] = rnn.tanh
// CHECK:       %[[S:.*]] = rnn.slice %[[V]][0, 3] axis 0 : !rnn.stream<4xf32, #event0_step>
// CHECK:       %[[P:.*]] = rnn.matmul %U, %[[S]]
// CHECK:       rnn.next %h.U, %[[P]]
rnn.model @movements(%x "x" : !x, %b "b" : !rnn.stream<i1, #t>) {
  %U = rnn.param "U" init(orthogonal) : tensor<2x3xf32>
  rnn.event #e = %b
  %hs = rnn.state "h" : !rnn.state<!rnn.stream<4xf32, #e>>
  %r = rnn.read %hs : !rnn.state<!rnn.stream<4xf32, #e>> -> !x
  %part = rnn.slice %r [0, 3] axis 0 : !x
  %z = rnn.matmul %U, %part : tensor<2x3xf32>, !rnn.stream<3xf32, #t>
  %xe = rnn.latest %x : !x -> !rnn.stream<4xf32, #e>
  %v = rnn.tanh %xe : !rnn.stream<4xf32, #e>
  rnn.next %hs, %v : !rnn.stream<4xf32, #e>
  rnn.return "z" = %z : !rnn.stream<2xf32, #t>
}

// Through `latest` towards a finer clock anything that makes zero of zero goes; it keeps its direction and scope. A
// factor that is lifted can be had on any clock.
//
// CHECK-LABEL: rnn.model @latest
// CHECK:       %[[D:.*]] = rnn.latest %x
// CHECK:       %[[A:.*]] = rnn.matmul %U, %[[D]]
// CHECK:       %[[B:.*]] = rnn.tanh %[[A]] : !rnn.stream<4xf32, #every4_step>
// CHECK:       %[[L:.*]] = rnn.lift %w : {{.*}} -> !rnn.stream<4xf32, #every4_step>
// CHECK:       %[[C:.*]] = rnn.mul %[[B]], %[[L]]
// CHECK:       %[[Y:.*]] = rnn.latest reverse restart(after #section) %[[C]]
// CHECK:       rnn.return "y" = %[[Y]]
rnn.model @latest(%x "x" : !x) {
  %U = rnn.param "U" init(orthogonal) : tensor<4x4xf32>
  %w = rnn.param "w" init(zeros) : tensor<4xf32>
  %d = rnn.latest %x : !x -> !h
  %u = rnn.latest reverse restart(after #section) %d : !h -> !x
  %a = rnn.matmul %U, %u : tensor<4x4xf32>, !x
  %b = rnn.tanh %a : !x
  %l = rnn.lift %w : tensor<4xf32> -> !x
  %y = rnn.mul %b, %l : !x
  rnn.return "y" = %y : !x
}

// A pair clock ticks most of all, and shows no zero of its own: a bias may go, too. What is made of tensors alone is
// computed once.
//
// CHECK-LABEL: rnn.model @cross_and_lift
// CHECK:       %[[T:.*]] = rnn.tanh %b : tensor<4xf32>
// CHECK:       %[[K:.*]] = rnn.matmul %W, %m : tensor<4x4xf32>, !rnn.stream<4xf32, #source>
// CHECK:       %[[L:.*]] = rnn.lift %[[T]] : {{.*}} -> !rnn.stream<4xf32, #source>
// CHECK:       %[[A:.*]] = rnn.add %[[K]], %[[L]] : !rnn.stream<4xf32, #source>
// CHECK:       %[[Y:.*]] = rnn.cross %[[A]]
// CHECK:       rnn.return "y" = %[[Y]]
rnn.model @cross_and_lift(%x "x" : !x, %m "m" : !rnn.stream<4xf32, #s>) {
  %W = rnn.param "W" init(glorot) : tensor<4x4xf32>
  %b = rnn.param "b" init(zeros) : tensor<4xf32>
  %c = rnn.cross %m : !rnn.stream<4xf32, #s> -> !rnn.stream<4xf32, #ts>
  %k = rnn.matmul %W, %c : tensor<4x4xf32>, !rnn.stream<4xf32, #ts>
  %l = rnn.lift %b : tensor<4xf32> -> !rnn.stream<4xf32, #ts>
  %t = rnn.tanh %l : !rnn.stream<4xf32, #ts>
  %y = rnn.add %k, %t : !rnn.stream<4xf32, #ts>
  rnn.return "y" = %y : !rnn.stream<4xf32, #ts>
}

// Refused: f(0) is not 0, and held is zero before the first tick; the read ticks as often as the slot, or less; an
// operation that is no product is not worth a slot; two streams.
//
// CHECK-LABEL: rnn.model @refused
// CHECK-NOT:   rnn.state "slow.
// CHECK:       rnn.sigmoid {{.*}} : !rnn.stream<4xf32, #step>
// CHECK:       rnn.add {{.*}} : !rnn.stream<4xf32, #step>
// CHECK:       rnn.matmul %U, {{.*}} : tensor<4x4xf32>, !rnn.stream<4xf32, #step>
// CHECK:       rnn.matmul %U, {{.*}} : tensor<4x4xf32>, !rnn.stream<4xf32, #every4_step>
// CHECK:       rnn.tanh {{.*}} : !rnn.stream<4xf32, #step>
// CHECK:       rnn.mul {{.*}} : !rnn.stream<4xf32, #step>
rnn.model @refused(%x "x" : !x) {
  %U = rnn.param "U" init(orthogonal) : tensor<4x4xf32>
  %b = rnn.param "b" init(zeros) : tensor<4xf32>
  %d = rnn.latest %x : !x -> !h
  %u = rnn.latest %d : !h -> !x
  %y0 = rnn.sigmoid %u : !x
  %l = rnn.lift %b : tensor<4xf32> -> !x
  %y1 = rnn.add %u, %l : !x
  %fs = rnn.state "fast" : !rnn.state<!x>
  rnn.next %fs, %x : !x
  %f = rnn.read %fs : !rnn.state<!x> -> !x
  %y2 = rnn.matmul %U, %f : tensor<4x4xf32>, !x
  %fh = rnn.read %fs : !rnn.state<!x> -> !h
  %y3 = rnn.matmul %U, %fh : tensor<4x4xf32>, !h
  %ss = rnn.state "slow" : !rnn.state<!h>
  rnn.next %ss, %d : !h
  %s = rnn.read %ss : !rnn.state<!h> -> !x
  %y4 = rnn.tanh %s : !x
  %y5 = rnn.mul %s, %x : !x
  rnn.return "y0" = %y0, "y1" = %y1, "y2" = %y2, "y3" = %y3, "y4" = %y4, "y5" = %y5 : !x, !x, !x, !h, !x, !x
}

// One product that is read on two clocks is one slot.
//
// CHECK-LABEL: rnn.model @shared
// CHECK:       rnn.state "h.U" :
// CHECK-NEXT:  rnn.state "h" :
// CHECK-NOT:   rnn.state "
// CHECK:       rnn.read %h.U : {{.*}} -> !rnn.stream<2xf32, #step>
// CHECK:       rnn.read %h.U : {{.*}} -> !rnn.stream<2xf32, #every2_step>
#t2 = #rnn.every<2 phase 0 of #t>
rnn.model @shared(%x "x" : !x) {
  %U = rnn.param "U" init(orthogonal) : tensor<2x4xf32>
  %hs = rnn.state "h" : !rnn.state<!h>
  %v = rnn.latest %x : !x -> !h
  rnn.next %hs, %v : !h
  %r = rnn.read %hs : !rnn.state<!h> -> !x
  %z = rnn.matmul %U, %r : tensor<2x4xf32>, !x
  %r2 = rnn.read %hs : !rnn.state<!h> -> !rnn.stream<4xf32, #t2>
  %z2 = rnn.matmul %U, %r2 : tensor<2x4xf32>, !rnn.stream<4xf32, #t2>
  rnn.return "z" = %z, "z2" = %z2 : !rnn.stream<2xf32, #t>, !rnn.stream<2xf32, #t2>
}
