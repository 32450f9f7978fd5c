#include "runtime/Choose.h"
#include <cmath>

namespace rondo::runtime {

Likelihoods::Likelihoods(const float *numbers, int64_t count) : numbers(numbers), count(count), most(-INFINITY) {
  for (int64_t i = 0; i < count; ++i)
    most = most < numbers[i] ? double(numbers[i]) : most;
  double sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += std::exp(double(numbers[i]) - most);
  logSum = std::log(sum);
}

double Likelihoods::of(int64_t token) const {
  return most == -INFINITY ? -INFINITY : double(numbers[token]) - most - logSum;
}

int64_t likeliest(const Likelihoods &all) {
  int64_t best = 0;
  for (int64_t i = 1; i < all.count; ++i)
    if (all.of(best) < all.of(i))
      best = i;
  return best;
}

int64_t likeliest(const float *numbers, int64_t count) {
  float most = -INFINITY;
  bool isOrdered = true;
  for (int64_t i = 0; i < count; ++i) {
    isOrdered &= numbers[i] == numbers[i];
    most = most < numbers[i] ? numbers[i] : most;
  }
  if (!isOrdered || std::isinf(most))
    return 0;
  // Numbers that differ by less than this may be equal likelihoods.
  constexpr double close = 1e-12;
  int64_t first = 0;
  while (double(most) - numbers[first] > close)
    ++first;
  return numbers[first] == most ? first : likeliest(Likelihoods(numbers, count));
}

namespace {

/// Tokens by falling likelihood, of equal ones the smaller first.
struct Order {
  const Likelihoods &all;
  bool operator()(int64_t a, int64_t b) const {
    double x = all.of(a), y = all.of(b);
    return isAbove(x, y) || (!isAbove(y, x) && a < b);
  }
};

/// The last of the `best` first tokens: the root of a heap whose parents come behind their children.
int64_t lastOfBest(const Likelihoods &all, int64_t best, int32_t *heap) {
  Order comesFirst{all};
  auto sink = [&](int64_t at) {
    for (int64_t child; (child = 2 * at + 1) < best; at = child) {
      if (child + 1 < best && comesFirst(heap[child], heap[child + 1]))
        ++child;
      if (!comesFirst(heap[at], heap[child]))
        return;
      int32_t other = heap[at];
      heap[at] = heap[child];
      heap[child] = other;
    }
  };
  for (int64_t i = 0; i < best; ++i)
    heap[i] = int32_t(i);
  for (int64_t i = best / 2 - 1; i >= 0; --i)
    sink(i);
  for (int64_t i = best; i < all.count; ++i)
    if (comesFirst(i, heap[0])) {
      heap[0] = int32_t(i);
      sink(0);
    }
  return heap[0];
}

} // namespace

int64_t draw(const Likelihoods &all, double temperature, int64_t best, double uniform, double *weights, int32_t *heap) {
  int64_t top = likeliest(all);
  double most = all.of(top), sum = 0;
  if (!std::isfinite(most))
    return top;
  Order comesFirst{all};
  int64_t last = best > 0 && best < all.count ? lastOfBest(all, best, heap) : -1;
  for (int64_t i = 0; i < all.count; ++i) {
    bool isAmong = last < 0 || i == last || comesFirst(i, last);
    double weight = isAmong ? std::exp((all.of(i) - most) / temperature) : -1;
    weights[i] = weight != weight ? 0 : weight;
    if (isAmong)
      sum += weights[i];
  }
  double point = sum * uniform;
  for (int64_t i = 0; i < all.count; ++i)
    if (weights[i] >= 0 && (point -= weights[i]) < 0)
      return i;
  return top; // rounding left no weight
}

//===--- Beams -------------------------------------------------------------------------------------------------===//

bool Beam::comesFirst(const Candidate &a, const Candidate &b) const {
  if (isAbove(a.rank, b.rank) || isAbove(b.rank, a.rank))
    return isAbove(a.rank, b.rank);
  int32_t lengthA = parents[a.parent].length, lengthB = parents[b.parent].length;
  auto tokenOf = [&](const Candidate &one, int32_t length, int32_t i) -> int64_t {
    return i < length ? tokens[one.parent * stride + i] : one.token < 0 ? stop : one.token;
  };
  for (int32_t i = 0; i <= lengthA && i <= lengthB; ++i) {
    int64_t x = tokenOf(a, lengthA, i), y = tokenOf(b, lengthB, i);
    if (x != y)
      return x < y;
  }
  return lengthA < lengthB;
}

void Beam::offer(const Candidate &candidate) {
  if (found == width && (width == 0 || !comesFirst(candidate, best[width - 1])))
    return;
  int64_t at = found < width ? found++ : width - 1;
  for (; at > 0 && comesFirst(candidate, best[at - 1]); --at)
    best[at] = best[at - 1];
  best[at] = candidate;
}

void Beam::add(int32_t parent, const float *numbers, int64_t count, double penalty) {
  const Hypothesis &from = parents[parent];
  auto rank = [&](double score, int64_t length) {
    return penalty == 0 ? score : score / std::pow(double(length), penalty);
  };
  if (from.stopped)
    return offer({parent, -1, from.score, rank(from.score, from.length + 1)});
  Likelihoods all(numbers, count);
  double divisor = penalty == 0 ? 1 : std::pow(double(from.length + 1), penalty);
  for (int64_t token = 0; token < count; ++token) {
    double score = from.score + all.of(token);
    offer({parent, int32_t(token), score, penalty == 0 ? score : score / divisor});
  }
}

} // namespace rondo::runtime
