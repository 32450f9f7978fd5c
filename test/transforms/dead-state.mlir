// Slots that no output, loss or event needs vanish with what only they need.
//
// RUN: rondo-opt --rondo-dead-state %s | FileCheck %s

#t = #rnn.axis<"step">
!x = !rnn.stream<f32, #t>

// A loop that is only read by itself; ordinary dead code elimination keeps it, for its write is an effect.
//
// CHECK-LABEL: rnn.model @unread_loop
// CHECK-NEXT:  rnn.return "y" = %x
rnn.model @unread_loop(%x "x" : !x) {
  %s = rnn.state "count" : !rnn.state<!x>
  %r = rnn.read %s : !rnn.state<!x> -> !x
  %n = rnn.add %r, %x : !x
  rnn.next %s, %n : !x
  rnn.return "y" = %x : !x
}

// Two slots that need each other, one of which a loss needs: both stay.
//
// CHECK-LABEL: rnn.model @needed_by_a_loss
// CHECK:       rnn.state "a"
// CHECK:       rnn.state "b"
// CHECK:       rnn.next %a
// CHECK:       rnn.next %b
rnn.model @needed_by_a_loss(%x "x" : !x) {
  %a = rnn.state "a" : !rnn.state<!x>
  %b = rnn.state "b" : !rnn.state<!x>
  %ra = rnn.read %a : !rnn.state<!x> -> !x
  %rb = rnn.read %b : !rnn.state<!x> -> !x
  %na = rnn.add %rb, %x : !x
  rnn.next %a, %na : !x
  rnn.next %b, %ra : !x
  rnn.loss "loss" %ra : !x
  rnn.return
}

// An event is needed by what ticks on it, and by what restarts at it; else it goes, and with it what decides it.
//
// CHECK-LABEL: rnn.model @events
// CHECK:       %[[C0:.*]] = rnn.compare gt %x, %x
// CHECK:       rnn.event #event0_step = %[[C0]]
// CHECK:       %[[C1:.*]] = rnn.compare lt %x, %x
// CHECK:       rnn.event #event1_step = %[[C1]]
// CHECK-NOT:   rnn.compare
// CHECK-NOT:   rnn.event
// CHECK:       rnn.return
#e0 = #rnn.event<0 of #t>
#e1 = #rnn.event<1 of #t>
#e2 = #rnn.event<2 of #t>
rnn.model @events(%x "x" : !x) {
  %c0 = rnn.compare gt %x, %x : !x
  rnn.event #e0 = %c0
  %c1 = rnn.compare lt %x, %x : !x
  rnn.event #e1 = %c1
  %c2 = rnn.compare eq %x, %x : !x
  rnn.event #e2 = %c2
  %xe = rnn.latest %x : !x -> !rnn.stream<f32, #e0>
  %h = rnn.latest restart(before #e1) %xe : !rnn.stream<f32, #e0> -> !x
  %dead = rnn.latest %x : !x -> !rnn.stream<f32, #e2>
  rnn.return "y" = %h : !x
}

// Parameters are the model's face: they stay. So does an accumulator that is taken from, with all that is put into it.
//
// CHECK-LABEL: rnn.model @params_and_accums
// CHECK:       rnn.param "W"
// CHECK:       rnn.accum "d"
// CHECK:       rnn.put %d
// CHECK:       rnn.take %d
rnn.model @params_and_accums(%x "x" : !x) {
  %W = rnn.param "W" init(zeros) : tensor<f32>
  %a = rnn.accum "d" reverse : !rnn.accum<!x>
  rnn.put %a, %x : !rnn.accum<!x>, !x
  %t = rnn.take %a : !rnn.accum<!x> -> !x
  rnn.return "y" = %t : !x
}
