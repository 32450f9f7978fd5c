// Bahdanau's decoder: scores of every source row for every target tick live on a pair clock. The decoder's own state is the
// query, so that the pair operations take part in its loop, which runs forward in the target.
//
// RUN: rondo-opt %s > %t && rondo-opt %t | diff %t - && FileCheck %s < %t
// RUN: rondo-opt --mlir-print-op-generic %s | rondo-opt | diff %t -

#src = #rnn.axis<"source">
#tgt = #rnn.axis<"target">
#ts = #rnn.pair<#tgt, #src>
!mem = !rnn.stream<512xf32, #src>
!h = !rnn.stream<512xf32, #tgt>
!key = !rnn.stream<256xf32, #ts>

// CHECK: #target_source = #rnn.pair<#target, #source>
// CHECK: rnn.model @bahdanau
rnn.model @bahdanau(%mem "memory" : !mem, %y "y" : !h) {
  %Wm = rnn.param "att.W" init(glorot) : tensor<256x512xf32>
  %Wq = rnn.param "att.U" init(glorot) : tensor<256x512xf32>
  %v = rnn.param "att.v" init(glorot) : tensor<256xf32>
  %core = rnn.state "dec.h" : !rnn.state<!h>
  // Coverage: a state over the source rows, strict in the target.
  // CHECK: %dec.coverage = rnn.state "dec.coverage" : !rnn.state<!rnn.stream<f32, #target_source>>
  %cov = rnn.state "dec.coverage" : !rnn.state<!rnn.stream<f32, #ts>>
  %km = rnn.matmul %Wm, %mem : tensor<256x512xf32>, !mem
  %q = rnn.read %core : !rnn.state<!h> -> !h
  %kq = rnn.matmul %Wq, %q : tensor<256x512xf32>, !h
  // CHECK: rnn.cross {{%.*}} : !rnn.stream<256xf32, #source> -> !rnn.stream<256xf32, #target_source>
  %a = rnn.cross %km : !rnn.stream<256xf32, #src> -> !key
  // CHECK: rnn.cross {{%.*}} : !rnn.stream<256xf32, #target> -> !rnn.stream<256xf32, #target_source>
  %b = rnn.cross %kq : !rnn.stream<256xf32, #tgt> -> !key
  %ab = rnn.add %a, %b : !key
  %th = rnn.tanh %ab : !key
  %e = rnn.matmul %v, %th : tensor<256xf32>, !key
  %seen = rnn.read %cov : !rnn.state<!rnn.stream<f32, #ts>> -> !rnn.stream<f32, #ts>
  %score = rnn.sub %e, %seen : !rnn.stream<f32, #ts>
  // CHECK: rnn.softmax {{%.*}} per(#target) : !rnn.stream<f32, #target_source>
  %al = rnn.softmax %score per(#tgt) : !rnn.stream<f32, #ts>
  %sum = rnn.add %seen, %al : !rnn.stream<f32, #ts>
  rnn.next %cov, %sum : !rnn.stream<f32, #ts>
  %mm = rnn.cross %mem : !mem -> !rnn.stream<512xf32, #ts>
  %w = rnn.scale %al, %mm : !rnn.stream<f32, #ts>, !rnn.stream<512xf32, #ts>
  // CHECK: rnn.reduce sum {{%.*}} : !rnn.stream<512xf32, #target_source> -> !rnn.stream<512xf32, #target>
  %ctx = rnn.reduce sum %w : !rnn.stream<512xf32, #ts> -> !h
  %z = rnn.add %ctx, %y : !h
  %h = rnn.tanh %z : !h
  rnn.next %core, %h : !h
  // CHECK: rnn.reduce sum {{%.*}} : !rnn.stream<f32, #target_source> -> !rnn.stream<f32, #source>
  %load = rnn.reduce sum %al : !rnn.stream<f32, #ts> -> !rnn.stream<f32, #src>
  rnn.return "h" = %h, "weights" = %al, "load" = %load : !h, !rnn.stream<f32, #ts>, !rnn.stream<f32, #src>
}
