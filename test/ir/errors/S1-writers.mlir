// One next a state, at most one take an accumulator.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  %h = rnn.state "core.h" : !rnn.state<!rnn.stream<f32, #t>>
  // expected-note@+1 {{the first is here}}
  rnn.next %h, %x : !rnn.stream<f32, #t>
  // expected-error@+1 {{writes a slot a second time [S1]}}
  rnn.next %h, %x : !rnn.stream<f32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m() {
  // expected-error@+1 {{"core.h" is read and never written [S1]}}
  %h = rnn.state "core.h" : !rnn.state<!rnn.stream<f32, #t>>
  %y = rnn.read %h : !rnn.state<!rnn.stream<f32, #t>> -> !rnn.stream<f32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m() {
  %a = rnn.accum "d.h" : !rnn.accum<!rnn.stream<f32, #t>>
  // expected-note@+1 {{the first is here}}
  %x = rnn.take %a : !rnn.accum<!rnn.stream<f32, #t>> -> !rnn.stream<f32, #t>
  // expected-error@+1 {{takes from a slot a second time [S1]}}
  %y = rnn.take %a : !rnn.accum<!rnn.stream<f32, #t>> -> !rnn.stream<f32, #t>
  rnn.return
}
