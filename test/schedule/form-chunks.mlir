// What one loop reads, step by step, is computed a few steps ahead of it; what reads one loop, a few steps behind it.
//
// RUN: rondo-opt "--pass-pipeline=builtin.module(step.schedule(rondo-form-chunks))" %s | FileCheck %s

#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
#p = #rnn.pair<#t, #t>
!x = !rnn.stream<f32, #t>
!x2 = !rnn.stream<f32, #t2>

// On the loop's clock, and on a slower one.
//
// CHECK-LABEL: step.schedule @clocks
// CHECK:       step.par chunked {
// CHECK-NEXT:    rnn.exp
// CHECK:       step.par chunked {
// CHECK-NEXT:    rnn.tanh
// CHECK:       step.scan
step.schedule @clocks(%x "x" : !x) {
  %e = step.par {
    %a = rnn.exp %x : !x
    step.yield %a : !x
  } : !x
  %x2 = rnn.latest %x : !x -> !x2
  %f = step.par {
    %a = rnn.tanh %x2 : !x2
    step.yield %a : !x2
  } : !x2
  %h = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %g = rnn.latest %f : !x2 -> !x
    %m = rnn.add %r, %e : !x
    %n = rnn.add %m, %g : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  rnn.return "h" = %h : !x
}

// Two loops read it, or the caller does.
//
// CHECK-LABEL: step.schedule @others
// CHECK-NOT:   chunked
step.schedule @others(%x "x" : !x) {
  %e = step.par {
    %a = rnn.exp %x : !x
    step.yield %a : !x
  } : !x
  %f:2 = step.par {
    %a = rnn.tanh %x : !x
    %b = rnn.neg %a : !x
    step.yield %a, %b : !x, !x
  } : !x, !x
  %h = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %m = rnn.add %r, %e : !x
    %n = rnn.add %m, %f#0 : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %k = step.scan on #t reverse {
    %s = rnn.state "k" reverse : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %e : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  rnn.return "h" = %h, "k" = %k, "f" = %f#1 : !x, !x, !x
}

// Two loops read parts of one par: each gets its own. What the caller reads of it is the rest, what is no work is there
// twice.
//
// CHECK-LABEL: step.schedule @directions
// CHECK:       %[[E:.*]] = step.par chunked {
// CHECK-NEXT:    %[[C:.*]] = rnn.const
// CHECK-NEXT:    %[[M:.*]] = rnn.mul %x, %[[C]]
// CHECK-NEXT:    step.yield %[[M]]
// CHECK:       %[[F:.*]] = step.par chunked {
// CHECK-NEXT:    %[[A:.*]] = rnn.tanh %x
// CHECK-NEXT:    step.yield %[[A]]
// CHECK:       %[[G:.*]] = step.par {
// CHECK-NEXT:    %[[D:.*]] = rnn.const
// CHECK-NEXT:    %[[N:.*]] = rnn.add %x, %[[D]]
// CHECK-NEXT:    step.yield %[[N]]
// CHECK:       rnn.add %{{.*}}, %[[E]]
// CHECK:       rnn.add %{{.*}}, %[[F]]
// CHECK:       rnn.return {{.*}}%[[G]]
step.schedule @directions(%x "x" : !x) {
  %e:3 = step.par {
    %c = rnn.const 2.0 : !x
    %a = rnn.mul %x, %c : !x
    %b = rnn.tanh %x : !x
    %d = rnn.add %x, %c : !x
    step.yield %a, %b, %d : !x, !x, !x
  } : !x, !x, !x
  %h = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %e#0 : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %k = step.scan on #t reverse {
    %s = rnn.state "k" reverse : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %e#1 : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  rnn.return "h" = %h, "k" = %k, "d" = %e#2 : !x, !x, !x
}

// A step looks at rows of other ticks.
//
// CHECK-LABEL: step.schedule @attention
// CHECK-NOT:   chunked
step.schedule @attention(%x "x" : !x) {
  %e = step.par {
    %a = rnn.exp %x : !x
    step.yield %a : !x
  } : !x
  %h = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %c = rnn.cross source %e : !x -> !rnn.stream<f32, #p>
    %w = rnn.reduce sum %c : !rnn.stream<f32, #p> -> !x
    %n = rnn.add %r, %w : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  rnn.return "h" = %h : !x
}

// Random numbers know their window.
//
// CHECK-LABEL: step.schedule @random
// CHECK-NOT:   chunked
step.schedule @random(%x "x" : !x) {
  %e = step.par {
    %a = rnn.random "noise" site 0 : !x
    %b = rnn.add %a, %x : !x
    step.yield %b : !x
  } : !x
  %h = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %e : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  rnn.return "h" = %h : !x
}

// What alone reads a loop's rows follows it, if it is no more work; an index from ticks to rows of what was there before
// moves out of the way. The caller reads the other loop's rows too, so that they must be whole.
//
// CHECK-LABEL: step.schedule @behind
// CHECK:       %[[S:.*]] = rnn.latest %x
// CHECK-NEXT:  rnn.latest %[[S]]
// CHECK-NEXT:  %[[H:.*]] = step.scan
// CHECK:       %[[Y:.*]] = step.par trailing {
// CHECK-NEXT:    rnn.tanh %[[H]]
// CHECK-NEXT:    rnn.add %{{.*}}, %{{.*}}
// CHECK:       %[[G:.*]] = step.scan
// CHECK:       step.par {
// CHECK-NEXT:    rnn.tanh %[[G]]
step.schedule @behind(%x "x" : !x) {
  %h = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %x : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %g = step.scan on #t {
    %s = rnn.state "g" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.sub %r, %x : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %x2 = rnn.latest %x : !x -> !x2
  %x3 = rnn.latest %x2 : !x2 -> !x
  %y = step.par {
    %a = rnn.tanh %h : !x
    %b = rnn.add %a, %x3 : !x
    step.yield %b : !x
  } : !x
  %z = step.par {
    %a = rnn.tanh %g : !x
    step.yield %a : !x
  } : !x
  rnn.return "y" = %y, "z" = %z, "g" = %g : !x, !x, !x
}

// Of two loops, which may run side by side, it waits for both; and a product that is more work than the loop is divided
// better over all of time.
//
// CHECK-LABEL: step.schedule @apart
// CHECK-NOT:   trailing
step.schedule @apart(%x "x" : !x) {
  %w = rnn.param "w" init(zeros) : tensor<4x1xf32>
  %h = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %x : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %k = step.scan on #t reverse {
    %s = rnn.state "k" reverse : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %x : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %y = step.par {
    %a = rnn.mul %h, %k : !x
    step.yield %a : !x
  } : !x
  %g = step.scan on #t {
    %s = rnn.state "g" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.sub %r, %x : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %z = step.par {
    %v = rnn.reshape %g : !x -> !rnn.stream<1xf32, #t>
    %m = rnn.matmul %w, %v : tensor<4x1xf32>, !rnn.stream<1xf32, #t>
    step.yield %m : !rnn.stream<4xf32, #t>
  } : !rnn.stream<4xf32, #t>
  rnn.return "y" = %y, "z" = %z : !x, !rnn.stream<4xf32, #t>
}

// What a sum weighs is a par by itself, with weights that are results: nobody computes it. A product that is needed
// otherwise stays.
//
// CHECK-LABEL: step.schedule @weighed
// CHECK:       %[[MADE:.*]]:2 = step.par {
// CHECK:         %[[W:.*]] = rnn.exp %w
// CHECK:         %[[KEPT:.*]] = rnn.scale %w, %x
// CHECK:         step.yield %[[KEPT]], %[[W]]
// CHECK:       %[[PRODUCT:.*]] = step.par {
// CHECK-NEXT:    %[[P:.*]] = rnn.scale %[[MADE]]#1, %x
// CHECK-NEXT:    step.yield %[[P]]
// CHECK:       rnn.reduce sum %[[PRODUCT]]
// CHECK:       rnn.reduce max %[[MADE]]#0
#sample = #rnn.axis<"sample">
step.schedule @weighed(%x "x" : !rnn.stream<4xf32, #t>, %w "w" : !rnn.stream<f32, #t>) {
  %p:2 = step.par {
    %e = rnn.exp %w : !rnn.stream<f32, #t>
    %a = rnn.scale %e, %x : !rnn.stream<f32, #t>, !rnn.stream<4xf32, #t>
    %b = rnn.scale %w, %x : !rnn.stream<f32, #t>, !rnn.stream<4xf32, #t>
    step.yield %a, %b : !rnn.stream<4xf32, #t>, !rnn.stream<4xf32, #t>
  } : !rnn.stream<4xf32, #t>, !rnn.stream<4xf32, #t>
  %y = rnn.reduce sum %p#0 : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #sample>
  %z = rnn.reduce max %p#1 : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #sample>
  rnn.return "y" = %y, "z" = %z : !rnn.stream<4xf32, #sample>, !rnn.stream<4xf32, #sample>
}

// What the loop reads by parts that meet in its units is computed by them, whether the loop takes them or the par did,
// and whatever lies between: two slices of which one is taken apart again are three parts.
//
// CHECK-LABEL: step.schedule @parts
// CHECK:       %[[WHOLE:.*]] = step.par chunked {
// CHECK-NEXT:    %[[P:.*]] = rnn.matmul %w, %x
// CHECK-NEXT:    %[[A:.*]] = rnn.slice %[[P]][0, 16] axis 0
// CHECK-NEXT:    %[[B:.*]] = rnn.slice %[[P]][16, 32] axis 0
// CHECK-NEXT:    %[[C:.*]] = rnn.slice %[[P]][32, 48] axis 0
// CHECK-NEXT:    %[[ALL:.*]] = rnn.concat %[[A]], %[[B]], %[[C]] axis 0
// CHECK-NEXT:    step.yield %[[ALL]]
// CHECK:       step.scan
// CHECK-DAG:     rnn.slice %[[WHOLE]][0, 32] axis 0
// CHECK-DAG:     rnn.slice %[[WHOLE]][32, 48] axis 0
!v = !rnn.stream<16xf32, #t>
!v2 = !rnn.stream<32xf32, #t>
!v3 = !rnn.stream<48xf32, #t>
step.schedule @parts(%x "x" : !v) {
  %w = rnn.param "w" init(glorot) : tensor<48x16xf32>
  %p:2 = step.par {
    %m = rnn.matmul %w, %x : tensor<48x16xf32>, !v
    %n = rnn.slice %m[32, 48] axis 0 : !v3
    %g = rnn.slice %m[0, 32] axis 0 : !v3
    step.yield %n, %g : !v, !v2
  } : !v, !v2
  %h = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!v>
    %r = rnn.read %s : !rnn.state<!v> -> !v
    %t = rnn.tanh %p#1 : !v2
    %a, %b = rnn.split %t axis 0 : !v2 -> !v, !v
    %m = rnn.mul %a, %r : !v
    %k = rnn.add %m, %b : !v
    %n = rnn.add %k, %p#0 : !v
    rnn.next %s, %n : !v
    step.yield %n : !v
  } : !v
  rnn.return "h" = %h : !v
}

// Not where a reader takes it whole, where parts are no whole vectors of a machine, or where there are too many.
//
// CHECK-LABEL: step.schedule @whole
// CHECK-NOT:   rnn.concat
step.schedule @whole(%x "x" : !v) {
  %w = rnn.param "w" init(glorot) : tensor<32x16xf32>
  %u = rnn.param "u" init(glorot) : tensor<16x16xf32>
  %v = rnn.param "v" init(glorot) : tensor<96x16xf32>
  %p:3 = step.par {
    %a = rnn.matmul %w, %x : tensor<32x16xf32>, !v
    %b = rnn.matmul %u, %x : tensor<16x16xf32>, !v
    %c = rnn.matmul %v, %x : tensor<96x16xf32>, !v
    step.yield %a, %b, %c : !v2, !v, !rnn.stream<96xf32, #t>
  } : !v2, !v, !rnn.stream<96xf32, #t>
  %h = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!v>
    %r = rnn.read %s : !rnn.state<!v> -> !v
    %a, %b = rnn.split %p#0 axis 0 : !v2 -> !v, !v
    %f = rnn.fold sum %p#0 all : !v2
    %c, %d = rnn.split %p#1 axis 0 : !v -> !rnn.stream<8xf32, #t>, !rnn.stream<8xf32, #t>
    %e = rnn.sub %c, %d : !rnn.stream<8xf32, #t>
    %g = rnn.fold sum %e all : !rnn.stream<8xf32, #t>
    %k:6 = rnn.split %p#2 axis 0 : !rnn.stream<96xf32, #t> -> !v, !v, !v, !v, !v, !v
    %l = rnn.mul %k#0, %k#5 : !v
    %m = rnn.add %a, %b : !v
    %n = rnn.scale %f, %m : !x, !v
    %o = rnn.scale %g, %r : !x, !v
    %q = rnn.add %n, %o : !v
    %y = rnn.add %q, %l : !v
    rnn.next %s, %y : !v
    step.yield %y : !v
  } : !v
  rnn.return "h" = %h : !v
}
