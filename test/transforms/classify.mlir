// Remarks on loops (direction, clocks, degree, structure, and what makes them not affine or not diagonal) and on outputs.
//
// RUN: rondo-opt --rondo-classify %s -o /dev/null 2>&1 | FileCheck %s --implicit-check-not=remark

#section = #rnn.axis<"section">
#t = #rnn.axis<"step" in #section>
#t2 = #rnn.every<2 phase 0 of #t>
!x = !rnn.stream<4xf32, #t>

// h' = a * h + b, where a and b are made of x: can be scanned in parallel.
//
// CHECK: remark: loop through h: forward, on step, degree 1, Jacobian diagonal, coefficients free of the state
// CHECK: remark: output y: by sample, known at its own tick
rnn.model @diagonal(%x "x" : !x) {
  %s = rnn.state "h" : !rnn.state<!x>
  %h = rnn.read %s : !rnn.state<!x> -> !x
  %a = rnn.sigmoid %x : !x
  %ah = rnn.mul %a, %h : !x
  %n = rnn.add %ah, %x : !x
  rnn.next %s, %n : !x
  rnn.return "y" = %n : !x
}

// A sum over time: the Jacobian is the identity.
//
// CHECK: remark: loop through sum: {{.*}}, degree 1, Jacobian identity, coefficients free of the state
// CHECK: remark: output y
rnn.model @identity(%x "x" : !x) {
  %s = rnn.state "sum" : !rnn.state<!x>
  %h = rnn.read %s : !rnn.state<!x> -> !x
  %n = rnn.add %h, %x : !x
  rnn.next %s, %n : !x
  rnn.return "y" = %n : !x
}

// A product with a matrix mixes elements; so does a slot that is made of another slot.
//
// CHECK: remark: loop through a, b: {{.*}}, degree 1, Jacobian dense, coefficients free of the state; affine, not diagonal: line [[#@LINE+8]] mixes by matmul
// CHECK: remark: output y
rnn.model @dense(%x "x" : !x) {
  %U = rnn.param "U" init(orthogonal) : tensor<4x4xf32>
  %as = rnn.state "a" : !rnn.state<!x>
  %bs = rnn.state "b" : !rnn.state<!x>
  %a = rnn.read %as : !rnn.state<!x> -> !x
  %b = rnn.read %bs : !rnn.state<!x> -> !x
  %u = rnn.matmul %U, %b : tensor<4x4xf32>, !x
  rnn.next %as, %u : !x
  %n = rnn.add %a, %x : !x
  rnn.next %bs, %n : !x
  rnn.return "y" = %n : !x
}

// Not affine: a function of the state, a product of two of its values, a choice by it. The line is that of the source,
// of an equation of a cell the one in the cell.
//
// CHECK: remark: loop through h: {{.*}}, degree 2 or more, Jacobian dense, coefficients made of the state; not affine: line 12 puts h under tanh
// CHECK: rnn.rondo:12:8: note: here
// CHECK: remark: loop through square: {{.*}}, degree 2 or more, Jacobian diagonal, coefficients made of the state; not affine: line [[#@LINE+13]] puts square under mul
// CHECK: remark: loop through choice: {{.*}}, degree 1, Jacobian diagonal, coefficients made of the state; not affine: line [[#@LINE+17]] puts choice under compare
// CHECK: remark: output y
rnn.model @not_affine(%x "x" : !x) {
  %U = rnn.param "U" init(orthogonal) : tensor<4x4xf32>
  %hs = rnn.state "h" : !rnn.state<!x>
  %h = rnn.read %hs : !rnn.state<!x> -> !x
  %u = rnn.matmul %U, %h : tensor<4x4xf32>, !x
  %t = rnn.tanh %u : !x loc(callsite("rnn.rondo":12:8 at "model.rondo":3:5))
  rnn.next %hs, %t : !x

  %ss = rnn.state "square" : !rnn.state<!x>
  %s = rnn.read %ss : !rnn.state<!x> -> !x
  %s2 = rnn.mul %s, %s : !x
  rnn.next %ss, %s2 : !x

  %cs = rnn.state "choice" : !rnn.state<!x>
  %c = rnn.read %cs : !rnn.state<!x> -> !x
  %big = rnn.compare gt %c, %x : !x
  %c2 = rnn.neg %c : !x
  %n = rnn.select %big, %c2, %x : !rnn.stream<4xi1, #t>, !x
  rnn.next %cs, %n : !x
  rnn.return "y" = %n : !x
}

// The adjoint of a loop, which runs through an accumulator, is always affine.
//
// CHECK: remark: loop through d.h: backward, on {{.*}}, degree 1, Jacobian diagonal, coefficients free of the state
// CHECK: remark: output dx: by sample, known at the end of the sequence
rnn.model @adjoint(%y "y" : !x, %dy "dy" : !x) {
  %a = rnn.accum "d.h" reverse : !rnn.accum<!x>
  %d0 = rnn.take %a : !rnn.accum<!x> -> !x
  %d = rnn.add %d0, %dy : !x
  %dx = rnn.dtanh %y, %d : !x
  rnn.put %a, %dx : !rnn.accum<!x>, !x
  rnn.return "dx" = %dx : !x
}

// An event that the loop itself decides: what is written is not made of the state, but when it is.
//
// CHECK: remark: loop through level: forward, on {{.*}}, degree 0, Jacobian zero, coefficients made of the state; not affine: line [[#@LINE+8]] puts level under compare
// CHECK: remark: output y
#e = #rnn.event<0 of #t>
!f = !rnn.stream<f32, #t>
!fe = !rnn.stream<f32, #e>
rnn.model @event(%x "x" : !f) {
  %s = rnn.state "level" : !rnn.state<!fe>
  %h = rnn.read %s : !rnn.state<!fe> -> !f
  %low = rnn.compare lt %h, %x : !f
  rnn.event #e = %low
  %xe = rnn.latest %x : !f -> !fe
  rnn.next %s, %xe : !fe
  rnn.return "y" = %h : !f
}

// What is made of tensors, constants and counts of ticks is one value for all samples, unless the end of a sample or of
// a segment, or an event, decides where it is seen.
//
// CHECK: remark: loop through n: {{.*}}, degree 1, Jacobian identity
// CHECK: remark: output tick: the same for every sample
// CHECK: remark: output half: the same for every sample
// CHECK: remark: output count: the same for every sample
// CHECK: remark: output left: by sample
// CHECK: remark: output inside: by sample
// CHECK: remark: output last: by sample
rnn.model @uniform(%x "x" : !x) {
  %b = rnn.param "b" init(zeros) : tensor<f32>
  %tick = rnn.tick : !rnn.stream<i64, #t>
  %real = rnn.convert %tick : !rnn.stream<i64, #t> -> !f
  %lb = rnn.lift %b : tensor<f32> -> !f
  %y = rnn.mul %real, %lb : !f
  %half = rnn.latest %y : !f -> !rnn.stream<f32, #t2>
  %s = rnn.state "n" : !rnn.state<!f>
  %r = rnn.read %s : !rnn.state<!f> -> !f
  %n = rnn.add %r, %lb : !f
  rnn.next %s, %n : !f
  %left = rnn.tick reverse : !rnn.stream<i64, #t>
  %inside = rnn.tick restart(after #section) : !rnn.stream<i64, #t>
  %last = rnn.latest %y : !f -> !rnn.stream<f32, #rnn.axis<"sample">>
  rnn.return "tick" = %y, "half" = %half, "count" = %n, "left" = %left, "inside" = %inside, "last" = %last
    : !f, !rnn.stream<f32, #t2>, !f, !rnn.stream<i64, #t>, !rnn.stream<i64, #t>, !rnn.stream<f32, #rnn.axis<"sample">>
}

// What looks ahead is known at the end of what it may see: of its scope, of the rows, of the tick that is spread. At
// that very tick it is known in time.
//
// CHECK: remark: output section: by sample, known at the end of section
// CHECK: remark: output all: by sample, known at the end of the sequence
// CHECK: remark: output soft: by sample, known at the end of section
// CHECK: remark: output pooled: by sample, known at its own tick
// CHECK: remark: output spread: by sample, known at the end of section
// CHECK: remark: output final: by sample, known at its own tick
rnn.model @known(%x "x" : !x) {
  %as = rnn.state "a" reverse restart(after #section) : !rnn.state<!x>
  rnn.next %as, %x : !x
  %a = rnn.read %as : !rnn.state<!x> -> !x
  %bs = rnn.state "b" reverse : !rnn.state<!x>
  rnn.next %bs, %x : !x
  %b = rnn.read %bs : !rnn.state<!x> -> !x
  %soft = rnn.softmax %a per(#section) : !x
  %pooled = rnn.reduce sum %soft : !x -> !rnn.stream<4xf32, #section>
  %spread = rnn.latest reverse %pooled : !rnn.stream<4xf32, #section> -> !x
  %final = rnn.latest %b : !x -> !rnn.stream<4xf32, #rnn.axis<"sample">>
  rnn.return "section" = %a, "all" = %b, "soft" = %soft, "pooled" = %pooled, "spread" = %spread, "final" = %final
    : !x, !x, !x, !rnn.stream<4xf32, #section>, !x, !rnn.stream<4xf32, #rnn.axis<"sample">>
}

// A sum of matrices of vectors: they stay in the loop. Small ones do not.
//
// CHECK: remark: loop through m: forward, on step, degree 1, Jacobian identity, coefficients free of the state; step by step all the same: line [[#@LINE+5]] makes a matrix of vectors, which stays in the loop
// CHECK: remark: output y
rnn.model @memory(%x "x" : !rnn.stream<16xf32, #t>, %f "f" : !rnn.stream<f32, #t>) {
  %s = rnn.state "m" : !rnn.state<!rnn.stream<16x16xf32, #t>>
  %old = rnn.read %s : !rnn.state<!rnn.stream<16x16xf32, #t>> -> !rnn.stream<16x16xf32, #t>
  %outer = rnn.outer %x, %x : !rnn.stream<16xf32, #t>, !rnn.stream<16xf32, #t> -> !rnn.stream<16x16xf32, #t>
  %scaled = rnn.scale %f, %outer : !rnn.stream<f32, #t>, !rnn.stream<16x16xf32, #t>
  %new = rnn.add %old, %scaled : !rnn.stream<16x16xf32, #t>
  rnn.next %s, %new : !rnn.stream<16x16xf32, #t>
  %y = rnn.matmul %new, %x : !rnn.stream<16x16xf32, #t>, !rnn.stream<16xf32, #t>
  rnn.return "y" = %y : !rnn.stream<16xf32, #t>
}

// CHECK: remark: loop through m: forward, on step, degree 1, Jacobian identity, coefficients free of the state{{$}}
// CHECK: remark: output y
rnn.model @small(%x "x" : !x) {
  %s = rnn.state "m" : !rnn.state<!rnn.stream<4x4xf32, #t>>
  %old = rnn.read %s : !rnn.state<!rnn.stream<4x4xf32, #t>> -> !rnn.stream<4x4xf32, #t>
  %outer = rnn.outer %x, %x : !x, !x -> !rnn.stream<4x4xf32, #t>
  %new = rnn.add %old, %outer : !rnn.stream<4x4xf32, #t>
  rnn.next %s, %new : !rnn.stream<4x4xf32, #t>
  %y = rnn.matmul %new, %x : !rnn.stream<4x4xf32, #t>, !x
  rnn.return "y" = %y : !x
}
