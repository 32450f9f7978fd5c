// Matrices of each tick do not go through memory: what makes one of vectors for a loop stands in the loop, and what makes
// vectors of one of the loop, too.
//
// RUN: rondo-opt "--pass-pipeline=builtin.module(step.schedule(rondo-nest-matrices))" %s | FileCheck %s

#t = #rnn.axis<"step">
!x = !rnn.stream<32xf32, #t>
!c = !rnn.stream<32x1xf32, #t>
!r = !rnn.stream<1x32xf32, #t>
!m = !rnn.stream<32x32xf32, #t>

// What the reader needs besides is computed ahead of the loop; what is left of its par is not.
//
// CHECK-LABEL: step.schedule @memory
// CHECK:       %[[E:.*]] = step.par {
// CHECK-NEXT:    rnn.tanh
// CHECK:       %[[Q:.*]] = step.par {
// CHECK-NEXT:    rnn.sigmoid
// CHECK:       %[[Y:.*]] = step.scan on #step {
// CHECK-DAG:     %[[COLUMN:.*]] = rnn.reshape %[[E]]
// CHECK-DAG:     %[[ROW:.*]] = rnn.reshape %x
// CHECK:         %[[KV:.*]] = rnn.matmul %[[COLUMN]], %[[ROW]]
// CHECK:         %[[S:.*]] = rnn.add %{{.*}}, %[[KV]]
// CHECK:         %[[READ:.*]] = rnn.matmul %[[S]], %[[Q]]
// CHECK-NEXT:    step.yield %[[READ]] : !rnn.stream<32xf32, #step>
// CHECK:       step.par {
// CHECK-NEXT:    rnn.exp %[[Y]]
// CHECK-NOT:     rnn.matmul
step.schedule @memory(%x "x" : !x) {
  %kv = step.par {
    %e = rnn.tanh %x : !x
    %column = rnn.reshape %e : !x -> !c
    %row = rnn.reshape %x : !x -> !r
    %both = rnn.matmul %column, %row : !c, !r
    step.yield %both : !m
  } : !m
  %s = step.scan on #t {
    %slot = rnn.state "s" : !rnn.state<!m>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %new = rnn.add %old, %kv : !m
    rnn.next %slot, %new : !m
    step.yield %new : !m
  } : !m
  %y = step.par {
    %q = rnn.sigmoid %x : !x
    %read = rnn.matmul %s, %q : !m, !x
    %exp = rnn.exp %read : !x
    step.yield %exp : !x
  } : !x
  rnn.return "y" = %y : !x
}

// A matrix that is needed as such is given, and read in the loop by others.
//
// CHECK-LABEL: step.schedule @given
// CHECK:       step.scan
// CHECK:         %[[S:.*]] = rnn.add
// CHECK:         %[[READ:.*]] = rnn.matmul %[[S]], %x
// CHECK-NEXT:    step.yield %[[S]], %[[READ]]
// CHECK-NOT:   step.par
step.schedule @given(%x "x" : !x, %g "g" : !m) {
  %s = step.scan on #t {
    %slot = rnn.state "s" : !rnn.state<!m>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %new = rnn.add %old, %g : !m
    rnn.next %slot, %new : !m
    step.yield %new : !m
  } : !m
  %y = step.par {
    %read = rnn.matmul %s, %x : !m, !x
    step.yield %read : !x
  } : !x
  rnn.return "y" = %y, "s" = %s : !x, !m
}

// What is read of it again with what was read of it is read in the loop too.
//
// CHECK-LABEL: step.schedule @again
// CHECK:       step.scan
// CHECK:         %[[FIRST:.*]] = rnn.matmul %[[S:.*]], %x
// CHECK:         %[[AGAIN:.*]] = rnn.matmul %[[S]], %[[FIRST]]
// CHECK:         step.yield %[[AGAIN]] : !rnn.stream<32xf32, #step>
// CHECK-NOT:   step.par
step.schedule @again(%x "x" : !x, %g "g" : !m) {
  %s = step.scan on #t {
    %slot = rnn.state "s" : !rnn.state<!m>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %new = rnn.add %old, %g : !m
    rnn.next %slot, %new : !m
    step.yield %new : !m
  } : !m
  %y = step.par {
    %first = rnn.matmul %s, %x : !m, !x
    %again = rnn.matmul %s, %first : !m, !x
    step.yield %again : !x
  } : !x
  rnn.return "y" = %y : !x
}

// With what is pointwise between, each of it once, and constants.
//
// CHECK-LABEL: step.schedule @between
// CHECK:       step.scan
// CHECK:         rnn.add
// CHECK:         %[[HALF:.*]] = rnn.const 0.5
// CHECK:         %[[A:.*]] = rnn.mul %{{.*}}, %[[HALF]]
// CHECK-NEXT:    %[[B:.*]] = rnn.mul %[[A]], %[[A]]
// CHECK-NEXT:    %[[Y:.*]] = rnn.matmul %[[B]], %x
// CHECK-NEXT:    step.yield %[[Y]]
// CHECK-NOT:   step.par
step.schedule @between(%x "x" : !x, %g "g" : !m) {
  %s = step.scan on #t {
    %slot = rnn.state "s" : !rnn.state<!m>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %new = rnn.add %old, %g : !m
    rnn.next %slot, %new : !m
    step.yield %new : !m
  } : !m
  %y = step.par {
    %half = rnn.const 0.5 : !m
    %a = rnn.mul %s, %half : !m
    %b = rnn.mul %a, %a : !m
    %read = rnn.matmul %b, %x : !m, !x
    step.yield %read : !x
  } : !x
  rnn.return "y" = %y : !x
}

// What is needed besides is computed of the loop by others: this reader stays where it is.
//
// CHECK-LABEL: step.schedule @behind
// CHECK:       %[[SCAN:.*]]:2 = step.scan
// CHECK:         %[[S:.*]] = rnn.add
// CHECK:         %[[FIRST:.*]] = rnn.matmul %[[S]], %x
// CHECK-NEXT:    step.yield %[[S]], %[[FIRST]]
// CHECK:       step.par {
// CHECK-NEXT:    %[[EXP:.*]] = rnn.exp %[[SCAN]]#1
// CHECK-NEXT:    rnn.matmul %[[SCAN]]#0, %[[EXP]]
step.schedule @behind(%x "x" : !x, %g "g" : !m) {
  %s = step.scan on #t {
    %slot = rnn.state "s" : !rnn.state<!m>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %new = rnn.add %old, %g : !m
    rnn.next %slot, %new : !m
    step.yield %new : !m
  } : !m
  %y = step.par {
    %first = rnn.matmul %s, %x : !m, !x
    %exp = rnn.exp %first : !x
    %again = rnn.matmul %s, %exp : !m, !x
    step.yield %again : !x
  } : !x
  rnn.return "y" = %y : !x
}

// Of a matrix of vectors that several loops read each makes its own.
//
// CHECK-LABEL: step.schedule @several
// CHECK-NOT:   step.par
// CHECK:       step.scan on #step {
// CHECK:         rnn.outer %x, %x
// CHECK:       step.scan on #step reverse {
// CHECK:         rnn.outer %x, %x
step.schedule @several(%x "x" : !x) {
  %kv = step.par {
    %both = rnn.outer %x, %x : !x, !x -> !m
    step.yield %both : !m
  } : !m
  %a = step.scan on #t {
    %slot = rnn.state "a" : !rnn.state<!m>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %new = rnn.add %old, %kv : !m
    rnn.next %slot, %new : !m
    %read = rnn.matmul %new, %x : !m, !x
    step.yield %read : !x
  } : !x
  %b = step.scan on #t reverse {
    %slot = rnn.state "b" reverse : !rnn.state<!m>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %new = rnn.add %old, %kv : !m
    rnn.next %slot, %new : !m
    %read = rnn.matmul %new, %x : !m, !x
    step.yield %read : !x
  } : !x
  rnn.return "y" = %a, "z" = %b : !x, !x
}

// A matrix that others need as it was and as it becomes is given once; a vector, twice.
//
// CHECK-LABEL: step.schedule @twice
// CHECK:       %[[S:.*]]:3 = step.scan on #step {
// CHECK:         step.yield %[[NEW:.*]], %[[OLD:.*]], %[[NEXT:.*]] : !rnn.stream<32x32xf32, #step>, !rnn.stream<32xf32, #step>, !rnn.stream<32xf32, #step>
// CHECK:       %[[BEFORE:.*]] = step.before %[[S]]#0 : !rnn.stream<32x32xf32, #step>
// CHECK:       rnn.return "m" = %[[S]]#0, "was" = %[[BEFORE]], "v" = %[[S]]#2, "w" = %[[S]]#1
step.schedule @twice(%x "x" : !x, %g "g" : !m) {
  %s:4 = step.scan on #t {
    %slot = rnn.state "m" : !rnn.state<!m>
    %vector = rnn.state "v" : !rnn.state<!x>
    %old = rnn.read %slot : !rnn.state<!m> -> !m
    %was = rnn.read %vector : !rnn.state<!x> -> !x
    %new = rnn.add %old, %g : !m
    %next = rnn.add %was, %x : !x
    rnn.next %slot, %new : !m
    rnn.next %vector, %next : !x
    step.yield %new, %old, %was, %next : !m, !m, !x, !x
  } : !m, !m, !x, !x
  rnn.return "m" = %s#0, "was" = %s#1, "v" = %s#3, "w" = %s#2 : !m, !m, !x, !x
}
