#include "compiler/Run/LibraryCall.h"

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

/// The words of MODEL_generate_options, see the header that comes with a library.
static std::vector<uint64_t> optionsOf(const GenerateOptions &how) {
  auto real = [](double number) {
    uint64_t word;
    std::memcpy(&word, &number, sizeof word);
    return word;
  };
  std::vector<uint64_t> words = {0,
                                 uint64_t(how.mode),
                                 how.seed,
                                 real(how.temperature),
                                 uint64_t(how.topK),
                                 uint64_t(how.beams),
                                 real(how.lengthPenalty),
                                 uint64_t(how.limit),
                                 uint64_t(how.start),
                                 uint64_t(how.stop)};
  words[0] = words.size() * sizeof(uint64_t);
  return words;
}

Expected<std::vector<std::vector<Generated>>> Library::generate(const Batch &batch, const GenerateOptions &how) {
  const json::Object &description = *manifest().getObject("generate");
  const Port &input = *find_if(inputs, [&](const Port &port) { return port.name == *description.getString("input"); });
  Batch prompted = batch;
  bool hasPrompt = !how.prompt.reals.empty() || !how.prompt.ints.empty();
  prompted.lengths[input.axis].assign(batch.samples, hasPrompt ? how.prompt.shape[0] : 0);
  if (hasPrompt)
    prompted.inputs[input.name].assign(batch.samples, how.prompt);
  Call call(*this, prompted);
  if (Error error = call.addInputs(/*all=*/false))
    return std::move(error);
  std::vector<uint64_t> options = optionsOf(how);

  Failure wrong;
  size_t bytes = 0;
  if (generateBytes(call.in.data(), options.data(), &bytes, &wrong))
    return failed(wrong);
  FencedBytes workspace = unwritten(bytes);
  int64_t beams = how.mode == GenerateOptions::Mode::Beam ? how.beams : 1;
  int64_t limit = how.limit >= 0 ? how.limit : description.getInteger("limit").value_or(0);
  int64_t room = batch.samples * beams * limit;
  FencedBytes rows = input.rows(room);
  std::vector<int64_t> offsets(batch.samples * beams + 1), found(batch.samples + 1);
  std::vector<double> scores(batch.samples * beams + 1);
  auto address = [](const void *data) { return uint64_t(reinterpret_cast<uintptr_t>(data)); };
  uint64_t generated[] = {
      0, address(rows.data()), uint64_t(room), address(offsets.data()), address(scores.data()), address(found.data())};
  generated[0] = sizeof generated;
  if (generateRows(prepared.data(), call.in.data(), options.data(), generated, workspace.data(), workspace.size(), pool,
                   &wrong))
    return failed(wrong);

  std::vector<std::vector<Generated>> all(batch.samples);
  for (int64_t s = 0; s < batch.samples; ++s)
    for (int64_t i = s * beams; i < s * beams + found[s]; ++i)
      all[s].push_back({input.read(rows.data() + offsets[i] * input.rowBytes(), offsets[i + 1] - offsets[i],
                                   /*isRow=*/false),
                        scores[i]});
  return std::move(all);
}

} // namespace rondo::run
