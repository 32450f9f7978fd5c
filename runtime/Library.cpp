// This file is compiled for the least machine of its kind: it runs before anything is known.
#include "runtime/Library.h"
#include "runtime/Message.h"
#include <cstring>
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
  if (!has(b7, avx512) || (savedState() & zmm) != zmm)
    return 3;
  uint32_t a7 = 0, b71, c71, d71, tiles = 0;
  constexpr uint32_t avx512Bf16 = 1 << 5, amx = 1 << 22 | 1 << 24; // bf16 and tiles
  constexpr uint64_t tileState = 3 << 17;
  __get_cpuid_count(7, 1, &a7, &b71, &c71, &d71);
  __get_cpuid_count(7, 0, &unused, &b7, &c7, &tiles);
  if (!has(a7, avx512Bf16))
    return 4;
  return has(tiles, amx) && (savedState() & tileState) == tileState ? levelOfTiles : 5;
}

/// The process may use tile registers once it has asked.
static bool mayUseTiles() {
#if defined(__linux__)
  constexpr long archPrctl = 158, requestPermission = 0x1023, tileData = 18;
  long result;
  __asm__ __volatile__("syscall"
                       : "=a"(result)
                       : "a"(archPrctl), "D"(requestPermission), "S"(tileData)
                       : "rcx", "r11", "memory");
  return result == 0;
#else
  return false;
#endif
}

bool runsLevel(int32_t level, int32_t own) { return level <= own && (level < levelOfTiles || mayUseTiles()); }
#else
int32_t cpuLevel() { return 0; }
bool runsLevel(int32_t level, int32_t own) { return level <= own; }
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

/// Zeros what lies between parameters, in a buffer that is laid out as they are.
static void clearGaps(const Library &library, void *buffer) {
  int64_t end = 0;
  auto clearTo = [&](int64_t begin) { std::memset(static_cast<char *>(buffer) + end, 0, size_t(begin - end)); };
  for (int64_t i = 0; i < library.parameters.count; ++i) {
    const ParameterPlan &plan = library.parameters.plans[i];
    clearTo(plan.offset);
    end = plan.offset + plan.elements * bytesOf(plan.element);
  }
  clearTo(library.parameterBytes);
}

int32_t libraryInit(const Library &library, void *parameters, uint64_t seed, Error *error) {
  if (!isPlaced(parameters, "parameters", error))
    return failure(error, Code::Argument);
  if (!initialise(library.init, seed, parameters)) {
    fail(error, Code::Memory, "no memory to make orthogonal parameters in");
    return failure(error, Code::Memory);
  }
  clearGaps(library, parameters);
  return codeOf(true, error);
}

/// Checks the address of the parameters, and that there is a path.
static bool areGiven(const void *parameters, const char *path, Error *error) {
  if (!isPlaced(parameters, "parameters", error))
    return false;
  return path || fail(error, Code::Argument, "'path' is null");
}

int32_t libraryLoad(const Library &library, void *parameters, const char *path, Error *error) {
  if (!areGiven(parameters, path, error))
    return failure(error, Code::Argument);
  if (!loadParameters(library.parameters, path, parameters, error))
    return failure(error, Code::File);
  clearGaps(library, parameters);
  return codeOf(true, error);
}

int32_t librarySave(const Library &library, const void *parameters, const char *path, Error *error) {
  if (!areGiven(parameters, path, error))
    return failure(error, Code::Argument);
  if (!saveParameters(library.parameters, path, parameters, error))
    return failure(error, Code::File);
  return codeOf(true, error);
}

/// One of a code's plans, with its kernels.
static Model modelOf(const LibraryCode &code, const Plan *plan) { return {plan, code.model.kernels, code.model.lines}; }

int32_t libraryPrepare(const Library &library, const void *parameters, void *prepared, Error *error) {
  if (!isPlaced(parameters, "parameters", error) || !isPlaced(prepared, "prepared", error))
    return failure(error, Code::Argument);
  int32_t level = cpuLevel();
  const LibraryCode *code = library.codes, *end = code + library.count;
  while (code != end && !runsLevel(code->cpuLevel, level))
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
  const Plan *others[] = {code->step, code->generate, code->backward, code->window, code->windowBackward};
  for (const Plan *plan : others)
    if (!wrong && plan)
      wrong = prepare(modelOf(*code, plan), parameters, made, error);
  return wrong;
}

/// Bytes that are enough for whichever code will be used: which one that is takes long to ask of a virtual machine.
/// `count` computes those of one code.
template <typename Function>
static int32_t mostBytes(const Library &library, size_t *bytes, Error *error, const Function &count) {
  if (!bytes) {
    fail(error, Code::Argument, "'bytes' is null");
    return failure(error, Code::Argument);
  }
  size_t most = 0;
  for (const LibraryCode *code = library.codes, *end = code + library.count; code != end; ++code) {
    size_t needed = 0;
    if (int32_t wrong = count(*code, &needed))
      return wrong;
    most = needed > most ? needed : most;
  }
  *bytes = most;
  return 0;
}

int32_t libraryWorkspaceBytes(const Library &library, const void *inputs, size_t *bytes, Error *error) {
  return mostBytes(library, bytes, error, [&](const LibraryCode &code, size_t *needed) {
    return workspaceBytes(code.model, inputs, needed, error);
  });
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
  return mostBytes(library, bytes, error, [&](const LibraryCode &code, size_t *needed) {
    return stateBytes(code.step, batch, needed, error);
  });
}

int32_t libraryStateInit(const Library &library, const void *prepared, void *state, size_t bytes, int64_t batch,
                         Error *error) {
  const LibraryCode *code = codeOf(library, prepared, error);
  if (!code)
    return failure(error, Code::Argument);
  return initState(code->step, code->identity, state, bytes, batch, error);
}

int32_t libraryStateReset(const Library &library, const void *prepared, void *state, int64_t sequence, Error *error) {
  const LibraryCode *code = codeOf(library, prepared, error);
  if (!code)
    return failure(error, Code::Argument);
  return resetState(code->step, code->identity, state, sequence, error);
}

int32_t libraryStep(const Library &library, const void *prepared, void *state, const void *inputs, void *outputs,
                    Error *error) {
  const LibraryCode *code = codeOf(library, prepared, error);
  if (!code)
    return failure(error, Code::Argument);
  return step(modelOf(*code, code->step), code->identity, static_cast<const char *>(prepared) + preparedMarkBytes,
              state, inputs, outputs, error);
}

int32_t libraryGenerateWorkspaceBytes(const Library &library, const void *inputs, const void *options, size_t *bytes,
                                      Error *error) {
  return mostBytes(library, bytes, error, [&](const LibraryCode &code, size_t *needed) {
    return generateWorkspaceBytes(modelOf(code, code.generate), inputs, options, needed, error);
  });
}

int32_t libraryGenerate(const Library &library, const void *prepared, const void *inputs, const void *options,
                        void *generated, void *workspace, size_t bytes, Pool *pool, Error *error) {
  const LibraryCode *code = codeOf(library, prepared, error);
  if (!code)
    return failure(error, Code::Argument);
  return generate(modelOf(*code, code->generate), static_cast<const char *>(prepared) + preparedMarkBytes, inputs,
                  options, generated, workspace, bytes, pool, error);
}

static WindowModel windowsOf(const LibraryCode &code) {
  return {code.model, code.window, code.windowBackward, code.identity};
}

int32_t libraryWindowStateBytes(const Library &library, int64_t batch, size_t *bytes, Error *error) {
  return mostBytes(library, bytes, error, [&](const LibraryCode &code, size_t *needed) {
    return windowStateBytes(windowsOf(code), batch, needed, error);
  });
}

int32_t libraryWindowWorkspaceBytes(const Library &library, const void *inputs, int32_t gradients, size_t *bytes,
                                    Error *error) {
  if (gradients != 0 && gradients != 1) {
    fail(error, Code::Argument, "'gradients' is %d, neither 0 nor 1", int(gradients));
    return failure(error, Code::Argument);
  }
  return mostBytes(library, bytes, error, [&](const LibraryCode &code, size_t *needed) {
    return windowWorkspaceBytes(windowsOf(code), inputs, gradients, needed, error);
  });
}

/// Behind a call that has written gradients, see Runtime.h.
static int32_t withoutGaps(const Library &library, const void *gradients, int32_t code) {
  const auto *words = static_cast<const uint64_t *>(gradients);
  if (code == 0 && words && words[2] && !words[1]) // it does not add to what is there
    clearGaps(library, reinterpret_cast<void *>(words[2]));
  return code;
}

int32_t libraryWindow(const Library &library, const void *prepared, const void *inputs, const void *window,
                      void *outputs, void *gradients, void *workspace, size_t bytes, Pool *pool, Error *error) {
  const LibraryCode *code = codeOf(library, prepared, error);
  if (!code)
    return failure(error, Code::Argument);
  int32_t result = runWindow(windowsOf(*code), static_cast<const char *>(prepared) + preparedMarkBytes, inputs, window,
                             outputs, gradients, workspace, bytes, pool, error);
  return withoutGaps(library, gradients, result);
}

int32_t libraryBackwardWorkspaceBytes(const Library &library, const void *inputs, size_t *bytes, Error *error) {
  return mostBytes(library, bytes, error, [&](const LibraryCode &code, size_t *needed) {
    if (library.checkpoint)
      return replayWorkspaceBytes(windowsOf(code), code.backward, library.checkpoint, inputs, needed, error);
    return backwardWorkspaceBytes(modelOf(code, code.backward), code.model.plan, inputs, needed, error);
  });
}

int32_t libraryBackward(const Library &library, const void *prepared, const void *inputs, void *outputs,
                        void *gradients, void *workspace, size_t bytes, Pool *pool, Error *error) {
  const LibraryCode *code = codeOf(library, prepared, error);
  if (!code)
    return failure(error, Code::Argument);
  const char *made = static_cast<const char *>(prepared) + preparedMarkBytes;
  int32_t result = library.checkpoint ? replay(windowsOf(*code), code->backward, library.checkpoint, made, inputs,
                                               outputs, gradients, workspace, bytes, pool, error)
                                      : backward(modelOf(*code, code->backward), code->model.plan, made, inputs,
                                                 outputs, gradients, workspace, bytes, pool, error);
  return withoutGaps(library, gradients, result);
}

int32_t libraryOptimiserBytes(const Library &library, const Optimiser *optimiser, size_t *bytes, Error *error) {
  if (!checkOptimiser(optimiser, error))
    return failure(error, Code::Argument);
  if (!bytes) {
    fail(error, Code::Argument, "'bytes' is null");
    return failure(error, Code::Argument);
  }
  *bytes = size_t(optimiserSlots(*optimiser) * library.parameterBytes);
  return codeOf(true, error);
}

int32_t libraryGroup(const Library &library, const char *path, int32_t trained, uint8_t *marks, Error *error) {
  if (!path || !marks) {
    fail(error, Code::Argument, "'%s' is null", path ? "marks" : "path");
    return failure(error, Code::Argument);
  }
  if (trained != 0 && trained != 1) {
    fail(error, Code::Argument, "'trained' is %d, neither 0 nor 1", int(trained));
    return failure(error, Code::Argument);
  }
  if (!markGroup(library.parameters, path, trained != 0, marks)) {
    fail(error, Code::Argument, "no parameter is called '%.200s' or lies under it", path);
    return failure(error, Code::Argument);
  }
  return codeOf(true, error);
}

int32_t libraryOptimise(const Library &library, const void *prepared, const Optimiser *optimiser, Update *step,
                        void *state, size_t bytes, Pool *pool, Error *error) {
  const LibraryCode *code = codeOf(library, prepared, error);
  size_t needed = 0;
  if (!code || libraryOptimiserBytes(library, optimiser, &needed, error))
    return failure(error, Code::Argument);
  if (!checkUpdate(step, error) || !isPlaced(step->parameters, "parameters", error) ||
      !isPlaced(step->gradients, "gradients", error) || (needed && !isPlaced(state, "state", error)))
    return failure(error, Code::Argument);
  if (bytes < needed) {
    fail(error, Code::Workspace, "the state has %zu bytes, but %zu are needed", bytes, needed);
    return failure(error, Code::Workspace);
  }
  if (!update(library.parameters, code->model.lines, *optimiser, *step, static_cast<float *>(state),
              library.parameterBytes / int64_t(sizeof(float)), pool, error))
    return failure(error, Code::Value);
  return codeOf(true, error);
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
  case Code::File: return "a file that cannot be used";
  }
  return "no such code";
}

} // namespace rondo::runtime
