// Scans that may run at the same time stand together; what else stands between them moves ahead of them or behind.
//
// RUN: rondo-opt "--pass-pipeline=builtin.module(step.schedule(rondo-form-waves))" %s | FileCheck %s

#t = #rnn.axis<"step">
#sample = #rnn.axis<"sample">
#t2 = #rnn.every<2 phase 0 of #t>
#e = #rnn.event<0 of #t>
!x = !rnn.stream<f32, #t>
!x2 = !rnn.stream<f32, #t2>
!xe = !rnn.stream<f32, #e>
!flag = !rnn.stream<i1, #t>

// Two directions; what neither needs comes behind both.
//
// CHECK-LABEL: step.schedule @directions
// CHECK:       step.scan on
// CHECK:       step.scan beside on {{.*}} reverse
// CHECK:       step.par
step.schedule @directions(%x "x" : !x) {
  %a = step.scan on #t {
    %s = rnn.state "a" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %x : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %p = step.par {
    %v = rnn.exp %x : !x
    step.yield %v : !x
  } : !x
  %b = step.scan on #t reverse {
    %s = rnn.state "b" reverse : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %x : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  rnn.return "a" = %a, "b" = %b, "p" = %p : !x, !x, !x
}

// A layer on a layer: what it needs besides is there before both.
//
// CHECK-LABEL: step.schedule @layers
// CHECK:       step.par {
// CHECK-NEXT:    rnn.tanh
// CHECK:       step.scan on
// CHECK:       step.par chunked {
// CHECK-NEXT:    rnn.exp
// CHECK:       step.scan behind on
step.schedule @layers(%x "x" : !x) {
  %a = step.scan on #t {
    %s = rnn.state "a" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %x : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %q = step.par {
    %v = rnn.tanh %x : !x
    step.yield %v : !x
  } : !x
  %p = step.par chunked {
    %v = rnn.exp %a : !x
    step.yield %v : !x
  } : !x
  %b = step.scan on #t {
    %s = rnn.state "b" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %m = rnn.add %r, %p : !x
    %n = rnn.add %m, %q : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  rnn.return "b" = %b, "q" = %q : !x, !x
}

// It sees the other's ticks at other steps, or another clock's.
//
// CHECK-LABEL: step.schedule @apart
// CHECK-NOT:   {{beside|behind}}
// CHECK:       rnn.return
step.schedule @apart(%x "x" : !x) {
  %a = step.scan on #t {
    %s = rnn.state "a" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %x : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %b = step.scan on #t reverse {
    %s = rnn.state "b" reverse : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %a : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %l = rnn.latest %b : !x -> !x2
  %c = step.scan on #t2 {
    %s = rnn.state "c" : !rnn.state<!x2>
    %r = rnn.read %s : !rnn.state<!x2> -> !x2
    %n = rnn.add %r, %l : !x2
    rnn.next %s, %n : !x2
    step.yield %n : !x2
  } : !x2
  rnn.return "c" = %c : !x2
}

// It ticks where the inputs say so: that is found ahead of both. Where the other says so, it waits.
//
// CHECK-LABEL: step.schedule @events
// CHECK:       rnn.event
// CHECK:       step.scan on
// CHECK:       step.scan beside on
step.schedule @events(%x "x" : !x) {
  %a = step.scan on #t {
    %s = rnn.state "a" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %x : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %f = step.par {
    %v = rnn.exp %x : !x
    %c = rnn.compare lt %v, %x : !x
    step.yield %c : !flag
  } : !flag
  rnn.event #e = %f
  %xe = rnn.latest %x : !x -> !xe
  %b = step.scan on #e {
    %s = rnn.state "b" : !rnn.state<!xe>
    %r = rnn.read %s : !rnn.state<!xe> -> !xe
    %n = rnn.add %r, %xe : !xe
    rnn.next %s, %n : !xe
    step.yield %n : !xe
  } : !xe
  rnn.return "a" = %a, "b" = %b : !x, !xe
}

// CHECK-LABEL: step.schedule @own
// CHECK-NOT:   {{beside|behind}}
// CHECK:       rnn.return
step.schedule @own(%x "x" : !x) {
  %a = step.scan on #t {
    %s = rnn.state "a" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %x : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %f = step.par {
    %c = rnn.compare lt %a, %x : !x
    step.yield %c : !flag
  } : !flag
  rnn.event #e = %f
  %xe = rnn.latest %x : !x -> !xe
  %b = step.scan on #e {
    %s = rnn.state "b" : !rnn.state<!xe>
    %r = rnn.read %s : !rnn.state<!xe> -> !xe
    %n = rnn.add %r, %xe : !xe
    rnn.next %s, %n : !xe
    step.yield %n : !xe
  } : !xe
  rnn.return "a" = %a, "b" = %b : !x, !xe
}

// The sum ends the life of the first one's rows, whose place the second one's may take.
//
// CHECK-LABEL: step.schedule @freed
// CHECK:       step.scan on
// CHECK:       rnn.reduce
// CHECK:       step.scan on
step.schedule @freed(%x "x" : !x) {
  %a = step.scan on #t {
    %s = rnn.state "a" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %x : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  %m = rnn.reduce sum %a : !x -> !rnn.stream<f32, #sample>
  %b = step.scan on #t reverse {
    %s = rnn.state "b" reverse : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %n = rnn.add %r, %x : !x
    rnn.next %s, %n : !x
    step.yield %n : !x
  } : !x
  rnn.return "m" = %m, "b" = %b : !rnn.stream<f32, #sample>, !x
}
