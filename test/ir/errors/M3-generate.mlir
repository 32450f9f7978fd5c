// One generate a model, of an input, from scores or from the input's own type.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{feeds "y", which is no input [M3]}}
  rnn.generate "y" from %x : !rnn.stream<f32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<!rnn.token<4>, #t>, %y "y" : !rnn.stream<5xf32, #t>) {
  // expected-error@+1 {{feeds '!rnn.stream<!rnn.token<4>, #rnn.axis<"t">>' from '!rnn.stream<5xf32, #rnn.axis<"t">>' [M3]}}
  rnn.generate "x" from %y : !rnn.stream<5xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<!rnn.token<4>, #t>, %y "y" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{starts or stops at 4, no value of '!rnn.token<4>' [M3]}}
  rnn.generate "x" from %y next start 0 stop 4 : !rnn.stream<4xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  rnn.generate "x" from %x : !rnn.stream<f32, #t>
  // expected-error@+1 {{is the second of its model [M3]}}
  rnn.generate "x" from %x : !rnn.stream<f32, #t>
  rnn.return
}
