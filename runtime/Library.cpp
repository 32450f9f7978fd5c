// This file is compiled for the least machine of its kind: it runs before anything is known.
#include "runtime/Library.h"
#include "runtime/Message.h"
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace rondo::runtime {

#if defined(__x86_64__)
/// Which registers the system saves.
static uint64_t savedState() {
  uint32_t low, high;
  __asm__ __volatile__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

int32_t cpuLevel() {
  uint32_t a, b, c, d, b7 = 0, c7, d7, cx = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d))
    return 1;
  uint32_t unused;
  __get_cpuid_count(7, 0, &unused, &b7, &c7, &d7);
  __get_cpuid(0x80000001, &unused, &unused, &cx, &unused);
  auto has = [](uint32_t word, uint32_t bits) { return (word & bits) == bits; };
  if (!has(c, bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT) || !has(cx, bit_LAHF_LM))
    return 1;
  constexpr uint64_t ymm = 0x6, zmm = 0xe6;
  if (!has(c, bit_AVX | bit_F16C | bit_FMA | bit_MOVBE | bit_OSXSAVE) || !has(b7, bit_AVX2 | bit_BMI | bit_BMI2) ||
      !has(cx, bit_LZCNT) || (savedState() & ymm) != ymm)
    return 2;
  constexpr uint32_t avx512 = bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL;
  return has(b7, avx512) && (savedState() & zmm) == zmm ? 4 : 3;
}
#else
int32_t cpuLevel() { return 0; }
#endif

static int32_t failure(Error *error, Code code) { return error ? error->code : int32_t(code); }

int32_t libraryAbiVersion(const Library &) { return abiVersion; }
const char *libraryManifest(const Library &library) { return library.manifest; }
size_t libraryParameterBytes(const Library &library) { return size_t(library.parameterBytes); }
size_t libraryPreparedBytes(const Library &library) { return size_t(library.preparedBytes); }

/// Checks the address of a buffer.
static bool isPlaced(const void *buffer, const char *name, Error *error) {
  if (!buffer)
    return fail(error, Code::Argument, "'%s' is null", name);
  if (reinterpret_cast<uintptr_t>(buffer) % 64)
    return fail(error, Code::Argument, "'%s' is not at a multiple of 64 bytes", name);
  return true;
}

int32_t libraryInit(const Library &library, void *parameters, uint64_t seed, Error *error) {
  if (!isPlaced(parameters, "parameters", error))
    return failure(error, Code::Argument);
  if (!initialise(library.init, seed, parameters)) {
    fail(error, Code::Memory, "no memory to make orthogonal parameters in");
    return failure(error, Code::Memory);
  }
  return 0;
}

int32_t libraryPrepare(const Library &library, const void *parameters, void *prepared, Error *error) {
  if (!isPlaced(parameters, "parameters", error) || !isPlaced(prepared, "prepared", error))
    return failure(error, Code::Argument);
  int32_t level = cpuLevel();
  const LibraryCode *code = library.codes, *end = code + library.count;
  while (code != end && code->cpuLevel > level)
    ++code;
  if (code == end) {
    fail(error, Code::Machine, "the library has code for %s at the least, which this machine is not", end[-1].target);
    return failure(error, Code::Machine);
  }
  PreparedMark *mark = static_cast<PreparedMark *>(prepared);
  mark->magic = preparedMagic;
  mark->identity = code->identity;
  mark->code = code->number;
  char *made = static_cast<char *>(prepared) + preparedMarkBytes;
  int32_t wrong = prepare(code->model, parameters, made, error);
  return wrong || !code->step ? wrong : prepare({code->step, code->model.kernels}, parameters, made, error);
}

int32_t libraryWorkspaceBytes(const Library &library, const void *inputs, size_t *bytes, Error *error) {
  if (!bytes) {
    fail(error, Code::Argument, "'bytes' is null");
    return failure(error, Code::Argument);
  }
  // Enough for whichever code will be used: which one that is takes long to ask of a virtual machine.
  size_t most = 0;
  for (const LibraryCode *code = library.codes, *end = code + library.count; code != end; ++code) {
    size_t needed = 0;
    if (int32_t wrong = workspaceBytes(code->model, inputs, &needed, error))
      return wrong;
    if (needed > most)
      most = needed;
  }
  *bytes = most;
  return 0;
}

/// What the data were prepared by; null, with a message, if they were not.
static const LibraryCode *codeOf(const Library &library, const void *prepared, Error *error) {
  if (!isPlaced(prepared, "prepared", error))
    return nullptr;
  const PreparedMark *mark = static_cast<const PreparedMark *>(prepared);
  if (mark->magic != preparedMagic || mark->code >= uint64_t(library.count) ||
      mark->identity != library.codes[mark->code].identity) {
    fail(error, Code::Argument, "'prepared' was not written by this library's own function for that");
    return nullptr;
  }
  return library.codes + mark->code;
}

int32_t libraryForward(const Library &library, const void *prepared, const void *inputs, void *outputs, void *workspace,
                       size_t bytes, Pool *pool, Error *error) {
  const LibraryCode *code = codeOf(library, prepared, error);
  if (!code)
    return failure(error, Code::Argument);
  return forward(code->model, static_cast<const char *>(prepared) + preparedMarkBytes, inputs, outputs, workspace,
                 bytes, pool, error);
}

int32_t libraryStateBytes(const Library &library, int64_t batch, size_t *bytes, Error *error) {
  if (!bytes) {
    fail(error, Code::Argument, "'bytes' is null");
    return failure(error, Code::Argument);
  }
  size_t most = 0; // as of a workspace: enough for whichever code will be used
  for (const LibraryCode *code = library.codes, *end = code + library.count; code != end; ++code) {
    size_t needed = 0;
    if (int32_t wrong = stateBytes(code->step, batch, &needed, error))
      return wrong;
    most = needed > most ? needed : most;
  }
  *bytes = most;
  return 0;
}

int32_t libraryStateInit(const Library &library, const void *prepared, void *state, size_t bytes, int64_t batch,
                         Error *error) {
  const LibraryCode *code = codeOf(library, prepared, error);
  if (!code)
    return failure(error, Code::Argument);
  return initState(code->step, code->identity, state, bytes, batch, error);
}

int32_t libraryStep(const Library &library, const void *prepared, void *state, const void *inputs, void *outputs,
                    Error *error) {
  const LibraryCode *code = codeOf(library, prepared, error);
  if (!code)
    return failure(error, Code::Argument);
  return step({code->step, code->model.kernels}, code->identity,
              static_cast<const char *>(prepared) + preparedMarkBytes, state, inputs, outputs, error);
}

Pool *libraryPoolCreate(const Library &, int32_t threads) { return createPool(threads); }
void libraryPoolDestroy(const Library &, Pool *pool) { destroyPool(pool); }

const char *libraryErrorText(const Library &, int32_t code) {
  switch (Code(code)) {
  case Code::Ok: return "no error";
  case Code::Argument: return "a pointer, size or number that cannot be";
  case Code::Structure: return "offsets that do not describe rows";
  case Code::Value: return "a token or bool out of range";
  case Code::Capacity: return "an output with too little room";
  case Code::Workspace: return "a workspace that is too small";
  case Code::TooLarge: return "a batch that is too large";
  case Code::Plan: return "a library that is damaged";
  case Code::Memory: return "the system gives no memory";
  case Code::Machine: return "a machine that the library has no code for";
  }
  return "no such code";
}

} // namespace rondo::runtime
