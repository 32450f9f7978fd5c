// A window goes on with what its inputs `carry.` say, and gives that at its end; a row behind it is an input too.
// RUN: rondo-opt %s --rondo-form-windows | FileCheck %s
// RUN: rondo-opt %s --rondo-form-windows --rondo-gradient | FileCheck %s --check-prefix=GRADIENT

#t = #rnn.axis<"t">
!x = !rnn.stream<3xf32, #t>

// CHECK: rnn.model @sums(
// CHECK: rnn.model @sums.window(%x "x" : [[X:!rnn.stream<3xf32, #[a-z_]+>]], %window.ends "window.ends" : {{.*}}, %whole.next "whole.next" : {{.*}}, %carry.sum "carry.sum" : [[S:!rnn.stream<3xf32, #[a-z_0-9]+>]], %ahead.x "ahead.x" : [[S]])
// CHECK: [[BEFORE:%.*]] = rnn.read
// CHECK: [[BEGIN:%.*]] = rnn.latest reverse %carry.sum
// CHECK: rnn.select {{%.*}}, [[BEGIN]], [[BEFORE]]
// CHECK: rnn.latest reverse %ahead.x
// CHECK: [[END:%.*]] = rnn.select {{%.*}}, {{%.*}}, %carry.sum
// CHECK: rnn.return "sum" = {{%.*}}, "carry.sum" = [[END]]
// GRADIENT: rnn.model @sums.window.backward(
// GRADIENT-SAME: %d.carry.sum "d.carry.sum"
// GRADIENT: "d.carry.sum" = {{%.*}}, "d.ahead.x" = {{%.*}} :
rnn.model @sums(%x "x" : !x) {
  %s = rnn.state "sum" : !rnn.state<!x>
  %r = rnn.read %s : !rnn.state<!x> -> !x
  %y = rnn.add %r, %x : !x
  rnn.next %s, %y : !x
  %n = rnn.state "next" reverse : !rnn.state<!x>
  rnn.next %n, %x : !x
  %rx = rnn.read %n : !rnn.state<!x> -> !x
  %d = rnn.mul %rx, %y : !x
  %l = rnn.fold sum %d all : !x
  %left = rnn.tick reverse : !rnn.stream<i64, #t>
  %zero = rnn.const 0 : !rnn.stream<i64, #t>
  %more = rnn.compare ne %left, %zero : !rnn.stream<i64, #t>
  rnn.loss "next" %l valid %more : !rnn.stream<f32, #t>, !rnn.stream<i1, #t>
  rnn.return "sum" = %y : !x
}
