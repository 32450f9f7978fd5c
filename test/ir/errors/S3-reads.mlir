// A state is read, and an accumulator written, on clocks of its own root.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  %h = rnn.state "h" : !rnn.state<!rnn.stream<f32, #t>>
  rnn.next %h, %x : !rnn.stream<f32, #t>
  // expected-error@+1 {{which have no base in common [S3]}}
  %y = rnn.read %h : !rnn.state<!rnn.stream<f32, #t>> -> !rnn.stream<f32, #rnn.axis<"u">>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  %a = rnn.accum "d" : !rnn.accum<!rnn.stream<f32, #rnn.axis<"u">>>
  // expected-error@+1 {{which have no base in common [S3]}}
  rnn.put %a, %x : !rnn.accum<!rnn.stream<f32, #rnn.axis<"u">>>, !rnn.stream<f32, #t>
  rnn.return
}
