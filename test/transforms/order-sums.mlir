// Terms that do not come from the loop are added outside of it.
//
// RUN: rondo-opt --rondo-order-sums %s | FileCheck %s

#t = #rnn.axis<"step">
!h = !rnn.stream<3xf32, #t>

// The bias was added last.
//
// CHECK-LABEL: rnn.model @bias
// CHECK:       %[[OUT:.*]] = rnn.add %x, %[[B:[^ ]*]]
// CHECK-NEXT:  %[[Z:.*]] = rnn.add %[[OUT]], %[[UH:[^ ]*]]
// CHECK-NEXT:  rnn.tanh %[[Z]]
// CHECK-NOT:   rnn.add
rnn.model @bias(%x "x" : !h) {
  %U = rnn.param "U" init(orthogonal) : tensor<3x3xf32>
  %b = rnn.param "b" init(zeros) : tensor<3xf32>
  %hs = rnn.state "h" : !rnn.state<!h>
  %h = rnn.read %hs : !rnn.state<!h> -> !h
  %uh = rnn.matmul %U, %h : tensor<3x3xf32>, !h
  %a = rnn.add %uh, %x : !h
  %bt = rnn.lift %b : tensor<3xf32> -> !h
  %z = rnn.add %a, %bt : !h
  %n = rnn.tanh %z : !h
  rnn.next %hs, %n : !h
  rnn.return "y" = %n : !h
}

// A sum that is used elsewhere too is not taken apart: %a stays.
//
// CHECK-LABEL: rnn.model @shared
// CHECK:       %[[A:.*]] = rnn.add %{{.*}}, %x
// CHECK:       %[[Z:.*]] = rnn.add %[[A]], %{{.*}}
// CHECK:       rnn.mul %[[A]], %[[Z]]
rnn.model @shared(%x "x" : !h) {
  %b = rnn.param "b" init(zeros) : tensor<3xf32>
  %hs = rnn.state "h" : !rnn.state<!h>
  %h = rnn.read %hs : !rnn.state<!h> -> !h
  %a = rnn.add %h, %x : !h
  %bt = rnn.lift %b : tensor<3xf32> -> !h
  %z = rnn.add %a, %bt : !h
  %n = rnn.mul %a, %z : !h
  rnn.next %hs, %n : !h
  rnn.return "y" = %n : !h
}

// Nothing is gained where only the bias is from outside.
//
// CHECK-LABEL: rnn.model @alone
// CHECK:       rnn.add %[[UH:.*]], %[[H:.*]] :
// CHECK-NEXT:  rnn.lift
// CHECK-NEXT:  rnn.add
rnn.model @alone() {
  %U = rnn.param "U" init(orthogonal) : tensor<3x3xf32>
  %b = rnn.param "b" init(zeros) : tensor<3xf32>
  %hs = rnn.state "h" : !rnn.state<!h>
  %h = rnn.read %hs : !rnn.state<!h> -> !h
  %uh = rnn.matmul %U, %h : tensor<3x3xf32>, !h
  %a = rnn.add %uh, %h : !h
  %bt = rnn.lift %b : tensor<3xf32> -> !h
  %z = rnn.add %a, %bt : !h
  rnn.next %hs, %z : !h
  rnn.return "y" = %z : !h
}

// A sum that is a term of another one, and is read elsewhere too: the other one reads what it has become.
//
// CHECK-LABEL: rnn.model @nested
// CHECK:       %[[FIRST:.*]] = rnn.add %x, %y :
// CHECK-NEXT:  %[[SUM:.*]] = rnn.add %[[FIRST]], %{{.*}} :
// CHECK-NEXT:  rnn.tanh %[[SUM]]
// CHECK-NEXT:  %[[SECOND:.*]] = rnn.add %x, %y :
// CHECK-NEXT:  rnn.add %[[SECOND]], %[[SUM]] :
rnn.model @nested(%x "x" : !h, %y "y" : !h) {
  %U = rnn.param "U" init(orthogonal) : tensor<3x3xf32>
  %hs = rnn.state "h" : !rnn.state<!h>
  %h = rnn.read %hs : !rnn.state<!h> -> !h
  %uh = rnn.matmul %U, %h : tensor<3x3xf32>, !h
  %a = rnn.add %uh, %x : !h
  %s = rnn.add %a, %y : !h
  %t = rnn.tanh %s : !h
  %b = rnn.add %s, %x : !h
  %c = rnn.add %b, %y : !h
  %n = rnn.mul %t, %c : !h
  rnn.next %hs, %n : !h
  rnn.return "y" = %n : !h
}
