// A loss is a scalar, its mask a boolean on its clock; it trains parameters that exist.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<2xf32, #t>) {
  // expected-error@+1 {{is a scalar, not '!rnn.stream<2xf32, #rnn.axis<"t">>' [M1]}}
  rnn.loss "l" %x : !rnn.stream<2xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
#u = #rnn.axis<"u">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>, %m "m" : !rnn.stream<i1, #u>) {
  // expected-error@+1 {{is masked by '!rnn.stream<i1, #rnn.axis<"u">>', not on the clock of}}
  rnn.loss "l" %x valid %m : !rnn.stream<f32, #t>, !rnn.stream<i1, #u>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  %W = rnn.param "enc.layer.0.W" init(zeros) : tensor<f32>
  // A path stands for all parameters under it, at whole names.
  rnn.loss "all" %x trains ["enc"] : !rnn.stream<f32, #t>
  rnn.loss "one" %x trains ["enc.layer.0.W"] : !rnn.stream<f32, #t>
  // expected-error@+1 {{trains "enc.lay", under which there is no parameter [M1]}}
  rnn.loss "none" %x trains ["enc.lay"] : !rnn.stream<f32, #t>
  rnn.return
}
