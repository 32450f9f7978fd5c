// What a trainer wants of a library: losses and gradients of parameters, from and to buffers, and nothing else.
#include "compiler/Run/LibraryCall.h"
#include "runtime/Optimise.h"
#include <cstring>

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

Error Library::prepareAgain(const void *buffer, uint64_t seed) {
  if (prepared.size() == 0)
    prepared = FencedBytes(preparedBytes());
  options.seed = seed;
  Failure wrong;
  return prepare(buffer, prepared.data(), &wrong) ? failed(wrong) : Error::success();
}

void Library::makeScratch(size_t bytes) {
  if (scratch.size() < bytes)
    scratch = FencedBytes(bytes + bytes / 8); // batches are of about one size
}

/// The struct of gradients: those of parameters alone, overwritten.
std::vector<uint64_t> Library::gradientWords(void *gradients) const {
  std::vector<uint64_t> words(3 + gradientOutputs.size() + gradientInputs.size());
  words[0] = words.size() * sizeof(uint64_t);
  words[2] = reinterpret_cast<uintptr_t>(gradients);
  return words;
}

Expected<std::vector<LossValue>> Library::computeLosses(const void *buffer, void *gradients, const Batch &batch,
                                                        uint64_t seed) {
  if (Error error = prepareAgain(buffer, seed))
    return std::move(error);
  Failure wrong;
  Call call(*this, batch);
  if (Error error = call.addInputs())
    return std::move(error);
  call.addLosses();
  size_t bytes = 0;
  if ((gradients ? backwardBytes : workspaceBytes)(call.in.data(), &bytes, &wrong))
    return failed(wrong);
  makeScratch(bytes);
  std::vector<uint64_t> words = gradientWords(gradients);
  if (gradients &&
      backward(prepared.data(), call.in.data(), call.out.data(), words.data(), scratch.data(), bytes, pool, &wrong))
    return failed(wrong);
  if (!gradients && forward(prepared.data(), call.in.data(), call.out.data(), scratch.data(), bytes, pool, &wrong))
    return failed(wrong);
  return call.lossValues();
}

Expected<std::vector<LossValue>> Library::computeWindow(const void *buffer, void *gradients, const Batch &batch,
                                                        const WindowPlace &place, uint64_t seed) {
  if (Error error = prepareAgain(buffer, seed))
    return std::move(error);
  Failure wrong;
  Call call(*this, batch);
  if (Error error = call.addInputs())
    return std::move(error);
  call.addLosses();
  size_t bytes = 0, stateBytes = 0;
  if (windowBytes(call.in.data(), gradients != nullptr, &bytes, &wrong))
    return failed(wrong);
  if (windowStateBytes(batch.samples, &stateBytes, &wrong))
    return failed(wrong);
  makeScratch(bytes);
  if (nextState.size() != stateBytes)
    nextState = FencedBytes(stateBytes);
  std::vector<uint64_t> words = gradientWords(gradients);
  Place where(call, place, place.isFirst ? nullptr : state.data(), nextState.data());
  if (window(prepared.data(), call.in.data(), where.words.data(), call.out.data(), gradients ? words.data() : nullptr,
             scratch.data(), bytes, pool, &wrong))
    return failed(wrong);
  std::swap(state, nextState);
  return call.lossValues();
}

std::vector<int64_t> Library::windowState() const {
  std::vector<int64_t> words(state.size() / sizeof(int64_t));
  if (!words.empty())
    std::memcpy(words.data(), state.data(), words.size() * sizeof(int64_t));
  return words;
}

void Library::setWindowState(ArrayRef<int64_t> words) {
  state = FencedBytes(words.size() * sizeof(int64_t));
  if (!words.empty())
    std::memcpy(state.data(), words.data(), words.size() * sizeof(int64_t));
}

bool Library::optimise(const runtime::Optimiser &how, runtime::Update &step, void *state, size_t bytes,
                       runtime::Error &error) const {
  static_assert(sizeof(Failure) == sizeof(runtime::Error), "both are the header's rondo_error");
  Failure wrong;
  error.code = move(prepared.data(), &how, &step, state, bytes, pool, &wrong);
  std::memcpy(error.message, wrong.message, sizeof error.message);
  return error.code == 0;
}

Error Library::makeParameters(uint64_t seed, void *buffer) {
  Failure wrong;
  if (init(buffer, seed, &wrong))
    return failed(wrong);
  return Error::success();
}

} // namespace rondo::run
