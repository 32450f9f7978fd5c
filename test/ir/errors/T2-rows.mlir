// A value has at most one collected axis; only `cross` and `reduce` lead to and from a pair clock.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

// expected-error@+1 {{a pair of #rnn.pair<#rnn.axis<"a">, #rnn.axis<"b">>: at most one axis is collected [T2]}}
#c = #rnn.pair<#rnn.pair<#rnn.axis<"a">, #rnn.axis<"b">>, #rnn.axis<"c">>

// -----

// expected-error@+1 {{ticks of #rnn.axis<"b"> lie in no tick of #rnn.axis<"p">, another base [C7]}}
#c = #rnn.pair<#rnn.axis<"a" in #rnn.axis<"p">>, #rnn.axis<"b"> per #rnn.axis<"p">>

// -----

#t = #rnn.axis<"t">
#ts = #rnn.pair<#t, #rnn.axis<"s">>
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{only cross and reduce do [T2]}}
  %y = rnn.latest %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #ts>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
#s = #rnn.axis<"s">
#ts = #rnn.pair<#t, #s>
rnn.model @m(%x "x" : !rnn.stream<f32, #rnn.axis<"u">>) {
  // expected-error@+1 {{leads from #rnn.axis<"u">, neither side of #rnn.pair<#rnn.axis<"t">, #rnn.axis<"s">> [T2]}}
  %y = rnn.cross %x : !rnn.stream<f32, #rnn.axis<"u">> -> !rnn.stream<f32, #ts>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{leads to #rnn.axis<"t">, no pair clock [T2]}}
  %y = rnn.cross %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
#ts = #rnn.pair<#t, #rnn.axis<"s">>
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{says `source` though the sides of #rnn.pair<#rnn.axis<"t">, #rnn.axis<"s">> differ}}
  %y = rnn.cross source %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #ts>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
#ts = #rnn.pair<#t, #rnn.axis<"s">>
#tr = #rnn.pair<#t, #rnn.axis<"r">>
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  %y = rnn.cross %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #ts>
  // expected-error@+1 {{the source rows differ [T2]}}
  %z = rnn.latest %y : !rnn.stream<f32, #ts> -> !rnn.stream<f32, #tr>
  rnn.return
}

// -----

#t = #rnn.axis<"t">
#s = #rnn.axis<"s">
#ts = #rnn.pair<#t, #s>
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  %y = rnn.cross %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #ts>
  // expected-error@+1 {{goes over rows per #rnn.axis<"s">, not per #rnn.axis<"t">, the target of}}
  %z = rnn.softmax %y per(#s) : !rnn.stream<f32, #ts>
  rnn.return
}
