// Inputs, outputs and losses have names of their own.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"t">
// expected-error@+1 {{has two inputs "x" [N1]}}
rnn.model @m(%x "x" : !rnn.stream<f32, #t>, %y "x" : !rnn.stream<f32, #t>) {
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{names two outputs "y" [N1]}}
  rnn.return "y" = %x, "y" = %x : !rnn.stream<f32, #t>, !rnn.stream<f32, #t>
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  rnn.loss "l" %x : !rnn.stream<f32, #t>
  // expected-error@+1 {{"l" is defined twice [N1]}}
  rnn.loss "l" %x : !rnn.stream<f32, #t>
  rnn.return
}
