// Where an attention looked in a text: its words, coloured by their weights, and its sentences by theirs.
#ifndef RONDO_RUN_HEATMAP_H
#define RONDO_RUN_HEATMAP_H

#include "compiler/Run/Structure.h"
#include "compiler/Run/TokenTexts.h"

namespace rondo::run {

struct Heatmap {
  struct Word {
    std::string text;
    double weight = 0;
  };
  struct Part { // a sentence, or all of the text
    std::vector<Word> words;
    double weight = 0;
  };
  std::string title;
  std::vector<std::string> remarks;         // "label: sport"
  std::string wordWeights, sentenceWeights; // the outputs; empty: there is none
  std::vector<Part> parts;
};

/// Of one sample: the text is an input of tokens, weights are outputs that have one for each tick of its base axis, or of
/// the axis over it, such as `weights` of an `attention_pool` over what was collected.
llvm::Expected<Heatmap> heatmapOf(const dsl::Model &model, const reference::Batch &batch,
                                  const reference::Result &result, const TokenTexts &texts, int64_t sample = 0);

/// As SVG.
void printHeatmap(const Heatmap &heatmap, llvm::raw_ostream &os);

} // namespace rondo::run
#endif
