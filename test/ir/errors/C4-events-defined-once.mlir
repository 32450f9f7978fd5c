// An event clock is defined exactly once in its model.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<i1, #t>) {
  // expected-note@+1 {{the first is here}}
  rnn.event #rnn.event<0 of #t> = %x
  // expected-error@+1 {{defines event 0 a second time [C4]}}
  rnn.event #rnn.event<0 of #t> = %x
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#f = #rnn.axis<"frame">
rnn.model @m(%x "x" : !rnn.stream<i1, #t>, %y "y" : !rnn.stream<i1, #f>) {
  // expected-note@+1 {{the first is here}}
  rnn.event #rnn.event<0 of #t> = %x
  // expected-error@+1 {{defines event 0 a second time [C4]}}
  rnn.event #rnn.event<0 of #f> = %y
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#e = #rnn.event<3 of #t>
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{names an event clock that no rnn.event of the model defines [C4]}}
  %s = rnn.state "h" restart(after #e) : !rnn.state<!rnn.stream<f32, #t>>
  rnn.return
}
