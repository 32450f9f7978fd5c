// A model's frame.
//
// RUN: rondo-opt --split-input-file --verify-diagnostics %s

// expected-error@+1 {{has 0 names for 1 inputs}}
"rnn.model"() ({
^bb0(%x: !rnn.stream<f32, #rnn.axis<"t">>):
  "rnn.return"() {names = []} : () -> ()
}) {inputs = [], sym_name = "m"} : () -> ()

// -----

// expected-error@+1 {{ends without rnn.return}}
rnn.model @m() {
  %x = rnn.const 0.0 : tensor<f32>
}

// -----

#t = #rnn.axis<"t">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{has 1 names for 0 values}}
  "rnn.return"() {names = ["y"]} : () -> ()
}

// -----

%c = rnn.const 0.0 : tensor<f32>
// expected-note@+1 {{required by region isolation constraints}}
rnn.model @m() {
  // expected-error@+1 {{using value defined outside the region}}
  rnn.return "c" = %c : tensor<f32>
}

// -----

rnn.model @m() {
  // expected-error@+1 {{is no equation of a model}}
  builtin.module {
  }
  rnn.return
}
