// All of a step.par is on one clock.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>, %z "z" : !rnn.stream<4xf32, #rnn.axis<"frame">>) {
  %y:2 = step.par {
    // expected-note@+1 {{the clock of the group is that of its first operation}}
    %a = rnn.tanh %x : !rnn.stream<4xf32, #t>
    // expected-error@+1 {{'rnn.tanh' op is on #rnn.axis<"frame"> in a step.par on #rnn.axis<"step">: clocks differ [C2]}}
    %b = rnn.tanh %z : !rnn.stream<4xf32, #rnn.axis<"frame">>
    step.yield %a, %b : !rnn.stream<4xf32, #t>, !rnn.stream<4xf32, #rnn.axis<"frame">>
  } : !rnn.stream<4xf32, #t>, !rnn.stream<4xf32, #rnn.axis<"frame">>
  rnn.return
}

// -----

// Tensors are computed in a group of their own.
#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>) {
  %w = rnn.param "w" init(zeros) : tensor<4xf32>
  %y = step.par {
    // expected-note@+1 {{the clock of the group is that of its first operation}}
    %a = rnn.tanh %x : !rnn.stream<4xf32, #t>
    // expected-error@+1 {{'rnn.exp' op is on no clock in a step.par on #rnn.axis<"step">: clocks differ [C2]}}
    %b = rnn.exp %w : tensor<4xf32>
    step.yield %a : !rnn.stream<4xf32, #t>
  } : !rnn.stream<4xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>, %z "z" : !rnn.stream<4xf32, #t>) {
  %y = step.par {
    // expected-error@+1 {{'rnn.outer' op in a step.par looks at more than its own tick [S2]}}
    %a = rnn.outer %x, %z : !rnn.stream<4xf32, #t>, !rnn.stream<4xf32, #t> -> tensor<4x4xf32>
    step.yield %a : tensor<4x4xf32>
  } : tensor<4x4xf32>
  rnn.return
}
