// A chunker: what surprises one level ticks the next, and is held for the first again. The upper state restarts before
// each end of a sentence that the model itself detects.
//
// RUN: rondo-opt %s > %t && rondo-opt %t | diff %t - && FileCheck %s < %t
// RUN: rondo-opt --mlir-print-op-generic %s | rondo-opt | diff %t -
// RUN: rondo-opt --canonicalize --cse %s | FileCheck --check-prefix=KEPT %s

#t = #rnn.axis<"step">
#e = #rnn.event<0 of #t>
#end = #rnn.event<1 of #e>
!t = !rnn.stream<64xf32, #t>
!e = !rnn.stream<64xf32, #e>

// CHECK-DAG: #event0_step = #rnn.event<0 of #step>
// CHECK-DAG: #event1_event0_step = #rnn.event<1 of #event0_step>
// CHECK: rnn.model @chunker
rnn.model @chunker(%emb "x" : !t, %prob "p" : !rnn.stream<f32, #t>) {
  // A slot may be declared above the event on whose clock it is, and that cuts it.
  // CHECK-NEXT: %high.h = rnn.state "high.h" restart(before #event1_event0_step) : !rnn.state<!rnn.stream<64xf32, #event0_step>>
  %hs = rnn.state "high.h" restart(before #end) : !rnn.state<!e>
  %k = rnn.const 0.5 : !rnn.stream<f32, #t>
  // CHECK: [[EVENT:%.*]] = rnn.compare lt %p, {{%.*}} : !rnn.stream<f32, #step>
  %ev = rnn.compare lt %prob, %k : !rnn.stream<f32, #t>
  // CHECK-NEXT: rnn.event #event0_step = [[EVENT]]
  rnn.event #e = %ev
  // CHECK-NEXT: rnn.latest %x : !rnn.stream<64xf32, #step> -> !rnn.stream<64xf32, #event0_step>
  %xe = rnn.latest %emb : !t -> !e
  %pe = rnn.latest %prob : !rnn.stream<f32, #t> -> !rnn.stream<f32, #e>
  %zero = rnn.const 0.0 : !rnn.stream<f32, #e>
  %isEnd = rnn.compare le %pe, %zero : !rnn.stream<f32, #e>
  rnn.event #end = %isEnd
  %h = rnn.read %hs : !rnn.state<!e> -> !e
  %z = rnn.add %h, %xe : !e
  %y = rnn.tanh %z : !e
  rnn.next %hs, %y : !e
  // CHECK: rnn.tick restart(before #event1_event0_step) : !rnn.stream<i64, #event0_step>
  %n = rnn.tick restart(before #end) : !rnn.stream<i64, #e>
  // CHECK: rnn.latest {{%.*}} : !rnn.stream<64xf32, #event0_step> -> !rnn.stream<64xf32, #step>
  %up = rnn.latest %y : !e -> !t
  rnn.return "up" = %up, "n" = %n : !t, !rnn.stream<i64, #e>
}

// KEPT-COUNT-2: rnn.event
