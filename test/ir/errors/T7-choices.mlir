// A condition is a scalar or has the branches' shape; tokens have no order.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"t">
rnn.model @m(%c "c" : !rnn.stream<2xi1, #t>, %x "x" : !rnn.stream<4xf32, #t>) {
  // expected-error@+1 {{a condition is a scalar or has their shape [T7]}}
  %y = rnn.select %c, %x, %x : !rnn.stream<2xi1, #t>, !rnn.stream<4xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<!rnn.token<4>, #t>) {
  %same = rnn.compare eq %x, %x : !rnn.stream<!rnn.token<4>, #t>
  // expected-error@+1 {{orders '!rnn.token<4>', which has no order [T7]}}
  %y = rnn.compare lt %x, %x : !rnn.stream<!rnn.token<4>, #t>
  rnn.return
}
