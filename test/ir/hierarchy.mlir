// Words in sentences in reviews: a bidirectional pass whose states restart at each sentence, then attention pooling from
// words to sentences and from sentences to reviews.
//
// RUN: rondo-opt %s > %t && rondo-opt %t | diff %t - && FileCheck %s < %t
// RUN: rondo-opt --mlir-print-op-generic %s | rondo-opt | diff %t -

#rev = #rnn.axis<"review">
#sent = #rnn.axis<"sentence" in #rev>
#word = #rnn.axis<"word" in #sent>
!x = !rnn.stream<50xf32, #word>
!w = !rnn.stream<100xf32, #word>
!s = !rnn.stream<100xf32, #sent>

// CHECK-DAG: #review = #rnn.axis<"review">
// CHECK-DAG: #sentence = #rnn.axis<"sentence" in #review>
// CHECK-DAG: #word = #rnn.axis<"word" in #sentence>
// CHECK: rnn.model @han
rnn.model @han(%x "x" : !x) {
  %U = rnn.param "w.U" init(orthogonal) : tensor<50x50xf32>
  // CHECK: %w.fwd.h = rnn.state "w.fwd.h" restart(after #sentence) : !rnn.state<!rnn.stream<50xf32, #word>>
  %f = rnn.state "w.fwd.h" restart(after #sent) : !rnn.state<!x>
  // CHECK: %w.bwd.h = rnn.state "w.bwd.h" reverse restart(after #sentence) : !rnn.state<!rnn.stream<50xf32, #word>>
  %r = rnn.state "w.bwd.h" reverse restart(after #sent) : !rnn.state<!x>
  %hf = rnn.read %f : !rnn.state<!x> -> !x
  %uf = rnn.matmul %U, %hf : tensor<50x50xf32>, !x
  %zf = rnn.add %uf, %x : !x
  %yf = rnn.tanh %zf : !x
  rnn.next %f, %yf : !x
  %hr = rnn.read %r : !rnn.state<!x> -> !x
  %ur = rnn.matmul %U, %hr : tensor<50x50xf32>, !x
  %zr = rnn.add %ur, %x : !x
  %yr = rnn.tanh %zr : !x
  rnn.next %r, %yr : !x
  %h = rnn.concat %yf, %yr axis 0 : !x, !x

  %W = rnn.param "word.W" init(glorot) : tensor<100x100xf32>
  %v = rnn.param "word.v" init(glorot) : tensor<100xf32>
  %k = rnn.matmul %W, %h : tensor<100x100xf32>, !w
  %th = rnn.tanh %k : !w
  %score = rnn.matmul %v, %th : tensor<100xf32>, !w
  // CHECK: rnn.softmax {{%.*}} per(#sentence) : !rnn.stream<f32, #word>
  %alpha = rnn.softmax %score per(#sent) : !rnn.stream<f32, #word>
  // CHECK: rnn.scale {{%.*}}, {{%.*}} : !rnn.stream<f32, #word>, !rnn.stream<100xf32, #word>
  %wh = rnn.scale %alpha, %h : !rnn.stream<f32, #word>, !w
  // CHECK: rnn.reduce sum {{%.*}} : !rnn.stream<100xf32, #word> -> !rnn.stream<100xf32, #sentence>
  %es = rnn.reduce sum %wh : !w -> !s
  // CHECK: rnn.softmax {{%.*}} per(#review) : !rnn.stream<100xf32, #sentence>
  %beta = rnn.softmax %es per(#rev) : !s
  %ps = rnn.mul %beta, %es : !s
  // CHECK: rnn.reduce max {{%.*}} : !rnn.stream<100xf32, #sentence> -> !rnn.stream<100xf32, #review>
  %er = rnn.reduce max %ps : !s -> !rnn.stream<100xf32, #rev>
  // CHECK: rnn.latest reverse {{%.*}} : !rnn.stream<100xf32, #review> -> !rnn.stream<100xf32, #word>
  %back = rnn.latest reverse %er : !rnn.stream<100xf32, #rev> -> !w
  rnn.return "document" = %er, "alpha" = %alpha, "back" = %back : !rnn.stream<100xf32, #rev>, !rnn.stream<f32, #word>, !w
}
