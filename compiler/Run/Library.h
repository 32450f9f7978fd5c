// A built library, loaded: runs batches as the interpreter does, through the C functions that the library exports.
#ifndef RONDO_RUN_LIBRARY_H
#define RONDO_RUN_LIBRARY_H

#include "compiler/Run/FencedBytes.h"
#include "compiler/Run/Files.h"
#include "llvm/Support/JSON.h"

namespace rondo::runtime {
struct Optimiser;
struct Update;
struct Error;
} // namespace rondo::runtime

namespace rondo::run {

class Library {
public:
  struct Options {
    uint64_t seed = 0;   // of `random`
    int32_t threads = 1; // of its own pool; 1: none
  };

  /// Loads a library whose names begin with `prefix` and `_`.
  static llvm::Expected<std::unique_ptr<Library>> open(llvm::StringRef path, llvm::StringRef prefix, Options options);
  /// The same from the bytes of one.
  static llvm::Expected<std::unique_ptr<Library>> load(llvm::StringRef bytes, llvm::StringRef prefix, Options options);
  ~Library();

  /// Must be called before `run`.
  llvm::Error setParameters(const reference::Params &params);
  /// What the library's own initialiser gives.
  llvm::Expected<reference::Params> initialise(uint64_t seed);

  /// Outputs and losses; what the losses were averaged from is empty. A row of pairs tells when its target was; targets
  /// without rows are among the ticks where they follow from the batch: of an axis, not of events or periods.
  llvm::Expected<reference::Result> run(const reference::Batch &batch);

  /// Computes the same batch again and again, for as long as `again` says, which is asked ahead of each time; with
  /// `gradients` as runBackward does.
  llvm::Error repeat(const reference::Batch &batch, bool gradients, llvm::function_ref<bool()> again);

  /// True if the library has functions for single steps; else why not.
  bool hasSteps() const { return step; }
  llvm::StringRef whyNoSteps() const { return manifest().getString("whyNoSteps").value_or(""); }
  /// The axis of which a step is a row.
  llvm::StringRef stepAxis() const { return manifest().getString("stepAxis").value_or(""); }
  /// The outputs of `run`, computed step by step, some sequences resting at each; losses and outputs without a clock
  /// are left out, and so is what is told of samples without steps.
  llvm::Expected<reference::Result> runSteps(const reference::Batch &batch);

  /// All steps of a batch, in which no sequence rests, from the begin, again and again as `repeat` does.
  llvm::Error repeatSteps(const reference::Batch &batch, llvm::function_ref<bool()> again);

  /// True if the library generates rows.
  bool generates() const { return generateRows; }
  /// What reference::generate gives. The generated input is not in the batch.
  llvm::Expected<std::vector<std::vector<reference::Generated>>> generate(const reference::Batch &batch,
                                                                          const reference::GenerateOptions &how);

  /// True if the library computes gradients.
  bool hasGradients() const { return backward; }
  struct GradientOptions {
    bool accumulate = false;  // add those of parameters to what is there,
    double before = 0;        // which is this
    bool checkpoints = false; // of the outputs leave those out that a library with checkpoints does not give
  };
  /// The outputs and losses of `run`, and as outputs "d.NAME" the gradients of parameters, by their paths, and of inputs.
  /// What flows into an output stands among the batch's inputs as "d.NAME"; else it is zero. Inputs' rows that have no
  /// tick, those of empty segments, are left out there and here; ticks of gradients are not told.
  llvm::Expected<reference::Result> runBackward(const reference::Batch &batch, const GradientOptions &how);

  /// For training. `buffer`: parameters where the manifest says, at an address that is a multiple of 64; `gradients`: the
  /// same for those of the sum of all losses, or null. `seed`: of `random`.
  llvm::Expected<std::vector<reference::LossValue>> computeLosses(const void *buffer, void *gradients,
                                                                  const reference::Batch &batch, uint64_t seed);
  /// True if the library goes on with samples, window by window.
  bool hasWindows() const { return window; }
  /// Where a window stands among those of its samples.
  struct WindowPlace {
    bool isFirst = true;                          // else it goes on where the one before has ended
    std::vector<uint8_t> ends;                    // by sample: it ends with the window
    std::map<std::string, reference::Rows> ahead; // by input: the row behind the window, of each sample
  };
  /// What is remembered at a window's begin and goes to its end; with gradients how much that at its end matters, and
  /// that at its begin then does. Null: that of the samples' begin; not wanted; nothing; not wanted.
  struct WindowStates {
    const FencedBytes *state = nullptr;
    FencedBytes *next = nullptr;
    const FencedBytes *dNext = nullptr;
    FencedBytes *dState = nullptr;
  };
  /// What `run` gives of a window, or, with gradients, `runBackward`, with those of the rows behind it as "d.ahead.NAME".
  llvm::Expected<reference::Result> runWindow(const reference::Batch &batch, const WindowPlace &place,
                                              const WindowStates &states, bool gradients);
  /// What `computeLosses` gives of a window, whose gradients do not flow to those before.
  llvm::Expected<std::vector<reference::LossValue>> computeWindow(const void *buffer, void *gradients,
                                                                  const reference::Batch &batch,
                                                                  const WindowPlace &place, uint64_t seed);
  /// What is remembered behind the last window, as words; to go on from there in another run.
  std::vector<int64_t> windowState() const;
  void setWindowState(llvm::ArrayRef<int64_t> words);
  /// First values, into such a buffer.
  llvm::Error makeParameters(uint64_t seed, void *buffer);
  /// A step of an optimiser, behind computeLosses. False, with an error, if it fails.
  bool optimise(const runtime::Optimiser &how, runtime::Update &step, void *state, size_t bytes,
                runtime::Error &error) const;

  const llvm::json::Object &manifest() const { return *description.getAsObject(); }

private:
  /// How the library calls it, see the header that comes with it.
  struct Failure {
    int32_t code = 0;
    char message[252] = {};
  };
  struct Port;  // an input or output
  struct Call;  // the words and buffers of one call
  struct Flow;  // of its gradients
  struct Place; // of a window
  struct Steps;

  explicit Library(Options options);
  template <typename Function> llvm::Error find(Function *&function, llvm::StringRef name);
  llvm::Error bind();
  llvm::Error readManifest();
  /// Fills the call's words; returns its workspace.
  llvm::Expected<FencedBytes> makeReady(Call &call, bool gradients = false) const;
  static llvm::Error failed(const Failure &failure); // its message names what is wrong, and where
  llvm::Error prepareAgain(const void *buffer, uint64_t seed);
  void makeScratch(size_t bytes);
  std::vector<uint64_t> gradientWords(void *gradients) const;

  Options options;
  std::string path, prefix;
  void *handle = nullptr;
  void *pool = nullptr;
  llvm::json::Value description = nullptr;
  std::vector<Port> inputs, outputs, parameters;
  std::vector<std::pair<std::string, std::string>> axes; // name, and the axis that groups its rows
  std::vector<std::string> losses;
  std::vector<std::string> stepEnds; // axes
  std::vector<std::string> gradientOutputs, gradientInputs;
  FencedBytes prepared, scratch;                          // scratch: the workspace of computeLosses
  FencedBytes state, nextState;                           // of windows
  std::vector<std::string> windowsAhead, windowGradients; // inputs: of rows behind a window

  int32_t (*abiVersion)() = nullptr;
  const char *(*manifestText)() = nullptr;
  size_t (*parameterBytes)() = nullptr, (*preparedBytes)() = nullptr;
  int32_t (*init)(void *, uint64_t, Failure *) = nullptr;
  int32_t (*prepare)(const void *, void *, Failure *) = nullptr;
  int32_t (*workspaceBytes)(const void *, size_t *, Failure *) = nullptr;
  int32_t (*forward)(const void *, const void *, void *, void *, size_t, void *, Failure *) = nullptr;
  int32_t (*stateBytes)(int64_t, size_t *, Failure *) = nullptr; // null, as the next two: there are no steps
  int32_t (*stateInit)(const void *, void *, size_t, int64_t, Failure *) = nullptr;
  int32_t (*step)(const void *, void *, const void *, void *, Failure *) = nullptr;
  // Null: no rows are generated.
  int32_t (*generateBytes)(const void *, const void *, size_t *, Failure *) = nullptr;
  int32_t (*generateRows)(const void *, const void *, const void *, void *, void *, size_t, void *,
                          Failure *) = nullptr;
  // Null: there are no gradients.
  int32_t (*backwardBytes)(const void *, size_t *, Failure *) = nullptr;
  int32_t (*backward)(const void *, const void *, void *, void *, void *, size_t, void *, Failure *) = nullptr;
  int32_t (*move)(const void *, const void *, void *, void *, size_t, void *, Failure *) = nullptr;
  // Null: there are no windows.
  int32_t (*windowStateBytes)(int64_t, size_t *, Failure *) = nullptr;
  int32_t (*windowBytes)(const void *, int32_t, size_t *, Failure *) = nullptr;
  int32_t (*window)(const void *, const void *, const void *, void *, void *, void *, size_t, void *,
                    Failure *) = nullptr;
  void *(*poolCreate)(int32_t) = nullptr;
  void (*poolDestroy)(void *) = nullptr;
};

} // namespace rondo::run
#endif
