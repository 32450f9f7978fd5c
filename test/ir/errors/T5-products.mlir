// The ranks and sizes of products.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"t">
rnn.model @m(%W "W" : !rnn.stream<3x4xf32, #t>, %x "x" : !rnn.stream<3xf32, #t>) {
  %ok = rnn.matmul transposed %W, %x : !rnn.stream<3x4xf32, #t>, !rnn.stream<3xf32, #t>
  // expected-error@+1 {{a product of shapes [3, 4] and [3]: 4 is not 3 [T5]}}
  %y = rnn.matmul %W, %x : !rnn.stream<3x4xf32, #t>, !rnn.stream<3xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{a product of shapes [] and [] [T5]}}
  %y = rnn.matmul %x, %x : !rnn.stream<f32, #t>, !rnn.stream<f32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<3xf32, #t>) {
  // expected-error@+1 {{the transpose of shape [3] [T5]}}
  %y = rnn.matmul transposed %x, %x : !rnn.stream<3xf32, #t>, !rnn.stream<3xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<3xf32, #t>) {
  // expected-error@+1 {{makes 'tensor<3x4xf32>' of}}
  %y = rnn.outer %x, %x : !rnn.stream<3xf32, #t>, !rnn.stream<3xf32, #t> -> tensor<3x4xf32>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<3xf32, #t>) {
  // expected-error@+1 {{makes 'tensor<3x3xf32>' of}}
  %y = rnn.outer transposed %x, %x : !rnn.stream<3xf32, #t>, !rnn.stream<3xf32, #t> -> tensor<3x3xf32>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
#s = #rnn.axis<"sample">
rnn.model @m(%x "x" : !rnn.stream<2x5xf32, #t>, %y "y" : !rnn.stream<!rnn.token<5>, #t>) {
  // expected-error@+1 {{takes rows of real[K] and of tokens, for a scalar}}
  %l = rnn.ctc %x, %y : !rnn.stream<2x5xf32, #t>, !rnn.stream<!rnn.token<5>, #t> -> !rnn.stream<f32, #s>
  rnn.return
}
