// Clockwork modules of periods 1, 2 and 4: a faster one reads a slower one's state strictly before its own tick; the
// gradient of that read is put at every tick and taken at a quarter of them.
//
// RUN: rondo-opt %s > %t && rondo-opt %t | diff %t - && FileCheck %s < %t
// RUN: rondo-opt --mlir-print-op-generic %s | rondo-opt | diff %t -

#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
#t4 = #rnn.every<2 phase 0 of #t2>
!x = !rnn.stream<1xf32, #t>
!a = !rnn.stream<32xf32, #t>
!b = !rnn.stream<32xf32, #t2>
!c = !rnn.stream<32xf32, #t4>
!w = tensor<32x1xf32>
!u = tensor<32x32xf32>

// Every second of every second is every fourth.
// CHECK-DAG: #every2_step = #rnn.every<2 phase 0 of #step>
// CHECK-DAG: #every4_step = #rnn.every<4 phase 0 of #step>
// CHECK: rnn.model @clockwork
rnn.model @clockwork(%x "x" : !x, %dy "dy" : !a) {
  %W0 = rnn.param "m.0.W" init(glorot) : !w
  %W1 = rnn.param "m.1.W" init(glorot) : !w
  %W2 = rnn.param "m.2.W" init(glorot) : !w
  %U01 = rnn.param "m.0.U.1" init(orthogonal) : !u
  %U02 = rnn.param "m.0.U.2" init(orthogonal) : !u
  %U12 = rnn.param "m.1.U.2" init(orthogonal) : !u
  %U22 = rnn.param "m.2.U.2" init(orthogonal) : !u
  // CHECK: %m.2.h = rnn.state "m.2.h" : !rnn.state<!rnn.stream<32xf32, #every4_step>>
  %m2 = rnn.state "m.2.h" : !rnn.state<!c>
  %m1 = rnn.state "m.1.h" : !rnn.state<!b>

  // CHECK: rnn.latest %x : !rnn.stream<1xf32, #step> -> !rnn.stream<1xf32, #every4_step>
  %x4 = rnn.latest %x : !x -> !rnn.stream<1xf32, #t4>
  %h22 = rnn.read %m2 : !rnn.state<!c> -> !c
  %wx2 = rnn.matmul %W2, %x4 : !w, !rnn.stream<1xf32, #t4>
  %uh2 = rnn.matmul %U22, %h22 : !u, !c
  %z2 = rnn.add %wx2, %uh2 : !c
  %h2 = rnn.tanh %z2 : !c
  rnn.next %m2, %h2 : !c

  %x2 = rnn.latest %x : !x -> !rnn.stream<1xf32, #t2>
  // CHECK: rnn.read %m.2.h : !rnn.state<!rnn.stream<32xf32, #every4_step>> -> !rnn.stream<32xf32, #every2_step>
  %h12 = rnn.read %m2 : !rnn.state<!c> -> !b
  %wx1 = rnn.matmul %W1, %x2 : !w, !rnn.stream<1xf32, #t2>
  %p12 = rnn.matmul %U12, %h12 : !u, !b
  %z1 = rnn.add %wx1, %p12 : !b
  %h1 = rnn.tanh %z1 : !b
  rnn.next %m1, %h1 : !b

  %h01 = rnn.read %m1 : !rnn.state<!b> -> !a
  %h02 = rnn.read %m2 : !rnn.state<!c> -> !a
  %wx0 = rnn.matmul %W0, %x : !w, !x
  %p01 = rnn.matmul %U01, %h01 : !u, !a
  %p02 = rnn.matmul %U02, %h02 : !u, !a
  %s0 = rnn.add %wx0, %p02 : !a
  %z0 = rnn.add %s0, %p01 : !a
  %h0 = rnn.tanh %z0 : !a

  %dz0 = rnn.dtanh %h0, %dy : !a
  // CHECK: %d.p02 = rnn.accum "d.p02" reverse : !rnn.accum<!rnn.stream<32xf32, #every4_step>>
  %q02 = rnn.accum "d.p02" reverse : !rnn.accum<!c>
  // CHECK: rnn.put %d.p02, {{%.*}} : !rnn.accum<!rnn.stream<32xf32, #every4_step>>, !rnn.stream<32xf32, #step>
  rnn.put %q02, %dz0 : !rnn.accum<!c>, !a
  %d02 = rnn.take %q02 : !rnn.accum<!c> -> !c
  %dU02 = rnn.outer %d02, %h2 : !c, !c -> !u
  rnn.return "h0" = %h0, "h1" = %h1, "h2" = %h2, "dU02" = %dU02 : !a, !b, !c, !u
}
