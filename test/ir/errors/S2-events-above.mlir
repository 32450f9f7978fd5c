// An event stands above every value on its clock and every scope that is cut before it; slots, and scopes that are cut
// after it, may precede.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"t">
#e = #rnn.event<0 of #t>
rnn.model @value(%x "x" : !rnn.stream<f32, #t>, %c "c" : !rnn.stream<i1, #t>) {
  // expected-error@+1 {{ticks or restarts by #rnn.event<0 of #rnn.axis<"t">>, which is not defined above [S2]}}
  %y = rnn.latest %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #e>
  rnn.event #e = %c
  rnn.return
}

// -----

#t = #rnn.axis<"t">
#e = #rnn.event<0 of #t>
!s = !rnn.stream<f32, #t>
rnn.model @scope(%x "x" : !s, %c "c" : !rnn.stream<i1, #t>) {
  %before = rnn.state "b" restart(before #e) : !rnn.state<!s>
  %after = rnn.state "a" restart(after #e) : !rnn.state<!s>
  rnn.next %before, %x : !s
  rnn.next %after, %x : !s
  %ok = rnn.read %after : !rnn.state<!s> -> !s
  // expected-error@+1 {{ticks or restarts by #rnn.event<0 of #rnn.axis<"t">>, which is not defined above [S2]}}
  %h = rnn.read %before : !rnn.state<!s> -> !s
  rnn.event #e = %c
  rnn.return
}

// -----

#t = #rnn.axis<"t">
#e = #rnn.event<0 of #t>
rnn.model @nested(%x "x" : !rnn.stream<f32, #t>, %c "c" : !rnn.stream<i1, #t>) {
  // expected-error@+1 {{ticks or restarts by #rnn.event<0 of #rnn.axis<"t">>, which is not defined above [S2]}}
  %y = rnn.latest %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #rnn.every<2 phase 0 of #t from(before #e)>>
  rnn.event #e = %c
  rnn.return
}
