// From clock to clock: seen from behind, time runs the other way.
//
// RUN: rondo-opt --rondo-gradient %s | FileCheck %s

#s = #rnn.axis<"sentence">
#w = #rnn.axis<"word" in #s>
#p = #rnn.pair<#rnn.axis<"q">, #w>
!x = !rnn.stream<4xf32, #w>
!y = !rnn.stream<4xf32, #s>

// What many see of one is summed: those from its tick on, up to its next one.
//
// CHECK-LABEL: rnn.model @latest.backward
// CHECK:       rnn.reduce sum reverse restart(after #[[S:.*]]) %d.y : !rnn.stream<4xf32, #[[W:.*]]> -> !rnn.stream<4xf32, #[[S]]>
rnn.model @latest(%x "x" : !y) {
  %y = rnn.latest restart(after #s) %x : !y -> !x
  rnn.return "y" = %y : !x
}

// What one is made of many each of them sees ahead.
//
// CHECK-LABEL: rnn.model @sum.backward
// CHECK:       rnn.latest reverse %d.y
rnn.model @sum(%x "x" : !x) {
  %y = rnn.reduce sum %x : !x -> !y
  rnn.return "y" = %y : !y
}

// CHECK-LABEL: rnn.model @mean.backward
// CHECK:       %[[ONES:.*]] = rnn.const 1.0
// CHECK:       %[[COUNT:.*]] = rnn.reduce sum %[[ONES]]
// CHECK:       %[[EACH:.*]] = rnn.div %d.y
// CHECK:       rnn.latest reverse %[[EACH]]
rnn.model @mean(%x "x" : !x) {
  %y = rnn.reduce mean %x : !x -> !y
  rnn.return "y" = %y : !y
}

// CHECK-LABEL: rnn.model @max.backward
// CHECK:       %[[FIRST:.*]] = rnn.pick %x per(
// CHECK:       rnn.select %[[FIRST]]
rnn.model @max(%x "x" : !x) {
  %y = rnn.reduce max %x : !x -> !y
  rnn.return "y" = %y : !y
}

// CHECK-LABEL: rnn.model @first.backward
// CHECK:       %[[TICK:.*]] = rnn.tick
// CHECK:       %[[ORDER:.*]] = rnn.neg %[[TICK]]
// CHECK:       %[[LEAST:.*]] = rnn.reduce max %[[ORDER]]
// CHECK:       %[[SEEN:.*]] = rnn.latest reverse %[[LEAST]]
// CHECK:       %[[IS:.*]] = rnn.compare eq %[[ORDER]], %[[SEEN]]
// CHECK:       rnn.select %[[IS]]
rnn.model @first(%x "x" : !x) {
  %y = rnn.reduce first %x : !x -> !y
  rnn.return "y" = %y : !y
}

// CHECK-LABEL: rnn.model @pairs.backward
// CHECK:       %[[DP:.*]] = rnn.cross %d.y
// CHECK:       rnn.reduce sum %[[DP]] : !rnn.stream<4xf32, #{{.*}}> -> !rnn.stream<4xf32, #word>
rnn.model @pairs(%x "x" : !x) {
  %p = rnn.cross %x : !x -> !rnn.stream<4xf32, #p>
  %y = rnn.reduce sum %p : !rnn.stream<4xf32, #p> -> !rnn.stream<4xf32, #rnn.axis<"q">>
  rnn.return "y" = %y : !rnn.stream<4xf32, #rnn.axis<"q">>
}

// CHECK-LABEL: rnn.model @tensors.backward
// CHECK:       %[[DB:.*]] = rnn.total %d.y
// CHECK:       rnn.return {{.*}}, "d.b" = %[[DB]]
rnn.model @tensors() {
  %b = rnn.param "b" init(zeros) : tensor<4xf32>
  %y = rnn.lift %b : tensor<4xf32> -> !x
  rnn.return "y" = %y : !x
}

// Of a clock with itself, what is seen as the source is summed over the targets.
//
// CHECK-LABEL: rnn.model @self.backward
// CHECK:       %[[DP:.*]] = rnn.cross %d.y
// CHECK:       rnn.reduce sum source %[[DP]] : !rnn.stream<4xf32, #{{.*}}> -> !rnn.stream<4xf32, #word>
#tt = #rnn.pair<#w, #w>
rnn.model @self(%x "x" : !x) {
  %p = rnn.cross source %x : !x -> !rnn.stream<4xf32, #tt>
  %y = rnn.reduce sum %p : !rnn.stream<4xf32, #tt> -> !x
  rnn.return "y" = %y : !x
}
