// Constants, initialisers, scopes and models in the text.
//
// RUN: rondo-opt %s > %t && rondo-opt %t | diff %t - && FileCheck %s < %t
// RUN: rondo-opt --mlir-print-op-generic %s | rondo-opt | diff %t -
// RUN: rondo-opt --mlir-print-debuginfo %s > %t.loc && rondo-opt --mlir-print-debuginfo %t.loc | diff %t.loc -

#s = #rnn.axis<"sentence">
#t = #rnn.axis<"word" in #s>

// CHECK: rnn.model @constants() {
rnn.model @constants() {
  // CHECK-NEXT: rnn.const 0.1 : tensor<4xf32>
  %a = rnn.const 0.1 : tensor<4xf32>
  // Equal elements are written once.
  // CHECK-NEXT: rnn.const 0.5 : tensor<2x2xf32>
  %b = rnn.const [[0.5, 0.5], [0.5, 0.5]] : tensor<2x2xf32>
  // A whole number is a real where a real is wanted.
  // CHECK-NEXT: rnn.const {{\[\[}}1.0, 2.0], [-3.0, 4.5]] : !rnn.stream<2x2xf32, #word>
  %c = rnn.const [[1, 2], [-3, 4.5]] : !rnn.stream<2x2xf32, #t>
  // CHECK-NEXT: rnn.const [nan, inf, -inf, -0.0, 1.0E-30, 1.0E+30] : tensor<6xf32>
  %d = rnn.const [nan, inf, -inf, -0.0, 1.0e-30, 1.0e+30] : tensor<6xf32>
  // Not the nearest float: the nearest double.
  // CHECK-NEXT: rnn.const [0.30000000000000004, 0.1, 3.141592653589793] : tensor<3xf32>
  %e = rnn.const [0.30000000000000004, 0.1, 3.141592653589793] : tensor<3xf32>
  // CHECK-NEXT: rnn.const [9223372036854775807, -9223372036854775808] : tensor<2xi64>
  %f = rnn.const [9223372036854775807, -9223372036854775808] : tensor<2xi64>
  // CHECK-NEXT: rnn.const [true, false] : tensor<2xi1>
  %g = rnn.const [true, false] : tensor<2xi1>
  // CHECK-NEXT: rnn.const 3 : !rnn.stream<!rnn.token<4>, #word>
  %h = rnn.const 3 : !rnn.stream<!rnn.token<4>, #t>
  // CHECK-NEXT: rnn.const 0.0 : tensor<0x3xf32>
  %i = rnn.const 0.0 : tensor<0x3xf32>
  // CHECK-NEXT: rnn.return{{$}}
  rnn.return
}

// CHECK: rnn.model training @params.train(%x "x" : !rnn.stream<4xf32, #word>, %two_words "two words" : !rnn.stream<i1, #word>) {
rnn.model training @params.train(%x "x" : !rnn.stream<4xf32, #t>, %y "two words" : !rnn.stream<i1, #t>) {
  // CHECK-NEXT: %b = rnn.param "b" init(zeros) : tensor<4xf32>
  %a = rnn.param "b" init(zeros) : tensor<4xf32>
  // CHECK-NEXT: %g = rnn.param "g" init(ones) : tensor<4xf32>
  %b = rnn.param "g" init(ones) : tensor<4xf32>
  // CHECK-NEXT: %core.U = rnn.param "core.U" init(uniform(0.1)) : tensor<4x4xf32>
  %c = rnn.param "core.U" init(uniform(0.1)) : tensor<4x4xf32>
  // CHECK-NEXT: rnn.param "layer.0.V" init(normal(2.0)) : tensor<4x4xf32>
  %d = rnn.param "layer.0.V" init(normal(2)) : tensor<4x4xf32>
  // CHECK-NEXT: rnn.param "f" init(values([1.0, -1.0])) : tensor<2xf32>
  %e = rnn.param "f" init(values([1.0, -1.0])) : tensor<2xf32>
  // CHECK-NEXT: rnn.param "k" init(values(3.0)) : tensor<4xf32>
  %f = rnn.param "k" init(values(3)) : tensor<4xf32>
  // CHECK: rnn.loss "l" {{%.*}} trains ["core", "layer.0.V"] : tensor<f32>
  %l = rnn.const 0.0 : tensor<f32>
  rnn.loss "l" %l trains ["core", "layer.0.V"] : tensor<f32>
  // CHECK: rnn.generate "x" from %x limit 12 : !rnn.stream<4xf32, #word>
  rnn.generate "x" from %x limit 12 : !rnn.stream<4xf32, #t>
  // CHECK-NEXT: rnn.return "y" = %x, "z" = %b : !rnn.stream<4xf32, #word>, tensor<4xf32>
  rnn.return "y" = %x, "z" = %a : !rnn.stream<4xf32, #t>, tensor<4xf32>
}

// CHECK: rnn.model @scopes(%x "x" : !rnn.stream<f32, #word>) {
rnn.model @scopes(%x "x" : !rnn.stream<f32, #t>) {
  // CHECK-NEXT: rnn.latest restart(after #sentence) %x
  %a = rnn.latest restart(after #s) %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #t>
  // CHECK-NEXT: rnn.latest reverse restart(after #sentence, before #every4_word) %x
  %b = rnn.latest reverse restart(after #s, before #rnn.every<4 phase 0 of #t>) %x
      : !rnn.stream<f32, #t> -> !rnn.stream<f32, #s>
  // CHECK-NEXT: rnn.reduce first reverse %x
  %c = rnn.reduce first reverse %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #s>
  // CHECK-NEXT: rnn.tick restart(before #sentence) : !rnn.stream<i64, #word>
  %d = rnn.tick restart(before #s) : !rnn.stream<i64, #t>
  // CHECK-NEXT: rnn.tick reverse : !rnn.stream<i64, #sentence>
  %e = rnn.tick reverse : !rnn.stream<i64, #s>
  rnn.return
}
