// What narrow-slots leaves alone: where a slot's scope or direction differs from that of what is held, the two forget at
// different ticks.
//
// RUN: rondo-opt --rondo-narrow-slots %s | FileCheck %s

#section = #rnn.axis<"section">
#word = #rnn.axis<"word" in #section>
#w4 = #rnn.every<4 phase 0 of #word>
!x = !rnn.stream<f32, #word>
!s = !rnn.stream<f32, #w4>

// CHECK-LABEL: rnn.model @other_scope
// CHECK:       rnn.state "pre" restart(after #section) : !rnn.state<!rnn.stream<f32, #word>>
// CHECK:       rnn.read {{.*}} : !rnn.state<!rnn.stream<f32, #word>> -> !rnn.stream<f32, #word>
rnn.model @other_scope(%x "x" : !x) {
  %s = rnn.state "pre" restart(after #section) : !rnn.state<!x>
  %d = rnn.latest %x : !x -> !s
  %u = rnn.latest %d : !s -> !x
  rnn.next %s, %u : !x
  %r = rnn.read %s : !rnn.state<!x> -> !x
  rnn.return "y" = %r : !x
}

// CHECK-LABEL: rnn.model @other_direction
// CHECK:       rnn.state "pre" reverse : !rnn.state<!rnn.stream<f32, #word>>
rnn.model @other_direction(%x "x" : !x) {
  %s = rnn.state "pre" reverse : !rnn.state<!x>
  %d = rnn.latest %x : !x -> !s
  %u = rnn.latest %d : !s -> !x
  rnn.next %s, %u : !x
  %r = rnn.read %s : !rnn.state<!x> -> !x
  rnn.return "y" = %r : !x
}

// The same scope is no obstacle.
//
// CHECK-LABEL: rnn.model @same_scope
// CHECK:       rnn.state "pre" restart(after #section) : !rnn.state<!rnn.stream<f32, #every4_word>>
rnn.model @same_scope(%x "x" : !x) {
  %s = rnn.state "pre" restart(after #section) : !rnn.state<!x>
  %d = rnn.latest %x : !x -> !s
  %u = rnn.latest restart(after #section) %d : !s -> !x
  rnn.next %s, %u : !x
  %r = rnn.read %s : !rnn.state<!x> -> !x
  rnn.return "y" = %r : !x
}

// A slot that is written a *sample* of something faster cannot move to the faster clock.
//
// CHECK-LABEL: rnn.model @sampled
// CHECK:       rnn.state "pre" : !rnn.state<!rnn.stream<f32, #every4_word>>
rnn.model @sampled(%x "x" : !x) {
  %s = rnn.state "pre" : !rnn.state<!s>
  %d = rnn.latest %x : !x -> !s
  rnn.next %s, %d : !s
  %r = rnn.read %s : !rnn.state<!s> -> !s
  rnn.return "y" = %r : !s
}

// A sample without words has zero for its last word; the constant is not zero.
//
// CHECK-LABEL: rnn.model @empty_sample
// CHECK:       %[[C:.*]] = rnn.const 1.0{{.*}} : !rnn.stream<f32, #word>
// CHECK:       rnn.latest %[[C]]
rnn.model @empty_sample(%x "x" : !x) {
  %c = rnn.const 1.0 : !x
  %last = rnn.latest %c : !x -> !rnn.stream<f32, #rnn.axis<"sample">>
  rnn.return "y" = %last : !rnn.stream<f32, #rnn.axis<"sample">>
}

// Whether a tick is the last one is asked where it is known: on its own clock.
//
// CHECK-LABEL: rnn.model @last
// CHECK:       %[[N:.*]] = rnn.tick reverse
// CHECK:       %[[IS:.*]] = rnn.compare eq %[[N]]
// CHECK:       rnn.latest %[[IS]]
rnn.model @last(%x "x" : !x) {
  %n = rnn.tick reverse : !rnn.stream<i64, #word>
  %zero = rnn.const 0 : !rnn.stream<i64, #word>
  %is = rnn.compare eq %n, %zero : !rnn.stream<i64, #word>
  %y = rnn.latest %is : !rnn.stream<i1, #word> -> !rnn.stream<i1, #w4>
  rnn.return "y" = %y : !rnn.stream<i1, #w4>
}
