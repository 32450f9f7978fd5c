// Along rows, and along the last axis.
//
// RUN: rondo-opt --rondo-gradient %s | FileCheck %s

#s = #rnn.axis<"sentence">
#w = #rnn.axis<"word" in #s>
#e = #rnn.event<0 of #w>
!x = !rnn.stream<4xf32, #w>

// y (dy - S(y dy)), S the sum of the rows of a sentence, which each of them sees ahead.
//
// CHECK-LABEL: rnn.model @softmax.backward
// CHECK:       %[[Y:.*]] = rnn.softmax %x per(
// CHECK:       %[[YDY:.*]] = rnn.mul %[[Y]], %d.y
// CHECK:       %[[SUM:.*]] = rnn.reduce sum %[[YDY]] : {{.*}} -> !rnn.stream<4xf32, #sentence>
// CHECK:       %[[DOT:.*]] = rnn.latest reverse %[[SUM]]
// CHECK:       %[[REST:.*]] = rnn.sub %d.y, %[[DOT]]
// CHECK:       rnn.mul %[[Y]], %[[REST]]
rnn.model @softmax(%x "x" : !x) {
  %y = rnn.softmax %x per(#s) : !x
  rnn.return "y" = %y : !x
}

// Rows behind the last event belong to nothing: what is zero whatever they are has no adjoint.
//
// CHECK-LABEL: rnn.model @log_softmax.backward
// CHECK:       %[[TRUE:.*]] = rnn.const true : !rnn.stream<i1, #[[E:.*]]>
// CHECK:       %[[IN:.*]] = rnn.latest reverse %[[TRUE]]
// CHECK:       rnn.select %[[IN]]
rnn.model @log_softmax(%x "x" : !x, %c "c" : !rnn.stream<i1, #w>) {
  rnn.event #e = %c
  %y = rnn.log_softmax %x per(#e) : !x
  rnn.return "y" = %y : !x
}

// CHECK-LABEL: rnn.model @others.backward
// CHECK:       rnn.overlap %{{.*}} per(
// CHECK:       rnn.cumsum reverse %{{.*}} per(
rnn.model @others(%x "x" : !x) {
  %c = rnn.cumsum %x per(#s) : !x
  %y = rnn.window 3 %c per(#s) : !x
  rnn.return "y" = %y : !rnn.stream<4x3xf32, #w>
}

// CHECK-LABEL: rnn.model @ctc.backward
// CHECK:       rnn.dctc %x, %l, %d.y
rnn.model @ctc(%x "x" : !x, %l "l" : !rnn.stream<!rnn.token<4>, #rnn.axis<"letter">>) {
  %y = rnn.ctc %x, %l : !x, !rnn.stream<!rnn.token<4>, #rnn.axis<"letter">> -> !rnn.stream<f32, #rnn.axis<"sample">>
  rnn.return "y" = %y : !rnn.stream<f32, #rnn.axis<"sample">>
}
