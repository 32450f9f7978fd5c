// Elements are f32, i64, i1 and tokens; operations take those that they are for.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

// expected-error@+1 {{elements are f32, i64, i1 or !rnn.token, not 'f16' [T1]}}
!x = !rnn.stream<4xf16, #rnn.axis<"step">>

// -----

// expected-error@+1 {{a token of 0 values [T1]}}
!x = !rnn.token<0>

// -----

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<4xi64, #t>) {
  // expected-error@+1 {{operand #0 must be a stream or a static tensor of f32}}
  %y = rnn.tanh %x : !rnn.stream<4xi64, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<!rnn.token<4>, #t>) {
  // expected-error@+1 {{operand #0 must be a stream or a static tensor of f32 or i64}}
  %y = rnn.add %x, %x : !rnn.stream<!rnn.token<4>, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{makes 'i1' of 'f32' [T1]}}
  %y = rnn.convert %x : !rnn.stream<f32, #t> -> !rnn.stream<i1, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{one_hot takes tokens, not 'f32' [T1]}}
  %y = rnn.one_hot %x : !rnn.stream<f32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{has no maximum along its last axis [T1]}}
  %y = rnn.argmax %x : !rnn.stream<f32, #t>
  rnn.return
}

// -----

rnn.model @m() {
  // expected-error@+1 {{has the number 4, no token of 4 [T1]}}
  %k = rnn.const [0, 4] : tensor<2x!rnn.token<4>>
  rnn.return
}

// -----

rnn.model @m() {
  // expected-error@+1 {{the constant is no 'i64' [T1]}}
  %k = rnn.const 0.5 : tensor<i64>
  rnn.return
}

// -----

rnn.model @m() {
  // expected-error@+1 {{the constant is no 'f32' [T1]}}
  %k = rnn.const true : tensor<f32>
  rnn.return
}
