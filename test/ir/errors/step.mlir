// What a schedule consists of.
//
// RUN: rondo-opt --allow-unregistered-dialect --split-input-file --verify-diagnostics %s

// expected-error@+1 {{has an input "x" of 'tensor<f32>', no stream on an axis [C1]}}
step.schedule @m(%x "x" : tensor<f32>) {
  rnn.return
}

// -----

// expected-error@+1 {{ends without rnn.return}}
step.schedule @m() {
  %p = rnn.param "p" init(zeros) : tensor<f32>
}

// -----

step.schedule @m() {
  // expected-error@+1 {{'builtin.unrealized_conversion_cast' op is no part of a schedule}}
  %a = builtin.unrealized_conversion_cast to index
  rnn.return
}

// -----

rnn.model @m() {
  // expected-error@+1 {{'step.par' op expects parent op 'step.schedule'}}
  step.par {
    step.yield
  }
  rnn.return
}

// -----

#t = #rnn.axis<"step">
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{'step.before' op expects parent op 'step.schedule'}}
  %y = step.before %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{'step.par' op does not have the types of what it yields}}
  %y = step.par {
    %a = rnn.exp %x : !rnn.stream<f32, #t>
    // expected-note@+1 {{it yields here}}
    step.yield %a : !rnn.stream<f32, #t>
  } : !rnn.stream<4xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{'step.scan' op does not have the types of what it yields}}
  step.scan on #t {
    // expected-note@+1 {{it yields here}}
    step.yield %x : !rnn.stream<f32, #t>
  }
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  %y = step.scan on #t {
    // expected-error@+1 {{'step.yield' op gives a value from above: use that value}}
    step.yield %x : !rnn.stream<f32, #t>
  } : !rnn.stream<f32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  %y = step.par {
    // expected-error@+1 {{'step.yield' op gives a value from above: use that value}}
    step.yield %x : !rnn.stream<f32, #t>
  } : !rnn.stream<f32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{'step.par' op ends without step.yield}}
  step.par {
    "test.end"() : () -> ()
  }
  rnn.return
}

// -----

// expected-error@+2 {{'step.par' op has arguments: what stands above is used by its name}}
"step.schedule"() <{sym_name = "m", inputs = []}> ({
  "step.par"() ({
  ^bb0(%x: tensor<f32>):
    "step.yield"() : () -> ()
  }) : () -> ()
  "rnn.return"() <{names = []}> : () -> ()
}) : () -> ()

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  step.scan on #t {
    // expected-error@+1 {{'rnn.param' op is no equation of a loop}}
    %p = rnn.param "p" init(zeros) : tensor<f32>
    step.yield
  }
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#tt = #rnn.pair<#t, #t>
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{'step.scan' op steps through #rnn.pair<#rnn.axis<"step">, #rnn.axis<"step">>, a pair clock: step through its target [T2]}}
  step.scan on #tt {
    step.yield
  }
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{'step.before' op makes '!rnn.stream<2xf32, #rnn.axis<"step">>' of '!rnn.stream<f32, #rnn.axis<"step">>': shape and elements stay [T4]}}
  %y = step.before %x : !rnn.stream<f32, #t> -> !rnn.stream<2xf32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{'step.before' op leads between #rnn.axis<"step"> and #rnn.axis<"frame">, which have no base in common [S3]}}
  %y = step.before %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #rnn.axis<"frame">>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
step.schedule @m(%x "x" : !rnn.stream<f32, #t>) {
  // expected-error@+1 {{'step.affine' op on #rnn.axis<"step"> restarts at #rnn.axis<"frame">, of another base [S4]}}
  %y = step.affine restart(after #rnn.axis<"frame">) %x, %x : !rnn.stream<f32, #t>
  rnn.return
}

// -----

#t = #rnn.axis<"step">
#sample = #rnn.axis<"sample">
step.schedule @m(%x "x" : !rnn.stream<f32, #t>, %y "y" : !rnn.stream<f32, #sample>) {
  %d = step.scan on #t {
    // expected-error@+1 {{is used in its loop, behind which it is known [S2]}}
    %sum = rnn.total %x : !rnn.stream<f32, #t> -> tensor<f32>
    %lifted = rnn.lift %sum : tensor<f32> -> !rnn.stream<f32, #t>
    step.yield %lifted : !rnn.stream<f32, #t>
  } : !rnn.stream<f32, #t>
  rnn.return "d" = %d : !rnn.stream<f32, #t>
}

// -----

#t = #rnn.axis<"step">
#u = #rnn.axis<"other">
step.schedule @m(%x "x" : !rnn.stream<f32, #t>, %y "y" : !rnn.stream<f32, #u>) {
  %d:2 = step.scan on #t {
    %a = rnn.exp %x : !rnn.stream<f32, #t>
    // expected-error@+1 {{is of a value on #rnn.axis<"other">, which does not select from #rnn.axis<"step">, the clock of its loop [C3]}}
    %sum = rnn.total %y : !rnn.stream<f32, #u> -> tensor<f32>
    step.yield %a, %sum : !rnn.stream<f32, #t>, tensor<f32>
  } : !rnn.stream<f32, #t>, tensor<f32>
  rnn.return "d" = %d#1 : tensor<f32>
}
