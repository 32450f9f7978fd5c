#include "compiler/Gradient/FormWindows.h"
#include "compiler/Run/LibraryCall.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

Library::Place::Place(const Call &call, const WindowPlace &place, const void *state, void *next) {
  const Library &library = call.library;
  words = {0, reinterpret_cast<uintptr_t>(state), reinterpret_cast<uintptr_t>(next),
           reinterpret_cast<uintptr_t>(place.ends.data())};
  for (const std::string &name : library.windowsAhead) {
    const Port &input = portOf(library.inputs, name);
    rows.push_back(input.rows(call.batch.samples));
    char *to = rows.back().data();
    for (const Array &row : place.ahead.at(name))
      to = input.write(row, to);
    words.push_back(reinterpret_cast<uintptr_t>(rows.back().data()));
  }
  if (library.hasGradients())
    words.resize(words.size() + 2 + library.windowGradients.size());
  words[0] = words.size() * sizeof(uint64_t);
}

Expected<Result> Library::runWindow(const Batch &batch, const WindowPlace &place, const WindowStates &states,
                                    bool gradients) {
  Call call(*this, batch);
  if (Error error = call.addAll())
    return std::move(error);
  Failure wrong;
  size_t bytes = 0, stateBytes = 0;
  if (windowBytes(call.in.data(), gradients, &bytes, &wrong))
    return failed(wrong);
  if (windowStateBytes(batch.samples, &stateBytes, &wrong))
    return failed(wrong);
  for (FencedBytes *made : {states.next, states.dState})
    if (made)
      *made = unwritten(stateBytes);
  FencedBytes workspace = unwritten(bytes);
  Place where(call, place, states.state ? states.state->data() : nullptr, states.next ? states.next->data() : nullptr);
  std::vector<FencedBytes> ahead; // gradients of rows behind the window
  if (gradients) {
    uint64_t *words = where.words.data() + 4 + windowsAhead.size();
    *words++ = reinterpret_cast<uintptr_t>(states.dNext ? states.dNext->data() : nullptr);
    *words++ = reinterpret_cast<uintptr_t>(states.dState ? states.dState->data() : nullptr);
    for (const std::string &name : windowGradients) {
      ahead.push_back(portOf(inputs, name).rows(batch.samples));
      *words++ = reinterpret_cast<uintptr_t>(ahead.back().data());
    }
  }
  std::optional<Flow> flow;
  if (gradients)
    flow.emplace(call, GradientOptions());
  if (window(prepared.data(), call.in.data(), where.words.data(), call.out.data(), flow ? flow->words.data() : nullptr,
             workspace.data(), bytes, pool, &wrong))
    return failed(wrong);
  Result result = call.result();
  if (flow)
    flow->addTo(result);
  for (const auto &[name, buffer] : zip(windowGradients, ahead)) {
    const Port &port = portOf(inputs, name);
    Stream &stream = result.outputs[("d." + rnn::aheadPrefix + name).str()];
    for (int64_t s = 0; s < batch.samples; ++s)
      stream.rows.push_back(port.read(buffer.data() + s * port.rowBytes(), 1, /*isRow=*/false));
  }
  return result;
}

} // namespace rondo::run
