// Beside a schedule that feeds itself one that makes the rows: all on the input's clock in one scan, what is known before
// it once a sample. Or the reason why not.
//
// RUN: rondo-opt --rondo-form-generate %s 2>%t | FileCheck %s
// RUN: FileCheck --check-prefix=WHY %s < %t

#t = #rnn.axis<"step">
#s = #rnn.axis<"source">
#sample = #rnn.axis<"sample">
#e = #rnn.every<2 phase 1 of #t>
#ev = #rnn.event<1 of #t>
!x = !rnn.stream<!rnn.token<4>, #t>
!y = !rnn.stream<4xf32, #t>
!b = !rnn.stream<i1, #t>

// `next`: the choice comes first, from what was computed at the tick before. Loops and parallel groups stand behind one
// another; the clock of every second tick counts within a hypothesis. What no row needs is gone.
//
// CHECK-LABEL: step.schedule @next(
// CHECK-LABEL: step.schedule @next.generate(
// CHECK-SAME:      %text "text" : !rnn.stream<!rnn.token<4>, #[[T:.*]]>) {
// CHECK:         step.scan on #[[T]] split(after #[[H:.*]]) {
// CHECK-NEXT:      %[[S:.*]] = rnn.state "source" restart(after #[[H]]) : !rnn.state<!rnn.stream<4xf32, #[[T]]>>
// CHECK-NEXT:      %[[LAST:.*]] = rnn.read %[[S]]
// CHECK-NEXT:      %[[X:.*]] = step.choose "text" from %[[LAST]] next start 1 stop 3 limit 9
// CHECK-NEXT:      %[[EMBEDDED:.*]] = rnn.embed %{{.*}}, %[[X]]
// CHECK-NOT:       rnn.exp
// CHECK:           %[[H0:.*]] = rnn.state {{.*}} restart(after #[[H]])
// CHECK:           %[[READ:.*]] = rnn.read %[[H0]]
// CHECK:           %[[SUM:.*]] = rnn.add %[[EMBEDDED]], %[[READ]]
// CHECK:           rnn.next %[[H0]], %[[SUM]]
// CHECK:           rnn.latest restart(after #[[H]]) %[[SUM]] : {{.*}} -> !rnn.stream<4xf32, #[[EVERY:every.*]]>
// CHECK:           rnn.latest restart(after #[[H]]) %{{.*}} : !rnn.stream<4xf32, #[[EVERY]]> ->
// CHECK:           %[[Y:.*]] = rnn.add
// CHECK:           rnn.next %[[S]], %[[Y]]
// CHECK-NEXT:      step.yield
// CHECK:         rnn.return
step.schedule @next(%text "text" : !x, %label "label" : !y) {
  %E = rnn.param "E" init(normal(1.0)) : tensor<4x4xf32>
  %p:2 = step.par {
    %0 = rnn.embed %E, %text : tensor<4x4xf32>, !x
    %1 = rnn.exp %0 : !y
    step.yield %0, %1 : !y, !y
  } : !y, !y
  %h = step.scan on #t {
    %s = rnn.state "h" : !rnn.state<!y>
    %0 = rnn.read %s : !rnn.state<!y> -> !y
    %1 = rnn.add %p#0, %0 : !y
    rnn.next %s, %1 : !y
    step.yield %1 : !y
  } : !y
  %slow = rnn.latest %h : !y -> !rnn.stream<4xf32, #e>
  %held = rnn.latest %slow : !rnn.stream<4xf32, #e> -> !y
  %q:2 = step.par {
    %0 = rnn.add %h, %held : !y
    %1 = rnn.sub %0, %label : !y
    step.yield %0, %1 : !y, !y
  } : !y, !y
  rnn.generate "text" from %q#0 next start 1 stop 3 limit 9 : !y
  rnn.return "y" = %q#0, "more" = %p#1, "wrong" = %q#1 : !y, !y, !y
}

// Without `next`: what the choice needs, an event and what ticks with it, stands ahead of it, all else behind. What is
// known once a sample is computed in front of the scan, and crosses to its steps, to an event in two.
//
// CHECK-LABEL: step.schedule @same.generate(
// CHECK-SAME:      %c "c" : !rnn.stream<4xf32, #sample>, %text "text"
// CHECK:         %[[CONTEXT:.*]] = step.par {
// CHECK-NEXT:      rnn.tanh %c
// CHECK:         %[[START:.*]] = rnn.latest reverse %[[CONTEXT]] : !rnn.stream<4xf32, #sample> -> !rnn.stream<4xf32, #[[T]]>
// CHECK:         step.scan on #[[T]] split(after #[[H]]) {
// CHECK:           %[[FED:.*]] = rnn.read
// CHECK:           %[[BOOL:.*]] = rnn.compare
// CHECK:           rnn.event #[[EV:.*]] = %[[BOOL]]
// CHECK:           rnn.latest restart(after #[[H]]) %[[START]] : {{.*}} -> !rnn.stream<4xf32, #[[EV]]>
// CHECK:           %[[Y:.*]] = rnn.add
// CHECK-NEXT:      %[[X:.*]] = step.choose "text" from %[[Y]] limit 5
// CHECK:           %[[ROW:.*]] = rnn.embed %{{.*}}, %[[X]]
// CHECK:           rnn.next %{{.*}}, %[[ROW]]
step.schedule @same(%c "c" : !rnn.stream<4xf32, #sample>, %text "text" : !x) {
  %E = rnn.param "E" init(normal(1.0)) : tensor<4x4xf32>
  %context = step.par {
    %0 = rnn.tanh %c : !rnn.stream<4xf32, #sample>
    step.yield %0 : !rnn.stream<4xf32, #sample>
  } : !rnn.stream<4xf32, #sample>
  %e = step.par {
    %0 = rnn.embed %E, %text : tensor<4x4xf32>, !x
    step.yield %0 : !y
  } : !y
  %before = step.before %e : !y -> !y
  %b = step.par {
    %0 = rnn.slice %before[0, 1] axis 0 : !y
    %1 = rnn.reshape %0 : !rnn.stream<1xf32, #t> -> !rnn.stream<f32, #t>
    %2 = rnn.const 0.0 : !rnn.stream<f32, #t>
    %3 = rnn.compare gt %1, %2 : !rnn.stream<f32, #t>
    step.yield %3 : !b
  } : !b
  rnn.event #ev = %b
  %seen = rnn.latest reverse %context : !rnn.stream<4xf32, #sample> -> !rnn.stream<4xf32, #ev>
  %held = rnn.latest %seen : !rnn.stream<4xf32, #ev> -> !y
  %y = step.par {
    %0 = rnn.add %held, %before : !y
    step.yield %0 : !y
  } : !y
  rnn.generate "text" from %y limit 5 : !y
  rnn.return "y" = %y : !y
}

// Rows of a source are met through pairs, whose slots keep a row for each row of the source and hypothesis.
//
// CHECK-LABEL: step.schedule @pairs.generate(
// CHECK:           step.choose
// CHECK:           rnn.state {{.*}} restart(after #[[H]]) : !rnn.state<!rnn.stream<f32, #[[PAIR:.*]]>>
// CHECK:           rnn.cross %m : !rnn.stream<f32, #source> -> !rnn.stream<f32, #[[PAIR]]>
// CHECK:           rnn.reduce sum {{.*}} : !rnn.stream<f32, #[[PAIR]]> -> !rnn.stream<f32, #[[T]]>
#p = #rnn.pair<#t, #s>
step.schedule @pairs(%x "x" : !rnn.stream<f32, #t>, %m "m" : !rnn.stream<f32, #s>) {
  %y = step.scan on #t {
    %s = rnn.state "seen" : !rnn.state<!rnn.stream<f32, #p>>
    %0 = rnn.read %s : !rnn.state<!rnn.stream<f32, #p>> -> !rnn.stream<f32, #p>
    %1 = rnn.cross %m : !rnn.stream<f32, #s> -> !rnn.stream<f32, #p>
    %2 = rnn.add %0, %1 : !rnn.stream<f32, #p>
    rnn.next %s, %2 : !rnn.stream<f32, #p>
    %3 = rnn.reduce sum %2 : !rnn.stream<f32, #p> -> !rnn.stream<f32, #t>
    %4 = rnn.add %3, %x : !rnn.stream<f32, #t>
    step.yield %4 : !rnn.stream<f32, #t>
  } : !rnn.stream<f32, #t>
  rnn.generate "x" from %y next limit 5 : !rnn.stream<f32, #t>
  rnn.return "y" = %y : !rnn.stream<f32, #t>
}

// A model that does not feed itself has no such schedule, and says nothing.
//
// CHECK-LABEL: step.schedule @none(
// CHECK-NOT:   @none.generate
step.schedule @none(%x "x" : !y) {
  rnn.return "y" = %x : !y
}

// WHY-NOT: @none
// WHY: cannot be generated row by row: a part of it looks from the end to the begin
step.schedule @backward(%x "x" : !y) {
  %h = step.affine reverse %x, %x : !y
  rnn.generate "x" from %h next limit 5 : !y
  rnn.return "h" = %h : !y
}

// WHY: cannot be generated row by row: input 'other' ticks with it
step.schedule @other(%x "x" : !y, %other "other" : !y) {
  %h = step.par {
    %0 = rnn.add %x, %other : !y
    step.yield %0 : !y
  } : !y
  rnn.generate "x" from %h next limit 5 : !y
  rnn.return "h" = %h : !y
}

// WHY: cannot be generated row by row: a part of it compares its rows with one another
#self = #rnn.pair<#t, #t>
step.schedule @itself(%x "x" : !rnn.stream<f32, #t>) {
  %c = rnn.cross %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #self>
  %h = rnn.reduce sum %c : !rnn.stream<f32, #self> -> !rnn.stream<f32, #t>
  rnn.generate "x" from %h next limit 5 : !rnn.stream<f32, #t>
  rnn.return "h" = %h : !rnn.stream<f32, #t>
}
