// What is computed tick by tick does not look at other ticks; a loop runs in one direction, and on a clock that is known.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>) {
  %y = step.par {
    // expected-error@+1 {{'rnn.latest' op in a step.par looks at more than its own tick [S2]}}
    %a = rnn.latest %x : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #t>
    step.yield %a : !rnn.stream<4xf32, #t>
  } : !rnn.stream<4xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>) {
  %y = step.par {
    // expected-error@+1 {{'rnn.softmax' op in a step.par looks at more than its own tick [S2]}}
    %a = rnn.softmax %x per(#rnn.axis<"sample">) : !rnn.stream<4xf32, #t>
    step.yield %a : !rnn.stream<4xf32, #t>
  } : !rnn.stream<4xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>) {
  step.par {
    // expected-error@+1 {{'rnn.state' op in a step.par looks at more than its own tick [S2]}}
    %a = rnn.state "h" : !rnn.state<!rnn.stream<4xf32, #t>>
    step.yield
  }
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>) {
  step.scan on #t reverse {
    // expected-error@+1 {{'rnn.state' op runs forward in time in a loop that runs the other way [S2]}}
    %s = rnn.state "h" : !rnn.state<!rnn.stream<4xf32, #t>>
    rnn.next %s, %x : !rnn.stream<4xf32, #t>
    step.yield
  }
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>) {
  step.scan on #t {
    // expected-error@+1 {{'rnn.reduce' op runs backward in time in a loop that runs the other way [S2]}}
    %s = rnn.reduce sum reverse %x : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #rnn.axis<"sample">>
    step.yield
  }
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>) {
  step.scan on #t {
    // expected-error@+1 {{'rnn.cumsum' op takes part in a loop and depends on ticks to come [S2]}}
    %s = rnn.cumsum %x per(#rnn.axis<"sample">) : !rnn.stream<4xf32, #t>
    step.yield
  }
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#e = #rnn.event<0 of #t>
step.schedule @m(%x "x" : !rnn.stream<i1, #t>) {
  // expected-error@+1 {{'step.scan' op steps or is split by #rnn.event<0 of #rnn.axis<"step">>, which is not defined above [S2]}}
  step.scan on #t split(after #e) {
    rnn.event #e = %x
    step.yield
  }
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#e = #rnn.event<0 of #t>
step.schedule @m(%x "x" : !rnn.stream<i1, #t>) {
  step.scan on #t {
    // expected-error@+1 {{'rnn.latest' op ticks or restarts by #rnn.event<0 of #rnn.axis<"step">>, which is not defined above [S2]}}
    %y = rnn.latest %x : !rnn.stream<i1, #t> -> !rnn.stream<i1, #e>
    rnn.event #e = %x
    step.yield
  }
  rnn.return
}

// -----

// Between groups all ticks are computed at once: what restarts there must be known.
#t = #rnn.axis<"step">
#e = #rnn.event<0 of #t>
step.schedule @m(%x "x" : !rnn.stream<i1, #t>) {
  // expected-error@+1 {{'step.before' op ticks or restarts by #rnn.event<0 of #rnn.axis<"step">>, which is not defined above [S2]}}
  %y = step.before restart(after #e) %x : !rnn.stream<i1, #t> -> !rnn.stream<i1, #t>
  rnn.event #e = %x
  rnn.return
}

// -----

#t = #rnn.axis<"step">
!x = !rnn.stream<4xf32, #t>
step.schedule @m(%x "x" : !x) {
  // expected-error@+1 {{'step.par' op is chunked, but not read by one step.scan alone [S2]}}
  %y = step.par chunked {
    %a = rnn.tanh %x : !x
    step.yield %a : !x
  } : !x
  rnn.return "y" = %y : !x
}

// -----

#t = #rnn.axis<"step">
!x = !rnn.stream<4xf32, #t>
step.schedule @m(%x "x" : !x) {
  // expected-error@+1 {{'step.par' op trails no step.scan right above it [S2]}}
  %y = step.par trailing {
    %a = rnn.tanh %x : !x
    step.yield %a : !x
  } : !x
  rnn.return "y" = %y : !x
}
