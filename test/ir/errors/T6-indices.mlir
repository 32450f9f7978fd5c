// Indices are scalars in range.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"t">
rnn.model @m(%E "E" : !rnn.stream<3x2xf32, #t>, %i "i" : !rnn.stream<!rnn.token<4>, #t>) {
  // expected-error@+1 {{a token of 4 values indexes an axis of 3 [T6]}}
  %y = rnn.embed %E, %i : !rnn.stream<3x2xf32, #t>, !rnn.stream<!rnn.token<4>, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%E "E" : !rnn.stream<3x2xf32, #t>, %i "i" : !rnn.stream<2x!rnn.token<3>, #t>) {
  // expected-error@+1 {{an index is a scalar, not of shape [2] [T6]}}
  %y = rnn.embed %E, %i : !rnn.stream<3x2xf32, #t>, !rnn.stream<2x!rnn.token<3>, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%i "i" : !rnn.stream<!rnn.token<4>, #t>, %d "d" : !rnn.stream<2xf32, #t>) {
  // expected-error@+1 {{indexes an axis of 3 by a token of 4 [T6]}}
  %y = rnn.scatter_add %i, %d : !rnn.stream<!rnn.token<4>, #t>, !rnn.stream<2xf32, #t> -> tensor<3x2xf32>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{the slice 2..5 of an axis of 4 [T6]}}
  %y = rnn.slice %x [2, 5] axis 0 : !rnn.stream<4xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{the place 1..4 for an axis of 4 [T6]}}
  %y = rnn.pad %x [1, 4 of 8] axis 0 : !rnn.stream<4xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
#s = #rnn.axis<"sample">
rnn.model @m(%x "x" : !rnn.stream<5xf32, #t>, %y "y" : !rnn.stream<!rnn.token<6>, #t>) {
  // expected-error@+1 {{has labels of 6 values for 5 classes [T6]}}
  %l = rnn.ctc %x, %y : !rnn.stream<5xf32, #t>, !rnn.stream<!rnn.token<6>, #t> -> !rnn.stream<f32, #s>
  rnn.return
}
