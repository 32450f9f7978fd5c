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
