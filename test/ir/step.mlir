// Schedules: groups that use what stands above them, loops in both directions, clocks, events and pairs inside of loops.
//
// RUN: rondo-opt %s | rondo-opt | FileCheck %s
// RUN: rondo-opt --mlir-print-op-generic %s | rondo-opt | FileCheck %s

#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
#t4 = #rnn.every<4 phase 2 of #t>
#source = #rnn.axis<"source">
#e = #rnn.event<0 of #t>
#ts = #rnn.pair<#t, #source>
#word = #rnn.axis<"word" in #rnn.axis<"sentence">>

!v = !rnn.stream<4xf32, #t>
!b = !rnn.stream<i1, #t>

// CHECK-LABEL: step.schedule @groups(%x "x" : !rnn.stream<4xf32, #step>) {
step.schedule @groups(%x "x" : !v) {
  // Of tensors: once a call.
  // CHECK: %[[W:.*]] = rnn.param "W" init(glorot) : tensor<4x4xf32>
  // CHECK-NEXT: %[[WW:.*]] = step.par {
  // CHECK-NEXT: %[[P:.*]] = rnn.matmul %[[W]], %[[W]] : tensor<4x4xf32>, tensor<4x4xf32>
  // CHECK-NEXT: step.yield %[[P]] : tensor<4x4xf32>
  // CHECK-NEXT: } : tensor<4x4xf32>
  %W = rnn.param "W" init(glorot) : tensor<4x4xf32>
  %WW = step.par {
    %p = rnn.matmul %W, %W : tensor<4x4xf32>, tensor<4x4xf32>
    step.yield %p : tensor<4x4xf32>
  } : tensor<4x4xf32>
  // CHECK: %[[Y:.*]]:2 = step.par {
  // CHECK: step.yield %{{.*}}, %{{.*}} : !rnn.stream<4xf32, #step>, !rnn.stream<i64, #step>
  // CHECK-NEXT: } : !rnn.stream<4xf32, #step>, !rnn.stream<i64, #step>
  %y:2 = step.par {
    %a = rnn.matmul %WW, %x : tensor<4x4xf32>, !v
    %n = rnn.tick : !rnn.stream<i64, #t>
    step.yield %a, %n : !v, !rnn.stream<i64, #t>
  } : !v, !rnn.stream<i64, #t>
  // CHECK: %[[B:.*]] = step.before %[[Y]]#0 : !rnn.stream<4xf32, #step> -> !rnn.stream<4xf32, #every2_step>
  %b = step.before %y#0 : !v -> !rnn.stream<4xf32, #t2>
  // A group that gives nothing.
  // CHECK: step.par {
  // CHECK-NEXT: rnn.tanh
  // CHECK-NEXT: step.yield
  // CHECK-NEXT: }
  step.par {
    %u = rnn.tanh %b : !rnn.stream<4xf32, #t2>
    step.yield
  }
  rnn.return "y" = %y#0 : !v
}

// CHECK-LABEL: step.schedule training @loops.train(
step.schedule training @loops.train(%x "x" : !v, %m "memory" : !rnn.stream<4xf32, #source>) {
  // CHECK: step.scan on #step {
  %h:4 = step.scan on #t {
    %s = rnn.state "h" : !rnn.state<!v>
    %h = rnn.read %s : !rnn.state<!v> -> !v
    // A slower clock, and one selected from it.
    %slow = rnn.latest %h : !v -> !rnn.stream<4xf32, #t2>
    %slower = rnn.latest %slow : !rnn.stream<4xf32, #t2> -> !rnn.stream<4xf32, #t4>
    // An event that the loop itself defines.
    %sum = rnn.fold sum %h all : !v
    %zero = rnn.const 0.0 : !rnn.stream<f32, #t>
    %up = rnn.compare gt %sum, %zero : !rnn.stream<f32, #t>
    rnn.event #e = %up
    %at = rnn.latest %h : !v -> !rnn.stream<4xf32, #e>
    // Rows of another axis for each tick.
    %q = rnn.cross %h : !v -> !rnn.stream<4xf32, #ts>
    %k = rnn.cross %m : !rnn.stream<4xf32, #source> -> !rnn.stream<4xf32, #ts>
    %p = rnn.mul %q, %k : !rnn.stream<4xf32, #ts>
    %al = rnn.softmax %p per(#t) : !rnn.stream<4xf32, #ts>
    %c = rnn.reduce sum %al : !rnn.stream<4xf32, #ts> -> !v
    %n = rnn.add %c, %x : !v
    rnn.next %s, %n : !v
    step.yield %n, %slower, %at, %al : !v, !rnn.stream<4xf32, #t4>, !rnn.stream<4xf32, #e>, !rnn.stream<4xf32, #ts>
  } : !v, !rnn.stream<4xf32, #t4>, !rnn.stream<4xf32, #e>, !rnn.stream<4xf32, #ts>
  // A loop on the event.
  // CHECK: step.scan on #event0_step {
  %g = step.scan on #e {
    %s = rnn.state "g" : !rnn.state<!rnn.stream<4xf32, #e>>
    %r = rnn.read %s : !rnn.state<!rnn.stream<4xf32, #e>> -> !rnn.stream<4xf32, #e>
    %n = rnn.add %r, %h#2 : !rnn.stream<4xf32, #e>
    rnn.next %s, %n : !rnn.stream<4xf32, #e>
    step.yield %n : !rnn.stream<4xf32, #e>
  } : !rnn.stream<4xf32, #e>
  // On a period, of which a longer one is a selection.
  // CHECK: step.scan on #every2_step {
  %k = step.scan on #t2 {
    %s = rnn.state "k" : !rnn.state<!rnn.stream<4xf32, #t4>>
    %r = rnn.read %s : !rnn.state<!rnn.stream<4xf32, #t4>> -> !rnn.stream<4xf32, #t2>
    %n = rnn.latest %r : !rnn.stream<4xf32, #t2> -> !rnn.stream<4xf32, #t4>
    rnn.next %s, %n : !rnn.stream<4xf32, #t4>
    step.yield %n : !rnn.stream<4xf32, #t4>
  } : !rnn.stream<4xf32, #t4>
  rnn.return "h" = %h#0, "g" = %g, "k" = %k : !v, !rnn.stream<4xf32, #e>, !rnn.stream<4xf32, #t4>
}

// CHECK-LABEL: step.schedule @sequences(
step.schedule @sequences(%x "x" : !rnn.stream<f32, #word>) {
  // CHECK: step.scan on #word reverse split(after #sentence) {
  %d = step.scan on #word reverse split(after #rnn.axis<"sentence">) {
    %a = rnn.accum "d" reverse restart(after #rnn.axis<"sentence">) : !rnn.accum<!rnn.stream<f32, #word>>
    %t = rnn.take %a : !rnn.accum<!rnn.stream<f32, #word>> -> !rnn.stream<f32, #word>
    %n = rnn.add %t, %x : !rnn.stream<f32, #word>
    rnn.put %a, %n : !rnn.accum<!rnn.stream<f32, #word>>, !rnn.stream<f32, #word>
    step.yield %n : !rnn.stream<f32, #word>
  } : !rnn.stream<f32, #word>
  rnn.loss "d" %d : !rnn.stream<f32, #word>
  rnn.return "d" = %d : !rnn.stream<f32, #word>
}
