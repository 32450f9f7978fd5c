// Pointwise operations hand on their adjoint times their slope, in terms of the result where it says all.
//
// RUN: rondo-opt --rondo-gradient %s | FileCheck %s

!x = !rnn.stream<4xf32, #rnn.axis<"t">>

// CHECK-LABEL: rnn.model @of_the_result.backward
// CHECK:       %[[Y:.*]] = rnn.tanh %x
// CHECK:       %[[DX:.*]] = rnn.dtanh %[[Y]], %d.y
// CHECK-NEXT:  rnn.return "y" = %[[Y]], "d.x" = %[[DX]]
rnn.model @of_the_result(%x "x" : !x) {
  %y = rnn.tanh %x : !x
  rnn.return "y" = %y : !x
}

// Each use adds; a product hands to each side the other.
//
// CHECK-LABEL: rnn.model @used_twice.backward
// CHECK:       %[[PART:.*]] = rnn.mul %d.y, %x
// CHECK-NEXT:  %[[DX:.*]] = rnn.add %[[PART]], %[[PART]]
// CHECK-NEXT:  rnn.return {{.*}}, "d.x" = %[[DX]]
rnn.model @used_twice(%x "x" : !x) {
  %y = rnn.mul %x, %x : !x
  rnn.return "y" = %y : !x
}

// A kink chooses: what is not chosen is not multiplied by 0, which NaN would survive. At a tie both sides get half.
//
// CHECK-LABEL: rnn.model @kinks.backward
// CHECK:       %[[TIE:.*]] = rnn.compare eq %a, %b
// CHECK:       %[[HALF:.*]] = rnn.select %[[TIE]]
// CHECK:       %[[ABOVE:.*]] = rnn.compare gt %a, %b
// CHECK:       %[[DA:.*]] = rnn.select %[[ABOVE]], %d.y, %[[HALF]]
// CHECK:       %[[BELOW:.*]] = rnn.compare gt %b, %a
// CHECK:       %[[DB:.*]] = rnn.select %[[BELOW]], %d.y, %[[HALF]]
// CHECK:       rnn.return {{.*}}, "d.a" = %[[DA]], "d.b" = %[[DB]]
rnn.model @kinks(%a "a" : !x, %b "b" : !x) {
  %y = rnn.maximum %a, %b : !x
  rnn.return "y" = %y : !x
}

// Where nothing flows, nothing is written.
//
// CHECK-LABEL: rnn.model @nothing.backward
// CHECK:       %[[Y:.*]] = rnn.floor
// CHECK-NEXT:  %[[ZERO:.*]] = rnn.const 0.0
// CHECK-NEXT:  rnn.return "y" = %[[Y]], "d.x" = %[[ZERO]]
rnn.model @nothing(%x "x" : !x) {
  %s = rnn.stop %x : !x
  %a = rnn.add %x, %s : !x
  %y = rnn.floor %a : !x
  rnn.return "y" = %y : !x
}
