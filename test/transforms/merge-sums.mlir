// Sums of the parts of two values become parts of their sum.
//
// RUN: rondo-opt --rondo-merge-sums %s | FileCheck %s

#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
#t4 = #rnn.every<4 phase 0 of #t>
!a = !rnn.stream<2xf32, #t4>
!b = !rnn.stream<2xf32, #t2>
!c = !rnn.stream<2xf32, #t>
!a1 = !rnn.stream<1xf32, #t4>
!b1 = !rnn.stream<1xf32, #t2>

// The last two of three parts; their sum's parts are added to likewise.
//
// CHECK-LABEL: rnn.model @chain
// CHECK:       %[[X:.*]] = rnn.latest
// CHECK:       %[[Y:.*]] = rnn.latest
// CHECK:       %[[A:.*]]:4 = rnn.split %[[X]]
// CHECK:       %[[S:.*]] = rnn.slice %[[X]][2, 7]
// CHECK-NEXT:  %[[L:.*]] = rnn.latest %[[S]]
// CHECK-NEXT:  %[[Z:.*]] = rnn.add %[[L]], %[[Y]]
// CHECK-NEXT:  %[[B:.*]]:3 = rnn.split %[[Z]]
// CHECK-NEXT:  %[[S2:.*]] = rnn.slice %[[Z]][0, 4]
// CHECK-NEXT:  %[[L2:.*]] = rnn.latest %[[S2]]
// CHECK-NEXT:  %[[Z2:.*]] = rnn.add %[[L2]], %z
// CHECK-NEXT:  %[[C:.*]]:2 = rnn.split %[[Z2]]
// CHECK-NEXT:  rnn.return "a" = %[[A]]#0, "b" = %[[B]]#2, "c" = %[[C]]#0, "d" = %[[C]]#1
rnn.model @chain(%xt "x" : !rnn.stream<7xf32, #t>, %yt "y" : !rnn.stream<5xf32, #t>, %z "z" : !rnn.stream<4xf32, #t>) {
  %x = rnn.latest %xt : !rnn.stream<7xf32, #t> -> !rnn.stream<7xf32, #t4>
  %y = rnn.latest %yt : !rnn.stream<5xf32, #t> -> !rnn.stream<5xf32, #t2>
  %a:4 = rnn.split %x axis 0 : !rnn.stream<7xf32, #t4> -> !a, !a, !a, !a1
  %b:3 = rnn.split %y axis 0 : !rnn.stream<5xf32, #t2> -> !b, !b, !b1
  %c:2 = rnn.split %z axis 0 : !rnn.stream<4xf32, #t> -> !c, !c
  %l1 = rnn.latest %a#1 : !a -> !b
  %l2 = rnn.latest %a#2 : !a -> !b
  %l3 = rnn.latest %a#3 : !a1 -> !b1
  %s1 = rnn.add %l1, %b#0 : !b
  %s2 = rnn.add %b#1, %l2 : !b
  %s3 = rnn.add %l3, %b#2 : !b1
  %m1 = rnn.latest %s1 : !b -> !c
  %m2 = rnn.latest %s2 : !b -> !c
  %t1 = rnn.add %m1, %c#0 : !c
  %t2 = rnn.add %m2, %c#1 : !c
  rnn.return "a" = %a#0, "b" = %s3, "c" = %t1, "d" = %t2 : !a, !b1, !c, !c
}

// In another order; with another scope; a part that is used elsewhere too.
//
// CHECK-LABEL: rnn.model @not
// CHECK-NOT:   rnn.slice
// CHECK-COUNT-6: rnn.add
rnn.model @not(%xt "x" : !rnn.stream<4xf32, #t>, %yt "y" : !rnn.stream<4xf32, #t>, %zt "z" : !rnn.stream<4xf32, #t>,
               %ut "u" : !rnn.stream<4xf32, #t>) {
  %x = rnn.latest %xt : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #t4>
  %y = rnn.latest %yt : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #t2>
  %z = rnn.latest %zt : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #t2>
  %u = rnn.latest %ut : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #t2>
  %a:2 = rnn.split %x axis 0 : !rnn.stream<4xf32, #t4> -> !a, !a
  %b:2 = rnn.split %y axis 0 : !rnn.stream<4xf32, #t2> -> !b, !b
  %c:2 = rnn.split %z axis 0 : !rnn.stream<4xf32, #t2> -> !b, !b
  %d:2 = rnn.split %u axis 0 : !rnn.stream<4xf32, #t2> -> !b, !b
  %l1 = rnn.latest %a#1 : !a -> !b
  %l2 = rnn.latest %a#0 : !a -> !b
  %s1 = rnn.add %l1, %b#0 : !b
  %s2 = rnn.add %l2, %b#1 : !b
  %m1 = rnn.latest %a#0 : !a -> !b
  %m2 = rnn.latest restart(after #t2) %a#1 : !a -> !b
  %t1 = rnn.add %m1, %c#0 : !b
  %t2 = rnn.add %m2, %c#1 : !b
  %n1 = rnn.latest %a#0 : !a -> !b
  %n2 = rnn.latest %a#1 : !a -> !b
  %u1 = rnn.add %n1, %d#0 : !b
  %u2 = rnn.add %n2, %d#1 : !b
  rnn.return "s1" = %s1, "s2" = %s2, "t1" = %t1, "t2" = %t2, "u1" = %u1, "u2" = %u2, "d" = %d#0 : !b, !b, !b, !b, !b, !b, !b
}

// All parts of both: nothing is left of them.
//
// CHECK-LABEL: rnn.model @all
// CHECK:       %[[X:.*]] = rnn.latest
// CHECK-NEXT:  %[[L:.*]] = rnn.latest %[[X]]
// CHECK-NEXT:  %[[Z:.*]] = rnn.add %[[L]], %y
// CHECK-NEXT:  %[[P:.*]]:2 = rnn.split %[[Z]]
// CHECK-NEXT:  rnn.return "s1" = %[[P]]#0, "s2" = %[[P]]#1
rnn.model @all(%xt "x" : !rnn.stream<4xf32, #t>, %y "y" : !rnn.stream<4xf32, #t>) {
  %x = rnn.latest %xt : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #t4>
  %a:2 = rnn.split %x axis 0 : !rnn.stream<4xf32, #t4> -> !a, !a
  %b:2 = rnn.split %y axis 0 : !rnn.stream<4xf32, #t> -> !c, !c
  %l1 = rnn.latest %a#0 : !a -> !c
  %l2 = rnn.latest %a#1 : !a -> !c
  %s1 = rnn.add %l1, %b#0 : !c
  %s2 = rnn.add %l2, %b#1 : !c
  rnn.return "s1" = %s1, "s2" = %s2 : !c, !c
}
