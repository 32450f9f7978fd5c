#include "compiler/Run/Library.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>
#include <dlfcn.h>

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

enum class Element { F32, I64, Bool, Token };

static size_t bytesOf(Element element) { return element == Element::I64 ? 8 : element == Element::Bool ? 1 : 4; }

/// An input, an output, or a parameter, as the manifest describes it.
struct Library::Port {
  std::string name; // of a parameter its path
  Element element = Element::F32;
  std::vector<int64_t> shape;
  int64_t offset = 0; // of a parameter
  std::string clock, axis, source, sourceAxis;
  bool isStepped = false; // an input that single steps look at

  int64_t elements() const { return elementCount(shape); }
  size_t rowBytes() const { return elements() * bytesOf(element); }

  /// Writes the elements of an array one behind the other; returns where they end.
  char *write(const Array &array, char *to) const {
    auto put = [&](auto value) {
      std::memcpy(to, &value, sizeof value);
      to += sizeof value;
    };
    for (double x : array.reals)
      put(float(x));
    for (int64_t x : array.ints)
      element == Element::I64 ? put(x) : element == Element::Bool ? put(uint8_t(x)) : put(int32_t(x));
    return to;
  }
  Array read(const char *from, int64_t rows, bool isRow) const {
    std::vector<int64_t> all = shape;
    if (!isRow)
      all.insert(all.begin(), rows);
    Array array = makeArray(std::move(all), element == Element::F32);
    auto take = [&](auto value) {
      std::memcpy(&value, from, sizeof value);
      from += sizeof value;
      return value;
    };
    for (double &x : array.reals)
      x = take(float());
    for (int64_t &x : array.ints)
      x = element == Element::I64 ? take(int64_t()) : element == Element::Bool ? take(uint8_t()) : take(int32_t());
    return array;
  }
};

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
  if (!description.getAsObject()->getBoolean("steps").value_or(false))
    return Error::success();
  Error error = find(stateBytes, "state_bytes");
  if (!error)
    error = find(stateInit, "state_init");
  if (!error)
    error = find(step, "step");
  return error;
}

Error Library::failed(StringRef function, const Failure &failure) const {
  return run::failure(prefix + "_" + function + ": " + failure.message + " (error " + Twine(failure.code) + ")");
}

//===--- Parameters --------------------------------------------------------------------------------------------===//

Error Library::setParameters(const Params &params) {
  AlignedBytes buffer(std::max<size_t>(parameterBytes(), 64));
  std::memset(buffer.data(), 0, buffer.size());
  for (const Port &parameter : parameters) {
    auto given = params.find(parameter.name);
    if (given == params.end())
      return failure("parameter '" + parameter.name + "' is missing");
    if (given->second.shape != parameter.shape || given->second.isReal != (parameter.element == Element::F32))
      return failure("parameter '" + parameter.name + "' has another type in the library");
    parameter.write(given->second, buffer.data() + parameter.offset);
  }
  AlignedBytes made(std::max<size_t>(preparedBytes(), 64));
  Failure wrong;
  if (prepare(buffer.data(), made.data(), &wrong))
    return failed("prepare", wrong);
  prepared = std::move(made);
  return Error::success();
}

Expected<Params> Library::initialise(uint64_t seed) {
  AlignedBytes buffer(std::max<size_t>(parameterBytes(), 64));
  Failure wrong;
  if (init(buffer.data(), seed, &wrong))
    return failed("init", wrong);
  Params params;
  for (const Port &parameter : parameters)
    params[parameter.name] = parameter.read(buffer.data() + parameter.offset, 0, /*isRow=*/true);
  return params;
}

//===--- Calls -------------------------------------------------------------------------------------------------===//

struct Library::Call {
  Call(const Library &library, const Batch &batch) : library(library), batch(batch) {}

  /// Rows of an axis in one sample.
  int64_t rowsOf(const std::string &axis, int64_t sample) const {
    if (auto base = batch.lengths.find(axis); base != batch.lengths.end())
      return base->second[sample];
    if (auto segments = batch.offsets.find(axis); segments != batch.offsets.end())
      return int64_t(segments->second[sample].size()) - 1;
    return 1; // `sample`
  }
  int64_t rowsOf(const std::string &axis) const {
    int64_t rows = 0;
    for (int64_t s = 0; s < batch.samples; ++s)
      rows += rowsOf(axis, s);
    return rows;
  }

  Error addInputs() {
    in = {0, uint64_t(batch.samples), library.options.seed};
    for (const auto &[axis, outer] : library.axes) {
      std::vector<int64_t> all = {0};
      auto grouped = batch.offsets.find(outer);
      for (int64_t s = 0; s < batch.samples; ++s) {
        int64_t before = all.back();
        if (grouped == batch.offsets.end())
          all.push_back(before + rowsOf(axis, s));
        else
          for (int64_t end : ArrayRef(grouped->second[s]).drop_front())
            all.push_back(before + end);
      }
      offsets.push_back(std::move(all));
      in.push_back(reinterpret_cast<uintptr_t>(offsets.back().data()));
    }
    for (const Port &input : library.inputs) {
      auto given = batch.inputs.find(input.name);
      if (given == batch.inputs.end())
        return failure("input '" + input.name + "' is missing");
      size_t rows = 0;
      for (const Array &sample : given->second)
        rows += sample.shape[0];
      AlignedBytes buffer(std::max<size_t>(rows * input.rowBytes(), 8));
      char *to = buffer.data();
      for (const Array &sample : given->second)
        to = input.write(sample, to);
      in.push_back(reinterpret_cast<uintptr_t>(buffer.data()));
      buffers.push_back(std::move(buffer));
    }
    in[0] = in.size() * sizeof(uint64_t);
    return Error::success();
  }

  /// As many rows as an output can have.
  int64_t roomFor(const Port &output) const {
    if (output.clock.empty())
      return 1;
    int64_t rows = 0;
    for (int64_t s = 0; s < batch.samples; ++s)
      rows += rowsOf(output.axis, s) * (output.sourceAxis.empty() ? 1 : rowsOf(output.sourceAxis, s));
    return rows;
  }

  void addOutputs() {
    out = {0};
    for (const Port &output : library.outputs) {
      int64_t room = roomFor(output);
      results.emplace_back(std::max<size_t>(room * output.rowBytes(), 8));
      starts.emplace_back(batch.samples + 1);
      ticks.emplace_back(room);
      out.push_back(reinterpret_cast<uintptr_t>(results.back().data()));
      out.push_back(room);
      out.push_back(output.clock.empty() ? 0 : reinterpret_cast<uintptr_t>(starts.back().data()));
      out.push_back(output.clock.empty() ? 0 : reinterpret_cast<uintptr_t>(ticks.back().data()));
    }
    losses.resize(std::max<size_t>(library.losses.size(), 1));
    lossTicks.resize(losses.size());
    out.push_back(reinterpret_cast<uintptr_t>(losses.data()));
    out.push_back(reinterpret_cast<uintptr_t>(lossTicks.data()));
    out[0] = out.size() * sizeof(uint64_t);
  }

  /// Where the ticks of an axis are, among the rows of its base: the last of each segment that is not empty.
  std::vector<int64_t> ticksOf(const std::string &axis, int64_t sample) const {
    std::vector<int64_t> ends;
    int64_t before = 0;
    for (int64_t row = 0, rows = rowsOf(axis, sample); row < rows; ++row) {
      int64_t end = row + 1;
      for (std::string at = axis; batch.offsets.count(at);) {
        end = batch.offsets.at(at)[sample][end];
        at = find_if(library.axes, [&](const auto &other) { return other.second == at; })->first;
      }
      if (end > before)
        ends.push_back(end - 1);
      before = end;
    }
    return ends;
  }

  /// The ticks of one sample. `perRow`: where each row was.
  void addTicks(const Port &output, int64_t sample, ArrayRef<int64_t> perRow, Stream &stream) const {
    if (output.source.empty()) {
      stream.ticks.push_back(perRow.vec());
      return;
    }
    std::vector<int64_t> targets, counts;
    if (output.clock == output.axis && output.axis != "sample")
      targets = ticksOf(output.axis, sample);
    else
      std::unique_copy(perRow.begin(), perRow.end(), std::back_inserter(targets));
    for (int64_t target : targets)
      counts.push_back(llvm::count(perRow, target));
    stream.ticks.push_back(std::move(targets));
    stream.counts.push_back(std::move(counts));
  }

  Result result() const {
    Result result;
    for (const auto &[i, output] : enumerate(library.outputs)) {
      Stream stream;
      stream.name = output.name;
      stream.clock = output.clock;
      if (output.clock.empty())
        stream.rows.push_back(output.read(results[i].data(), 1, /*isRow=*/true));
      else
        for (int64_t s = 0; s < batch.samples; ++s) {
          int64_t begin = starts[i][s], rows = starts[i][s + 1] - begin;
          stream.rows.push_back(output.read(results[i].data() + begin * output.rowBytes(), rows, /*isRow=*/false));
          addTicks(output, s, ArrayRef(ticks[i]).slice(begin, rows), stream);
        }
      if (!output.source.empty())
        stream.axisClocks.push_back(output.source);
      result.outputs[output.name] = std::move(stream);
    }
    for (const auto &[i, name] : enumerate(library.losses)) {
      LossValue loss;
      loss.name = name;
      loss.value = losses[i];
      loss.ticks = lossTicks[i];
      result.losses.push_back(std::move(loss));
    }
    return result;
  }

  const Library &library;
  const Batch &batch;
  std::vector<uint64_t> in, out; // the words of the structs
  std::vector<std::vector<int64_t>> offsets, starts, ticks;
  std::vector<AlignedBytes> buffers, results;
  std::vector<float> losses;
  std::vector<int64_t> lossTicks;
};

Expected<AlignedBytes> Library::makeReady(Call &call) const {
  if (Error error = call.addInputs())
    return std::move(error);
  call.addOutputs();
  Failure wrong;
  size_t bytes = 0;
  if (workspaceBytes(call.in.data(), &bytes, &wrong))
    return failed("workspace_bytes", wrong);
  return AlignedBytes(std::max<size_t>(bytes, 64));
}

Expected<Result> Library::run(const Batch &batch) {
  Call call(*this, batch);
  auto workspace = makeReady(call);
  if (!workspace)
    return workspace.takeError();
  Failure wrong;
  if (forward(prepared.data(), call.in.data(), call.out.data(), workspace->data(), workspace->size(), pool, &wrong))
    return failed("forward", wrong);
  return call.result();
}

Error Library::repeat(const Batch &batch, function_ref<bool()> again) {
  Call call(*this, batch);
  auto workspace = makeReady(call);
  if (!workspace)
    return workspace.takeError();
  Failure wrong;
  std::vector<uint64_t> out = call.out; // a call changes numbers of rows
  while (again()) {
    std::copy(call.out.begin(), call.out.end(), out.begin());
    if (forward(prepared.data(), call.in.data(), out.data(), workspace->data(), workspace->size(), pool, &wrong))
      return failed("forward", wrong);
  }
  return Error::success();
}

//===--- Steps -------------------------------------------------------------------------------------------------===//

Expected<Result> Library::runSteps(const Batch &batch) {
  // Sequences that have ended go on with rows of zeros; nothing sees what they give.
  std::vector<int64_t> lengths(batch.samples, 0);
  std::vector<AlignedBytes> given, rows, results;
  std::vector<std::vector<int64_t>> starts; // by input: rows ahead of each sample
  std::vector<uint64_t> in = {0}, out = {0};
  for (const Port &input : inputs) {
    auto values = batch.inputs.find(input.name);
    if (values == batch.inputs.end())
      return failure("input '" + input.name + "' is missing");
    std::vector<int64_t> &start = starts.emplace_back(1, 0);
    for (const Array &sample : values->second)
      start.push_back(start.back() + sample.shape[0]);
    char *to = given.emplace_back(std::max<size_t>(start.back() * input.rowBytes(), 8)).data();
    for (const Array &sample : values->second)
      to = input.write(sample, to);
    rows.emplace_back(std::max<size_t>(batch.samples * input.rowBytes(), 8));
    bool isOne = input.clock.empty();
    for (int64_t s = 0; s < batch.samples && input.isStepped && !isOne; ++s)
      lengths[s] = std::max(lengths[s], start[s + 1] - start[s]);
    in.push_back(input.isStepped ? reinterpret_cast<uintptr_t>((isOne ? given : rows).back().data()) : 0);
  }
  for (const Port &output : outputs) {
    out.push_back(reinterpret_cast<uintptr_t>(
        results.emplace_back(std::max<size_t>(batch.samples * output.rowBytes(), 8)).data()));
    out.push_back(reinterpret_cast<uintptr_t>(results.emplace_back(std::max<size_t>(batch.samples, 8)).data()));
  }
  in[0] = in.size() * sizeof(uint64_t);
  out[0] = out.size() * sizeof(uint64_t);

  Failure wrong;
  size_t bytes = 0;
  if (stateBytes(batch.samples, &bytes, &wrong))
    return failed("state_bytes", wrong);
  AlignedBytes state(std::max<size_t>(bytes, 64));
  if (stateInit(prepared.data(), state.data(), bytes, batch.samples, &wrong))
    return failed("state_init", wrong);
  std::vector<std::vector<std::vector<char>>> kept(outputs.size(), std::vector<std::vector<char>>(batch.samples));
  std::vector<std::vector<std::vector<int64_t>>> ticks(outputs.size(),
                                                       std::vector<std::vector<int64_t>>(batch.samples));
  for (int64_t at = 0, last = lengths.empty() ? 0 : *max_element(lengths); at < last; ++at) {
    for (const auto &[i, input] : enumerate(inputs)) {
      if (!input.isStepped || input.clock.empty())
        continue;
      size_t size = input.rowBytes();
      for (int64_t s = 0; s < batch.samples; ++s)
        if (at < lengths[s])
          std::memcpy(rows[i].data() + s * size, given[i].data() + (starts[i][s] + at) * size, size);
        else
          std::memset(rows[i].data() + s * size, 0, size);
    }
    if (step(prepared.data(), state.data(), in.data(), out.data(), &wrong))
      return failed("step", wrong);
    for (const auto &[i, output] : enumerate(outputs))
      for (int64_t s = 0; s < batch.samples; ++s) {
        if (at >= lengths[s] || !results[2 * i + 1].data()[s])
          continue;
        const char *row = results[2 * i].data() + s * output.rowBytes();
        kept[i][s].insert(kept[i][s].end(), row, row + output.rowBytes());
        ticks[i][s].push_back(at);
      }
  }

  Result result;
  for (const auto &[i, output] : enumerate(outputs)) {
    Stream &stream = result.outputs[output.name];
    stream.name = output.name;
    stream.clock = output.clock;
    for (int64_t s = 0; s < batch.samples; ++s)
      stream.rows.push_back(output.read(kept[i][s].data(), int64_t(ticks[i][s].size()), /*isRow=*/false));
    stream.ticks = std::move(ticks[i]);
  }
  return result;
}

} // namespace rondo::run
