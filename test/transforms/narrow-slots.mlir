// Slots move to the clock of what is written to them, samples are taken early, equal slots are one: what a clockwork net
// of modules with periods 1, 2 and 4 needs.
//
// RUN: rondo-opt --rondo-narrow-slots %s | FileCheck %s

#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
#t4 = #rnn.every<4 phase 0 of #t>
!x = !rnn.stream<1xf32, #t>
!a = !rnn.stream<8xf32, #t>
!b = !rnn.stream<8xf32, #t2>
!c = !rnn.stream<8xf32, #t4>

// Two modules, m[0] at every tick and m[1] at every second one. m[0] reads m[1] of one tick ago.
//
// CHECK-LABEL: rnn.model @clockwork
// CHECK:       rnn.state "m0.h" : !rnn.state<!rnn.stream<8xf32, #step>>
// CHECK-NEXT:  rnn.state "m1.h" : !rnn.state<!rnn.stream<8xf32, #every2_step>>
// CHECK-NOT:   rnn.state "
// CHECK:       rnn.next %m1.h, {{.*}} : !rnn.stream<8xf32, #every2_step>
// CHECK-NEXT:  %[[BEFORE:.*]] = rnn.read %m1.h : {{.*}} -> !rnn.stream<8xf32, #step>
// CHECK-NEXT:  rnn.concat %x, %[[BEFORE]]
// CHECK:       rnn.next %m0.h
// CHECK:       rnn.return
rnn.model @clockwork(%x "x" : !x) {
  %W0 = rnn.param "m0.W" init(glorot) : tensor<8x9xf32>
  %U0 = rnn.param "m0.U" init(orthogonal) : tensor<8x8xf32>
  %W1 = rnn.param "m1.W" init(glorot) : tensor<8x1xf32>
  %m0 = rnn.state "m0.h" : !rnn.state<!a>
  %m1 = rnn.state "m1.h" : !rnn.state<!b>
  %s = rnn.state "pre" : !rnn.state<!a>
  %x1 = rnn.latest %x : !x -> !rnn.stream<1xf32, #t2>
  %h1old = rnn.read %m1 : !rnn.state<!b> -> !b
  %w1 = rnn.matmul %W1, %x1 : tensor<8x1xf32>, !rnn.stream<1xf32, #t2>
  %z1 = rnn.add %w1, %h1old : !b
  %h1 = rnn.tanh %z1 : !b
  rnn.next %m1, %h1 : !b
  %held = rnn.latest %h1 : !b -> !a
  rnn.next %s, %held : !a
  %before = rnn.read %s : !rnn.state<!a> -> !a
  %c = rnn.concat %x, %before axis 0 : !x, !a
  %w0 = rnn.matmul %W0, %c : tensor<8x9xf32>, !rnn.stream<9xf32, #t>
  %h0old = rnn.read %m0 : !rnn.state<!a> -> !a
  %u0 = rnn.matmul %U0, %h0old : tensor<8x8xf32>, !a
  %z0 = rnn.add %w0, %u0 : !a
  %h0 = rnn.tanh %z0 : !a
  rnn.next %m0, %h0 : !a
  rnn.return "y" = %h0 : !a
}

// The sample moves up through the join, and a read is made where it is needed: nothing of #t2 is left between.
//
// CHECK-LABEL: rnn.model @sample_early
// CHECK-DAG:   %[[X:.*]] = rnn.latest %x : !rnn.stream<1xf32, #step> -> !rnn.stream<1xf32, #every4_step>
// CHECK-DAG:   %[[R:.*]] = rnn.read %pre : !rnn.state<!rnn.stream<8xf32, #every2_step>> -> !rnn.stream<8xf32, #every4_step>
// CHECK:       rnn.concat %[[X]], %[[R]] axis 0
// CHECK-NOT:   rnn.latest
// CHECK:       rnn.return
rnn.model @sample_early(%x "x" : !x, %m "m" : !a) {
  %s = rnn.state "pre" : !rnn.state<!b>
  %v = rnn.latest %m : !a -> !b
  %d = rnn.add %v, %v : !b
  rnn.next %s, %d : !b
  %r = rnn.read %s : !rnn.state<!b> -> !a
  %c = rnn.concat %x, %r axis 0 : !x, !a
  %e = rnn.latest %c : !rnn.stream<9xf32, #t> -> !rnn.stream<9xf32, #t4>
  rnn.return "y" = %e : !rnn.stream<9xf32, #t4>
}

// A function that is used at sampled ticks only is computed at those ticks only; one that is used elsewhere stays.
//
// CHECK-LABEL: rnn.model @only_samples
// CHECK:       %[[S:.*]] = rnn.latest %x : {{.*}} -> !rnn.stream<1xf32, #every4_step>
// CHECK-NEXT:  rnn.tanh %[[S]] : !rnn.stream<1xf32, #every4_step>
// CHECK-NEXT:  %[[EXP:.*]] = rnn.exp %x : !rnn.stream<1xf32, #step>
// CHECK-NEXT:  rnn.latest %[[EXP]]
rnn.model @only_samples(%x "x" : !x) {
  %tanh = rnn.tanh %x : !x
  %a = rnn.latest %tanh : !x -> !rnn.stream<1xf32, #t4>
  %exp = rnn.exp %x : !x
  %b = rnn.latest %exp : !x -> !rnn.stream<1xf32, #t4>
  rnn.return "a" = %a, "b" = %b, "exp" = %exp : !rnn.stream<1xf32, #t4>, !rnn.stream<1xf32, #t4>, !x
}

// Periods that do not divide each other, phases and events select ticks of the base just the same.
//
// CHECK-LABEL: rnn.model @other_clocks
// CHECK:       rnn.state "three" : !rnn.state<!rnn.stream<1xf32, #every3_phase1_step>>
// CHECK:       rnn.state "five" : !rnn.state<!rnn.stream<1xf32, #every5_phase4_step>>
// CHECK:       rnn.state "event" : !rnn.state<!rnn.stream<1xf32, #event0_step>>
// CHECK-NOT:   rnn.latest {{.*}} -> !rnn.stream<1xf32, #step>
// CHECK:       rnn.return
#t3 = #rnn.every<3 phase 1 of #t>
#t5 = #rnn.every<5 phase 4 of #t>
#e = #rnn.event<0 of #t>
rnn.model @other_clocks(%x "x" : !x, %b "b" : !rnn.stream<i1, #t>) {
  rnn.event #e = %b
  %s3 = rnn.state "three" : !rnn.state<!x>
  %s5 = rnn.state "five" : !rnn.state<!x>
  %se = rnn.state "event" : !rnn.state<!x>
  %x3 = rnn.latest %x : !x -> !rnn.stream<1xf32, #t3>
  %x5 = rnn.latest %x : !x -> !rnn.stream<1xf32, #t5>
  %xe = rnn.latest %x : !x -> !rnn.stream<1xf32, #e>
  %h3 = rnn.latest %x3 : !rnn.stream<1xf32, #t3> -> !x
  %h5 = rnn.latest %x5 : !rnn.stream<1xf32, #t5> -> !x
  %he = rnn.latest %xe : !rnn.stream<1xf32, #e> -> !x
  rnn.next %s3, %h3 : !x
  rnn.next %s5, %h5 : !x
  rnn.next %se, %he : !x
  %r3 = rnn.read %s3 : !rnn.state<!x> -> !x
  %r5 = rnn.read %s5 : !rnn.state<!x> -> !x
  %re = rnn.read %se : !rnn.state<!x> -> !x
  rnn.return "three" = %r3, "five" = %r5, "event" = %re : !x, !x, !x
}

// Slots that are written one value in one direction and scope are one.
//
// CHECK-LABEL: rnn.model @merge
// CHECK:       %[[A:.*]] = rnn.state "a" :
// CHECK-NEXT:  %[[C:.*]] = rnn.state "c" reverse :
// CHECK-NEXT:  rnn.next %[[A]], %x
// CHECK-NEXT:  rnn.next %[[C]], %x
// CHECK-NEXT:  %[[R:.*]] = rnn.read %[[A]]
// CHECK-NEXT:  %[[S:.*]] = rnn.read %[[C]]
// CHECK-NEXT:  rnn.return "a" = %[[R]], "b" = %[[R]], "c" = %[[S]]
rnn.model @merge(%x "x" : !x) {
  %a = rnn.state "a" : !rnn.state<!x>
  %b = rnn.state "b" : !rnn.state<!x>
  %c = rnn.state "c" reverse : !rnn.state<!x>
  rnn.next %a, %x : !x
  rnn.next %b, %x : !x
  rnn.next %c, %x : !x
  %ra = rnn.read %a : !rnn.state<!x> -> !x
  %rb = rnn.read %b : !rnn.state<!x> -> !x
  %rc = rnn.read %c : !rnn.state<!x> -> !x
  rnn.return "a" = %ra, "b" = %rb, "c" = %rc : !x, !x, !x
}

// What looks at a loop's ticks runs in the loop's direction, or the loop would run both ways.
//
// CHECK-LABEL: rnn.model @backward
// CHECK:       rnn.read %s : {{.*}} -> !rnn.stream<1xf32, #every2_step>
// CHECK:       rnn.latest reverse %x : !rnn.stream<1xf32, #step> -> !rnn.stream<1xf32, #every2_step>
rnn.model @backward(%x "x" : !x) {
  %s = rnn.state "s" reverse : !rnn.state<!x>
  %r = rnn.read %s : !rnn.state<!x> -> !x
  %a = rnn.add %r, %x : !x
  %b = rnn.latest reverse %a : !x -> !rnn.stream<1xf32, #t2>
  %c = rnn.latest reverse %b : !rnn.stream<1xf32, #t2> -> !x
  rnn.next %s, %c : !x
  rnn.return "b" = %b : !rnn.stream<1xf32, #t2>
}

// A sample of a sample; a held value and a read, sampled in a loop of the other direction, are not moved onto its event.
//
// CHECK-LABEL: rnn.model @directions
// CHECK:       rnn.event #event0_step
// CHECK:       rnn.latest reverse %x : !rnn.stream<1xf32, #step> -> !rnn.stream<1xf32, #event0_step>
// CHECK:       %[[HELD:.*]] = rnn.latest %{{.*}} : !rnn.stream<1xf32, #every2_step> -> !rnn.stream<1xf32, #step>
// CHECK:       rnn.latest reverse %[[HELD]] : !rnn.stream<1xf32, #step> -> !rnn.stream<1xf32, #event0_step>
// CHECK:       %[[READ:.*]] = rnn.read %forward
// CHECK:       rnn.latest reverse %[[READ]] : !rnn.stream<1xf32, #step> -> !rnn.stream<1xf32, #event0_step>
rnn.model @directions(%x "x" : !x) {
  %s = rnn.state "s" reverse : !rnn.state<!x>
  %r = rnn.read %s : !rnn.state<!x> -> !x
  %sum = rnn.fold sum %r all : !x
  %zero = rnn.const 0.0 : !rnn.stream<f32, #t>
  %up = rnn.compare gt %sum, %zero : !rnn.stream<f32, #t>
  rnn.event #e = %up
  %x2 = rnn.latest %x : !x -> !rnn.stream<1xf32, #t2>
  %xs = rnn.latest %x : !x -> !x
  %xe = rnn.latest reverse %xs : !x -> !rnn.stream<1xf32, #e>
  %held = rnn.latest %x2 : !rnn.stream<1xf32, #t2> -> !x
  %he = rnn.latest reverse %held : !x -> !rnn.stream<1xf32, #e>
  %f = rnn.state "forward" : !rnn.state<!x>
  rnn.next %f, %x : !x
  %past = rnn.read %f : !rnn.state<!x> -> !x
  %pe = rnn.latest reverse %past : !x -> !rnn.stream<1xf32, #e>
  %a = rnn.add %xe, %he : !rnn.stream<1xf32, #e>
  %b = rnn.add %a, %pe : !rnn.stream<1xf32, #e>
  %c = rnn.latest reverse %b : !rnn.stream<1xf32, #e> -> !x
  rnn.next %s, %c : !x
  rnn.return "c" = %c : !x
}
