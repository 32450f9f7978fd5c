// What is put into an accumulator reaches the nearest tick of the taker's clock behind it, whatever clocks both have.
//
// RUN: rondo-opt --rondo-expand-accums %s | FileCheck %s
// RUN: rondo-opt --check-each --check-batches=4 --pass-pipeline='builtin.module(rnn.model(rondo-expand-accums),rondo-form-scans,step.schedule(rondo-parallel-scan,rondo-batch-segments,rondo-expand-memory,rondo-form-chunks))' %s | FileCheck --check-prefix=STEP %s

#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
#t3 = #rnn.every<3 phase 1 of #t>
#sentence = #rnn.axis<"sentence">
#word = #rnn.axis<"word" in #sentence>
#s = #rnn.axis<"source">
#ts = #rnn.pair<#t, #s>
!x = !rnn.stream<4xf32, #t>
!x2 = !rnn.stream<4xf32, #t2>
!x3 = !rnn.stream<4xf32, #t3>

// One clock: a slot. Nothing is left to be summed.
// CHECK-LABEL: rnn.model @loop
// CHECK: %d.h = rnn.state "d.h" reverse : !rnn.state<!rnn.stream<4xf32, #step>>
// CHECK: [[R:%.*]] = rnn.read %d.h
// CHECK: [[H:%.*]] = rnn.add [[R]], %dy
// CHECK: [[P:%.*]] = rnn.dtanh %x, [[H]]
// CHECK: rnn.next %d.h, [[P]]
// CHECK-NOT: rnn.reduce
// CHECK: rnn.return
// STEP-LABEL: step.schedule @loop
// STEP-NOT: accum
rnn.model @loop(%x "x" : !x, %dy "dy" : !x) {
  %a = rnn.accum "d.h" reverse : !rnn.accum<!x>
  %d = rnn.take %a : !rnn.accum<!x> -> !x
  %h = rnn.add %d, %dy : !x
  %p = rnn.dtanh %x, %h : !x
  rnn.put %a, %p : !rnn.accum<!x>, !x
  rnn.return "d" = %h : !x
}

// A slow slot that fast ticks read: what these put is shifted by a tick, then summed from slow tick to slow tick. Puts of
// one clock are added up first.
// CHECK-LABEL: rnn.model @slowOfFast
// CHECK: rnn.state "d" reverse : !rnn.state<!rnn.stream<4xf32, #step>>
// CHECK: [[S:%.*]] = rnn.add %x, %dy
// CHECK: rnn.next %d, [[S]]
// CHECK: [[R:%.*]] = rnn.read %d
// CHECK: rnn.reduce sum reverse [[R]] : !rnn.stream<4xf32, #step> -> !rnn.stream<4xf32, #[[T2:.*]]>
rnn.model @slowOfFast(%x "x" : !x, %dy "dy" : !x) {
  %a = rnn.accum "d" reverse : !rnn.accum<!x2>
  rnn.put %a, %x : !rnn.accum<!x2>, !x
  rnn.put %a, %dy : !rnn.accum<!x2>, !x
  %d = rnn.take %a : !rnn.accum<!x2> -> !x2
  rnn.return "d" = %d : !x2
}

// A fast slot that slow ticks read.
// CHECK-LABEL: rnn.model @fastOfSlow
// CHECK: rnn.state "d" reverse : !rnn.state<!rnn.stream<4xf32, #step>>
// CHECK: [[S:%.*]] = rnn.reduce sum reverse {{.*}} -> !rnn.stream<4xf32, #step>
// CHECK: rnn.next %d, [[S]]
// CHECK: [[R:%.*]] = rnn.read %d
// CHECK: rnn.return "d" = [[R]]
rnn.model @fastOfSlow(%x "x" : !x) {
  %x2 = rnn.latest %x : !x -> !x2
  %a = rnn.accum "d" reverse : !rnn.accum<!x>
  rnn.put %a, %x2 : !rnn.accum<!x>, !x2
  %d = rnn.take %a : !rnn.accum<!x> -> !x
  rnn.return "d" = %d : !x
}

// Clocks of which neither has the other's ticks: by way of what both select from. Two clocks are two slots.
// CHECK-LABEL: rnn.model @neither
// CHECK-DAG: rnn.state "d" reverse : !rnn.state<!rnn.stream<4xf32, #step>>
// CHECK-DAG: rnn.state "d+1" reverse : !rnn.state<!rnn.stream<4xf32, #{{.*}}>>
rnn.model @neither(%x "x" : !x) {
  %x2 = rnn.latest %x : !x -> !x2
  %x3 = rnn.latest %x : !x -> !x3
  %a = rnn.accum "d" reverse : !rnn.accum<!x3>
  rnn.put %a, %x2 : !rnn.accum<!x3>, !x2
  rnn.put %a, %x3 : !rnn.accum<!x3>, !x3
  %d = rnn.take %a : !rnn.accum<!x3> -> !x3
  rnn.return "d" = %d : !x3
}

// Nothing crosses a cut; words of a sentence, in either direction of time.
// CHECK-LABEL: rnn.model @segments
// CHECK: rnn.state "d" restart(after #sentence)
// CHECK: rnn.state "e" reverse restart(after #sentence)
rnn.model @segments(%w "w" : !rnn.stream<4xf32, #word>) {
  %a = rnn.accum "d" restart(after #sentence) : !rnn.accum<!rnn.stream<4xf32, #word>>
  rnn.put %a, %w : !rnn.accum<!rnn.stream<4xf32, #word>>, !rnn.stream<4xf32, #word>
  %d = rnn.take %a : !rnn.accum<!rnn.stream<4xf32, #word>> -> !rnn.stream<4xf32, #word>
  %b = rnn.accum "e" reverse restart(after #sentence) : !rnn.accum<!rnn.stream<4xf32, #rnn.every<2 phase 0 of #word>>>
  rnn.put %b, %w : !rnn.accum<!rnn.stream<4xf32, #rnn.every<2 phase 0 of #word>>>, !rnn.stream<4xf32, #word>
  %e = rnn.take %b : !rnn.accum<!rnn.stream<4xf32, #rnn.every<2 phase 0 of #word>>> -> !rnn.stream<4xf32, #rnn.every<2 phase 0 of #word>>
  rnn.return "d" = %d, "e" = %e : !rnn.stream<4xf32, #word>, !rnn.stream<4xf32, #rnn.every<2 phase 0 of #word>>
}

// A row of the source at an earlier tick of the target.
// CHECK-LABEL: rnn.model @pairs
// CHECK: rnn.state "d" reverse : !rnn.state<!rnn.stream<4xf32, #step_source>>
rnn.model @pairs(%x "x" : !x, %y "y" : !rnn.stream<4xf32, #s>) {
  %xp = rnn.cross %x : !x -> !rnn.stream<4xf32, #ts>
  %yp = rnn.cross %y : !rnn.stream<4xf32, #s> -> !rnn.stream<4xf32, #ts>
  %p = rnn.mul %xp, %yp : !rnn.stream<4xf32, #ts>
  %a = rnn.accum "d" reverse : !rnn.accum<!rnn.stream<4xf32, #ts>>
  rnn.put %a, %p : !rnn.accum<!rnn.stream<4xf32, #ts>>, !rnn.stream<4xf32, #ts>
  %d = rnn.take %a : !rnn.accum<!rnn.stream<4xf32, #ts>> -> !rnn.stream<4xf32, #ts>
  rnn.return "d" = %d : !rnn.stream<4xf32, #ts>
}

// Nothing is put, or nothing taken.
// CHECK-LABEL: rnn.model @nothing
// CHECK-NOT: rnn.state
// CHECK: [[Z:%.*]] = rnn.const 0.0
// CHECK: rnn.return "d" = [[Z]]
rnn.model @nothing(%x "x" : !x) {
  %a = rnn.accum "d" reverse : !rnn.accum<!x>
  %d = rnn.take %a : !rnn.accum<!x> -> !x
  %b = rnn.accum "e" reverse : !rnn.accum<!x>
  rnn.put %b, %x : !rnn.accum<!x>, !x
  rnn.return "d" = %d : !x
}
