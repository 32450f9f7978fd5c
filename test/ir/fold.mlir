// Foldings that are obviously right: identities, and constants in f64 and i64.
//
// RUN: rondo-opt --canonicalize --split-input-file %s | FileCheck %s

#t = #rnn.axis<"step">
!s = !rnn.stream<4xf32, #t>

// CHECK-LABEL: rnn.model @identities
rnn.model @identities(%x "x" : !s, %c "c" : !rnn.stream<4xi1, #t>, %n "n" : !rnn.stream<i64, #t>) {
  %0 = rnn.const 0.0 : !s
  %1 = rnn.const 1.0 : !s
  %i0 = rnn.const 0 : !rnn.stream<i64, #t>
  %i1 = rnn.const 1 : !rnn.stream<i64, #t>
  %yes = rnn.const true : !rnn.stream<4xi1, #t>
  %no = rnn.const false : !rnn.stream<4xi1, #t>
  // CHECK-DAG: [[ZERO:%.*]] = rnn.const 0.0
  // CHECK-DAG: [[TRUE:%.*]] = rnn.const true
  // CHECK-DAG: [[FALSE:%.*]] = rnn.const false
  %minus = rnn.neg %x : !s
  %plus = rnn.neg %minus : !s
  %not = rnn.not %c : !rnn.stream<4xi1, #t>
  %yea = rnn.not %not : !rnn.stream<4xi1, #t>
  %a = rnn.add %0, %x : !s
  %b = rnn.sub %x, %0 : !s
  %d = rnn.mul %x, %1 : !s
  %e = rnn.div %x, %1 : !s
  %f = rnn.pow %x, %1 : !s
  %g = rnn.maximum %x, %x : !s
  %h = rnn.latest %x : !s -> !s
  %i = rnn.add %n, %i0 : !rnn.stream<i64, #t>
  %j = rnn.mul %i1, %n : !rnn.stream<i64, #t>
  %k = rnn.and %c, %yes : !rnn.stream<4xi1, #t>
  %l = rnn.or %yes, %c : !rnn.stream<4xi1, #t>
  %m = rnn.and %no, %c : !rnn.stream<4xi1, #t>
  %p = rnn.select %yes, %x, %0 : !rnn.stream<4xi1, #t>, !s
  %q = rnn.select %c, %x, %x : !rnn.stream<4xi1, #t>, !s
  // NaN times nothing is NaN: this stays.
  // CHECK: [[PRODUCT:%.*]] = rnn.mul %x, [[ZERO]]
  %nan = rnn.mul %x, %0 : !s
  // CHECK: rnn.return "plus" = %x, "yea" = %c, "a" = %x, "b" = %x, "d" = %x, "e" = %x, "f" = %x, "g" = %x, "h" = %x,
  // CHECK-SAME: "i" = %n, "j" = %n, "k" = %c, "l" = [[TRUE]], "m" = [[FALSE]], "p" = %x, "q" = %x, "nan" = [[PRODUCT]]
  rnn.return "plus" = %plus, "yea" = %yea, "a" = %a, "b" = %b, "d" = %d, "e" = %e, "f" = %f, "g" = %g, "h" = %h, "i" = %i,
      "j" = %j, "k" = %k, "l" = %l, "m" = %m, "p" = %p, "q" = %q, "nan" = %nan
      : !s, !rnn.stream<4xi1, #t>, !s, !s, !s, !s, !s, !s, !s, !rnn.stream<i64, #t>, !rnn.stream<i64, #t>,
        !rnn.stream<4xi1, #t>, !rnn.stream<4xi1, #t>, !rnn.stream<4xi1, #t>, !s, !s, !s
}

// -----

#t = #rnn.axis<"step">
!s = !rnn.stream<4xf32, #t>
!h = !rnn.stream<2xf32, #t>
!m = !rnn.stream<2x3xf32, #t>

// CHECK-LABEL: rnn.model @parts
rnn.model @parts(%x "x" : !s, %y "y" : !h, %m "m" : !m) {
  %a, %b = rnn.split %x axis 0 : !s -> !h, !h
  %joined = rnn.concat %a, %b axis 0 : !h, !h
  %z = rnn.concat %y, %a axis 0 : !h, !h
  %y1, %a1 = rnn.split %z axis 0 : !s -> !h, !h
  // In another order it is no joining again.
  // CHECK: [[SWAPPED:%.*]] = rnn.concat
  %swapped = rnn.concat %b, %a axis 0 : !h, !h
  %all = rnn.slice %x [0, 4] axis 0 : !s
  %padded = rnn.pad %x [0, 4 of 4] axis 0 : !s
  %t1 = rnn.transpose %m [1, 0] : !m
  %t2 = rnn.transpose %t1 [1, 0] : !rnn.stream<3x2xf32, #t>
  %r1 = rnn.reshape %m : !m -> !rnn.stream<6xf32, #t>
  %r2 = rnn.reshape %r1 : !rnn.stream<6xf32, #t> -> !m
  // CHECK: [[REPEATED:%.*]] = rnn.repeat %x : !rnn.stream<4xf32, #step> -> !rnn.stream<5x3x4xf32, #step>
  %p1 = rnn.repeat %x : !s -> !rnn.stream<3x4xf32, #t>
  %p2 = rnn.repeat %p1 : !rnn.stream<3x4xf32, #t> -> !rnn.stream<5x3x4xf32, #t>
  // CHECK: rnn.return "joined" = %x, "y1" = %y, "swapped" = [[SWAPPED]], "all" = %x, "padded" = %x, "t2" = %m, "r2" = %m, "p2" = [[REPEATED]]
  rnn.return "joined" = %joined, "y1" = %y1, "swapped" = %swapped, "all" = %all, "padded" = %padded, "t2" = %t2,
      "r2" = %r2, "p2" = %p2 : !s, !h, !s, !s, !s, !m, !m, !rnn.stream<5x3x4xf32, #t>
}

// -----

#t = #rnn.axis<"step">

// CHECK-LABEL: rnn.model @constants
rnn.model @constants() {
  %third = rnn.const 3 : tensor<f32>
  %one = rnn.const 1.0 : tensor<f32>
  // In f32 it would be 0.333333343.
  // CHECK-DAG: [[THIRD:%.*]] = rnn.const 0.3333333333333333 : tensor<f32>
  %f64 = rnn.div %one, %third : tensor<f32>
  // CHECK-DAG: [[LIFTED:%.*]] = rnn.const 0.3333333333333333 : !rnn.stream<2x3xf32, #step>
  %repeated = rnn.repeat %f64 : tensor<f32> -> tensor<2x3xf32>
  %lifted = rnn.lift %repeated : tensor<2x3xf32> -> !rnn.stream<2x3xf32, #t>
  %a = rnn.const [-7, 7, -7, 7, 5, -9223372036854775808] : tensor<6xi64>
  %b = rnn.const [2, 2, -2, -2, 0, -1] : tensor<6xi64>
  // Rounded down; by 0 gives 0; wraps around.
  // CHECK-DAG: [[DIV:%.*]] = rnn.const [-4, 3, 3, -4, 0, -9223372036854775808] : tensor<6xi64>
  %div = rnn.floordiv %a, %b : tensor<6xi64>
  // CHECK-DAG: [[MOD:%.*]] = rnn.const [1, 1, -1, -1, 0, 0] : tensor<6xi64>
  %mod = rnn.mod %a, %b : tensor<6xi64>
  %p = rnn.const [nan, 1.0, -1.0] : tensor<3xf32>
  %q = rnn.const [0.0, nan, 2.0] : tensor<3xf32>
  // CHECK-DAG: [[MAX:%.*]] = rnn.const [nan, nan, 2.0] : tensor<3xf32>
  %max = rnn.maximum %p, %q : tensor<3xf32>
  // CHECK-DAG: [[RELU:%.*]] = rnn.const [nan, 1.0, 0.0] : tensor<3xf32>
  %relu = rnn.relu %p : tensor<3xf32>
  // CHECK-DAG: [[LESS:%.*]] = rnn.const [false, false, true] : tensor<3xi1>
  %less = rnn.compare lt %p, %q : tensor<3xf32>
  // CHECK-DAG: [[REAL:%.*]] = rnn.const [0.0, 0.0, 1.0] : tensor<3xf32>
  %real = rnn.convert %less : tensor<3xi1> -> tensor<3xf32>
  // CHECK-DAG: [[SHAPED:%.*]] = rnn.const {{\[\[}}0.0, 0.0, 1.0]] : tensor<1x3xf32>
  %shaped = rnn.reshape %real : tensor<3xf32> -> tensor<1x3xf32>
  %huge = rnn.const -1000.0 : tensor<f32>
  // CHECK-DAG: [[SIGMOID:%.*]] = rnn.const 0.0 : tensor<f32>
  %sigmoid = rnn.sigmoid %huge : tensor<f32>
  // CHECK: rnn.return "f64" = [[THIRD]], "lifted" = [[LIFTED]], "div" = [[DIV]], "mod" = [[MOD]], "max" = [[MAX]],
  // CHECK-SAME: "relu" = [[RELU]], "less" = [[LESS]], "real" = [[REAL]], "shaped" = [[SHAPED]], "sigmoid" = [[SIGMOID]]
  rnn.return "f64" = %f64, "lifted" = %lifted, "div" = %div, "mod" = %mod, "max" = %max, "relu" = %relu, "less" = %less,
      "real" = %real, "shaped" = %shaped, "sigmoid" = %sigmoid
      : tensor<f32>, !rnn.stream<2x3xf32, #t>, tensor<6xi64>, tensor<6xi64>, tensor<3xf32>, tensor<3xf32>, tensor<3xi1>,
        tensor<3xf32>, tensor<1x3xf32>, tensor<f32>
}

// -----

#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>

// A held constant is 0 before the first tick: it is not the constant.
// CHECK-LABEL: rnn.model @held
rnn.model @held() {
  %c = rnn.const 1.0 : !rnn.stream<f32, #t2>
  // CHECK: rnn.latest
  %h = rnn.latest %c : !rnn.stream<f32, #t2> -> !rnn.stream<f32, #t>
  rnn.return "h" = %h : !rnn.stream<f32, #t>
}
