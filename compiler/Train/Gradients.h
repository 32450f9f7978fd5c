// What a trainer asks of a model: losses and gradients of a batch, on parameters in one flat buffer of floats. The
// interpreter and a built library both give them.
#ifndef RONDO_TRAIN_GRADIENTS_H
#define RONDO_TRAIN_GRADIENTS_H

#include "compiler/Run/Library.h"
#include "runtime/Optimise.h"
#include <new>

namespace rondo::rnn {
class ModelOp;
}

namespace rondo::train {

/// Takes memory at addresses as libraries want them.
template <typename T> struct Placed {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};
  Placed() = default;
  template <typename U> Placed(const Placed<U> &) {}
  T *allocate(size_t count) { return static_cast<T *>(::operator new(count * sizeof(T), alignment)); }
  void deallocate(T *memory, size_t) { ::operator delete(memory, alignment); }
  bool operator==(const Placed &) const { return true; }
  bool operator!=(const Placed &) const { return false; }
};
/// Parameters, or what is laid out as they are.
using Floats = std::vector<float, Placed<float>>;

/// Where a parameter stands in the buffer.
struct Parameter {
  std::string path;
  std::vector<int64_t> shape;
  int64_t offset = 0; // in floats
  int64_t size = 0;
};

class Gradients {
public:
  virtual ~Gradients();

  const std::vector<Parameter> &parameters() const { return layout; }
  /// Floats of the buffer; between parameters there may be some that belong to none.
  int64_t floats() const { return count; }

  /// First values from a seed.
  virtual llvm::Expected<reference::Params> initialise(uint64_t seed) = 0;

  /// The losses of a batch and, where `gradients` is not null, the gradients of their sum, in the layout of the
  /// parameters. Both are the data of Floats. `seed`: of `random`.
  virtual llvm::Expected<std::vector<reference::LossValue>> compute(const float *parameters, float *gradients,
                                                                    const reference::Batch &batch, uint64_t seed) = 0;

  /// The same of a window of a batch, which goes on where the one before has ended; gradients do not flow that far. Only
  /// where there are windows: `noWindows` says why there are none, and is empty else.
  virtual llvm::Expected<std::vector<reference::LossValue>> computeWindow(const float *parameters, float *gradients,
                                                                          const reference::Batch &batch,
                                                                          const run::Library::WindowPlace &place,
                                                                          uint64_t seed);
  virtual std::string noWindows() const { return "the interpreter has none"; }
  /// What is remembered behind the last window, as words of no meaning.
  virtual std::vector<int64_t> windowState() const { return {}; }
  virtual void setWindowState(llvm::ArrayRef<int64_t>) {}

  /// A step of an optimiser, runtime/Optimise.h. `state`: its slots, one behind another. Gives what is no finite number
  /// any more, "parameter 'h.W' is NaN"; empty if all are.
  virtual llvm::Expected<std::string> optimise(const runtime::Optimiser &how, runtime::Update &step, Floats &state);

protected:
  std::vector<Parameter> layout; // in order of path
  int64_t count = 0;
};

/// Between the buffer and parameters by path. `values` has all of them, of the right shapes.
void writeParameters(const std::vector<Parameter> &layout, const reference::Params &values, float *buffer);
reference::Params readParameters(const std::vector<Parameter> &layout, const float *buffer);

/// The interpreter's. `backward`: a model with the losses of `forward` and for each of its parameters an output
/// `d.PATH`; both live longer than this.
std::unique_ptr<Gradients> interpretedGradients(rnn::ModelOp forward, rnn::ModelOp backward, bool fp64);

/// A built library's, which has gradients if they are to be computed.
std::unique_ptr<Gradients> compiledGradients(std::unique_ptr<run::Library> library);

} // namespace rondo::train
#endif
