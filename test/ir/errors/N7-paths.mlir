// Parameters have paths of their own, and so have slots.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

rnn.model @m() {
  %a = rnn.param "core.W" init(zeros) : tensor<f32>
  // expected-error@+1 {{"core.W" is declared twice [N7]}}
  %b = rnn.param "core.W" init(zeros) : tensor<f32>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m() {
  %a = rnn.state "core.h" : !rnn.state<!rnn.stream<f32, #t>>
  // expected-error@+1 {{"core.h" is declared twice [N7]}}
  %b = rnn.state "core.h" : !rnn.state<!rnn.stream<f32, #t>>
  rnn.return
}
