// Sequences of a loop have no memory in common; slots stand in loops.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#sentence = #rnn.axis<"sentence">
#word = #rnn.axis<"word" in #sentence>
step.schedule @m(%x "x" : !rnn.stream<4xf32, #word>) {
  step.scan on #word split(after #sentence) {
    // expected-error@+1 {{'rnn.state' op remembers across after #rnn.axis<"sentence">, where its loop is split [S4]}}
    %s = rnn.state "h" restart(before #sentence) : !rnn.state<!rnn.stream<4xf32, #word>>
    rnn.next %s, %x : !rnn.stream<4xf32, #word>
    step.yield
  }
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{'step.scan' op on #rnn.axis<"step"> is split at #rnn.axis<"word">, of another base [S4]}}
  step.scan on #t split(after #rnn.axis<"word">) {
    step.yield
  }
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{'rnn.state' op is part of no loop: slots stand in a step.scan}}
  %s = rnn.state "h" : !rnn.state<!rnn.stream<4xf32, #t>>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>) {
  step.scan on #t {
    // expected-error@+1 {{"h" is read and never written [S1]}}
    %s = rnn.state "h" : !rnn.state<!rnn.stream<4xf32, #t>>
    %r = rnn.read %s : !rnn.state<!rnn.stream<4xf32, #t>> -> !rnn.stream<4xf32, #t>
    step.yield
  }
  rnn.return
}

// -----

// Paths are unique in the whole schedule.
#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<4xf32, #t>) {
  step.scan on #t {
    %s = rnn.state "h" : !rnn.state<!rnn.stream<4xf32, #t>>
    step.yield
  }
  step.scan on #t {
    // expected-error@+1 {{"h" is declared twice [N7]}}
    %s = rnn.state "h" : !rnn.state<!rnn.stream<4xf32, #t>>
    step.yield
  }
  rnn.return
}
