// What only moves elements moves adjoints back.
//
// RUN: rondo-opt --rondo-gradient %s | FileCheck %s

#t = #rnn.axis<"t">
!x = !rnn.stream<4xf32, #t>
!h = !rnn.stream<2xf32, #t>

// What was taken apart is put together, not added up.
//
// CHECK-LABEL: rnn.model @slices.backward
// CHECK-DAG:   %[[A:.*]] = rnn.dtanh
// CHECK-DAG:   %[[B:.*]] = rnn.dsigmoid
// CHECK-NOT:   rnn.pad
// CHECK:       %[[DX:.*]] = rnn.concat %[[A]], %[[B]] axis 0
// CHECK:       rnn.return {{.*}}, "d.x" = %[[DX]]
rnn.model @slices(%x "x" : !x) {
  %a = rnn.slice %x [0, 2] axis 0 : !x
  %b = rnn.slice %x [2, 4] axis 0 : !x
  %y = rnn.tanh %a : !h
  %z = rnn.sigmoid %b : !h
  rnn.return "y" = %y, "z" = %z : !h, !h
}

// CHECK-LABEL: rnn.model @some.backward
// CHECK:       %[[DX:.*]] = rnn.pad %d.y{{ ?}}[1, 3 of 4] axis 0
// CHECK:       rnn.return {{.*}}, "d.x" = %[[DX]]
rnn.model @some(%x "x" : !x) {
  %y = rnn.slice %x [1, 3] axis 0 : !x
  rnn.return "y" = %y : !h
}

// CHECK-LABEL: rnn.model @chosen.backward
// CHECK:       %[[DA:.*]] = rnn.select %c, %d.y, %[[ZERO:.*]] :
// CHECK:       %[[DB:.*]] = rnn.select %c, %[[ZERO]], %d.y :
// CHECK:       rnn.return {{.*}}, "d.a" = %[[DA]], "d.b" = %[[DB]]
rnn.model @chosen(%c "c" : !rnn.stream<i1, #t>, %a "a" : !x, %b "b" : !x) {
  %y = rnn.select %c, %a, %b : !rnn.stream<i1, #t>, !x
  rnn.return "y" = %y : !x
}

// The first of the largest.
//
// CHECK-LABEL: rnn.model @largest.backward
// CHECK:       %[[DY:.*]] = rnn.repeat %d.y
// CHECK:       %[[FIRST:.*]] = rnn.pick %x
// CHECK:       %[[DX:.*]] = rnn.select %[[FIRST]], %[[DY]]
// CHECK:       rnn.return {{.*}}, "d.x" = %[[DX]]
rnn.model @largest(%x "x" : !x) {
  %y = rnn.fold max %x all : !x
  rnn.return "y" = %y : !rnn.stream<f32, #t>
}
