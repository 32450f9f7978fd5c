// Folding, merging and zero propagation. Running the pass again changes nothing.
//
// RUN: rondo-opt --rondo-simplify %s -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: rondo-opt --rondo-simplify %t.once | diff %t.once -

#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
!x = !rnn.stream<4xf32, #t>

// CHECK-LABEL: rnn.model @merge_equal
// CHECK-NEXT:  %[[Y:.*]] = rnn.tanh %x
// CHECK-NEXT:  rnn.return "a" = %[[Y]], "b" = %[[Y]]
rnn.model @merge_equal(%x "x" : !x) {
  %a = rnn.tanh %x : !x
  %b = rnn.tanh %x : !x
  rnn.return "a" = %a, "b" = %b : !x, !x
}

// What is only ever written zero, or what was read, reads as zero; so does all that is made of it alone.
//
// CHECK-LABEL: rnn.model @zero
// CHECK-NOT:   rnn.read
// CHECK-NOT:   rnn.matmul
// CHECK:       rnn.return "y" = %x
rnn.model @zero(%x "x" : !x) {
  %U = rnn.param "U" init(orthogonal) : tensor<4x4xf32>
  %s = rnn.state "s" : !rnn.state<!rnn.stream<4xf32, #t2>>
  %kept = rnn.read %s : !rnn.state<!rnn.stream<4xf32, #t2>> -> !rnn.stream<4xf32, #t2>
  rnn.next %s, %kept : !rnn.stream<4xf32, #t2>
  %u = rnn.latest %kept : !rnn.stream<4xf32, #t2> -> !x
  %z = rnn.matmul %U, %u : tensor<4x4xf32>, !x
  %y = rnn.add %x, %z : !x
  rnn.return "y" = %y : !x
}

// Constants are computed in fp64.
//
// CHECK-LABEL: rnn.model @constants
// CHECK-NEXT:  %[[C:.*]] = rnn.const 0.30000000000000004 : !rnn.stream<4xf32, #step>
// CHECK-NEXT:  rnn.mul %x, %[[C]]
rnn.model @constants(%x "x" : !x) {
  %a = rnn.const 0.1 : tensor<4xf32>
  %b = rnn.const 0.2 : tensor<4xf32>
  %c = rnn.add %a, %b : tensor<4xf32>
  %l = rnn.lift %c : tensor<4xf32> -> !x
  %y = rnn.mul %x, %l : !x
  rnn.return "y" = %y : !x
}

// A constant on an event clock stands below the event.
//
// CHECK-LABEL: rnn.model @constant_on_event
// CHECK-NEXT:  rnn.event #[[E:.*]] = %b
// CHECK:       rnn.const 2.0{{.*}} : !rnn.stream<4xf32, #[[E]]>
#e = #rnn.event<0 of #t>
rnn.model @constant_on_event(%x "x" : !x, %b "b" : !rnn.stream<i1, #t>) {
  rnn.event #e = %b
  %xe = rnn.latest %x : !x -> !rnn.stream<4xf32, #e>
  %two = rnn.const 2.0 : tensor<4xf32>
  %l = rnn.lift %two : tensor<4xf32> -> !rnn.stream<4xf32, #e>
  %y = rnn.mul %xe, %l : !rnn.stream<4xf32, #e>
  rnn.return "y" = %y : !rnn.stream<4xf32, #e>
}

// Nothing comes out of an accumulator into which only zero is put.
//
// CHECK-LABEL: rnn.model @accumulator
// CHECK-NOT:   rnn.put
// CHECK-NOT:   rnn.take
// CHECK:       rnn.return "y" = %x
rnn.model @accumulator(%x "x" : !x) {
  %a = rnn.accum "d" reverse : !rnn.accum<!x>
  %zero = rnn.const 0.0 : !x
  rnn.put %a, %zero : !rnn.accum<!x>, !x
  %t = rnn.take %a : !rnn.accum<!x> -> !x
  %y = rnn.add %x, %t : !x
  rnn.return "y" = %y : !x
}

// A matrix whose rows are all one vector is that vector repeated; one whose rows are a vector times the elements of
// another, side by side, is their product.
//
// CHECK-LABEL: rnn.model @rows
// CHECK-DAG:   %[[SAME:.*]] = rnn.repeat %x : {{.*}} -> !rnn.stream<3x4xf32, #step>
// CHECK-DAG:   %[[PART:.*]] = rnn.slice %x[1, 3] axis 0
// CHECK-DAG:   %[[SCALED:.*]] = rnn.outer %[[PART]], %x : {{.*}} -> !rnn.stream<2x4xf32, #step>
// CHECK-DAG:   %[[MIXED:.*]] = rnn.concat
// CHECK:       rnn.return "same" = %[[SAME]], "scaled" = %[[SCALED]], "mixed" = %[[MIXED]]
rnn.model @rows(%x "x" : !x) {
  %r = rnn.reshape %x : !x -> !rnn.stream<1x4xf32, #t>
  %same = rnn.concat %r, %r, %r axis 0 : !rnn.stream<1x4xf32, #t>, !rnn.stream<1x4xf32, #t>, !rnn.stream<1x4xf32, #t>
  %s1 = rnn.slice %x [1, 2] axis 0 : !x
  %s2 = rnn.slice %x [2, 3] axis 0 : !x
  %n1 = rnn.reshape %s1 : !rnn.stream<1xf32, #t> -> !rnn.stream<f32, #t>
  %n2 = rnn.reshape %s2 : !rnn.stream<1xf32, #t> -> !rnn.stream<f32, #t>
  %v1 = rnn.scale %n1, %x : !rnn.stream<f32, #t>, !x
  %v2 = rnn.scale %n2, %x : !rnn.stream<f32, #t>, !x
  %r1 = rnn.reshape %v1 : !x -> !rnn.stream<1x4xf32, #t>
  %r2 = rnn.reshape %v2 : !x -> !rnn.stream<1x4xf32, #t>
  %scaled = rnn.concat %r1, %r2 axis 0 : !rnn.stream<1x4xf32, #t>, !rnn.stream<1x4xf32, #t>
  %mixed = rnn.concat %r2, %r1 axis 0 : !rnn.stream<1x4xf32, #t>, !rnn.stream<1x4xf32, #t>
  rnn.return "same" = %same, "scaled" = %scaled, "mixed" = %mixed : !rnn.stream<3x4xf32, #t>, !rnn.stream<2x4xf32, #t>, !rnn.stream<2x4xf32, #t>
}

// Rows of pairs with several weights are summed up weight by weight.
//
// CHECK-LABEL: rnn.model @weights
// CHECK-DAG:   %[[A:.*]] = rnn.scale %{{.*}}, %[[ROWS:.*]] : {{.*}}
// CHECK-DAG:   %[[B:.*]] = rnn.scale %{{.*}}, %[[ROWS]] : {{.*}}
// CHECK-DAG:   %[[C:.*]] = rnn.reduce sum %[[A]]
// CHECK-DAG:   %[[D:.*]] = rnn.reduce sum %[[B]]
// CHECK:       rnn.add %[[C]], %[[D]]
#s = #rnn.axis<"source">
#p = #rnn.pair<#t, #s>
rnn.model @weights(%x "x" : !rnn.stream<4xf32, #s>, %a "a" : !rnn.stream<f32, #t>, %b "b" : !rnn.stream<f32, #s>) {
  %rows = rnn.cross %x : !rnn.stream<4xf32, #s> -> !rnn.stream<4xf32, #p>
  %v = rnn.cross %a : !rnn.stream<f32, #t> -> !rnn.stream<f32, #p>
  %w = rnn.cross %b : !rnn.stream<f32, #s> -> !rnn.stream<f32, #p>
  %first = rnn.scale %v, %rows : !rnn.stream<f32, #p>, !rnn.stream<4xf32, #p>
  %second = rnn.outer %w, %rows : !rnn.stream<f32, #p>, !rnn.stream<4xf32, #p> -> !rnn.stream<4xf32, #p>
  %each = rnn.add %first, %second : !rnn.stream<4xf32, #p>
  %y = rnn.reduce sum %each : !rnn.stream<4xf32, #p> -> !rnn.stream<4xf32, #t>
  rnn.return "y" = %y : !rnn.stream<4xf32, #t>
}

// A sum over time of what is linear is that of the sum, which is done once; one of products of vectors is one product.
//
// CHECK-LABEL: rnn.model @totals
// CHECK-SAME:    %x "x" : [[X:.*]], %w "w"
// CHECK-DAG:   %[[W:.*]] = rnn.param "p"
// CHECK-DAG:   %[[SUM:.*]] = rnn.total %x : {{.*}} -> tensor<4xf32>
// CHECK-DAG:   %[[SCALED:.*]] = rnn.mul %[[W]], %[[SUM]] : tensor<4xf32>
// CHECK-DAG:   %[[NEG:.*]] = rnn.neg %[[SCALED]] : tensor<4xf32>
// CHECK-DAG:   %[[HALF:.*]] = rnn.mul %{{.*}} : tensor<4xf32>
// CHECK-DAG:   %[[ROWS:.*]] = rnn.repeat %[[NEG]] : tensor<4xf32> -> tensor<3x4xf32>
// CHECK-DAG:   %[[PRODUCT:.*]] = rnn.outer %x, %w : {{.*}} -> tensor<4x3xf32>
// CHECK-DAG:   %[[SQUARE:.*]] = rnn.mul %x, %x
// CHECK-DAG:   %[[OTHER:.*]] = rnn.total %[[SQUARE]]
// CHECK:       rnn.return "rows" = %[[ROWS]], "half" = %[[HALF]], "product" = %[[PRODUCT]], "square" = %[[OTHER]]
rnn.model @totals(%x "x" : !x, %w "w" : !rnn.stream<3xf32, #t>) {
  %p = rnn.param "p" init(uniform(1.0)) : tensor<4xf32>
  %lifted = rnn.lift %p : tensor<4xf32> -> !x
  %scaled = rnn.mul %lifted, %x : !x
  %neg = rnn.neg %scaled : !x
  %repeat = rnn.repeat %neg : !x -> !rnn.stream<3x4xf32, #t>
  %rows = rnn.total %repeat : !rnn.stream<3x4xf32, #t> -> tensor<3x4xf32>
  %c = rnn.const 0.5 : !x
  %less = rnn.mul %x, %c : !x
  %half = rnn.total %less : !x -> tensor<4xf32>
  %outer = rnn.outer %x, %w : !x, !rnn.stream<3xf32, #t> -> !rnn.stream<4x3xf32, #t>
  %product = rnn.total %outer : !rnn.stream<4x3xf32, #t> -> tensor<4x3xf32>
  %square = rnn.mul %x, %x : !x
  %other = rnn.total %square : !x -> tensor<4xf32>
  rnn.return "rows" = %rows, "half" = %half, "product" = %product, "square" = %other : tensor<3x4xf32>, tensor<4xf32>, tensor<4x3xf32>, tensor<4xf32>
}

// CHECK-LABEL: rnn.model @ones
// CHECK-DAG:   %[[LINES:.*]] = rnn.fold sum %m axis 1
// CHECK-DAG:   %[[COLUMNS:.*]] = rnn.fold sum %m axis 0
// CHECK-DAG:   %[[OTHER:.*]] = rnn.matmul %m
// CHECK:       rnn.return "lines" = %[[LINES]], "columns" = %[[COLUMNS]], "other" = %[[OTHER]]
rnn.model @ones(%m "m" : !rnn.stream<3x4xf32, #t>) {
  %four = rnn.const 1.0 : !x
  %three = rnn.const 1.0 : !rnn.stream<3xf32, #t>
  %two = rnn.const 2.0 : !x
  %lines = rnn.matmul %m, %four : !rnn.stream<3x4xf32, #t>, !x
  %columns = rnn.matmul transposed %m, %three : !rnn.stream<3x4xf32, #t>, !rnn.stream<3xf32, #t>
  %other = rnn.matmul %m, %two : !rnn.stream<3x4xf32, #t>, !x
  rnn.return "lines" = %lines, "columns" = %columns, "other" = %other : !rnn.stream<3xf32, #t>, !x, !rnn.stream<3xf32, #t>
}
