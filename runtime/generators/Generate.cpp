// Writes the vector code for lines (runtime/Lines.h): the pieces that do not hang on a model, compiled ahead of time by
// Halide, one object file for each function and kind of machine. Runs when Rondo is built, and only then; Halide brings
// an LLVM of its own, which must not meet the compiler's in one process.
//
//   rondo-generate-lines MACHINE HALIDE-TARGET FOLDER
//
// Lines are worked on in vectors of 16 elements, whatever the machine. The last vector ends where the line does, so
// that there is no other code for what is left over, and what becomes of a line hangs on its own elements alone.
//
// Arithmetic is strict but where it says otherwise: NaN and infinities mean what they do in the language.
#include "runtime/Lines.h"
#include <Halide.h>
#include <cstddef>
#include <cstdio>
#include <limits>

using namespace Halide;
using rondo::runtime::LineBuffer;
using rondo::runtime::LineCode;

static_assert(sizeof(LineBuffer) == sizeof(halide_buffer_t) &&
                  offsetof(LineBuffer, host) == offsetof(halide_buffer_t, host) &&
                  offsetof(LineBuffer, typeCode) == offsetof(halide_buffer_t, type) &&
                  offsetof(LineBuffer, dimensions) == offsetof(halide_buffer_t, dimensions) &&
                  offsetof(LineBuffer, dim) == offsetof(halide_buffer_t, dim) &&
                  sizeof(LineBuffer::Dimension) == sizeof(halide_dimension_t) &&
                  offsetof(LineBuffer::Dimension, stride) == offsetof(halide_dimension_t, stride),
              "what the runtime hands over is not what Halide's code takes");

namespace {

constexpr int lanes = rondo::runtime::lineLanes;
constexpr float infinity = std::numeric_limits<float>::infinity();

const Var i("i"), lane("lane"), row("row"), block("block");

Expr larger(Expr a, Expr b) { return strict_float(select(b > a, b, a)); } // a if b is NaN
Expr plus(Expr a, Expr b) { return strict_float(a + b); }

/// What is made of each row's elements: a vector of each, one block of elements after the other, then halves of it. The
/// last block ends where the row does; elements that the block before has too are left out of it.
class Folded {
public:
  template <typename Element, typename Join>
  Folded(Expr size, Expr first, const Element &element, const Join &join)
      : blocks(0, size / lanes), rest(0, min(size % lanes, 1)) {
    parts(lane, row) = first;
    parts(lane, row) = join(parts(lane, row), element(blocks.x * lanes + lane));
    Expr last = element(size - lanes + rest.x + lane);
    parts(lane, row) = join(parts(lane, row), strict_float(select(lane >= lanes - size % lanes, last, first)));
    Func whole = parts;
    for (int half = lanes / 2; half; half /= 2) {
      Func next;
      next(lane, row) = join(whole(lane, row), whole(lane + half, row));
      next.bound(lane, 0, half);
      if (half > 1)
        next.vectorize(lane, half);
      halves.push_back(next);
      whole = next;
    }
  }

  Expr of(Expr row) const { return halves.back()(0, row); }

  void computeAt(Func user) {
    parts.bound(lane, 0, lanes).compute_at(user, row).vectorize(lane, lanes);
    parts.update(0).reorder(lane, blocks.x).vectorize(lane, lanes);
    parts.update(1).reorder(lane, rest.x).vectorize(lane, lanes);
    for (Func &half : halves)
      half.compute_at(user, row);
  }

private:
  RDom blocks, rest;
  Func parts{"parts"};
  std::vector<Func> halves;
};

/// exp(x), x <= 0, of a vector, as in runtime/Exp.h, in parts: only the polynomial may use fused operations, and it
/// sees neither NaN nor infinities.
class Exponential {
public:
  explicit Exponential(const Func &x) : x(x), n("n"), rough("rough"), rest("rest"), polynomial("polynomial") {
    Expr value = x(lane, block, row), within = strict_float(select(value > -104.0f, value, -104.0f));
    n(lane, block, row) = round(strict_float(within * 1.44269504088896341f));
    // x = n ln 2 + r
    rough(lane, block, row) = strict_float(within - n(lane, block, row) * 0.693359375f);
    rest(lane, block, row) = rough(lane, block, row) + n(lane, block, row) * 2.12194440e-4f;
    Expr r = rest(lane, block, row), p = 1.9875691500e-4f;
    for (float factor : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f})
      p = p * r + factor;
    polynomial(lane, block, row) = p * (r * r) + r;
  }

  Expr of(Expr lane, Expr block, Expr row) const {
    Expr exponent = cast<int32_t>(n(lane, block, row)), half = exponent >> 1; // in two steps: 2^n may be subnormal
    Expr value = x(lane, block, row);
    Expr last = select(value < -104.0f, 0.0f, power(exponent - half)); // no subnormal on the way to 0, which is slow
    Expr result = (polynomial(lane, block, row) + 1.0f) * power(half) * last;
    return strict_float(select(value != value, value, result));
  }

  template <typename At> void computeAt(Func &user, const At &at) {
    for (Func part : {x, n, rough, rest, polynomial})
      part.compute_at(user, at).bound(lane, 0, lanes).vectorize(lane, lanes);
  }

private:
  static Expr power(Expr exponent) { return reinterpret<float>((exponent + 127) << 23); }
  Func x, n, rough, rest, polynomial;
};

struct Piece {
  std::vector<Argument> inputs;
  std::vector<Func> outputs;
};

void beginAtZero(OutputImageParam buffer) {
  for (int d = 0; d < buffer.dimensions(); ++d)
    buffer.dim(d).set_min(0);
}

/// x [size, rows] -> exp(x - shift) [size, rows], shifts [rows], sums of the exponentials [rows]. A row's shift is its
/// largest element, but 0 if that is -inf.
Piece exps() {
  ImageParam x(Float(32), 2, "x");
  beginAtZero(x);
  Expr size = x.dim(0).extent();
  Func shift("shift"), shifted("shifted"), e("e"), sum("sum");
  Folded most(size, -infinity, [&](Expr at) { return x(at, row); }, larger);
  shift(row) = strict_float(select(most.of(row) == -infinity, 0.0f, most.of(row)));
  // The last block ends where the row does; what it has in common with the one before is computed twice.
  RDom all(0, lanes, 0, max((size + (lanes - 1)) / lanes, 1), "all");
  auto placeOf = [&](Expr lane, Expr block) { return min(block * lanes, size - lanes) + lane; };
  shifted(lane, block, row) = strict_float(x(placeOf(lane, block), row) - shift(row));
  Exponential exponential(shifted);
  e(i, row) = undef<float>();
  e(placeOf(all.x, all.y), row) = exponential.of(all.x, all.y, row);
  Folded sums(size, 0.0f, [&](Expr at) { return e(at, row); }, plus);
  sum(row) = sums.of(row);

  shift.compute_root();
  most.computeAt(shift);
  e.compute_root().update().allow_race_conditions().vectorize(all.x, lanes); // where blocks overlap, it is the same
  exponential.computeAt(e, all.y);
  sums.computeAt(sum);
  return {{x}, {e, shift, sum}};
}

/// Factors [count], x [size, count] -> y [size]: the sum of all lines, each with its factor.
Piece combine() {
  ImageParam factors(Float(32), 1, "factors"), x(Float(32), 2, "x");
  beginAtZero(factors);
  beginAtZero(x);
  factors.dim(0).set_stride(Expr());
  Func y("y"), sum("sum");
  RDom term(0, x.dim(1).extent(), "term");
  sum(i) = 0.0f;
  sum(i) = plus(sum(i), factors(term.x) * x(i, term.x));
  y(i) = sum(i);
  // Sums of several vectors do not wait for each other.
  constexpr int wide = 4 * lanes;
  Var outer("outer"), inner("inner");
  y.specialize(x.dim(0).extent() >= wide)
      .split(i, outer, inner, wide, TailStrategy::ShiftInwards)
      .vectorize(inner, lanes);
  y.split(i, outer, inner, lanes, TailStrategy::ShiftInwards).vectorize(inner, lanes);
  sum.compute_at(y, outer).vectorize(i, lanes).unroll(i);
  sum.update().reorder(i, term.x).vectorize(i, lanes).unroll(i);
  return {{factors, x}, {y}};
}

/// a [8, count], b [width, count], before [width, 8] -> y [width, 8], which may be the same memory: the sum of all
/// products of a's and b's elements, added to what was there. What is summed at a time is what registers hold.
Piece products(const Target &where) {
  ImageParam a(Float(32), 2, "a"), b(Float(32), 2, "b"), before(Float(32), 2, "before");
  for (const ImageParam &input : {a, b, before})
    beginAtZero(input);
  constexpr int lines = int(rondo::runtime::tileLines);
  a.dim(0).set_extent(lines);
  a.dim(1).set_stride(lines);
  Func y("y"), sum("sum");
  Var j("j"), outer("outer"), inner("inner"), outerLine("outerLine"), innerLine("innerLine");
  RDom term(0, b.dim(1).extent(), "term");
  sum(i, j) = 0.0f;
  sum(i, j) += a(j, term.x) * b(i, term.x);
  y(i, j) = before(i, j) + sum(i, j);
  y.output_buffer().dim(1).set_bounds(0, lines);
  int vector = where.natural_vector_size<float>();
  int high = vector >= 16 || where.arch == Target::ARM ? lines : lines / 2;
  auto tile = [&](Stage stage, int wide) {
    stage.split(i, outer, inner, wide, TailStrategy::RoundUp)
        .split(j, outerLine, innerLine, high, TailStrategy::RoundUp)
        .reorder(inner, innerLine, outer, outerLine)
        .vectorize(inner, vector, TailStrategy::RoundUp)
        .unroll(innerLine)
        .unroll(inner);
  };
  Expr width = b.dim(0).extent();
  tile(y.specialize(width == 3 * lanes), 3 * vector);
  tile(y.specialize(width == 2 * lanes), 2 * vector);
  tile(y, lanes);
  sum.compute_at(y, outer).vectorize(i, vector).unroll(i).unroll(j);
  sum.update().reorder(i, j, term.x).vectorize(i, vector).unroll(i).unroll(j);
  return {{a, b, before}, {y}};
}

//===--- Optimisers --------------------------------------------------------------------------------------------===//

/// A step of an optimiser, runtime/Optimise.cpp: lines of gradients, parameters and what it remembers, whole vectors of
/// each, and all but the gradients once more as what is written, which is the same memory. Each operation is rounded by
/// itself, as in plain code.
class OptimiserStep {
public:
  Expr number(const char *name) {
    numbers.emplace_back(name);
    return numbers.back();
  }
  Expr line(const char *name) {
    lines.emplace_back(Float(32), 1, name);
    return lines.back()(i);
  }
  /// Behind clipping, with the decay of p.
  static Expr gradient(Expr g, Expr limit, Expr factor, Expr decay, Expr p) {
    Expr below = strict_float(select(g > limit, limit, g));
    Expr within = strict_float(select(below < -limit, -limit, below));
    return strict_float(strict_float(factor * within) + strict_float(decay * p));
  }
  Piece to(const std::vector<Expr> &results) {
    Func y("y");
    y(i) = Tuple(results);
    y.vectorize(i, lanes, TailStrategy::RoundUp);
    std::vector<Argument> inputs(numbers.begin(), numbers.end());
    for (ImageParam &line : lines) {
      beginAtZero(line);
      inputs.push_back(line);
    }
    return {inputs, {y}};
  }

private:
  std::vector<Param<float>> numbers;
  std::vector<ImageParam> lines;
};

Expr times(Expr a, Expr b) { return strict_float(a * b); }

Piece momentum() {
  OptimiserStep step;
  Expr limit = step.number("limit"), factor = step.number("factor"), decay = step.number("decay"),
       share = step.number("momentum"), rate = step.number("rate"), ofGradient = step.number("ofGradient"),
       ofMomentum = step.number("ofMomentum");
  Expr given = step.line("g"), p = step.line("p"), v = step.line("v");
  Expr g = OptimiserStep::gradient(given, limit, factor, decay, p);
  Expr newV = plus(times(share, v), g);
  Expr newP = strict_float(p - times(rate, plus(times(ofGradient, g), times(ofMomentum, newV))));
  return step.to({newP, newV});
}

Piece rms() {
  OptimiserStep step;
  Expr limit = step.number("limit"), factor = step.number("factor"), decay = step.number("decay"),
       alpha = step.number("alpha"), rest = step.number("rest"), epsilon = step.number("epsilon"),
       rate = step.number("rate");
  Expr given = step.line("g"), p = step.line("p"), s = step.line("s");
  Expr g = OptimiserStep::gradient(given, limit, factor, decay, p);
  Expr newS = plus(times(alpha, s), times(rest, times(g, g)));
  Expr move = strict_float(g / plus(strict_float(sqrt(newS)), epsilon));
  return step.to({strict_float(p - times(rate, move)), newS});
}

Piece adam() {
  OptimiserStep step;
  Expr limit = step.number("limit"), factor = step.number("factor"), decay = step.number("decay"),
       keep = step.number("keep"), beta1 = step.number("beta1"), rest1 = step.number("rest1"),
       beta2 = step.number("beta2"), rest2 = step.number("rest2"), epsilon = step.number("epsilon"),
       ofMean = step.number("ofMean"), ofSquares = step.number("ofSquares");
  Expr given = step.line("g"), p = step.line("p"), m = step.line("m"), s = step.line("s");
  Expr g = OptimiserStep::gradient(given, limit, factor, decay, p);
  Expr newM = plus(times(beta1, m), times(rest1, g));
  Expr newS = plus(times(beta2, s), times(rest2, times(g, g)));
  Expr size = plus(strict_float(sqrt(times(ofSquares, newS))), epsilon);
  Expr newP = strict_float(times(keep, p) - strict_float(times(ofMean, newM) / size));
  return step.to({newP, newM, newS});
}

struct Writer {
  std::string machine, target, folder;
  void write(LineCode code, const Piece &piece) const {
    Target where(target + "-no_runtime-no_asserts-no_bounds_query");
    for (Func output : piece.outputs) // the others of a tuple follow the first
      beginAtZero(output.output_buffers()[0]);
    std::string name = nameOf(code), symbol = "rondo." + name + "." + machine;
    Pipeline(piece.outputs)
        .compile_to_module(piece.inputs, symbol, where, LinkageType::External)
        .compile({{OutputFileType::object, folder + "/" + name + "." + machine + ".o"}});
  }
};

} // namespace

int main(int count, char **arguments) {
  if (count != 4) {
    std::fprintf(stderr, "usage: rondo-generate-lines MACHINE HALIDE-TARGET FOLDER\n");
    return 2;
  }
  Writer writer{arguments[1], arguments[2], arguments[3]};
  writer.write(LineCode::Exps, exps());
  writer.write(LineCode::Combine, combine());
  writer.write(LineCode::Products, products(Target(writer.target)));
  writer.write(LineCode::Momentum, momentum());
  writer.write(LineCode::Rms, rms());
  writer.write(LineCode::Adam, adam());
  return 0;
}
