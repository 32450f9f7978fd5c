// A user's LSTM and what reverse mode makes of it: states forward in time, accumulators backward, one block. It prints as
// it was written, in both forms, and merging equal equations merges no slot.
//
// RUN: rondo-opt %s > %t && rondo-opt %t | diff %t - && FileCheck %s < %t
// RUN: rondo-opt --mlir-print-op-generic %s | rondo-opt | diff %t -
// RUN: rondo-opt --canonicalize --cse %s | FileCheck --check-prefix=KEPT %s

#t = #rnn.axis<"step">
!x = !rnn.stream<96xf32, #t>
!h = !rnn.stream<256xf32, #t>
!z = !rnn.stream<1024xf32, #t>

// CHECK: #step = #rnn.axis<"step">
// CHECK: rnn.model @lstm(%x "x" : !rnn.stream<96xf32, #step>, %dy "dy" : !rnn.stream<256xf32, #step>) {
rnn.model @lstm(%x "x" : !x, %dy "dy" : !h) {
  // CHECK-NEXT: %core.W = rnn.param "core.W" init(glorot) : tensor<1024x96xf32>
  %W = rnn.param "core.W" init(glorot) : tensor<1024x96xf32>
  %U = rnn.param "core.U" init(orthogonal) : tensor<1024x256xf32>
  %b = rnn.param "core.b" init(zeros) : tensor<1024xf32>
  // CHECK: %core.h = rnn.state "core.h" : !rnn.state<!rnn.stream<256xf32, #step>>
  %hs = rnn.state "core.h" : !rnn.state<!h>
  %cs = rnn.state "core.c" : !rnn.state<!h>
  // CHECK: [[H:%.*]] = rnn.read %core.h : !rnn.state<!rnn.stream<256xf32, #step>> -> !rnn.stream<256xf32, #step>
  %h = rnn.read %hs : !rnn.state<!h> -> !h
  %c = rnn.read %cs : !rnn.state<!h> -> !h
  %wx = rnn.matmul %W, %x : tensor<1024x96xf32>, !x
  %bt = rnn.lift %b : tensor<1024xf32> -> !z
  %z0 = rnn.add %wx, %bt : !z
  // CHECK: rnn.matmul %core.U, [[H]] : tensor<1024x256xf32>, !rnn.stream<256xf32, #step>
  %uh = rnn.matmul %U, %h : tensor<1024x256xf32>, !h
  %z = rnn.add %z0, %uh : !z
  // CHECK: {{%.*}}:4 = rnn.split {{%.*}} axis 0 : !rnn.stream<1024xf32, #step> -> !rnn.stream<256xf32, #step>, !rnn.stream<256xf32, #step>,
  %zi, %zf, %zg, %zo = rnn.split %z axis 0 : !z -> !h, !h, !h, !h
  %i = rnn.sigmoid %zi : !h
  %f = rnn.sigmoid %zf : !h
  %g = rnn.tanh %zg : !h
  %o = rnn.sigmoid %zo : !h
  %fc = rnn.mul %f, %c : !h
  %ig = rnn.mul %i, %g : !h
  %c1 = rnn.add %fc, %ig : !h
  %tc = rnn.tanh %c1 : !h
  %h1 = rnn.mul %o, %tc : !h
  // CHECK: rnn.next %core.c, {{%.*}} : !rnn.stream<256xf32, #step>
  rnn.next %cs, %c1 : !h
  rnn.next %hs, %h1 : !h

  // CHECK: %d.core.h = rnn.accum "d.core.h" reverse : !rnn.accum<!rnn.stream<256xf32, #step>>
  %dhs = rnn.accum "d.core.h" reverse : !rnn.accum<!h>
  %dcs = rnn.accum "d.core.c" reverse : !rnn.accum<!h>
  // CHECK: rnn.take %d.core.h : !rnn.accum<!rnn.stream<256xf32, #step>> -> !rnn.stream<256xf32, #step>
  %dh0 = rnn.take %dhs : !rnn.accum<!h> -> !h
  %dc0 = rnn.take %dcs : !rnn.accum<!h> -> !h
  %dh = rnn.add %dh0, %dy : !h
  %do = rnn.mul %dh, %tc : !h
  %dt = rnn.mul %dh, %o : !h
  %dtc = rnn.dtanh %tc, %dt : !h
  %dc = rnn.add %dc0, %dtc : !h
  %df = rnn.mul %dc, %c : !h
  %dcp = rnn.mul %dc, %f : !h
  %di = rnn.mul %dc, %g : !h
  %dg = rnn.mul %dc, %i : !h
  %dzi = rnn.dsigmoid %i, %di : !h
  %dzf = rnn.dsigmoid %f, %df : !h
  %dzg = rnn.dtanh %g, %dg : !h
  %dzo = rnn.dsigmoid %o, %do : !h
  %dz = rnn.concat %dzi, %dzf, %dzg, %dzo axis 0 : !h, !h, !h, !h
  // CHECK: rnn.matmul transposed %core.U, {{%.*}} : tensor<1024x256xf32>, !rnn.stream<1024xf32, #step>
  %dhp = rnn.matmul transposed %U, %dz : tensor<1024x256xf32>, !z
  // CHECK: rnn.put %d.core.c, {{%.*}} : !rnn.accum<!rnn.stream<256xf32, #step>>, !rnn.stream<256xf32, #step>
  rnn.put %dcs, %dcp : !rnn.accum<!h>, !h
  rnn.put %dhs, %dhp : !rnn.accum<!h>, !h
  %dx = rnn.matmul transposed %W, %dz : tensor<1024x96xf32>, !z
  // CHECK: rnn.outer {{%.*}}, %x : !rnn.stream<1024xf32, #step>, !rnn.stream<96xf32, #step> -> tensor<1024x96xf32>
  %dW = rnn.outer %dz, %x : !z, !x -> tensor<1024x96xf32>
  %dU = rnn.outer %dz, %h : !z, !h -> tensor<1024x256xf32>
  // CHECK: rnn.total {{%.*}} : !rnn.stream<1024xf32, #step> -> tensor<1024xf32>
  %db = rnn.total %dz : !z -> tensor<1024xf32>
  // CHECK: rnn.return "y" = {{%.*}}, "dx" = {{%.*}}, "dW" = {{%.*}}, "dU" = {{%.*}}, "db" = {{%.*}} : !rnn.stream<256xf32, #step>, !rnn.stream<96xf32, #step>, tensor<1024x96xf32>, tensor<1024x256xf32>, tensor<1024xf32>
  rnn.return "y" = %h1, "dx" = %dx, "dW" = %dW, "dU" = %dU, "db" = %db
      : !h, !x, tensor<1024x96xf32>, tensor<1024x256xf32>, tensor<1024xf32>
}

// KEPT-COUNT-2: rnn.state
// KEPT-COUNT-2: rnn.next
// KEPT-COUNT-2: rnn.accum
// KEPT-COUNT-2: rnn.put
