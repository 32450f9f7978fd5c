// Scans whose memory all ends at the same cuts, known before them, run their stretches side by side.
//
// RUN: rondo-opt "--pass-pipeline=builtin.module(rondo-form-scans,step.schedule(rondo-batch-segments))" %s | FileCheck %s

#sentence = #rnn.axis<"sentence">
#word = #rnn.axis<"word" in #sentence>
#e = #rnn.event<1 of #word>
!x = !rnn.stream<3xf32, #word>
!c = !rnn.stream<i1, #word>

// CHECK-LABEL: step.schedule @sentences
// CHECK:       step.scan on #word split(after #sentence) {
rnn.model @sentences(%x "x" : !x) {
  %s = rnn.state "h" restart(after #sentence) : !rnn.state<!x>
  %h = rnn.read %s : !rnn.state<!x> -> !x
  %n = rnn.add %h, %x : !x
  rnn.next %s, %n : !x
  rnn.return "n" = %n : !x
}

// One of two slots goes on.
//
// CHECK-LABEL: step.schedule @both
// CHECK:       step.scan on #word {
rnn.model @both(%x "x" : !x) {
  %s = rnn.state "h" restart(after #sentence) : !rnn.state<!x>
  %u = rnn.state "g" : !rnn.state<!x>
  %h = rnn.read %s : !rnn.state<!x> -> !x
  %g = rnn.read %u : !rnn.state<!x> -> !x
  %m = rnn.mul %h, %g : !x
  %n = rnn.add %m, %x : !x
  rnn.next %s, %n : !x
  rnn.next %u, %n : !x
  rnn.return "n" = %n : !x
}

// The cuts of an event that is known before the loop; but not of one that the loop makes.
//
// CHECK-LABEL: step.schedule @events
// CHECK:       step.scan on #word split(before #{{.*}}) {
rnn.model @events(%x "x" : !x, %c "c" : !c) {
  rnn.event #e = %c
  %s = rnn.state "h" restart(before #e) : !rnn.state<!x>
  %h = rnn.read %s : !rnn.state<!x> -> !x
  %n = rnn.add %h, %x : !x
  rnn.next %s, %n : !x
  rnn.return "n" = %n : !x
}

// CHECK-LABEL: step.schedule @own_events
// CHECK:       step.scan on #word {
rnn.model @own_events(%x "x" : !x) {
  %s = rnn.state "h" restart(after #e) : !rnn.state<!x>
  %h = rnn.read %s : !rnn.state<!x> -> !x
  %n = rnn.add %h, %x : !x
  rnn.next %s, %n : !x
  %m = rnn.fold sum %n all : !x
  %one = rnn.const 1.0 : !rnn.stream<f32, #word>
  %c = rnn.compare ge %m, %one : !rnn.stream<f32, #word>
  rnn.event #e = %c
  %ne = rnn.latest %n : !x -> !rnn.stream<3xf32, #e>
  rnn.return "n" = %n, "e" = %ne : !x, !rnn.stream<3xf32, #e>
}
