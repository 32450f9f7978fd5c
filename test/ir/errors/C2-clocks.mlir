// Operands share one clock, and the result has it; a tensor counts on every clock.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>, %y "y" : !rnn.stream<4xf32, #rnn.axis<"frame">>) {
  // expected-note@-1 {{prior use here}}
  // expected-error@+1 {{use of value '%y' expects different type than prior uses}}
  %z = rnn.add %x, %y : !rnn.stream<4xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#f = #rnn.axis<"frame">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>, %y "y" : !rnn.stream<4xf32, #f>) {
  // expected-error@+1 {{clocks differ: #rnn.axis<"step"> and #rnn.axis<"frame"> [C2]}}
  %z = rnn.matmul %x, %y : !rnn.stream<4xf32, #t>, !rnn.stream<4xf32, #f>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#f = #rnn.axis<"frame">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>, %y "y" : !rnn.stream<4xf32, #f>) {
  // expected-error@+1 {{clocks differ: #rnn.axis<"step"> and #rnn.axis<"frame"> [C2]}}
  %z = rnn.concat %x, %y axis 0 : !rnn.stream<4xf32, #t>, !rnn.stream<4xf32, #f>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#f = #rnn.axis<"frame">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>, %y "y" : !rnn.stream<4xf32, #f>) {
  // expected-error@+1 {{clocks differ: #rnn.axis<"step"> and #rnn.axis<"frame"> [C2]}}
  %z = rnn.outer %x, %y : !rnn.stream<4xf32, #t>, !rnn.stream<4xf32, #f> -> tensor<4x4xf32>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#f = #rnn.axis<"frame">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{not on its operands' clock [C2]}}
  %z = rnn.outer %x, %x : !rnn.stream<4xf32, #t>, !rnn.stream<4xf32, #t> -> !rnn.stream<4x4xf32, #f>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#f = #rnn.axis<"frame">
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{the clock stays [C2]}}
  %z = rnn.reshape %x : !rnn.stream<4xf32, #t> -> !rnn.stream<2x2xf32, #f>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#f = #rnn.axis<"frame">
rnn.model @m(%c "c" : !rnn.stream<i1, #f>, %x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{clocks differ [C2]}}
  %z = rnn.select %c, %x, %x : !rnn.stream<i1, #f>, !rnn.stream<4xf32, #t>
  rnn.return
}
