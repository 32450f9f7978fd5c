// A sample in windows, one after another, against the sample in one go: outputs, losses and gradients must be the same.
#ifndef RONDO_RUN_WINDOWS_H
#define RONDO_RUN_WINDOWS_H

#include "compiler/Run/Library.h"
#include "compiler/Run/Trial.h"
#include <array>

namespace rondo::run {

/// Names of a model's axes, the coarsest first.
std::vector<std::string> axesOf(rnn::ModelOp model);

/// The axes of a batch and which rows of them a window has.
class WindowCuts {
public:
  /// `model`: names the axes. Windows of so many rows of the coarsest; the last one of a sample may have fewer.
  WindowCuts(rnn::ModelOp model, const reference::Batch &batch, int64_t rows);

  int64_t count() const { return windows; }
  /// Rows of an axis ("sample": one) that a window has.
  std::pair<int64_t, int64_t> rows(llvm::StringRef axis, int64_t sample, int64_t window) const;
  bool ends(int64_t sample, int64_t window) const; // the sample, with this window
  /// Of an input on the finest axis the rows behind a window, one a sample; zeros where there is none.
  reference::Rows ahead(llvm::StringRef input, int64_t window) const;
  Library::WindowPlace place(int64_t window) const;
  /// Structure, and those rows of the inputs that the model has of its own.
  reference::Batch part(int64_t window) const;

private:
  struct Level {
    std::string name;
    std::vector<std::vector<int64_t>> begins; // by sample and window, and one more
  };
  const reference::Batch &batch;
  rnn::ModelOp model;
  int64_t windows = 1;
  std::vector<Level> levels;
  std::vector<int64_t> last; // by sample: the window in which it ends
};

/// Of how many rows windows are tried: of few, and of some that leave a shorter one behind.
inline std::array<int64_t, 2> windowRows(int64_t length) { return {length / 12 + 1, length / 3 + 1}; }

/// Rows begin..end-1.
reference::Array rowsOf(const reference::Array &array, int64_t begin, int64_t end);

/// Interprets `backward`, the gradients of the whole model, and `window`, the gradients of its window, window by window,
/// in double precision: outputs, losses and gradients. An error if they cannot be run.
llvm::Expected<Property> verifyWindows(rnn::ModelOp backward, rnn::ModelOp window, const Trial &trial, int64_t rows,
                                       uint64_t seed);

/// What a library computes window by window, in the form of `expected`; `gradients`: there and back, else there alone.
/// `whole`: the model, or what computes its gradients, for which the trial is made.
llvm::Expected<reference::Result> runWindows(rnn::ModelOp whole, const Trial &trial, int64_t rows, Library &library,
                                             bool gradients, const reference::Result &expected);

} // namespace rondo::run
#endif
