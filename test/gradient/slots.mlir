// The adjoint of a state is an accumulator in which time runs the other way.
//
// RUN: rondo-opt --rondo-gradient %s | FileCheck %s

#t = #rnn.axis<"t">
#t2 = #rnn.every<2 phase 0 of #t>
!x = !rnn.stream<4xf32, #t>
!x2 = !rnn.stream<4xf32, #t2>

// CHECK-LABEL: rnn.model @loop.backward
// CHECK:       %[[Y:.*]] = rnn.tanh
// CHECK:       rnn.next %h, %[[Y]]
// CHECK:       %[[D:.*]] = rnn.accum "d.h" reverse :
// CHECK:       %[[AHEAD:.*]] = rnn.take %[[D]]
// CHECK:       %[[DY:.*]] = rnn.add %d.y, %[[AHEAD]]
// CHECK:       %[[DA:.*]] = rnn.dtanh %[[Y]], %[[DY]]
// CHECK:       rnn.put %[[D]], %[[DA]]
// CHECK:       rnn.return {{.*}}, "d.x" = %[[DA]]
rnn.model @loop(%x "x" : !x) {
  %h = rnn.state "h" : !rnn.state<!x>
  %r = rnn.read %h : !rnn.state<!x> -> !x
  %a = rnn.add %r, %x : !x
  %y = rnn.tanh %a : !x
  rnn.next %h, %y : !x
  rnn.return "y" = %y : !x
}

// Scope and clock stay: what many fast ticks read of one slow one is put where they are, and taken where it is.
//
// CHECK-LABEL: rnn.model @read_elsewhere.backward
// CHECK:       %[[D:.*]] = rnn.accum "d.h" restart(after #sample) : !rnn.accum<!rnn.stream<4xf32, #every2_t>>
// CHECK-DAG:   rnn.put %[[D]], %d.y : {{.*}}, !rnn.stream<4xf32, #t>
// CHECK-DAG:   rnn.take %[[D]] : {{.*}} -> !rnn.stream<4xf32, #every2_t>
rnn.model @read_elsewhere(%x "x" : !x) {
  %h = rnn.state "h" reverse restart(after #rnn.axis<"sample">) : !rnn.state<!x2>
  %s = rnn.latest %x : !x -> !x2
  rnn.next %h, %s : !x2
  %y = rnn.read %h : !rnn.state<!x2> -> !x
  rnn.return "y" = %y : !x
}

// And back.
//
// CHECK-LABEL: rnn.model @accumulator.backward
// CHECK:       %[[D:.*]] = rnn.state "d.a" reverse :
// CHECK:       rnn.next %[[D]], %d.y
// CHECK:       rnn.read %[[D]]
rnn.model @accumulator(%x "x" : !x) {
  %a = rnn.accum "a" : !rnn.accum<!x>
  rnn.put %a, %x : !rnn.accum<!x>, !x
  %y = rnn.take %a : !rnn.accum<!x> -> !x
  rnn.return "y" = %y : !x
}

// A slot of counts has no adjoint, nor has one that no gradient is wanted of.
//
// CHECK-LABEL: rnn.model @counts.backward
// CHECK-NOT:   rnn.accum
// CHECK:       rnn.return
rnn.model @counts(%i "i" : !rnn.stream<i64, #t>, %x "x" : !x) {
  %n = rnn.state "n" : !rnn.state<!rnn.stream<i64, #t>>
  %r = rnn.read %n : !rnn.state<!rnn.stream<i64, #t>> -> !rnn.stream<i64, #t>
  rnn.next %n, %i : !rnn.stream<i64, #t>
  %f = rnn.convert %r : !rnn.stream<i64, #t> -> !rnn.stream<f32, #t>
  %h = rnn.state "h" : !rnn.state<!rnn.stream<f32, #t>>
  %g = rnn.read %h : !rnn.state<!rnn.stream<f32, #t>> -> !rnn.stream<f32, #t>
  rnn.next %h, %f : !rnn.stream<f32, #t>
  %y = rnn.scale %g, %x : !rnn.stream<f32, #t>, !x
  rnn.return "y" = %y : !x
}
