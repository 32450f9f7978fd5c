// Losses: a mean over the valid ticks of the batch hands to each of them one of their number.
//
// RUN: rondo-opt --rondo-gradient %s | FileCheck %s

#t = #rnn.axis<"t">
!x = !rnn.stream<f32, #t>
!b = !rnn.stream<i1, #t>

// CHECK-LABEL: rnn.model @masked.backward(%x "x" : {{[^,]*, #t>}}, %valid "valid" : {{[^,]*, #t>}}) {
// CHECK:       rnn.loss "l" %x valid %valid
// CHECK:       %[[COUNT:.*]] = rnn.select %valid, %[[ONES:.*]], %[[ZEROS:.*]] :
// CHECK:       %[[NUMBER:.*]] = rnn.total %[[COUNT]]
// CHECK:       %[[LEAST:.*]] = rnn.maximum %[[NUMBER]]
// CHECK:       %[[PART:.*]] = rnn.div %{{.*}}, %[[LEAST]]
// CHECK:       %[[EACH:.*]] = rnn.lift %[[PART]]
// CHECK:       %[[DX:.*]] = rnn.select %valid, %[[EACH]], %[[ZEROS]]
// CHECK:       rnn.return "d.x" = %[[DX]]
rnn.model @masked(%x "x" : !x, %valid "valid" : !b) {
  rnn.loss "l" %x valid %valid : !x, !b
  rnn.return
}

// CHECK-LABEL: rnn.model @tensor.backward
// CHECK:       %[[ONE:.*]] = rnn.const 1.0 : tensor<f32>
// CHECK:       rnn.return "d.w" = %[[ONE]]
rnn.model @tensor() {
  %w = rnn.param "w" init(ones) : tensor<f32>
  rnn.loss "l" %w : tensor<f32>
  rnn.return
}

// What trains some parameters alone is transposed apart: the two loops back are two slots, and the adjoint of `v` is of
// the first loss only, that of `w.a` of both.
//
// CHECK-LABEL: rnn.model @apart.backward
// CHECK-DAG:   rnn.accum "d.h" reverse
// CHECK-DAG:   rnn.accum "d2.h" reverse
// CHECK:       rnn.return "d.v" = %{{.*}}, "d.w.a" = %[[BOTH:.*]], "d.x" =
rnn.model @apart(%x "x" : !x) {
  %w = rnn.param "w.a" init(ones) : tensor<f32>
  %v = rnn.param "v" init(ones) : tensor<f32>
  %h = rnn.state "h" : !rnn.state<!x>
  %r = rnn.read %h : !rnn.state<!x> -> !x
  %a = rnn.scale %w, %r : tensor<f32>, !x
  %b = rnn.scale %v, %x : tensor<f32>, !x
  %n = rnn.add %a, %b : !x
  rnn.next %h, %n : !x
  rnn.loss "all" %n : !x
  %q = rnn.mul %n, %n : !x
  rnn.loss "some" %q trains ["w"] : !x
  rnn.return
}
