// A scope is cut by clocks of the base that it is on.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"t">
rnn.model @m() {
  // expected-error@+1 {{on #rnn.axis<"t"> restarts at #rnn.axis<"u">, of another base [S4]}}
  %h = rnn.state "h" restart(after #rnn.axis<"u">) : !rnn.state<!rnn.stream<f32, #t>>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m() {
  // expected-error@+1 {{on #rnn.axis<"t"> restarts at #rnn.axis<"u">, of another base [S4]}}
  %h = rnn.tick restart(before #rnn.axis<"u">) : !rnn.stream<i64, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m() {
  // expected-error@+1 {{expected `after` or `before`}}
  %h = rnn.tick restart(#t) : !rnn.stream<i64, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m() {
  // expected-error@+1 {{a pair clock [S4]}}
  %h = rnn.tick restart(after #rnn.pair<#t, #t>) : !rnn.stream<i64, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m() {
  // expected-error@+1 {{is a scalar, not '!rnn.stream<2xi64, #rnn.axis<"t">>'}}
  %h = rnn.tick : !rnn.stream<2xi64, #t>
  rnn.return
}
