// What a loop sees of values outside of it, on an event that the loop itself makes, is led to each of its steps ahead of
// it: rows of another clock with their rows, and within the loop sampled in the loop's direction.
//
// RUN: rondo-opt --rondo-form-scans --check-each %s | FileCheck %s

#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
#e = #rnn.event<0 of #t>
#tt = #rnn.pair<#t, #t>
#et = #rnn.pair<#e, #t>
!v = !rnn.stream<f32, #t>
!ve = !rnn.stream<f32, #e>

// CHECK-LABEL: step.schedule @rows
// CHECK:       %[[AHEAD:.*]] = step.par
// CHECK:       } : !rnn.stream<f32, #step_step>
// CHECK:       step.scan on #step
// CHECK:       rnn.event #event0_step
// CHECK:       rnn.latest %[[AHEAD]] : !rnn.stream<f32, #step_step> -> !rnn.stream<f32, #event0_step_step>
rnn.model @rows(%x "x" : !v) {
  %s = rnn.state "s" : !rnn.state<!v>
  %r = rnn.read %s : !rnn.state<!v> -> !v
  %zero = rnn.const 0.0 : !v
  %up = rnn.compare ge %r, %zero : !v
  rnn.event #e = %up
  %q = rnn.cross %x : !v -> !rnn.stream<f32, #tt>
  %k = rnn.cross source %x : !v -> !rnn.stream<f32, #tt>
  %p = rnn.mul %q, %k : !rnn.stream<f32, #tt>
  %pe = rnn.latest %p : !rnn.stream<f32, #tt> -> !rnn.stream<f32, #et>
  %sum = rnn.reduce sum %pe : !rnn.stream<f32, #et> -> !ve
  %held = rnn.latest %sum : !ve -> !v
  rnn.next %s, %held : !v
  rnn.return "y" = %held : !v
}

// CHECK-LABEL: step.schedule @backward
// CHECK:       %[[AHEAD:.*]] = rnn.latest reverse %{{.*}} : !rnn.stream<f32, #every2_step> -> !rnn.stream<f32, #step>
// CHECK:       step.scan on #step reverse
// CHECK:       rnn.event #event0_step
// CHECK:       rnn.latest reverse %[[AHEAD]] : !rnn.stream<f32, #step> -> !rnn.stream<f32, #event0_step>
rnn.model @backward(%x "x" : !v) {
  %s = rnn.state "s" reverse : !rnn.state<!v>
  %r = rnn.read %s : !rnn.state<!v> -> !v
  %zero = rnn.const 0.0 : !v
  %up = rnn.compare ge %r, %zero : !v
  rnn.event #e = %up
  %x2 = rnn.latest %x : !v -> !rnn.stream<f32, #t2>
  %xe = rnn.latest reverse %x2 : !rnn.stream<f32, #t2> -> !ve
  %held = rnn.latest reverse %xe : !ve -> !v
  rnn.next %s, %held : !v
  rnn.return "y" = %held : !v
}

// A slot outside is read once the event that restarts it is known; a constant on a clock that is not the loop's is held
// ahead of the loop.
//
// CHECK-LABEL: step.schedule @known
// CHECK:       rnn.event #event1_step
// CHECK:       step.before restart(after #event1_step)
// CHECK-LABEL: step.schedule @constant
// CHECK:       %[[TRUE:.*]] = step.par
// CHECK-NEXT:    rnn.const true : !rnn.stream<i1, #every3_step>
// CHECK:       %[[AHEAD:.*]] = rnn.latest %[[TRUE]] : !rnn.stream<i1, #every3_step> -> !rnn.stream<i1, #every2_step>
// CHECK:       step.scan on #every2_step
// CHECK:       rnn.latest %[[AHEAD]] : !rnn.stream<i1, #every2_step> -> !rnn.stream<i1, #event2_every2_step>
#known = #rnn.event<1 of #t>
rnn.model @known(%x "x" : !v) {
  %s = rnn.state "s" restart(after #known) : !rnn.state<!v>
  rnn.next %s, %x : !v
  %r = rnn.read %s : !rnn.state<!v> -> !v
  %t = rnn.tanh %r : !v
  %half = rnn.const 0.5 : !v
  %a = rnn.abs %x : !v
  %b = rnn.sqrt %a : !v
  %up = rnn.compare ge %b, %half : !v
  rnn.event #known = %up
  rnn.return "t" = %t : !v
}
#e2 = #rnn.event<2 of #t2>
#t3 = #rnn.every<3 phase 0 of #t>
!v2 = !rnn.stream<f32, #t2>
!ve2 = !rnn.stream<f32, #e2>
rnn.model @constant(%x "x" : !v) {
  %s = rnn.state "s" : !rnn.state<!v2>
  %r = rnn.read %s : !rnn.state<!v2> -> !v2
  %zero = rnn.const 0.0 : !v2
  %up = rnn.compare ge %r, %zero : !v2
  rnn.event #e2 = %up
  %yes = rnn.const true : !rnn.stream<i1, #t3>
  %came = rnn.latest %yes : !rnn.stream<i1, #t3> -> !rnn.stream<i1, #e2>
  %x2 = rnn.latest %x : !v -> !v2
  %xe = rnn.latest %x2 : !v2 -> !ve2
  %one = rnn.const 1.0 : !ve2
  %choice = rnn.select %came, %xe, %one : !rnn.stream<i1, #e2>, !ve2
  %held = rnn.latest %choice : !ve2 -> !v2
  rnn.next %s, %held : !v2
  rnn.return "y" = %held : !v2
}
