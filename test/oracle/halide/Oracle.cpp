// Small models written by hand in Halide, in double precision, tick by tick: what halide.py holds the interpreter and
// compiled code against.
//
//   rondo-halide-oracle [--gradients] MODEL < arrays
//
// reads arrays, each as its name, its rank, its sizes and its values, and prints the model's output rows. `d.y` says how
// much each number of these matters; with --gradients what is printed is how much each number of the other arrays does
// then, an array a line behind its name, as Halide's propagate_adjoints finds it.
#include <Halide.h>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <string>
#include <vector>

using namespace Halide;

namespace {

using Array = Buffer<double>; // the last axis is the first dimension
const Var i("i");

struct Arrays {
  std::map<std::string, Array> all;
  const Array &operator[](const std::string &name) const { return all.at(name); }

  static Arrays read(std::istream &in) {
    Arrays arrays;
    std::string name;
    size_t rank;
    while (in >> name >> rank) {
      std::vector<int> sizes(rank);
      for (size_t axis = 0; axis < rank; ++axis)
        in >> sizes[rank - 1 - axis];
      Array array(sizes);
      for (size_t at = 0; at < array.number_of_elements(); ++at)
        in >> array.data()[at];
      arrays.all.emplace(name, array);
    }
    return arrays;
  }
};

Func computed(const Expr &expression) {
  Func result;
  result(i) = expression;
  result.compute_root();
  return result;
}

Func zeros() { return computed(Expr(0.0)); }
Func rowOf(const Array &x, int row) { return computed(x(i, row)); }

/// A matrix [m, k] times a vector [k].
Func multiply(const Array &w, const Func &x) {
  RDom k(0, w.dim(0).extent());
  Func y;
  y(i) = Expr(0.0);
  y(i) += w(k, i) * x(k);
  y.compute_root();
  return y;
}

const Expr one(1.0);
Expr sigmoid(const Expr &x) { return one / (one + exp(-x)); }

using Rows = std::vector<Func>;

Rows rnn(const Arrays &p) {
  Rows rows;
  Func h = zeros();
  for (int t = 0; t < p["x"].dim(1).extent(); ++t) {
    Func wx = multiply(p["W"], rowOf(p["x"], t)), uh = multiply(p["U"], h);
    rows.push_back(h = computed(tanh(wx(i) + uh(i) + p["b"](i))));
  }
  return rows;
}

Rows lstm(const Arrays &p) {
  int n = p["U"].dim(0).extent();
  Rows rows;
  Func h = zeros(), c = zeros();
  for (int t = 0; t < p["x"].dim(1).extent(); ++t) {
    Func wx = multiply(p["W"], rowOf(p["x"], t)), uh = multiply(p["U"], h);
    auto gate = [&](int number) { return wx(i + number * n) + uh(i + number * n) + p["b"](i + number * n); };
    c = computed(sigmoid(gate(1)) * c(i) + sigmoid(gate(0)) * tanh(gate(2)));
    rows.push_back(h = computed(sigmoid(gate(3)) * tanh(c(i))));
  }
  return rows;
}

Rows gru(const Arrays &p) {
  int n = p["Un"].dim(0).extent();
  Rows rows;
  Func h = zeros();
  for (int t = 0; t < p["x"].dim(1).extent(); ++t) {
    Func wx = multiply(p["W"], rowOf(p["x"], t)), uh = multiply(p["U"], h), candidate = multiply(p["Un"], h);
    auto in = [&](int number) { return wx(i + number * n) + p["b"](i + number * n); };
    Func r = computed(sigmoid(in(0) + uh(i))), z = computed(sigmoid(in(1) + uh(i + n)));
    Func c = computed(tanh(in(2) + r(i) * (candidate(i) + p["bn"](i))));
    rows.push_back(h = computed((one - z(i)) * c(i) + z(i) * h(i)));
  }
  return rows;
}

/// Additive attention of each row q on all rows m.
Rows attention(const Arrays &p) {
  const Array &m = p["m"], &u = p["U"], &v = p["v"];
  RDom inner(0, m.dim(0).extent()), hidden(0, v.dim(0).extent()), source(0, m.dim(1).extent());
  Var row("row");
  Func keys;
  keys(i, row) = Expr(0.0);
  keys(i, row) += m(inner, row) * u(i, inner);
  keys.compute_root();
  Rows rows;
  for (int t = 0; t < p["q"].dim(1).extent(); ++t) {
    Func query = multiply(p["W"], rowOf(p["q"], t));
    Func scores, total, y;
    scores(row) = Expr(0.0);
    scores(row) += v(hidden) * tanh(keys(hidden, row) + query(hidden));
    scores.compute_root();
    Func exps = computed(exp(scores(i)));
    total() = Expr(0.0);
    total() += exps(source);
    total.compute_root();
    y(i) = Expr(0.0);
    y(i) += exps(source) / total() * m(i, source);
    y.compute_root();
    rows.push_back(y);
  }
  return rows;
}

void print(const Array &array) {
  for (size_t at = 0; at < array.number_of_elements(); ++at)
    std::printf("%.17g ", array.data()[at]);
  std::printf("\n");
}

void realize(const std::vector<Func> &funcs, const std::vector<Array> &results) {
  std::vector<Buffer<>> buffers(results.begin(), results.end());
  Pipeline(funcs).realize(Realization(buffers));
}

void printGradients(const Arrays &arrays, const Rows &rows, int size) {
  RDom element(0, size);
  Func total("total");
  total() = Expr(0.0);
  for (size_t t = 0; t < rows.size(); ++t)
    total() += rows[t](element) * arrays["d.y"](element, int(t));
  Derivative adjoints = propagate_adjoints(total);
  std::vector<std::string> names;
  std::vector<Func> funcs;
  std::vector<Array> results;
  std::vector<Internal::Function> functions;
  for (const auto &[name, array] : arrays.all)
    if (name != "d.y") {
      std::vector<int> sizes;
      for (int axis = 0; axis < array.dimensions(); ++axis)
        sizes.push_back(array.dim(axis).extent());
      names.push_back(name);
      funcs.push_back(adjoints(Buffer<>(array)));
      functions.push_back(funcs.back().function());
      results.emplace_back(sizes);
    }
  // Each by itself: in place of their names adjoints would grow without bounds.
  for (const auto &[name, function] : Internal::build_environment(functions))
    Func(function).compute_root();
  realize(funcs, results);
  for (size_t i = 0; i < names.size(); ++i) {
    std::printf("%s ", names[i].c_str());
    print(results[i]);
  }
}

} // namespace

int main(int count, char **arguments) {
  const std::map<std::string, Rows (*)(const Arrays &)> models = {
      {"rnn", rnn}, {"lstm", lstm}, {"gru", gru}, {"attention", attention}};
  bool gradients = count == 3 && !std::strcmp(arguments[1], "--gradients");
  auto model = count == 2 + gradients ? models.find(arguments[count - 1]) : models.end();
  if (model == models.end()) {
    std::fprintf(stderr, "usage: rondo-halide-oracle [--gradients] rnn|lstm|gru|attention < arrays\n");
    return 2;
  }
  Arrays arrays = Arrays::read(std::cin);
  Rows rows = model->second(arrays);
  int size = arrays[model->second == attention ? "m" : "U"].dim(0).extent();
  if (gradients) {
    printGradients(arrays, rows, size);
    return 0;
  }
  std::vector<Array> results;
  for (size_t t = 0; t < rows.size(); ++t)
    results.emplace_back(size);
  realize(rows, results);
  for (const Array &result : results)
    print(result);
  return 0;
}
