// What is chosen among numbers, one a token: by rules that say it to the last bit.
#ifndef RONDO_RUNTIME_CHOOSE_H
#define RONDO_RUNTIME_CHOOSE_H

#include <cstdint>

namespace rondo::runtime {

/// Numbers of all tokens as logarithms of probabilities: exp(x) over the sum of all.
struct Likelihoods {
  const float *numbers = nullptr;
  int64_t count = 0;
  double most = 0, logSum = 0;
  Likelihoods(const float *numbers, int64_t count);
  double of(int64_t token) const;
};

/// The order of scores: a NaN is below everything.
inline bool isAbove(double a, double b) { return a > b || (b != b && a == a); }

/// The likeliest token, of equal ones the smallest; where the likelihoods are NaN token 0.
int64_t likeliest(const Likelihoods &all);
/// The same from the numbers, mostly without a look at all exponentials.
int64_t likeliest(const float *numbers, int64_t count);

/// Draws a token with probabilities to the power 1 / temperature, from the `best` likeliest if that is not 0 (of equal
/// ones the smaller tokens). `uniform` in [0, 1). `weights`: memory, one a token; `heap`: one for each of the best.
int64_t draw(const Likelihoods &all, double temperature, int64_t best, double uniform, double *weights, int32_t *heap);

//===--- Beams -------------------------------------------------------------------------------------------------===//

/// What has been chosen so far.
struct Hypothesis {
  double score = 0;    // sum of log probabilities, of the stop token too
  int32_t length = 0;  // tokens, without the stop token
  int32_t stopped = 0; // 1: no more will come
};

/// A hypothesis that goes on, or one that has stopped and stays.
struct Candidate {
  int32_t parent = 0, token = 0; // token -1: stays
  double score = 0, rank = 0;
};

/// Collects the best candidates: by rank, of equal ones the one whose tokens come first in the order of dictionaries.
class Beam {
public:
  /// `parents`: `stride` tokens each; `best`: memory for `width` candidates.
  Beam(Candidate *best, int64_t width, const Hypothesis *parents, const int32_t *tokens, int64_t stride, int64_t stop)
      : best(best), width(width), parents(parents), tokens(tokens), stride(stride), stop(stop) {}

  /// All ways to go on from a parent, or to stay; `penalty`: scores are divided by the length to this power.
  void add(int32_t parent, const float *numbers, int64_t count, double penalty);

  int64_t size() const { return found; }
  const Candidate &operator[](int64_t i) const { return best[i]; }

private:
  void offer(const Candidate &candidate);
  bool comesFirst(const Candidate &a, const Candidate &b) const;

  Candidate *best;
  int64_t width, found = 0;
  const Hypothesis *parents;
  const int32_t *tokens;
  int64_t stride, stop;
};

} // namespace rondo::runtime
#endif
