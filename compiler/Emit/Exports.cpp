#include "compiler/Emit/Exports.h"

namespace rondo::emit {

static const Export all[] = {
    {"abi_version", "rondo.abi.version", "i", "int32_t ", "void",
     "The version of this interface that the library was built with. It must be @_ABI_VERSION; a program that loads a "
     "library by itself checks it before anything else."},
    {"manifest", "rondo.manifest", "p", "const char *", "void",
     "All that this header says, as JSON (UTF-8). The text belongs to the library."},
    {"parameter_bytes", "rondo.parameter.bytes", "l", "size_t ", "void", "Size of the parameters: @_PARAMETER_BYTES."},
    {"prepared_bytes", "rondo.prepared.bytes", "l", "size_t ", "void",
     "Size of what @_prepare writes: @_PREPARED_BYTES."},
    {"init", "rondo.init", "iplp", "int32_t ", "float *parameters, uint64_t seed, rondo_error *error",
     "Writes initial values into `parameters`: as the program says, from the seed. The same seed gives the same "
     "values. This call, those of files, and @_pool_create may take memory from the system; no other one does."},
    {"load", "rondo.load", "ippp", "int32_t ", "float *parameters, const char *path, rondo_error *error",
     "Fills `parameters` from a safetensors file, which must have a tensor for each, of its name and shape, and no "
     "other. F32 is taken bit for bit; F64, F16 and BF16 are converted. The file is mapped: nobody may cut it short "
     "meanwhile. After an error `parameters` may hold some of it."},
    {"save", "rondo.save", "ippp", "int32_t ", "const float *parameters, const char *path, rondo_error *error",
     "Writes `parameters` into a safetensors file. It appears under its name whole or not at all: the call writes a "
     "file beside, which takes the place of what was there."},
    {"prepare", "rondo.prepare", "ippp", "int32_t ", "const float *parameters, void *prepared, rondo_error *error",
     "Makes of the parameters what the calls below work with. To be called again whenever they have changed. What it "
     "writes is for this library on this kind of machine; it is not a file format."},
    {"workspace_bytes", "rondo.workspace.bytes", "ippp", "int32_t ",
     "const @_inputs *inputs, size_t *bytes, rondo_error *error",
     "How large a workspace @_forward needs for a batch. It reads sizes and offsets only, no data. A workspace that "
     "was enough for one batch may be used for any other that needs no more. Ask for each: what is needed does not "
     "always shrink with the batch."},
    {"forward", "rondo.forward", "ipppplpp", "int32_t ",
     "const void *prepared, const @_inputs *inputs, @_outputs *outputs, void *workspace, size_t workspace_bytes, "
     "@_pool *pool, rondo_error *error",
     "Computes outputs and losses of a batch. The same inputs give the same bits, whatever the pool or the machine's "
     "load, and a sample's rows do not depend on the other samples of the batch. A NULL pool is one thread."},
    {"pool_create", "rondo.pool.create", "pi", "@_pool *", "int32_t threads",
     "Starts threads for calls to use: `threads` of them work on a call, the caller's own among them. NULL if there "
     "are less than one or the system gives none. A call that finds the pool in use by another works alone. A "
     "process that is forked has none of the threads: it needs a pool of its own."},
    {"pool_destroy", "rondo.pool.destroy", "vp", "void ", "@_pool *pool",
     "Ends the threads of a pool that no call is using. NULL is nothing to end."},
    {"error", "rondo.error.text", "pi", "const char *", "int32_t code", "What a code means, in a few words."},
};

static const Export ofSteps[] = {
    {"state_bytes", "rondo.state.bytes", "ilpp", "int32_t ", "int64_t batch, size_t *bytes, rondo_error *error",
     "How large the state of `batch` sequences is, that are stepped side by side."},
    {"state_init", "rondo.state.init", "ippllp", "int32_t ",
     "const void *prepared, void *state, size_t state_bytes, int64_t batch, rondo_error *error",
     "Makes a state before its first step. The state is the caller's, at an address that is a multiple of "
     "@_ALIGNMENT. There are no pointers in it: copy its bytes to go on from there twice, or keep them to go on later. "
     "It is for this library on this kind of machine."},
    {"state_reset", "rondo.state.reset", "ipplp", "int32_t ",
     "const void *prepared, void *state, int64_t sequence, rondo_error *error",
     "Makes one sequence of a state what it was before its first step: for the sample that comes next in its place. "
     "Random numbers are then those of another sample: of sequence s, the sample s + batch, then s + 2 * batch, .."},
    {"step", "rondo.step", "ippppp", "int32_t ",
     "const void *prepared, void *state, const @_step_inputs *inputs, const @_step_outputs *outputs, "
     "rondo_error *error",
     "One step of the sequences of a state: what @_forward computes at one tick, to rounding, from what the state "
     "remembers of those before. A sequence's rows do not depend on the other sequences. A call that fails for what it "
     "was given leaves the state as it was."},
};

static const Export ofGeneration[] = {
    {"generate_workspace_bytes", "rondo.generate.workspace.bytes", "ipppp", "int32_t ",
     "const @_inputs *inputs, const @_generate_options *options, size_t *bytes, rondo_error *error",
     "How large a workspace @_generate needs, by what @_workspace_bytes is to @_forward."},
    {"generate", "rondo.generate", "ippppplpp", "int32_t ",
     "const void *prepared, const @_inputs *inputs, const @_generate_options *options, @_generated *generated, "
     "void *workspace, size_t workspace_bytes, @_pool *pool, rondo_error *error",
     "Generates rows for each sample of a batch. The same inputs and options give the same bits, whatever the pool or "
     "the machine's load; what a sample gets does not depend on the other samples, but for draws, which hang on its "
     "number in the batch. NULL options are @_GENERATE_DEFAULTS; a NULL pool is one thread."},
};

static const Export ofGradients[] = {
    {"backward_workspace_bytes", "rondo.backward.workspace.bytes", "ippp", "int32_t ",
     "const @_inputs *inputs, size_t *bytes, rondo_error *error",
     "How large a workspace @_backward needs, by what @_workspace_bytes is to @_forward."},
    {"backward", "rondo.backward", "ippppplpp", "int32_t ",
     "const void *prepared, const @_inputs *inputs, @_outputs *outputs, @_gradients *gradients, void *workspace, "
     "size_t workspace_bytes, @_pool *pool, rondo_error *error",
     "Computes what @_forward does, and gradients. The same inputs give the same bits, whatever the pool or the "
     "machine's load; rows of a gradient do not depend on the other samples of the batch but through what a loss is "
     "the mean of. A NULL pool is one thread."},
    {"optimiser_bytes", "rondo.optimiser.bytes", "ippp", "int32_t ",
     "const @_optimiser *optimiser, size_t *bytes, rondo_error *error",
     "How large the state of an optimiser is, what it remembers between steps: 0, 1 or 2 times @_PARAMETER_BYTES, each "
     "laid out as parameters are. It belongs to the caller, begins at a multiple of @_ALIGNMENT, and holds zeros ahead "
     "of the first step; it may be copied and kept in files."},
    {"group", "rondo.group", "ipipp", "int32_t ",
     "const char *path, int32_t trained, uint8_t *marks, rondo_error *error",
     "Of the bytes of @_update.trained, sets those of the parameters at or under a path to 1 or 0. No such parameter "
     "is "
     "RONDO_ARGUMENT."},
    {"optimise", "rondo.optimise", "ipppplpp", "int32_t ",
     "const void *prepared, const @_optimiser *optimiser, @_update *update, void *state, size_t state_bytes, "
     "@_pool *pool, rondo_error *error",
     "A step of an optimiser: moves parameters by their gradients, which @_backward gave. `prepared` tells only which "
     "machine it is; @_prepare is to be called again behind the step. Where a gradient is no finite number the call is "
     "RONDO_VALUE and nothing has moved; where a parameter is none behind the step it is RONDO_VALUE too; the message "
     "names the parameter. The same bits for any pool, and on any machine. A NULL pool is one thread."},
};

static const Export ofWindows[] = {
    {"window_state_bytes", "rondo.window.state.bytes", "ilpp", "int32_t ",
     "int64_t batch, size_t *bytes, rondo_error *error",
     "How large what is remembered of `batch` samples from window to window is."},
    {"window_workspace_bytes", "rondo.window.workspace.bytes", "ipipp", "int32_t ",
     "const @_inputs *inputs, int32_t gradients, size_t *bytes, rondo_error *error",
     "How large a workspace @_window needs, by what @_workspace_bytes is to @_forward; `gradients`: 1 if it computes "
     "them, else 0."},
    {"window", "rondo.window", "ipppppplpp", "int32_t ",
     "const void *prepared, const @_inputs *inputs, const @_window_place *window, @_outputs *outputs, "
     "@_gradients *gradients, void *workspace, size_t workspace_bytes, @_pool *pool, rondo_error *error",
     "What @_forward computes of a part of its samples' time, which goes on where the window before has ended; with "
     "gradients that are not NULL those too. A NULL pool is one thread."},
};

std::vector<Export> exports(const Interface &interface) {
  std::vector<Export> list(std::begin(all), std::end(all));
  if (interface.hasSteps)
    list.insert(list.end(), std::begin(ofSteps), std::end(ofSteps));
  if (interface.generate)
    list.insert(list.end(), std::begin(ofGeneration), std::end(ofGeneration));
  if (interface.gradients)
    list.insert(list.end(), std::begin(ofGradients), std::end(ofGradients));
  if (interface.windows)
    list.insert(list.end(), std::begin(ofWindows), std::end(ofWindows));
  return list;
}

} // namespace rondo::emit
