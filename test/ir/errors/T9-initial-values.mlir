// Initialisers fit their parameters.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

rnn.model @m() {
  // expected-error@+1 {{unknown initialiser `lecun` [T9]}}
  %W = rnn.param "W" init(lecun) : tensor<4xf32>
  rnn.return
}

// -----

rnn.model @m() {
  // expected-error@+1 {{has initial values of another shape than 'tensor<4xf32>' [T9]}}
  %W = rnn.param "W" init(values([1.0, 2.0])) : tensor<4xf32>
  rnn.return
}

// -----

rnn.model @m() {
  // expected-error@+1 {{`uniform` takes one number [T9]}}
  %W = rnn.param "W" init(uniform([1.0, 2.0])) : tensor<4xf32>
  rnn.return
}

// -----

rnn.model @m() {
  // expected-error@+1 {{of 'i64' is not drawn at random [T9]}}
  %W = rnn.param "W" init(glorot) : tensor<4xi64>
  rnn.return
}
