// Every loop passes through a slot, and all of it runs in one direction of time.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"t">
rnn.model @in_place(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{operand #1 does not dominate this use}}
  %0 = rnn.add %x, %1 : !rnn.stream<f32, #t>
  // expected-note@+1 {{operand defined here (op in the same block)}}
  %1 = rnn.tanh %0 : !rnn.stream<f32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
!s = !rnn.stream<f32, #t>
rnn.model @two_directions(%x "x" : !s) {
  %f = rnn.state "f" : !rnn.state<!s>
  %b = rnn.state "b" reverse : !rnn.state<!s>
  // expected-note@+1 {{the loop runs forward here}}
  %hf = rnn.read %f : !rnn.state<!s> -> !s
  // expected-error@+1 {{runs backward in time in a loop that runs the other way [S2]}}
  %hb = rnn.read %b : !rnn.state<!s> -> !s
  %y = rnn.add %hf, %hb : !s
  rnn.next %f, %y : !s
  rnn.next %b, %y : !s
  rnn.return
}

// -----

#u = #rnn.axis<"u">
#t = #rnn.axis<"t" in #u>
!s = !rnn.stream<f32, #t>
!u = !rnn.stream<f32, #u>
rnn.model @spread(%x "x" : !s) {
  %f = rnn.state "f" : !rnn.state<!s>
  // expected-note@+1 {{the loop runs forward here}}
  %h = rnn.read %f : !rnn.state<!s> -> !s
  %sum = rnn.reduce sum %h : !s -> !u
  // expected-error@+1 {{runs backward in time in a loop that runs the other way [S2]}}
  %back = rnn.latest reverse %sum : !u -> !s
  rnn.next %f, %back : !s
  rnn.return
}

// -----

#u = #rnn.axis<"u">
#t = #rnn.axis<"t" in #u>
!s = !rnn.stream<f32, #t>
rnn.model @rows(%x "x" : !s) {
  %f = rnn.state "f" : !rnn.state<!s>
  %h = rnn.read %f : !rnn.state<!s> -> !s
  // expected-error@+1 {{takes part in a loop and depends on ticks to come [S2]}}
  %y = rnn.softmax %h per(#u) : !s
  rnn.next %f, %y : !s
  rnn.return
}

// -----

#t = #rnn.axis<"t">
!s = !rnn.stream<f32, #t>
rnn.model @total(%x "x" : !s) {
  %f = rnn.state "f" : !rnn.state<!s>
  %h = rnn.read %f : !rnn.state<!s> -> !s
  // expected-error@+1 {{takes part in a loop and depends on ticks to come [S2]}}
  %y = rnn.total %h : !s -> tensor<f32>
  %l = rnn.lift %y : tensor<f32> -> !s
  rnn.next %f, %l : !s
  rnn.return
}

// -----

// A loop through the clock: the state that ticks by the event decides the event, and something in it looks ahead.
#t = #rnn.axis<"t">
#e = #rnn.event<0 of #t>
!s = !rnn.stream<f32, #t>
!e = !rnn.stream<f32, #e>
rnn.model @clock(%x "x" : !s) {
  %f = rnn.state "f" : !rnn.state<!e>
  // expected-note@+1 {{the loop runs forward here}}
  %h = rnn.read %f : !rnn.state<!e> -> !s
  %c = rnn.compare lt %h, %x : !s
  rnn.event #e = %c
  // expected-error@+1 {{runs backward in time in a loop that runs the other way [S2]}}
  %xe = rnn.latest reverse %x : !s -> !e
  rnn.next %f, %xe : !e
  rnn.return
}
