// What comes from several clocks is added from the rarest clock on, and crosses once.
//
// RUN: rondo-opt --rondo-chain-sums %s | FileCheck %s
// RUN: rondo-opt --rondo-chain-sums --check-each %s

#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
#t3 = #rnn.every<3 phase 0 of #t>
#t4 = #rnn.every<4 phase 0 of #t>
!h = !rnn.stream<3xf32, #t>
!h2 = !rnn.stream<3xf32, #t2>
!h3 = !rnn.stream<3xf32, #t3>
!h4 = !rnn.stream<3xf32, #t4>

// CHECK-LABEL: rnn.model @held
// CHECK:       %[[X2:.*]] = rnn.latest %x : {{.*}}#every2_step>
// CHECK-NEXT:  %[[X4:.*]] = rnn.latest %x : {{.*}}#every4_step>
// CHECK-NEXT:  %[[UP:.*]] = rnn.latest %[[X4]] : {{.*}}#every4_step> -> {{.*}}#every2_step>
// CHECK-NEXT:  %[[BOTH:.*]] = rnn.add %[[UP]], %[[X2]] : {{.*}}#every2_step>
// CHECK-NEXT:  %[[A:.*]] = rnn.latest %[[BOTH]] : {{.*}}#every2_step> -> {{.*}}#step>
// CHECK-NEXT:  %[[Y:.*]] = rnn.add %[[A]], %x
// CHECK-NEXT:  rnn.return "y" = %[[Y]]
rnn.model @held(%x "x" : !h) {
  %x2 = rnn.latest %x : !h -> !h2
  %x4 = rnn.latest %x : !h -> !h4
  %a = rnn.latest %x2 : !h2 -> !h
  %b = rnn.latest %x4 : !h4 -> !h
  %s = rnn.add %a, %x : !h
  %y = rnn.add %s, %b : !h
  rnn.return "y" = %y : !h
}

// Slots too: their sum becomes one.
//
// CHECK-LABEL: rnn.model @remembered
// CHECK:       %[[Q:.*]] = rnn.state "a.sum" : {{.*}}#every2_step>
// CHECK:       %[[UP:.*]] = rnn.latest %[[X4:[^ ]*]] : {{.*}}#every4_step> -> {{.*}}#every2_step>
// CHECK-NEXT:  %[[BOTH:.*]] = rnn.add %[[UP]], %[[X2:[^ ]*]] :
// CHECK-NEXT:  rnn.next %[[Q]], %[[BOTH]]
// CHECK:       %[[R:.*]] = rnn.read %[[Q]]
// CHECK-NEXT:  rnn.add %[[R]], %x
rnn.model @remembered(%x "x" : !h) {
  %sa = rnn.state "a" : !rnn.state<!h2>
  %sb = rnn.state "b" : !rnn.state<!h4>
  %x2 = rnn.latest %x : !h -> !h2
  %x4 = rnn.latest %x : !h -> !h4
  rnn.next %sa, %x2 : !h2
  rnn.next %sb, %x4 : !h4
  %a = rnn.read %sa : !rnn.state<!h2> -> !h
  %b = rnn.read %sb : !rnn.state<!h4> -> !h
  %s = rnn.add %a, %b : !h
  %y = rnn.add %s, %x : !h
  rnn.return "y" = %y : !h
}

// Of every second and every third tick neither is among the other.
//
// CHECK-LABEL: rnn.model @apart
// CHECK-COUNT-2: rnn.latest %{{.*}} -> !rnn.stream<3xf32, #step>
// CHECK:       rnn.return
rnn.model @apart(%x "x" : !h) {
  %x2 = rnn.latest %x : !h -> !h2
  %x3 = rnn.latest %x : !h -> !h3
  %a = rnn.latest %x2 : !h2 -> !h
  %b = rnn.latest %x3 : !h3 -> !h
  %y = rnn.add %a, %b : !h
  rnn.return "y" = %y : !h
}

// What restarts and what does not do not cross alike.
//
// CHECK-LABEL: rnn.model @scopes
// CHECK:       rnn.add %{{.*}}, %{{.*}} : !rnn.stream<3xf32, #step>
// CHECK-NEXT:  rnn.return
rnn.model @scopes(%x "x" : !h) {
  %x2 = rnn.latest %x : !h -> !h2
  %x4 = rnn.latest %x : !h -> !h4
  %a = rnn.latest %x2 : !h2 -> !h
  %b = rnn.latest restart(before #t4) %x4 : !h4 -> !h
  %y = rnn.add %a, %b : !h
  rnn.return "y" = %y : !h
}
