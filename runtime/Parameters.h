// Parameters from and to safetensors files.
#ifndef RONDO_RUNTIME_PARAMETERS_H
#define RONDO_RUNTIME_PARAMETERS_H

#include "runtime/Runtime.h"

namespace rondo::runtime {

/// Where one parameter stands in the buffer of parameters, and what files call it.
struct ParameterPlan {
  int64_t offset = 0;          // in bytes
  int64_t elements = 1;        // the product of its sizes
  int64_t tokens = 0;          // Token: how many there are
  int32_t name = 0;            // in the text; ended by a 0
  int32_t shape = 0, rank = 0; // among the sizes
  Element element = Element::F32;
  uint8_t fill[3] = {};
};

/// In order of path.
struct ParameterTable {
  const ParameterPlan *plans = nullptr;
  int64_t count = 0;
  const int64_t *sizes = nullptr;
  const char *text = nullptr;
};

/// Fills the buffer from a file that has a tensor for each parameter, of its shape, and no other. Real parameters are
/// taken from any real type, others from any whole one. Bytes between parameters are left alone; what a failed call has
/// written is not defined.
bool loadParameters(const ParameterTable &table, const char *path, void *parameters, Error *error);

/// Writes a file, which appears under its name whole or not at all. A file that is replaced gives its permissions on; of
/// a link the file at its end is replaced.
bool saveParameters(const ParameterTable &table, const char *path, const void *parameters, Error *error);

} // namespace rondo::runtime
#endif
