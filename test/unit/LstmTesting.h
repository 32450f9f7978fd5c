// An LSTM and its backward pass as reverse mode writes it: adjoints of the states in accumulators that run the other way.
// Around them stand the types !x, !h, !z of streams, !w, !u, !b of tensors, the parameters %W, %U, %b, %x and, of %h1, %dy.
#ifndef RONDO_TEST_UNIT_LSTMTESTING_H
#define RONDO_TEST_UNIT_LSTMTESTING_H

#include <string>

namespace rondo {

/// `direction`: nothing, or `reverse`.
inline std::string lstmForward(const std::string &direction = "") {
  std::string states;
  for (std::string name : {"h", "c"})
    states += "  %" + name + "s = rnn.state \"" + name + "\" " + direction + " : !rnn.state<!h>\n";
  return states + R"(
  %h = rnn.read %hs : !rnn.state<!h> -> !h
  %c = rnn.read %cs : !rnn.state<!h> -> !h
  %wx = rnn.matmul %W, %x : !w, !x
  %uh = rnn.matmul %U, %h : !u, !h
  %bt = rnn.lift %b : !b -> !z
  %z0 = rnn.add %wx, %uh : !z
  %z = rnn.add %z0, %bt : !z
  %zi, %zf, %zg, %zo = rnn.split %z axis 0 : !z -> !h, !h, !h, !h
  %i = rnn.sigmoid %zi : !h
  %f = rnn.sigmoid %zf : !h
  %g = rnn.tanh %zg : !h
  %o = rnn.sigmoid %zo : !h
  %fc = rnn.mul %f, %c : !h
  %ig = rnn.mul %i, %g : !h
  %c1 = rnn.add %fc, %ig : !h
  %tc = rnn.tanh %c1 : !h
  %h1 = rnn.mul %o, %tc : !h
  rnn.next %cs, %c1 : !h
  rnn.next %hs, %h1 : !h
)";
}

inline constexpr const char *lstmBackward = R"(
  %dhs = rnn.accum "d.h" reverse : !rnn.accum<!h>
  %dcs = rnn.accum "d.c" reverse : !rnn.accum<!h>
  %dh0 = rnn.take %dhs : !rnn.accum<!h> -> !h
  %dc0 = rnn.take %dcs : !rnn.accum<!h> -> !h
  %dh = rnn.add %dh0, %dy : !h
  %do = rnn.mul %dh, %tc : !h
  %dt = rnn.mul %dh, %o : !h
  %dtc = rnn.dtanh %tc, %dt : !h
  %dc = rnn.add %dc0, %dtc : !h
  %df = rnn.mul %dc, %c : !h
  %dcp = rnn.mul %dc, %f : !h
  %di = rnn.mul %dc, %g : !h
  %dg = rnn.mul %dc, %i : !h
  %dzi = rnn.dsigmoid %i, %di : !h
  %dzf = rnn.dsigmoid %f, %df : !h
  %dzg = rnn.dtanh %g, %dg : !h
  %dzo = rnn.dsigmoid %o, %do : !h
  %dz = rnn.concat %dzi, %dzf, %dzg, %dzo axis 0 : !h, !h, !h, !h
  %dhp = rnn.matmul transposed %U, %dz : !u, !z
  rnn.put %dcs, %dcp : !rnn.accum<!h>, !h
  rnn.put %dhs, %dhp : !rnn.accum<!h>, !h
  %dx = rnn.matmul transposed %W, %dz : !w, !z
  %dW = rnn.outer %dz, %x : !z, !x -> !w
  %dU = rnn.outer %dz, %h : !z, !h -> !u
  %db = rnn.total %dz : !z -> !b
)";

} // namespace rondo
#endif
