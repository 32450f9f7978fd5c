// Held and sampled values stay on one base.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"step">
#f = #rnn.axis<"frame">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{leads between #rnn.axis<"step"> and #rnn.axis<"frame">, which have no base in common [C5]}}
  %y = rnn.latest %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #f>
  rnn.return
}

// -----

#t = #rnn.axis<"step" in #rnn.axis<"part">>
#f = #rnn.axis<"frame" in #rnn.axis<"part">>
rnn.model @m(%x "x" : !rnn.stream<f32, #rnn.axis<"part">>, %y "y" : !rnn.stream<f32, #t>) {
  // What lies in one part may spread to both of its bases, but not from one to the other.
  %a = rnn.latest reverse %x : !rnn.stream<f32, #rnn.axis<"part">> -> !rnn.stream<f32, #t>
  %b = rnn.latest reverse %x : !rnn.stream<f32, #rnn.axis<"part">> -> !rnn.stream<f32, #f>
  // expected-error@+1 {{have no base in common [C6]}}
  %c = rnn.latest reverse %y : !rnn.stream<f32, #t> -> !rnn.stream<f32, #f>
  rnn.return
}
