// Tokens of a model as text: by the vocabulary that lies beside its parameters, or as the characters that token(96) and
// token(256) are.
#ifndef RONDO_TOOLS_TEXTCODEC_H
#define RONDO_TOOLS_TEXTCODEC_H

#include "compiler/Tools/TrainingData.h"

namespace rondo::tools {

class TextCodec {
public:
  /// Of an input, by --params and --unit. Nothing if its tokens are no text.
  static llvm::Expected<std::optional<TextCodec>> of(const dsl::Input &input, const Arguments &arguments);

  /// Of text files that inputs are read from.
  static rondo::run::TextReader reader(const Arguments &arguments);

  std::string decode(llvm::ArrayRef<int64_t> tokens) const;
  /// `name` stands in messages.
  llvm::Expected<std::vector<int64_t>> encode(llvm::StringRef text, llvm::StringRef name) const;

private:
  int64_t alphabet = 0;                               // 96 or 256, where there is
  std::optional<train::Vocabulary> vocabulary;        // no vocabulary,
  train::UnitKind kind = train::UnitKind::Characters; // whose units these are,
  bool areLabels = false;                             // or labels, one a line
};

} // namespace rondo::tools
#endif
