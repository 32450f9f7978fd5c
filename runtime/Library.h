// What a built library holds of its model, and the functions behind those that it exports. The compiler writes a
// Library as constant data, and for each exported function one that calls its entry here with that Library.
#ifndef RONDO_RUNTIME_LIBRARY_H
#define RONDO_RUNTIME_LIBRARY_H

#include "runtime/Init.h"
#include "runtime/Optimise.h"
#include "runtime/Parameters.h"
#include "runtime/Runtime.h"

namespace rondo::runtime {

constexpr int32_t abiVersion = 1;

/// A model's plan and code for one kind of machine.
struct LibraryCode {
  int32_t cpuLevel = 0;  // the machine's must not be less
  uint32_t number = 0;   // in the library
  uint64_t identity = 0; // of plan and code: what was prepared by it is marked with it
  const char *target = nullptr;
  Model model;
  const Plan *step = nullptr;           // of single steps, with the same kernels; null: there is none
  const Plan *generate = nullptr;       // of rows that the model makes, with the same kernels; null: it does not
  const Plan *backward = nullptr;       // of gradients, with the same kernels; null: there is none
  const Plan *window = nullptr;         // of windows, with the same kernels; null: there is none
  const Plan *windowBackward = nullptr; // of their gradients
};

struct Library {
  const LibraryCode *codes = nullptr; // best first
  int64_t count = 0;
  const char *manifest = nullptr;
  int64_t parameterBytes = 0, preparedBytes = 0;
  int64_t checkpoint = 0; // rows between what is kept of a sample for its gradients; 0: all is kept, -1: see Runtime.h
  InitTable init;
  ParameterTable parameters;
};

/// What stands in front of prepared data.
struct PreparedMark {
  uint64_t magic = 0, identity = 0;
  uint32_t code = 0;
};
constexpr uint64_t preparedMagic = 0x4445524150455250; // "PREPARED"
constexpr int64_t preparedMarkBytes = 64;

/// What the machine has: on x86-64 the psABI's level, 1 to 4, with products of pairs of bf16 (AVX512_BF16) 5, with those
/// of tiles too (AMX_BF16) 6; elsewhere 0.
int32_t cpuLevel();
constexpr int32_t levelOfTiles = 6;
/// Whether code for a level runs on a machine of the level `own`, this one's. 6 takes the system's permission, which is
/// asked for.
bool runsLevel(int32_t level, int32_t own);

// The entries. Names with a dot: no model's exported names can clash with them.
int32_t libraryAbiVersion(const Library &library) __asm__("rondo.abi.version");
const char *libraryManifest(const Library &library) __asm__("rondo.manifest");
size_t libraryParameterBytes(const Library &library) __asm__("rondo.parameter.bytes");
size_t libraryPreparedBytes(const Library &library) __asm__("rondo.prepared.bytes");
int32_t libraryInit(const Library &library, void *parameters, uint64_t seed, Error *error) __asm__("rondo.init");
int32_t libraryLoad(const Library &library, void *parameters, const char *path, Error *error) __asm__("rondo.load");
int32_t librarySave(const Library &library, const void *parameters, const char *path,
                    Error *error) __asm__("rondo.save");
int32_t libraryPrepare(const Library &library, const void *parameters, void *prepared,
                       Error *error) __asm__("rondo.prepare");
int32_t libraryWorkspaceBytes(const Library &library, const void *inputs, size_t *bytes,
                              Error *error) __asm__("rondo.workspace.bytes");
int32_t libraryForward(const Library &library, const void *prepared, const void *inputs, void *outputs, void *workspace,
                       size_t bytes, Pool *pool, Error *error) __asm__("rondo.forward");
int32_t libraryStateBytes(const Library &library, int64_t batch, size_t *bytes,
                          Error *error) __asm__("rondo.state.bytes");
int32_t libraryStateInit(const Library &library, const void *prepared, void *state, size_t bytes, int64_t batch,
                         Error *error) __asm__("rondo.state.init");
int32_t libraryStateReset(const Library &library, const void *prepared, void *state, int64_t sequence,
                          Error *error) __asm__("rondo.state.reset");
int32_t libraryStep(const Library &library, const void *prepared, void *state, const void *inputs, void *outputs,
                    Error *error) __asm__("rondo.step");
int32_t libraryGenerateWorkspaceBytes(const Library &library, const void *inputs, const void *options, size_t *bytes,
                                      Error *error) __asm__("rondo.generate.workspace.bytes");
int32_t libraryGenerate(const Library &library, const void *prepared, const void *inputs, const void *options,
                        void *generated, void *workspace, size_t bytes, Pool *pool,
                        Error *error) __asm__("rondo.generate");
int32_t libraryBackwardWorkspaceBytes(const Library &library, const void *inputs, size_t *bytes,
                                      Error *error) __asm__("rondo.backward.workspace.bytes");
int32_t libraryBackward(const Library &library, const void *prepared, const void *inputs, void *outputs,
                        void *gradients, void *workspace, size_t bytes, Pool *pool,
                        Error *error) __asm__("rondo.backward");
int32_t libraryOptimiserBytes(const Library &library, const Optimiser *optimiser, size_t *bytes,
                              Error *error) __asm__("rondo.optimiser.bytes");
int32_t libraryGroup(const Library &library, const char *path, int32_t trained, uint8_t *marks,
                     Error *error) __asm__("rondo.group");
int32_t libraryOptimise(const Library &library, const void *prepared, const Optimiser *optimiser, Update *update,
                        void *state, size_t bytes, Pool *pool, Error *error) __asm__("rondo.optimise");
int32_t libraryWindowStateBytes(const Library &library, int64_t batch, size_t *bytes,
                                Error *error) __asm__("rondo.window.state.bytes");
int32_t libraryWindowWorkspaceBytes(const Library &library, const void *inputs, int32_t gradients, size_t *bytes,
                                    Error *error) __asm__("rondo.window.workspace.bytes");
int32_t libraryWindow(const Library &library, const void *prepared, const void *inputs, const void *window,
                      void *outputs, void *gradients, void *workspace, size_t bytes, Pool *pool,
                      Error *error) __asm__("rondo.window");
Pool *libraryPoolCreate(const Library &library, int32_t threads) __asm__("rondo.pool.create");
void libraryPoolDestroy(const Library &library, Pool *pool) __asm__("rondo.pool.destroy");
const char *libraryErrorText(const Library &library, int32_t code) __asm__("rondo.error.text");

} // namespace rondo::runtime
#endif
