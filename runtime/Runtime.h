// Carries out plans: what the exported functions of a built library call, and the compiler when it runs a model itself.
//
// No call allocates, locks, or keeps anything: a call works in the workspace that it is given, and any number of calls
// may run at once on different workspaces. The same inputs give the same bits, whatever the pool or the machine's load,
// and each sample's bits do not depend on the other samples of the batch.
#ifndef RONDO_RUNTIME_RUNTIME_H
#define RONDO_RUNTIME_RUNTIME_H

#include "runtime/Plan.h"

namespace rondo::runtime {

struct Pool;
struct Lines;

/// `plan`: at an address that is a multiple of 64. `kernels`: those of the plan, by number. `lines`: null, or what
/// the machine has for lines (Lines.h).
struct Model {
  const Plan *plan = nullptr;
  const Kernel *kernels = nullptr;
  const Lines *lines = nullptr;
};

enum class Code : int32_t {
  Ok = 0,
  Argument = 1,  // a pointer is null or not aligned, a struct has another size, a number is out of all range
  Structure = 2, // offsets do not describe rows
  Value = 3,     // a token or bool is none
  Capacity = 4,  // an output has too little room
  Workspace = 5, // the workspace has
  TooLarge = 6,  // the batch has more rows or bytes than can be counted
  Plan = 7,      // the library itself is wrong
  Memory = 8,    // the system gives none
  Machine = 9,   // the library has no code for this one
  File = 10,     // a file cannot be read or written, or is not what it should be
};

struct Error {
  int32_t code = 0;
  char message[252] = {};
};

// Inputs and outputs are C structs of 8-byte words.
//   inputs:  size in bytes, batch, seed; for each axis of the plan its offsets; for each input its rows
//   outputs: size in bytes; for each output: rows (null: not wanted), number of rows (in: room, out: written), offsets
//            (null, or batch + 1 numbers: rows ahead of each sample; left alone where there is no clock), ticks (null, or
//            as many numbers as there is room for rows: the position of each row among the rows of the clock's base
//            in its sample; of a pair its target's); losses (null, or one number each), their ticks (null, or one
//            number each: how many values the mean is over; 0 without a clock)
// All return the code that they also write, with a message, to `error` (which may be null). A number of rows is written
// even where the rows are not wanted. What a failed call has written is not defined, but that after Code::Capacity the
// number of rows of each output that is known to need more is what it needs.

int32_t workspaceBytes(const Model &model, const void *inputs, size_t *bytes, Error *error);

int32_t prepare(const Model &model, const void *parameters, void *prepared, Error *error);

/// `pool`: null for one thread.
int32_t forward(const Model &model, const void *prepared, const void *inputs, void *outputs, void *workspace,
                size_t bytes, Pool *pool, Error *error);

//===--- Gradients ---------------------------------------------------------------------------------------------===//

// The plan computes outputs and losses as the model's other one, `forward`, does, and what changes the losses, or what is
// given for the outputs, by how much.
//   gradients: size in bytes; accumulate (1: those of parameters are added to what is there, 0: they take its place);
//              parameters (null: not wanted; else where a buffer of parameters has them); of a model without losses for
//              each output of reals its gradient (null: zero; else a row for each of its rows); for each input of reals
//              where its gradient goes (null: not wanted; else a row for each of the input's)
int32_t backwardWorkspaceBytes(const Model &model, const Plan *forward, const void *inputs, size_t *bytes,
                               Error *error);
int32_t backward(const Model &model, const Plan *forward, const void *prepared, const void *inputs, void *outputs,
                 void *gradients, void *workspace, size_t bytes, Pool *pool, Error *error);

//===--- Windows -----------------------------------------------------------------------------------------------===//

/// A library's plans of windows. `identity`: a number that states of other models do not have.
struct WindowModel {
  Model model;                                        // of whole samples
  const Plan *window = nullptr, *gradients = nullptr; // gradients: null: there are none
  uint64_t identity = 0;
};

// A window is a batch whose samples go on where those of the window before have ended. What is remembered is a state,
// which the caller owns, at an address that is a multiple of 64.
//   window: size in bytes; state at its begin (null: samples begin); where that at its end goes (null: nowhere); one byte
//           a sample: 1 if it ends with the window (null: none does); for each input that is looked at one row ahead its
//           row behind the window, one a sample: not looked at where it ends. If there are gradients: what flows into the
//           state at its end, itself a state (null: nothing), where goes what flows into that at its begin (null:
//           nowhere); for each input of reals among those looked at ahead where the gradients of such rows go
// `gradients`: null: only what `forward` computes.
int32_t windowStateBytes(const WindowModel &model, int64_t batch, size_t *bytes, Error *error);
int32_t windowWorkspaceBytes(const WindowModel &model, const void *inputs, int32_t gradients, size_t *bytes,
                             Error *error);
int32_t runWindow(const WindowModel &model, const void *prepared, const void *inputs, const void *window, void *outputs,
                  void *gradients, void *workspace, size_t bytes, Pool *pool, Error *error);

// The gradients of whole samples, window by window: what is remembered is kept every `rows` rows (-1: as many as memory
// asks for; see mostWhole), and from the last window on all else is computed again. Of time with one axis only.
int32_t replayWorkspaceBytes(const WindowModel &model, const Plan *backward, int64_t rows, const void *inputs,
                             size_t *bytes, Error *error);
int32_t replay(const WindowModel &model, const Plan *backward, int64_t rows, const void *prepared, const void *inputs,
               void *outputs, void *gradients, void *workspace, size_t bytes, Pool *pool, Error *error);
/// Where `rows` is -1: a batch whose workspace has no more bytes is computed as a whole.
constexpr int64_t mostWhole = int64_t(256) << 20;

//===--- A model that feeds itself -----------------------------------------------------------------------------===//

// The plan has a scan with a Choose in it, and no outputs.
//   inputs:    those of the model's other plan. What stands there for the generated input are prompts: rows that are
//              taken as they are, ahead of those that are chosen. Its axis' offsets may be null: no sample has any
//   options:   null for the program's own, or: size in bytes, mode (0 the likeliest, 1 draws, 2 beams), seed of draws,
//              temperature (a double), how many of the likeliest are drawn among (0: all), beams, length penalty (a
//              double), and limit, start and stop (-1: the program's)
//   generated: size in bytes, rows (null: not wanted), their number (in: room, out: written), offsets (null, or batch *
//              beams + 1 numbers: rows ahead of each hypothesis; without beams there is one a sample), scores (null, or
//              a double for each), and numbers of hypotheses (null, or one a sample). The best come first
int32_t generateWorkspaceBytes(const Model &model, const void *inputs, const void *options, size_t *bytes,
                               Error *error);
int32_t generate(const Model &model, const void *prepared, const void *inputs, const void *options, void *outputs,
                 void *workspace, size_t bytes, Pool *pool, Error *error);

//===--- Single steps ------------------------------------------------------------------------------------------===//

// A plan of single steps has one scan. Its Registers, a row a sequence, are a state that the caller owns. There are no
// pointers in it: it may be copied, kept in files, and used at another address.
//   inputs:  size in bytes, seed; one byte a sequence: 1 if it takes part in the step, 0 if nothing of it changes (null:
//            all take part); for each input its rows, one a sequence: see Given in Plan.h
//   outputs: size in bytes; for each output: rows, one a sequence (null: not wanted), and ticks (null, or one byte a
//            sequence: 1 where the output ticked at this step; rows of others are left alone)
// `identity`: a number that states of other models do not have.

/// How large a state is, at an address that is a multiple of 64.
int32_t stateBytes(const Plan *plan, int64_t batch, size_t *bytes, Error *error);

/// Makes a state before its first step.
int32_t initState(const Plan *plan, uint64_t identity, void *state, size_t bytes, int64_t batch, Error *error);

/// Makes one sequence of a state what it was before its first step. For random numbers it is another sample: the first
/// behind all those that the sequences began with, the next time as many behind that, and so on.
int32_t resetState(const Plan *plan, uint64_t identity, void *state, int64_t sequence, Error *error);

/// One step of all sequences that take part.
int32_t step(const Model &model, uint64_t identity, const void *prepared, void *state, const void *inputs,
             void *outputs, Error *error);

/// Starts threads for calls to use: `threads` of them work on a call, the caller's own among them. Null if there are
/// less than one or the system gives none. A call that finds the pool in use by another works alone.
Pool *createPool(int32_t threads);
/// Ends the threads of a pool that no call is using. Null is nothing to end.
void destroyPool(Pool *pool);

} // namespace rondo::runtime
#endif
