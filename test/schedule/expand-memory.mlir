// Inside of scans, reductions and counts become slots.
//
// RUN: rondo-opt "--pass-pipeline=builtin.module(step.schedule(rondo-expand-memory))" %s | FileCheck %s

#t = #rnn.axis<"step">
#e = #rnn.event<1 of #t>
#e2 = #rnn.every<2 phase 1 of #e>
!x = !rnn.stream<f32, #t>
!y = !rnn.stream<f32, #e>

// A sum of the ticks since the event's last one: it starts again behind each.
//
// CHECK-LABEL: step.schedule @sum
// CHECK:         %[[S:.*]] = rnn.state "{{.*}}" restart(after #[[E:.*]]) : !rnn.state<!rnn.stream<f32, #step>>
// CHECK-NEXT:    %[[R:.*]] = rnn.read %[[S]]
// CHECK-NEXT:    %[[N:.*]] = rnn.add %[[R]], %{{.*}}
// CHECK-NEXT:    rnn.next %[[S]], %[[N]]
// CHECK-NEXT:    rnn.latest restart(after #[[E]]) %[[N]]
// CHECK-NOT:     rnn.reduce
step.schedule @sum(%x "x" : !x) {
  %out = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!y>
    %r = rnn.read %s : !rnn.state<!y> -> !x
    %c = rnn.compare lt %r, %x : !x
    rnn.event #e = %c
    %y = rnn.reduce sum %x : !x -> !y
    rnn.next %s, %y : !y
    step.yield %y : !y
  } : !y
  rnn.return "y" = %out : !y
}

// Of time that runs backward the cut lies on the other side.
//
// CHECK-LABEL: step.schedule @backward
// CHECK:         rnn.state "{{.*}}" reverse restart(before #{{.*}})
// CHECK:         rnn.latest reverse restart(before #{{.*}})
step.schedule @backward(%x "x" : !x) {
  %out = step.scan on #t reverse {
    %s = rnn.state "s" reverse : !rnn.state<!y>
    %r = rnn.read %s : !rnn.state<!y> -> !x
    %c = rnn.compare lt %r, %x : !x
    rnn.event #e = %c
    %y = rnn.reduce sum reverse %x : !x -> !y
    rnn.next %s, %y : !y
    step.yield %y : !y
  } : !y
  rnn.return "y" = %out : !y
}

// A period of the event is an event where the count has that remainder; everything on it moves to the new clock.
//
// CHECK-LABEL: step.schedule @period
// CHECK:         rnn.event #[[E:.*]] = %
// CHECK:         %[[P:.*]] = rnn.mod %{{.*}}, %{{.*}}
// CHECK:         %[[C:.*]] = rnn.compare eq %[[P]], %{{.*}}
// CHECK:         rnn.event #[[F:.*]] = %[[C]]
// CHECK:         rnn.latest %x : {{.*}} -> !rnn.stream<f32, #[[F]]>
// CHECK-NOT:     rnn.every
step.schedule @period(%x "x" : !x) {
  %out = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!rnn.stream<f32, #e2>>
    %r = rnn.read %s : !rnn.state<!rnn.stream<f32, #e2>> -> !x
    %c = rnn.compare lt %r, %x : !x
    rnn.event #e = %c
    %y = rnn.latest %x : !x -> !rnn.stream<f32, #e2>
    rnn.next %s, %y : !rnn.stream<f32, #e2>
    step.yield %y : !rnn.stream<f32, #e2>
  } : !rnn.stream<f32, #e2>
  rnn.return "y" = %out : !rnn.stream<f32, #e2>
}

// And what selects from a clock that has become an event goes with it.
//
// CHECK-LABEL: step.schedule @periods
// CHECK:         rnn.event #[[E:.*]] = %
// CHECK:         rnn.event #[[F:.*]] = %
// CHECK:         rnn.event #[[G:.*]] = %
// CHECK:         rnn.event #[[H:.*]] = %
// CHECK:         rnn.latest %x : {{.*}} -> !rnn.stream<f32, #[[H]]>
// CHECK-NOT:     rnn.every
#g = #rnn.event<2 of #e2>
#g3 = #rnn.every<3 phase 1 of #g>
step.schedule @periods(%x "x" : !x) {
  %out = step.scan on #t {
    %s = rnn.state "s" : !rnn.state<!rnn.stream<f32, #g3>>
    %r = rnn.read %s : !rnn.state<!rnn.stream<f32, #g3>> -> !x
    %c = rnn.compare lt %r, %x : !x
    rnn.event #e = %c
    %at = rnn.latest %c : !rnn.stream<i1, #t> -> !rnn.stream<i1, #e2>
    rnn.event #g = %at
    %y = rnn.latest %x : !x -> !rnn.stream<f32, #g3>
    rnn.next %s, %y : !rnn.stream<f32, #g3>
    step.yield %y : !rnn.stream<f32, #g3>
  } : !rnn.stream<f32, #g3>
  rnn.return "y" = %out : !rnn.stream<f32, #g3>
}
