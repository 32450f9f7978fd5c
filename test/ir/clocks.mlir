// Clocks print as aliases that say what they are, and equal clocks are one.
//
// RUN: rondo-opt %s > %t && rondo-opt %t | diff %t - && FileCheck %s < %t
// RUN: rondo-opt --mlir-print-op-generic %s | rondo-opt | diff %t -

// CHECK-DAG: #word = #rnn.axis<"word" in #sentence>
// CHECK-DAG: #sentence = #rnn.axis<"sentence" in #review>
// CHECK-DAG: #review = #rnn.axis<"review">
// CHECK-DAG: #sample = #rnn.axis<"sample">
#review = #rnn.axis<"review" in #rnn.axis<"sample">>
#sentence = #rnn.axis<"sentence" in #review>
#word = #rnn.axis<"word" in #sentence>

// Every P-th from the K-th of every Q-th from the J-th is every PQ-th from the (J + KQ)-th; every first is the clock.
// CHECK-DAG: #every2_word = #rnn.every<2 phase 0 of #word>
// CHECK-DAG: #every12_phase9_word = #rnn.every<12 phase 9 of #word>
#two = #rnn.every<2 phase 0 of #rnn.every<1 phase 0 of #word>>
#twelve = #rnn.every<4 phase 2 of #rnn.every<3 phase 1 of #word>>
#also_twelve = #rnn.every<2 phase 1 of #rnn.every<2 phase 0 of #rnn.every<3 phase 0 of #word>>>

// Another direction or another scope counts other ticks.
// CHECK-DAG: #every3_reverse_word = #rnn.every<3 phase 0 of #word reverse>
// CHECK-DAG: #every2_every3_reverse_word = #rnn.every<2 phase 0 of #every3_reverse_word>
// CHECK-DAG: #every3_word = #rnn.every<3 phase 0 of #word from(after #sentence)>
// CHECK-DAG: #every2_every3_word = #rnn.every<2 phase 0 of #every3_word>
#r3 = #rnn.every<3 phase 0 of #word reverse>
#r6 = #rnn.every<2 phase 0 of #r3>
#s3 = #rnn.every<3 phase 0 of #word from(after #sentence)>
#s6 = #rnn.every<2 phase 0 of #s3>

// CHECK-DAG: #source = #rnn.axis<"source">
// CHECK-DAG: #word_source = #rnn.pair<#word, #source>
// CHECK-DAG: #word_word = #rnn.pair<#word, #word per #sentence>
#pair = #rnn.pair<#word, #rnn.axis<"source"> per #rnn.axis<"sample">>
#self = #rnn.pair<#word, #word per #sentence>

// CHECK: rnn.model @clocks
rnn.model @clocks(%x "x" : !rnn.stream<f32, #word>) {
  %two = rnn.latest %x : !rnn.stream<f32, #word> -> !rnn.stream<f32, #two>
  // CHECK: -> !rnn.stream<f32, #every12_phase7_word>
  %twelve = rnn.latest %x : !rnn.stream<f32, #word> -> !rnn.stream<f32, #twelve>
  // CHECK: -> !rnn.stream<f32, #every12_phase6_word>
  %also = rnn.latest %x : !rnn.stream<f32, #word> -> !rnn.stream<f32, #also_twelve>
  %nine = rnn.latest %x : !rnn.stream<f32, #word> -> !rnn.stream<f32, #rnn.every<12 phase 9 of #word>>
  %r6 = rnn.latest %x : !rnn.stream<f32, #word> -> !rnn.stream<f32, #r6>
  %s6 = rnn.latest %x : !rnn.stream<f32, #word> -> !rnn.stream<f32, #s6>
  %pair = rnn.cross %x : !rnn.stream<f32, #word> -> !rnn.stream<f32, #pair>
  %self = rnn.cross source %x : !rnn.stream<f32, #word> -> !rnn.stream<f32, #self>
  %back = rnn.reduce sum source %self : !rnn.stream<f32, #self> -> !rnn.stream<f32, #word>
  %all = rnn.latest %x : !rnn.stream<f32, #word> -> !rnn.stream<f32, #rnn.axis<"sample">>
  rnn.return
}
