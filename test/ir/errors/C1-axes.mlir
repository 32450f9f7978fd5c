// An axis lies in axes, of other names; `sample` lies in none.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

// expected-error@+1 {{axis "word" lies in #rnn.every<2 phase 0 of #rnn.axis<"step">>, which is no axis [C1]}}
#word = #rnn.axis<"word" in #rnn.every<2 phase 0 of #rnn.axis<"step">>>

// -----

// expected-error@+1 {{axis "word" lies in itself [C1]}}
#word = #rnn.axis<"word" in #rnn.axis<"sentence" in #rnn.axis<"word">>>

// -----

// expected-error@+1 {{"sample" is the coarsest axis and lies in no other [C1]}}
#s = #rnn.axis<"sample" in #rnn.axis<"word">>

// -----

// expected-error@+1 {{an axis has a name}}
#s = #rnn.axis<"">
