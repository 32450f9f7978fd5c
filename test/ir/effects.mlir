// What merging and deleting leave alone: slots with equal declarations, writes, events, losses, parameters and what the
// caller reads. Reads and takes are values like any other: equal ones are one, unused ones go.
//
// RUN: rondo-opt --cse --canonicalize %s | FileCheck %s

#t = #rnn.axis<"step">
#e = #rnn.event<0 of #t>
!s = !rnn.stream<4xf32, #t>

// CHECK-LABEL: rnn.model @kept
rnn.model @kept(%x "x" : !s, %l "l" : !rnn.stream<f32, #t>, %c "c" : !rnn.stream<i1, #t>) {
  // CHECK-NEXT: rnn.param "unused"
  %W = rnn.param "unused" init(zeros) : tensor<4xf32>
  // CHECK-NEXT: rnn.event
  rnn.event #e = %c
  // CHECK-NEXT: %a = rnn.state "a"
  %a = rnn.state "a" : !rnn.state<!s>
  // CHECK-NEXT: %b = rnn.state "b"
  %b = rnn.state "b" : !rnn.state<!s>
  // CHECK-NEXT: [[READ:%.*]] = rnn.read %a
  %ra = rnn.read %a : !rnn.state<!s> -> !s
  %again = rnn.read %a : !rnn.state<!s> -> !s
  %unread = rnn.read %b : !rnn.state<!s> -> !s
  // CHECK-NEXT: [[SUM:%.*]] = rnn.add [[READ]], [[READ]]
  %sum = rnn.add %ra, %again : !s
  // CHECK-NEXT: rnn.next %a, %x
  rnn.next %a, %x : !s
  // CHECK-NEXT: rnn.next %b, %x
  rnn.next %b, %x : !s
  // CHECK-NEXT: %da = rnn.accum "da" reverse
  %da = rnn.accum "da" reverse : !rnn.accum<!s>
  // CHECK-NEXT: rnn.put %da, %x
  rnn.put %da, %x : !rnn.accum<!s>, !s
  // CHECK-NEXT: rnn.put %da, %x
  rnn.put %da, %x : !rnn.accum<!s>, !s
  %unused = rnn.take %da : !rnn.accum<!s> -> !s
  // CHECK-NEXT: [[RANDOM:%.*]] = rnn.random "drop" site 0
  %u = rnn.random "drop" site 0 : !s
  %same = rnn.random "drop" site 0 : !s
  // CHECK-NEXT: [[OTHER:%.*]] = rnn.random "drop" site 1
  %other = rnn.random "drop" site 1 : !s
  // CHECK-NEXT: rnn.loss "l"
  rnn.loss "l" %l : !rnn.stream<f32, #t>
  // CHECK-NEXT: rnn.generate "x"
  rnn.generate "x" from %x limit 3 : !s
  // CHECK-NEXT: rnn.return "sum" = [[SUM]], "u" = [[RANDOM]], "same" = [[RANDOM]], "other" = [[OTHER]]
  rnn.return "sum" = %sum, "u" = %u, "same" = %same, "other" = %other : !s, !s, !s, !s
}

// A clock is in the types alone: it neither keeps a model alive nor lets it die.
// RUN: rondo-opt --symbol-dce %s | FileCheck --check-prefix=MODELS %s
// MODELS: rnn.model @kept
// MODELS: rnn.model training @kept.train
rnn.model training @kept.train(%x "x" : !s) {
  rnn.return
}
