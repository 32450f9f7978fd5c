// What a model of gradients takes and gives.
//
// RUN: rondo-opt --rondo-gradient %s | FileCheck %s

#t = #rnn.axis<"t">
#t2 = #rnn.every<2 phase 0 of #t>
#p = #rnn.pair<#t, #rnn.axis<"s">>
!x = !rnn.stream<4xf32, #t>

// Without losses the adjoints of outputs come in: on the axis of those that are on a period, of a tensor one a sample,
// of pairs and of what is no real none. Gradients go out: to parameters by path, then to inputs; not to tokens.
//
// CHECK-LABEL: rnn.model @ports(
// CHECK-LABEL: rnn.model @ports.backward(
// CHECK-SAME:    %x "x" : !rnn.stream<4xf32, #t>, %i "i" : !rnn.stream<!rnn.token<3>, #t>,
// CHECK-SAME:    %d.slow "d.slow" : !rnn.stream<4xf32, #t>, %d.table "d.table" : !rnn.stream<3xf32, #sample>) {
// CHECK-NOT:   rnn.generate
// CHECK-DAG:   %[[SLOW:.*]] = rnn.latest %d.slow : {{.*}} -> !rnn.stream<4xf32, #every2_t>
// CHECK-DAG:   %[[A:.*]] = rnn.total %d.table
// CHECK-DAG:   %[[ZERO:.*]] = rnn.const 0.0 : tensor<2xf32>
// CHECK-DAG:   %[[DX:.*]] = rnn.reduce sum reverse %[[SLOW]]
// CHECK:       rnn.return "slow" = %{{.*}}, "table" = %a, "rows" = %{{.*}}, "i" = %i, "d.a" = %[[A]], "d.b" = %[[ZERO]], "d.x" = %[[DX]] :
rnn.model @ports(%x "x" : !x, %i "i" : !rnn.stream<!rnn.token<3>, #t>) {
  %b = rnn.param "b" init(zeros) : tensor<2xf32>
  %a = rnn.param "a" init(zeros) : tensor<3xf32>
  %slow = rnn.latest %x : !x -> !rnn.stream<4xf32, #t2>
  %rows = rnn.cross %x : !x -> !rnn.stream<4xf32, #p>
  rnn.generate "i" from %i next start 0 limit 4 : !rnn.stream<!rnn.token<3>, #t>
  rnn.return "slow" = %slow, "table" = %a, "rows" = %rows, "i" = %i : !rnn.stream<4xf32, #t2>, tensor<3xf32>, !rnn.stream<4xf32, #p>, !rnn.stream<!rnn.token<3>, #t>
}

// Nothing flows to inputs that are fixed.
//
// CHECK-LABEL: rnn.model @fixed.backward(
// CHECK-NOT:   rnn.scale
// CHECK:       %[[NONE:.*]] = rnn.const 0.0 : !rnn.stream<4xf32, #t>
// CHECK:       rnn.return "y" = %{{.*}}, "d.W" = %{{.*}}, "d.x" = %[[NONE]] :
rnn.model @fixed(%x "x" : !x) attributes {fixed_inputs} {
  %W = rnn.param "W" init(glorot) : tensor<4xf32>
  %y = rnn.matmul %W, %x : tensor<4xf32>, !x
  rnn.return "y" = %y : !rnn.stream<f32, #t>
}
