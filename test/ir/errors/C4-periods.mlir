// A period is at least 1, a phase less than it.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

// expected-error@+1 {{a period of 0 is not positive [C4]}}
#c = #rnn.every<0 phase 0 of #rnn.axis<"step">>

// -----

// expected-error@+1 {{phase 2 is not in 0..1 [C4]}}
#c = #rnn.every<2 phase 2 of #rnn.axis<"step">>

// -----

// expected-error@+1 {{phase -1 is not in 0..1 [C4]}}
#c = #rnn.every<2 phase -1 of #rnn.axis<"step">>
