// The texts that go with a library.
#ifndef RONDO_EMIT_TEXT_H
#define RONDO_EMIT_TEXT_H

#include "compiler/Emit/Interface.h"
#include "compiler/Emit/Target.h"

namespace rondo::emit {

struct Facts {
  const Interface &interface;
  std::vector<const Target *> targets;
  WeightFormat weights = WeightFormat::F32;
  int64_t preparedBytes = 0;
  int64_t checkpoint = 0; // see runtime::Library
};

/// A C99 header that C++ takes too. Who has only this and the library needs no more.
std::string headerText(const Facts &facts);

/// JSON, as docs/manifest.schema.json describes it.
std::string manifestText(const Facts &facts);

} // namespace rondo::emit
#endif
