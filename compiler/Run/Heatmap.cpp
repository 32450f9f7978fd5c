#include "compiler/Run/Heatmap.h"
#include "compiler/Run/Inputs.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace llvm;

namespace rondo::run {

namespace {

bool isText(const dsl::Input &input, const Chain &chain) {
  return input.type.elem == dsl::Elem::Token && input.type.dims.empty() && chain.find(input.clock->name) == 0;
}

/// The output with a weight for each tick of axis `at` of the chain, once each: null if there is none.
const dsl::Output *weightsOf(const dsl::Model &model, const Chain &chain, int at) {
  for (const dsl::Output &output : model.outputs) {
    const dsl::Node &node = model.nodes[output.node];
    if (node.type.elem != dsl::Elem::Real || node.type.dims.size() != 1 || !node.type.dims[0].axis)
      continue;
    const dsl::ClockAxis &axis = *node.type.dims[0].axis;
    if (axis.per == node.clock && axis.collected->kind == dsl::Clock::Kind::Axis &&
        chain.find(axis.collected->name) == at)
      return &output;
  }
  return nullptr;
}

/// "label: sport", and what an output of as many scores puts highest.
void addRemarks(const dsl::Model &model, const reference::Batch &batch, const reference::Result &result,
                const TokenTexts &texts, int64_t sample, Heatmap &heatmap) {
  for (const dsl::Input &label : model.inputs) {
    if (label.clock->kind != dsl::Clock::Kind::Sample || label.type.elem != dsl::Elem::Token ||
        !label.type.dims.empty())
      continue;
    heatmap.remarks.push_back(label.name + ": " + tokenText(texts, label, batch.inputs.at(label.name)[sample].ints[0]));
    for (const dsl::Output &output : model.outputs) {
      const dsl::Node &node = model.nodes[output.node];
      auto stream = result.outputs.find(output.name);
      if (node.clock != label.clock || node.type.elem != dsl::Elem::Real || node.type.dims.size() != 1 ||
          node.type.dims[0].axis || node.type.dims[0].size != label.type.tokens || stream == result.outputs.end() ||
          stream->second.rows[sample].reals.empty())
        continue;
      const std::vector<double> &scores = stream->second.rows[sample].reals;
      int64_t best = std::max_element(scores.begin(), scores.end()) - scores.begin();
      heatmap.remarks.push_back("highest of " + output.name + ": " + tokenText(texts, label, best));
    }
  }
}

} // namespace

Expected<Heatmap> heatmapOf(const dsl::Model &model, const reference::Batch &batch, const reference::Result &result,
                            const TokenTexts &texts, int64_t sample) {
  auto chains = chainsOf(model);
  if (!chains)
    return chains.takeError();
  for (const Chain &chain : *chains) {
    const dsl::Output *words = weightsOf(model, chain, 0), *sentences = weightsOf(model, chain, 1);
    auto text = find_if(model.inputs, [&](const dsl::Input &input) { return isText(input, chain); });
    if (text == model.inputs.end() || (!words && !sentences))
      continue;
    Heatmap heatmap;
    heatmap.title = model.name;
    heatmap.wordWeights = words ? words->name : "";
    heatmap.sentenceWeights = sentences ? sentences->name : "";
    // Weights come in the order of words, and of those sentences that have some.
    auto weights = [&](const dsl::Output *output) {
      return output ? ArrayRef<double>(result.outputs.at(output->name).rows[sample].reals) : ArrayRef<double>();
    };
    ArrayRef<double> ofWords = weights(words), ofSentences = weights(sentences);
    const std::vector<int64_t> &tokens = batch.inputs.at(text->name)[sample].ints;
    std::vector<int64_t> offsets = {0, int64_t(tokens.size())};
    if (chain.axes.size() > 1)
      offsets = batch.offsets.at(chain.axes[1]->name)[sample];
    for (size_t k = 0; k + 1 < offsets.size(); ++k) {
      if (offsets[k] == offsets[k + 1])
        continue;
      Heatmap::Part part;
      if (heatmap.parts.size() < ofSentences.size())
        part.weight = ofSentences[heatmap.parts.size()];
      for (int64_t i = offsets[k]; i < offsets[k + 1]; ++i)
        part.words.push_back({tokenText(texts, *text, tokens[i]), i < int64_t(ofWords.size()) ? ofWords[i] : 0});
      heatmap.parts.push_back(std::move(part));
    }
    addRemarks(model, batch, result, texts, sample, heatmap);
    return heatmap;
  }
  return failure("no output of model '" + model.name +
                 "' has a weight for each word or sentence of a text, as `output weights = pool.weights` has of what "
                 "an attention_pool reads");
}

} // namespace rondo::run
