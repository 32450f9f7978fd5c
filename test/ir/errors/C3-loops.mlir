// All clocks of a loop tick at its steps only.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  step.scan on #t2 {
    // expected-error@+1 {{'rnn.exp' op is on #rnn.axis<"step">, which does not select from #rnn.every<2 phase 0 of #rnn.axis<"step">>, the clock of its loop [C3]}}
    %a = rnn.exp %x : !rnn.stream<f32, #t>
    step.yield
  }
  rnn.return
}

// -----

// Every third is not always a second.
#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
#t3 = #rnn.every<3 phase 0 of #t>
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  step.scan on #t2 {
    // expected-error@+1 {{'rnn.tick' op is on #rnn.every<3 phase 0 of #rnn.axis<"step">>, which does not select from #rnn.every<2 phase 0 of #rnn.axis<"step">>, the clock of its loop [C3]}}
    %a = rnn.tick : !rnn.stream<i64, #t3>
    step.yield
  }
  rnn.return
}

// -----

// What comes from a clock beyond the loop is sampled above it.
#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  step.scan on #t2 {
    // expected-error@+1 {{'rnn.latest' op uses a value on #rnn.axis<"step">, which does not select from #rnn.every<2 phase 0 of #rnn.axis<"step">>, the clock of its loop [C3]}}
    %a = rnn.latest %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #t2>
    step.yield
  }
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  step.scan on #t {
    // expected-error@+1 {{'rnn.const' op is on no clock, which does not select from #rnn.axis<"step">, the clock of its loop [C3]}}
    %a = rnn.const 1.0 : tensor<f32>
    step.yield
  }
  rnn.return
}
