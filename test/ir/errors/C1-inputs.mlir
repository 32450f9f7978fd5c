// Inputs are streams on axes.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

// expected-error@+1 {{has an input "x" of 'tensor<4xf32>', no stream on an axis [C1]}}
rnn.model @m(%x "x" : tensor<4xf32>) {
  rnn.return
}

// -----

#t = #rnn.axis<"step">
// expected-error@+1 {{has an input "x" of '!rnn.stream<f32, #rnn.every<2 phase 0 of #rnn.axis<"step">>>', no stream on an axis [C1]}}
rnn.model @m(%x "x" : !rnn.stream<f32, #rnn.every<2 phase 0 of #t>>) {
  rnn.return
}
