#include "compiler/Run/LibraryCall.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>
#include <dlfcn.h>
#include <map>

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

//===--- Loading -----------------------------------------------------------------------------------------------===//

template <typename Function> Error Library::find(Function *&function, StringRef name) {
  std::string symbol = prefix + "_" + name.str();
  function = reinterpret_cast<Function *>(dlsym(handle, symbol.c_str()));
  return function ? Error::success() : failureIn(path, "the library has no function '" + symbol + "'");
}

Expected<std::unique_ptr<Library>> Library::open(StringRef path, StringRef prefix, Options options) {
  std::unique_ptr<Library> library(new Library(options));
  library->path = path.str();
  library->prefix = prefix.str();
  // A name without a slash would be looked for in the system's folders.
  std::string place = path.contains('/') ? path.str() : "./" + path.str();
  library->handle = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library->handle) {
    StringRef message = dlerror();
    message.consume_front(place + ": ");
    return failureIn(path, "cannot load the library: " + message);
  }
  if (Error error = library->bind())
    return std::move(error);
  if (Error error = library->readManifest())
    return std::move(error);
  if (options.threads > 1 && !(library->pool = library->poolCreate(options.threads)))
    return failure("cannot start " + Twine(options.threads) + " threads");
  return library;
}

Expected<std::unique_ptr<Library>> Library::load(StringRef bytes, StringRef prefix, Options options) {
  SmallString<128> path;
  int file;
  if (std::error_code error = sys::fs::createTemporaryFile("rondo", "so", file, path))
    return failure("cannot make a temporary file: " + error.message());
  sys::fs::closeFile(file);
  FileRemover remover(path);
  if (Error error = writeWhole(path, [&](raw_ostream &os) { os << bytes; }))
    return std::move(error);
  return open(path, prefix, options);
}

Library::Library(Options options) : options(options) {}

Library::~Library() {
  if (pool)
    poolDestroy(pool);
  if (handle)
    dlclose(handle);
}

Error Library::bind() {
  if (Error error = find(abiVersion, "abi_version"))
    return error;
  constexpr int32_t known = 1;
  if (int32_t version = abiVersion(); version != known)
    return failureIn(path, "the library has version " + Twine(version) +
                               " of the interface; this rondo knows version " + Twine(known));
  Error error = Error::success();
  auto need = [&](auto *&function, StringRef name) {
    if (!error)
      error = find(function, name);
  };
  need(manifestText, "manifest");
  need(parameterBytes, "parameter_bytes");
  need(preparedBytes, "prepared_bytes");
  need(init, "init");
  need(prepare, "prepare");
  need(workspaceBytes, "workspace_bytes");
  need(forward, "forward");
  need(poolCreate, "pool_create");
  need(poolDestroy, "pool_destroy");
  return error;
}

Error Library::readManifest() {
  auto parsed = json::parse(manifestText());
  if (!parsed)
    return failureIn(path, "the library's manifest is no JSON: " + toString(parsed.takeError()));
  description = std::move(*parsed);
  auto list = [&](StringRef key) { return *description.getAsObject()->getArray(key); };
  auto text = [](const json::Object &object, StringRef key) { return object.getString(key).value_or("").str(); };
  auto ports = [&](StringRef key, StringRef name) {
    std::vector<Port> all;
    for (const json::Value &value : list(key)) {
      const json::Object &object = *value.getAsObject();
      Port port;
      port.name = text(object, name);
      std::string element = text(object, "element");
      port.element = element == "f32"    ? Element::F32
                     : element == "i64"  ? Element::I64
                     : element == "bool" ? Element::Bool
                                         : Element::Token;
      for (const json::Value &size : *object.getArray("shape"))
        port.shape.push_back(*size.getAsInteger());
      port.offset = object.getInteger("offset").value_or(0);
      port.clock = text(object, "clock");
      port.axis = text(object, "axis");
      port.source = text(object, "source");
      port.isStepped = object.getBoolean("stepped").value_or(false);
      port.given = text(object, "given");
      port.sourceAxis = text(object, "sourceAxis");
      all.push_back(std::move(port));
    }
    return all;
  };
  inputs = ports("inputs", "name");
  outputs = ports("outputs", "name");
  parameters = ports("parameters", "path");
  for (const json::Value &axis : list("axes"))
    axes.push_back({text(*axis.getAsObject(), "name"), text(*axis.getAsObject(), "in")});
  for (const json::Value &loss : list("losses"))
    losses.push_back(text(*loss.getAsObject(), "name"));
  if (description.getAsObject()->getObject("generate")) {
    if (Error error = find(generateBytes, "generate_workspace_bytes"))
      return error;
    if (Error error = find(generateRows, "generate"))
      return error;
  }
  if (const json::Object *gradients = description.getAsObject()->getObject("gradients")) {
    for (auto [key, names] : {std::make_pair("outputs", &gradientOutputs), {"inputs", &gradientInputs}})
      for (const json::Value &port : *gradients->getArray(key))
        names->push_back(text(*port.getAsObject(), "name"));
    if (Error error = find(backwardBytes, "backward_workspace_bytes"))
      return error;
    if (Error error = find(backward, "backward"))
      return error;
    if (Error error = find(move, "optimise"))
      return error;
  }
  if (const json::Object *windows = description.getAsObject()->getObject("windows")) {
    for (auto [key, names] : {std::make_pair("ahead", &windowsAhead), {"gradients", &windowGradients}})
      for (const json::Value &port : *windows->getArray(key))
        names->push_back(text(*port.getAsObject(), "name"));
    if (Error error = find(windowStateBytes, "window_state_bytes"))
      return error;
    if (Error error = find(windowBytes, "window_workspace_bytes"))
      return error;
    if (Error error = find(window, "window"))
      return error;
  }
  if (!description.getAsObject()->getBoolean("steps").value_or(false))
    return Error::success();
  for (const json::Value &end : list("stepEnds"))
    stepEnds.push_back(text(*end.getAsObject(), "axis"));
  Error error = find(stateBytes, "state_bytes");
  if (!error)
    error = find(stateInit, "state_init");
  if (!error)
    error = find(step, "step");
  return error;
}

Error Library::failed(const Failure &failure) { return run::failure(failure.message); }

//===--- Parameters --------------------------------------------------------------------------------------------===//

Error Library::setParameters(const Params &params) {
  FencedBytes buffer(parameterBytes());
  std::memset(buffer.data(), 0, buffer.size());
  for (const Port &parameter : parameters) {
    auto given = params.find(parameter.name);
    if (given == params.end())
      return failure("parameter '" + parameter.name + "' is missing");
    if (given->second.shape != parameter.shape || given->second.isReal != (parameter.element == Element::F32))
      return failure("parameter '" + parameter.name + "' has another type in the library");
    parameter.write(given->second, buffer.data() + parameter.offset);
  }
  FencedBytes made(preparedBytes());
  Failure wrong;
  if (prepare(buffer.data(), made.data(), &wrong))
    return failed(wrong);
  prepared = std::move(made);
  return Error::success();
}

Expected<Params> Library::initialise(uint64_t seed) {
  FencedBytes buffer(parameterBytes());
  Failure wrong;
  if (init(buffer.data(), seed, &wrong))
    return failed(wrong);
  Params params;
  for (const Port &parameter : parameters)
    params[parameter.name] = parameter.read(buffer.data() + parameter.offset, 0, /*isRow=*/true);
  return params;
}

//===--- Calls -------------------------------------------------------------------------------------------------===//

Expected<FencedBytes> Library::makeReady(Call &call, bool gradients) const {
  if (Error error = call.addAll())
    return std::move(error);
  Failure wrong;
  size_t bytes = 0;
  if ((gradients ? backwardBytes : workspaceBytes)(call.in.data(), &bytes, &wrong))
    return failed(wrong);
  return unwritten(bytes);
}

Expected<Result> Library::run(const Batch &batch) {
  Call call(*this, batch);
  auto workspace = makeReady(call);
  if (!workspace)
    return workspace.takeError();
  Failure wrong;
  if (forward(prepared.data(), call.in.data(), call.out.data(), workspace->data(), workspace->size(), pool, &wrong))
    return failed(wrong);
  return call.result();
}

Error Library::repeat(const Batch &batch, bool gradients, function_ref<bool()> again) {
  Call call(*this, batch);
  auto workspace = makeReady(call, gradients);
  if (!workspace)
    return workspace.takeError();
  std::optional<Flow> flow;
  if (gradients)
    flow.emplace(call, GradientOptions());
  Failure wrong;
  std::vector<uint64_t> out = call.out; // a call changes numbers of rows
  while (again()) {
    std::copy(call.out.begin(), call.out.end(), out.begin());
    if (flow ? backward(prepared.data(), call.in.data(), out.data(), flow->words.data(), workspace->data(),
                        workspace->size(), pool, &wrong)
             : forward(prepared.data(), call.in.data(), out.data(), workspace->data(), workspace->size(), pool, &wrong))
      return failed(wrong);
  }
  return Error::success();
}

//===--- Steps -------------------------------------------------------------------------------------------------===//

/// A batch, given and taken step by step. Sequences take turns: at each step some rest.
struct Library::Steps {
  Steps(const Library &library, const Batch &batch)
      : library(library), batch(batch), call(library, batch), done(batch.samples), isActive(batch.samples),
        kept(library.outputs.size()), ticks(library.outputs.size()) {
    for (const std::string &axis : library.stepEnds) {
      auto &rows = endingRows.emplace_back();
      for (int64_t s = 0; s < batch.samples; ++s)
        rows.push_back(rowsByEnd(axis, s));
    }
    for (size_t i = 0; i < library.outputs.size(); ++i)
      kept[i].resize(batch.samples), ticks[i].resize(batch.samples);
  }

  Error begin() {
    if (Error error = call.addInputs())
      return error;
    for (const Port &output : library.outputs)
      if (output.isStepped)
        for (bool isRow : {true, false}) {
          buffers.push_back(isRow ? output.rows(batch.samples) : flags());
          out.push_back(reinterpret_cast<uintptr_t>(buffers.back().data()));
        }
    out[0] = out.size() * sizeof(uint64_t);
    Failure wrong;
    size_t bytes = 0;
    if (library.stateBytes(batch.samples, &bytes, &wrong))
      return Library::failed(wrong);
    state = FencedBytes(bytes);
    if (library.stateInit(library.prepared.data(), state.data(), bytes, batch.samples, &wrong))
      return Library::failed(wrong);
    return Error::success();
  }

  Error repeat(function_ref<bool()> again) {
    std::vector<std::vector<uint64_t>> calls; // what each step is given
    std::vector<FencedBytes> rows;
    auto goOn = [&] {
      for (int64_t s = 0; s < batch.samples; ++s)
        isActive[s] = done[s] < length(s);
      return llvm::is_contained(isActive, 1);
    };
    while (goOn()) {
      fill();
      calls.push_back(std::move(in));
      std::move(given.begin(), given.end(), std::back_inserter(rows));
      for (int64_t s = 0; s < batch.samples; ++s)
        done[s] += isActive[s];
    }
    Failure wrong;
    while (again()) {
      if (library.stateInit(library.prepared.data(), state.data(), state.size(), batch.samples, &wrong))
        return Library::failed(wrong);
      for (const std::vector<uint64_t> &call : calls)
        if (library.step(library.prepared.data(), state.data(), call.data(), out.data(), &wrong))
          return Library::failed(wrong);
    }
    return Error::success();
  }

  /// False: all sequences have ended.
  Expected<bool> next() {
    bool hasEnded = true;
    for (int64_t s = 0; s < batch.samples; ++s) {
      bool isOpen = done[s] < length(s);
      isActive[s] = isOpen && (7 * s + turn) % 4;
      hasEnded &= !isOpen;
    }
    if (hasEnded)
      return false;
    ++turn;
    fill();
    Failure wrong;
    if (library.step(library.prepared.data(), state.data(), in.data(), out.data(), &wrong))
      return Library::failed(wrong);
    size_t at = 0;
    for (const auto &[i, output] : enumerate(library.outputs)) {
      if (!output.isStepped)
        continue;
      const char *rows = buffers[at++].data(), *hasTicked = buffers[at++].data();
      for (int64_t s = 0; s < batch.samples; ++s) {
        if (!hasTicked[s])
          continue;
        if (!isActive[s])
          return failure("output '" + output.name + "' ticks in a sequence that rests");
        const char *row = rows + s * output.rowBytes();
        kept[i][s].insert(kept[i][s].end(), row, row + output.rowBytes());
        ticks[i][s].push_back(done[s]);
      }
    }
    for (int64_t s = 0; s < batch.samples; ++s)
      done[s] += isActive[s];
    return true;
  }

  Result result() {
    Result result;
    for (const auto &[i, output] : enumerate(library.outputs)) {
      if (!output.isStepped)
        continue;
      Stream &stream = result.outputs[output.name];
      stream.name = output.name;
      stream.clock = output.clock;
      for (int64_t s = 0; s < batch.samples; ++s)
        stream.rows.push_back(output.read(kept[i][s].data(), int64_t(ticks[i][s].size()), /*isRow=*/false));
      stream.ticks = std::move(ticks[i]);
    }
    return result;
  }

private:
  int64_t length(int64_t sample) const { return call.rowsOf(library.stepAxis().str(), sample); }

  /// A byte a sequence.
  FencedBytes flags() const { return unwritten(batch.samples, /*alignment=*/1); }

  /// By the step at which it ends, the row of an axis; there are no empty ones.
  std::map<int64_t, int64_t> rowsByEnd(const std::string &axis, int64_t sample) const {
    if (axis == "sample")
      return {{length(sample) - 1, 0}};
    std::map<int64_t, int64_t> rows;
    std::vector<int64_t> ends = call.ends(axis, sample);
    for (const auto &[row, end] : enumerate(ends))
      if (end > (row ? ends[row - 1] : 0))
        rows[end - 1] = row;
    return rows;
  }

  /// Which row of an input is looked at now; -1: none.
  int64_t rowOf(const Port &input, int64_t sample) const {
    if (!isActive[sample])
      return -1;
    if (input.given.empty())
      return done[sample];
    if (input.given == "first")
      return done[sample] ? -1 : 0;
    const auto &rows = endingRows[llvm::find(library.stepEnds, input.given) - library.stepEnds.begin()][sample];
    auto row = rows.find(done[sample]);
    return row == rows.end() ? -1 : row->second;
  }

  void fill() {
    given.clear();
    auto take = [&](FencedBytes bytes) {
      given.push_back(std::move(bytes));
      in.push_back(reinterpret_cast<uintptr_t>(given.back().data()));
      return given.back().data();
    };
    in = {0, library.options.seed};
    std::copy(isActive.begin(), isActive.end(), take(flags()));
    for (const auto &[i, input] : enumerate(library.inputs)) {
      size_t size = input.rowBytes();
      const char *rows = call.buffers[i].data();
      if (!input.isStepped || input.clock.empty()) {
        in.push_back(input.isStepped ? reinterpret_cast<uintptr_t>(rows) : 0);
        continue;
      }
      char *to = take(input.rows(batch.samples)); // what nobody looks at may be anything
      for (int64_t s = 0; s < batch.samples; ++s, to += size) {
        if (int64_t row = rowOf(input, s); row >= 0)
          std::memcpy(to, rows + row * size, size);
        rows += call.rowsOf(input.axis, s) * size;
      }
    }
    for (const auto &ends : endingRows) {
      char *hasEnded = take(flags());
      for (int64_t s = 0; s < batch.samples; ++s)
        hasEnded[s] = isActive[s] ? char(ends[s].count(done[s])) : char(0xff);
    }
    in[0] = in.size() * sizeof(uint64_t);
  }

  const Library &library;
  const Batch &batch;
  Call call;
  int64_t turn = 0;
  std::vector<int64_t> done; // steps, by sequence
  std::vector<char> isActive;
  std::vector<std::vector<std::map<int64_t, int64_t>>> endingRows;
  std::vector<uint64_t> in, out = {0};
  std::vector<FencedBytes> buffers, given;
  FencedBytes state;
  std::vector<std::vector<std::vector<char>>> kept; // by output and sequence
  std::vector<std::vector<std::vector<int64_t>>> ticks;
};

Error Library::repeatSteps(const Batch &batch, function_ref<bool()> again) {
  Steps steps(*this, batch);
  if (Error error = steps.begin())
    return error;
  return steps.repeat(again);
}

Expected<Result> Library::runSteps(const Batch &batch) {
  Steps steps(*this, batch);
  if (Error error = steps.begin())
    return std::move(error);
  for (;;) {
    Expected<bool> goesOn = steps.next();
    if (!goesOn)
      return goesOn.takeError();
    if (!*goesOn)
      return steps.result();
  }
}

} // namespace rondo::run
