// Reductions stay on one base, keep the shape, and know their elements.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{leads between #rnn.axis<"step"> and #rnn.axis<"frame">, which have no base in common [C7]}}
  %y = rnn.reduce sum %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #rnn.axis<"frame">>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#s = #rnn.axis<"sample">
rnn.model @m(%x "x" : !rnn.stream<i64, #t>) {
  // expected-error@+1 {{takes no mean of 'i64' [C7]}}
  %y = rnn.reduce mean %x : !rnn.stream<i64, #t> -> !rnn.stream<i64, #s>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<2xi1, #t>) {
  // expected-error@+1 {{no max of 'i1' [C7]}}
  %y = rnn.fold max %x all : !rnn.stream<2xi1, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<2x3xf32, #t>) {
  // expected-error@+1 {{axis 2 of a value of rank 2 [C7]}}
  %y = rnn.fold sum %x axis 2 : !rnn.stream<2x3xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{a scalar has no last axis: give the rows' clock by per(..) [C7]}}
  %y = rnn.softmax %x : !rnn.stream<f32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{goes over rows of #rnn.axis<"step"> per #rnn.axis<"frame">, of another base [C7]}}
  %y = rnn.cumsum %x per(#rnn.axis<"frame">) : !rnn.stream<f32, #t>
  rnn.return
}

// -----

rnn.model @m() {
  %x = rnn.const 0.0 : tensor<4xf32>
  // expected-error@+1 {{goes over the rows of 'tensor<4xf32>', which has none [C7]}}
  %y = rnn.softmax %x per(#rnn.axis<"step">) : tensor<4xf32>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#s = #rnn.axis<"sample">
rnn.model @m(%x "x" : !rnn.stream<5xf32, #t>, %y "y" : !rnn.stream<!rnn.token<5>, #rnn.axis<"label">>) {
  // expected-error@+1 {{has rows on #rnn.axis<"label">, which belong to no tick of #rnn.axis<"step"> [C7]}}
  %l = rnn.ctc %x, %y : !rnn.stream<5xf32, #t>, !rnn.stream<!rnn.token<5>, #rnn.axis<"label">> -> !rnn.stream<f32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#ts = #rnn.pair<#t, #rnn.axis<"source">>
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  %p = rnn.cross %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #ts>
  // expected-error@+1 {{says `source`, but does not lead from the pairs of a clock with itself to that clock}}
  %y = rnn.reduce sum source %p : !rnn.stream<f32, #ts> -> !rnn.stream<f32, #t>
  rnn.return
}
