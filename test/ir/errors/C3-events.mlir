// An event selects from the clock of a boolean scalar.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<4xi1, #t>) {
  // expected-note@-1 {{prior use here}}
  // expected-error@+1 {{use of value '%x' expects different type than prior uses}}
  rnn.event #rnn.event<0 of #t> = %x
  rnn.return
}

// -----

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<4xi1, #t>) {
  // expected-error@+1 {{is defined by a scalar, not '!rnn.stream<4xi1, #rnn.axis<"step">>' [C3]}}
  "rnn.event"(%x) {clock = #rnn.event<0 of #t>} : (!rnn.stream<4xi1, #t>) -> ()
  rnn.return
}

// -----

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<i1, #t>) {
  // expected-error@+1 {{selects from #rnn.axis<"frame"> by a stream on #rnn.axis<"step"> [C3]}}
  "rnn.event"(%x) {clock = #rnn.event<0 of #rnn.axis<"frame">>} : (!rnn.stream<i1, #t>) -> ()
  rnn.return
}

// -----

// expected-error@+1 {{no clock selects from #rnn.pair<#rnn.axis<"a">, #rnn.axis<"b">>, a pair clock: select from its target [C3]}}
#e = #rnn.event<0 of #rnn.pair<#rnn.axis<"a">, #rnn.axis<"b">>>

// -----

// expected-error@+1 {{a pair clock: select from its target [C3]}}
#e = #rnn.every<2 phase 0 of #rnn.pair<#rnn.axis<"a">, #rnn.axis<"b">>>

// -----

// expected-error@+1 {{an event's number -1 is negative}}
#e = #rnn.event<-1 of #rnn.axis<"a">>
