// Shapes fit.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{shape and elements stay [T4]}}
  %y = rnn.latest %x : !rnn.stream<4xf32, #t> -> !rnn.stream<2xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{makes '!rnn.stream<3xf32, #rnn.axis<"t">>' of '!rnn.stream<4xf32, #rnn.axis<"t">>': the elements stay [T4]}}
  %y = rnn.reshape %x : !rnn.stream<4xf32, #t> -> !rnn.stream<3xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{only leading axes are added [T4]}}
  %y = rnn.repeat %x : !rnn.stream<4xf32, #t> -> !rnn.stream<4x2xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>, %y "y" : !rnn.stream<2x4xf32, #t>) {
  // expected-error@+1 {{shapes [4] and [2, 4] do not join along axis 0 [T4]}}
  %z = rnn.concat %x, %y axis 0 : !rnn.stream<4xf32, #t>, !rnn.stream<2x4xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{makes parts of 3 in all of an axis of 4 [T4]}}
  %a, %b = rnn.split %x axis 0 : !rnn.stream<4xf32, #t> -> !rnn.stream<2xf32, #t>, !rnn.stream<1xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{makes '!rnn.stream<2xi64, #rnn.axis<"t">>' of}}
  %a, %b = rnn.split %x axis 0 : !rnn.stream<4xf32, #t> -> !rnn.stream<2xf32, #t>, !rnn.stream<2xi64, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<2x4xf32, #t>) {
  // expected-error@+1 {{[0, 0] is no order of the axes of shape [2, 4] [T4]}}
  %a = rnn.transpose %x [0, 0] : !rnn.stream<2x4xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{the factor is a scalar, not of shape [4] [T4]}}
  %a = rnn.scale %x, %x : !rnn.stream<4xf32, #t>, !rnn.stream<4xf32, #t>
  rnn.return
}

// -----

rnn.model @m() {
  // expected-error@+1 {{the constant's shape is not that of 'tensor<3xf32>' [T4]}}
  %a = rnn.const [1.0, 2.0] : tensor<3xf32>
  rnn.return
}

// -----

rnn.model @m() {
  // expected-error@+1 {{brackets of different sizes side by side}}
  %a = rnn.const [[1.0, 2.0], [3.0]] : tensor<2x2xf32>
  rnn.return
}
