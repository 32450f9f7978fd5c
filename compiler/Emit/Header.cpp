#include "compiler/Emit/Exports.h"
#include "compiler/Emit/Text.h"
#include "runtime/Library.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo::emit {

namespace {

struct CodeName {
  runtime::Code code;
  StringLiteral name, what;
};
using runtime::Code;
constexpr CodeName codes[] = {
    {Code::Argument, "ARGUMENT", "a pointer is null or not aligned, a struct has another size, a number cannot be"},
    {Code::Structure, "STRUCTURE", "offsets do not describe rows"},
    {Code::Value, "VALUE", "a token or bool is out of range"},
    {Code::Capacity, "CAPACITY", "an output has too little room; the message says how much it needs"},
    {Code::Workspace, "WORKSPACE", "the workspace is too small"},
    {Code::TooLarge, "TOO_LARGE", "the batch has more rows or bytes than can be counted"},
    {Code::Plan, "LIBRARY", "the library itself is damaged"},
    {Code::Memory, "MEMORY", "the system gives no memory"},
    {Code::Machine, "MACHINE", "the library has no code for this machine"},
    {Code::File, "FILE", "a file cannot be read or written, or is not what it should be"},
};

class Header {
public:
  Header(const Facts &facts, raw_ostream &os)
      : facts(facts), interface(facts.interface), prefix(interface.prefix), upper(StringRef(prefix).upper()), os(os) {}

  void print() {
    printTop();
    printConstants();
    printErrors();
    printInputs();
    printOutputs();
    os << "/* Threads that work on calls. */\ntypedef struct " << prefix << "_pool " << prefix << "_pool;\n\n";
    if (interface.hasSteps)
      printSteps();
    else if (!interface.notStepped.empty())
      comment("There are no functions for single steps: " + interface.notStepped + "."), os << "\n";
    if (interface.generate)
      printGeneration(*interface.generate);
    else if (!interface.notGenerated.empty())
      comment("There are no functions that generate rows: " + interface.notGenerated + "."), os << "\n";
    if (interface.gradients) {
      printGradients(*interface.gradients);
      printOptimisers();
    }
    if (interface.windows)
      printWindows(*interface.windows);
    else if (!interface.noWindows.empty())
      comment("There are no functions that go on with samples: " + interface.noWindows + "."), os << "\n";
    for (const Export &function : exports(interface))
      printFunction(function);
    os << "#ifdef __cplusplus\n}\n#endif\n#endif\n";
  }

private:
  /// A comment of paragraphs; their lines are broken here.
  void comment(StringRef text) {
    constexpr size_t width = 115;
    std::vector<std::string> lines;
    for (StringRef paragraph : split(text.rtrim(), '\n')) {
      lines.push_back(paragraph.take_while([](char c) { return c == ' '; }).str());
      size_t indent = lines.back().size();
      for (StringRef word : split(paragraph.ltrim(), ' ')) {
        bool isFirst = lines.back().size() == indent;
        if (!isFirst && lines.back().size() + 1 + word.size() > width)
          lines.push_back(std::string(indent, ' ')), isFirst = true;
        lines.back() += (isFirst ? "" : " ") + word.str();
      }
    }
    for (auto [i, line] : enumerate(lines))
      os << (i == 0 ? "/* " : line.empty() ? " *" : " * ") << line << (i + 1 == lines.size() ? " */\n" : "\n");
  }
  /// A member, and what it is.
  void member(const Twine &declaration, const Twine &what) { os << "  " << declaration << "; /* " << what << " */\n"; }
  std::string withPrefix(StringRef text) const {
    std::string all;
    while (true) {
      auto [before, behind] = text.split('@');
      all += before;
      if (before.size() == text.size())
        return all;
      // A constant's name is in capitals.
      bool isConstant = behind.size() > 1 && behind[0] == '_' && isUpper(behind[1]);
      all += isConstant ? upper : prefix;
      text = behind;
    }
  }

  static std::string dimensions(const RowType &type) {
    std::string text;
    for (int64_t size : type.shape)
      text += "[" + std::to_string(size) + "]";
    return text;
  }
  /// What an element may be, where its type does not say it.
  static std::string range(const RowType &type) {
    if (type.element == Element::Bool)
      return ", each 0 or 1";
    if (type.element == Element::Token)
      return ", each 0 to " + std::to_string(type.tokens - 1);
    return "";
  }
  void printTop() {
    std::string text = "Model `" + interface.model + "`" + (interface.training ? ", its training variant" : "") +
                       ". Made by Rondo " + RONDO_VERSION + "; changes to this file will be lost.\n\n";
    text += withPrefix(
        "How to use it: allocate @_PARAMETER_BYTES, fill them by @_init or with values of your own; allocate "
        "@_PREPARED_BYTES and call @_prepare; then, for each batch, fill @_inputs and @_outputs, ask "
        "@_workspace_bytes, allocate them, and call @_forward." +
        std::string(interface.hasSteps ? " Or, where data come step by step: ask @_state_bytes, allocate them, call "
                                         "@_state_init once and @_step at each step."
                                       : "") +
        (interface.notStepped.empty() ? ""
                                      : " There are no functions for single steps: " + interface.notStepped + ".") +
        "\n\n"
        "A batch holds any number of samples of any lengths, without padding: the rows of all samples stand one "
        "behind the other, densely, in row-major order. Where they begin is told by offsets. All integers and reals "
        "are in the byte order of the machine; `float` is IEEE binary32.\n\n"
        "Parameters, what is laid out as they are, prepared data, states and workspaces begin at addresses that are "
        "multiples of @_ALIGNMENT; all other data at multiples of its element's size. The library keeps no pointer "
        "beyond a call, and no state between "
        "calls. Any number of calls may run at the same time if none writes what another one uses: each needs a "
        "workspace, outputs and an error of its own, and may share parameters, prepared data and inputs.\n\n");
    if (facts.weights == WeightFormat::BF16)
      text +=
          "Products with weights are of numbers rounded to bf16 (8 bits of precision), added up in float; all else is "
          "float.\n\n";
    if (facts.weights == WeightFormat::Int8)
      text += "The weights of products are rounded to whole numbers from -127 to 127 times a scale for each row; all "
              "else is float.\n\n";
    text += "Parameters, in order, from the beginning of the buffer:\n";
    if (interface.parameters.empty())
      text += "  none\n";
    for (const Parameter &parameter : interface.parameters)
      text += "  byte " + std::to_string(parameter.offset) + ": " + parameter.path + ", " +
              cTypeOf(parameter.type.element).str() + dimensions(parameter.type) + range(parameter.type) + "\n";
    text += withPrefix(std::string("What lies between them is zero where @_init or @_load") +
                       (interface.gradients ? ", or @_backward where it does not add to what is there," : "") +
                       " has written.\n");
    comment(text);
    os << "#ifndef RONDO_MODEL_" << prefix << "_H\n#define RONDO_MODEL_" << prefix
       << "_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  }

  void printConstants() {
    os << "#define " << upper << "_ABI_VERSION " << runtime::abiVersion << "\n";
    os << "#define " << upper << "_ALIGNMENT " << parameterAlignment << "\n";
    os << "#define " << upper << "_PARAMETER_BYTES " << interface.parameterBytes << "\n";
    os << "#define " << upper << "_PREPARED_BYTES " << facts.preparedBytes << "\n";
    os << "#define " << upper << "_LOSSES " << interface.losses.size() << "\n\n";
  }

  void printErrors() {
    comment("Why a call failed. Functions that can fail return 0, or a code, and write the same with a message into "
            "`error` unless it is NULL. After an error the contents of outputs and workspace are undefined. Headers "
            "of all models share this.");
    os << "#ifndef RONDO_ERROR\n#define RONDO_ERROR\n";
    for (auto [code, name, what] : codes)
      os << "#define RONDO_" << name << " " << int32_t(code) << " /* " << what << " */\n";
    os << "typedef struct rondo_error {\n"
          "  int32_t code;      /* 0: fine */\n"
          "  char message[252]; /* ends with a 0 */\n"
          "} rondo_error;\n#endif\n\n";
  }

  void printInputs() {
    comment(
        "A batch. Inputs on an axis have a row for each of its ticks in all samples, in order. Offsets say how rows "
        "are grouped: of the axis X, group i has the rows X_offsets[i] to X_offsets[i + 1] - 1. The first number "
        "is 0, none is less than the one before; equal ones are an empty group.");
    os << "typedef struct " << prefix << "_inputs {\n";
    member("size_t size", "sizeof(" + prefix + "_inputs)");
    member("int64_t batch", "number of samples");
    member("uint64_t seed", "of the random numbers of a call");
    for (const Axis &axis : interface.axes) {
      bool isOutermost = axis.outer == "sample";
      member("const int64_t *" + axis.member, (isOutermost ? "[batch + 1]" : "[(rows of " + axis.outer + ") + 1]") +
                                                  ": rows of " + axis.name + " by " + axis.outer);
    }
    for (const Port &port : interface.inputs)
      member("const " + cTypeOf(port.type.element) + " *" + port.member,
             rowsOfInput(port) + dimensions(port.type) + range(port.type));
    os << "} " << prefix << "_inputs;\n\n";
  }

  void printOutputs() {
    std::string text =
        "Where results go. Of each output: a buffer, or NULL where it is not wanted; how many rows the buffer can "
        "hold, which the call changes to how many it wrote; NULL, or where the call writes batch + 1 numbers: sample "
        "i has the rows offsets[i] to offsets[i + 1] - 1; and NULL, or where the call writes for each row when it was: "
        "which row of the finest axis of its clock in the sample, from 0 (for `sample` the last row, -1 in an empty "
        "sample; for rows of pairs the target's). After RONDO_CAPACITY the number of rows of an output with too little "
        "room is what it needs.\n";
    if (!interface.losses.empty()) {
      text += "loss_ticks are how many values each loss is the mean of, 0 for one without a clock. Losses are means "
              "over the batch, 0 where there is nothing to average:";
      for (auto [i, loss] : enumerate(interface.losses))
        text += (i ? ", [" : " [") + std::to_string(i) + "] " + loss.name;
      text += "\n";
    }
    comment(text);
    os << "typedef struct " << prefix << "_outputs {\n";
    member("size_t size", "sizeof(" + prefix + "_outputs)");
    for (const Port &port : interface.outputs) {
      member(cTypeOf(port.type.element) + " *" + port.member,
             "[rows]" + dimensions(port.type) + range(port.type) + ": " + rowsOf(port));
      member("int64_t " + port.member + "_rows", "in: room, out: rows written");
      member("int64_t *" + port.member + "_offsets", port.clock.empty() ? "NULL" : "NULL, or [batch + 1]");
      member("int64_t *" + port.member + "_ticks", port.clock.empty() ? "NULL" : "NULL, or [rows]");
    }
    member("float *losses", "NULL, or [" + Twine(interface.losses.size()) + "]");
    member("int64_t *loss_ticks", "NULL, or [" + Twine(interface.losses.size()) + "]");
    os << "} " << prefix << "_outputs;\n\n";
  }

  void printSteps() {
    comment("What a step, a row of " + interface.stepAxis +
            ", is given: a row for each sequence of the state (batch rows); of an input without a clock one row for "
            "all. Rows that are not looked at may hold anything." +
            (interface.stepEnds.empty()
                 ? ""
                 : " Where a segment ends, the segments inside of it do; an empty one has no step, and does not end."));
    os << "typedef struct " << prefix << "_step_inputs {\n";
    member("size_t size", "sizeof(" + prefix + "_step_inputs)");
    member("uint64_t seed", "of random numbers: the same at all steps");
    member("const uint8_t *active", "[batch], 1, or 0: the sequence does not take part; NULL: all do");
    for (const Port &port : interface.inputs)
      member("const " + cTypeOf(port.type.element) + " *" + port.member,
             port.isStepped
                 ? (port.clock.empty() ? "[1]" : "[batch]") + dimensions(port.type) + range(port.type) + whenGiven(port)
                 : "not looked at: outputs do not need it");
    for (const StepEnd &end : interface.stepEnds)
      member("const uint8_t *" + end.member,
             "[batch], 1: the step is the last one of its " + end.axis + ", or 0; NULL: all 0");
    os << "} " << prefix << "_step_inputs;\n\n";
    comment("Where the results of a step go. Of each output: a row for each sequence, or NULL where it is not wanted; "
            "and NULL, or where the call writes for each sequence whether the output ticked at this step, 1 or 0. Rows "
            "of outputs that did not tick are left as they are.");
    os << "typedef struct " << prefix << "_step_outputs {\n";
    member("size_t size", "sizeof(" + prefix + "_step_outputs)");
    for (const Port &port : interface.outputs) {
      if (!port.isStepped) // it has no clock
        continue;
      member(cTypeOf(port.type.element) + " *" + port.member,
             "[batch]" + dimensions(port.type) + range(port.type) + ": on " + port.clock);
      member("uint8_t *" + port.member + "_ticks", "NULL, or [batch]");
    }
    os << "} " << prefix << "_step_outputs;\n\n";
  }

  static std::string whenGiven(const Port &port) {
    return port.given.empty()      ? ""
           : port.given == "first" ? ", looked at at the first step of a sequence"
                                   : ", looked at where a " + port.given + " ends";
  }

  void printGeneration(const Generation &generation) {
    const Port &input = interface.inputs[generation.input];
    auto programs = [](std::optional<int64_t> number) { return number ? std::to_string(*number) : "none"; };
    std::string needed;
    for (const std::string &name : generation.inputs)
      needed += (needed.empty() ? " " : ", ") + name;
    comment(withPrefix(
        "How rows of " + input.name + " are generated" +
        (generation.isChosen ? ": each is the token that is chosen by the numbers computed for it" : "") +
        ". The struct @_inputs is that of @_forward; in it " + input.name + " and " + memberOf(generation.axis) +
        " are prompts, rows that each sample begins with, or NULL where there are none" +
        (generation.isNext ? "; a sample without a prompt begins with one row of `start`" : "") + ". " +
        (needed.empty() ? "Other inputs are not looked at."
                        : "Of other inputs, those that must be given, with the offsets of their axes, are" + needed +
                              "; all else is not looked at.")));
    if (generation.isChosen)
      os << "#define " << upper << "_GREEDY 0 /* always the likeliest; of equal ones the smallest token */\n"
         << "#define " << upper << "_SAMPLE 1 /* draw by the probabilities */\n"
         << "#define " << upper << "_BEAM 2 /* search for the likeliest rows, `beams` at a time */\n";
    os << "typedef struct " << prefix << "_generate_options {\n";
    member("size_t size", "sizeof(" + prefix + "_generate_options)");
    member("int64_t mode", generation.isChosen ? "one of the three above" : "0");
    member("uint64_t seed", generation.isChosen ? "SAMPLE: of draws" : "not looked at");
    member("double temperature",
           generation.isChosen ? "SAMPLE: probabilities are to the power 1 / temperature, above 0" : "not looked at");
    member("int64_t top_k", generation.isChosen ? "SAMPLE: draw among so many of the likeliest; 0: all" : "0");
    member("int64_t beams", generation.isChosen ? "BEAM: hypotheses a sample, 1 or more; else there is one" : "1");
    member("double length_penalty",
           generation.isChosen ? "BEAM: hypotheses are ordered by score / length^length_penalty" : "0");
    member("int64_t limit", "rows at most, without the prompt; -1: the program's, " + programs(generation.limit));
    member("int64_t start",
           generation.isNext
               ? "the row that stands first where there is no prompt; -1: the program's, " + programs(generation.start)
               : std::string("not looked at"));
    member("int64_t stop",
           input.type.element == Element::Token
               ? "the token that ends, and is no row of the result; -1: the program's, " + programs(generation.stop)
               : std::string("not looked at"));
    os << "} " << prefix << "_generate_options;\n#define " << upper << "_GENERATE_DEFAULTS \\\n  {sizeof(" << prefix
       << "_generate_options), 0, 0, 1.0, 0, 1, 0.0, -1, -1, -1}\n\n";
    comment(
        "What is generated: of each sample its hypotheses, the best first" +
        std::string(generation.isChosen ? " (`beams` of them under BEAM, else one)" : " (one)") +
        ". Of each a buffer, or NULL where it is not wanted. There is never more to write than limit rows for each. "
        "After RONDO_CAPACITY the number of rows is what is needed.");
    os << "typedef struct " << prefix << "_generated {\n";
    member("size_t size", "sizeof(" + prefix + "_generated)");
    member(cTypeOf(input.type.element) + " *rows",
           "[row_count]" + dimensions(input.type) + range(input.type) + ": of all hypotheses, one behind the other");
    member("int64_t row_count", "in: room, out: rows of all");
    member(
        "int64_t *offsets",
        "NULL, or [batch * beams + 1]: hypothesis j of sample i has the rows offsets[i * beams + j] to the next one's");
    member("double *scores",
           generation.isChosen ? "NULL, or [batch * beams]: sum of log probabilities of its tokens, the last `stop` too"
                               : "NULL, or [batch]: 0");
    member("int64_t *hypotheses",
           "NULL, or [batch]: how many each sample has; under BEAM fewer than `beams` where there are not so many");
    os << "} " << prefix << "_generated;\n\n";
  }

  void printGradients(const Gradients &gradients) {
    std::string none; // real outputs that are not told by how much something changes with them
    for (size_t i = 0; interface.losses.empty() && i < interface.outputs.size(); ++i)
      if (interface.outputs[i].type.element == Element::F32 &&
          llvm::none_of(gradients.outputs, [&](const Gradient &gradient) { return gradient.port == i; }))
        none += (none.empty() ? "`" : ", `") + interface.outputs[i].name + "`";
    comment(
        withPrefix(interface.losses.empty()
                       ? "By how much something that is computed from the outputs changes with parameters and inputs, "
                         "given by how "
                         "much it changes with the outputs. Of each input the buffer has a row for each of its rows." +
                             (none.empty() ? ""
                                           : " It is taken not to change with what has rows of its own at each "
                                             "tick: " +
                                                 none + ".")
                       : "By how much the sum of all losses changes with parameters and inputs; where a loss trains "
                         "some parameters "
                         "only, it moves these alone. Of each input the buffer has a row for each of its rows."));
    os << "typedef struct " << prefix << "_gradients {\n";
    member("size_t size", "sizeof(" + prefix + "_gradients)");
    member("int64_t accumulate", "1: those of parameters are added to what is there; 0: they take its place");
    member("float *parameters", "NULL: not wanted; else " + upper + "_PARAMETER_BYTES, laid out as parameters are");
    for (const Gradient &gradient : gradients.outputs) {
      const Port &port = interface.outputs[gradient.port];
      member("const float *" + gradient.member,
             "given: NULL: zero; else " + rowsOfAdjoint(port, dimensions(port.type)));
    }
    for (const Gradient &gradient : gradients.inputs) {
      const Port &port = interface.inputs[gradient.port];
      member("float *" + gradient.member, "NULL: not wanted; else " + rowsOfInput(port) + dimensions(port.type));
    }
    os << "} " << prefix << "_gradients;\n\n";
  }

  void printOptimisers() {
    comment(
        "How to step from gradients to parameters. With gradient g, parameter p, rate r and t the number of the step:\n"
        "  SGD      g += decay p; v = momentum v + g; p -= r v, with nesterov r (g + momentum v)\n"
        "  RMSPROP  g += decay p; s = alpha s + (1 - alpha) g^2; v = momentum v + g / (sqrt(s) + epsilon); p -= r v\n"
        "  ADAM     g += decay p; m = beta1 m + (1 - beta1) g; s = beta2 s + (1 - beta2) g^2; "
        "p -= r m / (1 - beta1^t) / (sqrt(s / (1 - beta2^t)) + epsilon)\n"
        "  ADAMW    p -= r decay p, then as ADAM without decay\n"
        "Ahead of that g is clipped: each element to clip_value, then the norm of all that is trained to clip_norm. "
        "The rate rises in equal steps through the warm-up; then it is\n"
        "  CONSTANT  rate\n"
        "  STEP      rate * factor^k after k times `every` steps\n"
        "  COSINE    from rate along half a cosine to rate * factor at step `total`, and that from then on");
    constexpr StringLiteral kinds[] = {"SGD", "RMSPROP", "ADAM", "ADAMW"}, schedules[] = {"CONSTANT", "STEP", "COSINE"};
    for (ArrayRef<StringLiteral> names : {ArrayRef<StringLiteral>(kinds), ArrayRef<StringLiteral>(schedules)})
      for (auto [number, name] : enumerate(names))
        os << "#define " << upper << "_" << name << " " << number << "\n";
    os << "#define " << upper << "_PARAMETERS " << interface.parameters.size() << "\n";
    os << "typedef struct " << prefix << "_optimiser {\n";
    member("size_t size", "sizeof(" + prefix + "_optimiser)");
    member("int64_t kind", upper + "_SGD, .._RMSPROP, .._ADAM or .._ADAMW");
    member("int64_t nesterov", "SGD with momentum: 1 or 0");
    member("double momentum", "SGD, RMSPROP: 0, or less than 1");
    member("double alpha", "RMSPROP");
    member("double beta1, beta2", "ADAM, ADAMW");
    member("double epsilon", "RMSPROP, ADAM, ADAMW");
    member("double decay", "of weights");
    member("int64_t schedule", upper + "_CONSTANT, .._STEP or .._COSINE");
    member("double rate", "of learning");
    member("int64_t warmup", "steps; of schedules it is ahead");
    member("int64_t every", "STEP");
    member("double factor", "STEP, COSINE");
    member("int64_t total", "COSINE: steps, those of the warm-up too");
    member("double clip_value, clip_norm", "0: not");
    os << "} " << prefix << "_optimiser;\n#define " << upper << "_OPTIMISER_DEFAULTS \\\n  {sizeof(" << prefix
       << "_optimiser), " << upper << "_ADAM, 0, 0.0, 0.99, 0.9, 0.999, 1e-8, 0.0, " << upper
       << "_CONSTANT, 1e-3, 0, 1, 0.0, 1, 0.0, 0.0}\n\n";
    comment("One step.");
    os << "typedef struct " << prefix << "_update {\n";
    member("size_t size", "sizeof(" + prefix + "_update)");
    member("int64_t step", "its number, from 1");
    member("const uint8_t *trained",
           "NULL: all; else [" + upper + "_PARAMETERS], in the order above: 0 where a parameter stays what it is");
    member("const float *gradients", upper + "_PARAMETER_BYTES");
    member("float *parameters", upper + "_PARAMETER_BYTES, in and out");
    member("double norm", "out: of the gradients of what is trained, before they are clipped");
    member("double rate", "out");
    os << "} " << prefix << "_update;\n\n";
  }

  /// Of outputs that tick now and then nobody could know how many rows they have.
  static std::string rowsOfAdjoint(const Port &port, const std::string &dimensions) {
    if (port.clock.empty())
      return "[batch]" + dimensions + ", added up";
    if (port.clock == port.axis)
      return "[rows of " + port.member + "]" + dimensions;
    return "[ticks of " + port.axis + "]" + dimensions + ": rows count where " + port.member + " ticks";
  }

  void printWindows(const Windows &windows) {
    comment(withPrefix(
        "Where a window stands among those of its samples. Its samples go on where the ones before have ended, or "
        "begin; "
        "one that has no rows left stays as it is. " +
        (interface.axes.size() > 1 ? "A window has whole rows of " + interface.axes.front().name + ". "
                                   : std::string()) +
        "What is remembered is a state of @_window_state_bytes, at a multiple of @_ALIGNMENT: no pointers are in it. "
        "Values on `sample` are those of the sample so far; losses count them only where it ends."));
    os << "typedef struct " << prefix << "_window_place {\n";
    member("size_t size", "sizeof(" + prefix + "_window_place)");
    member("const void *state", "at the window's begin; NULL: that of the samples");
    member("void *next_state",
           "NULL: not wanted; else where the state at the window's end is written: not the memory of `state`");
    member("const uint8_t *sample_ends", "NULL: no sample ends; else [batch]: 1 where it does, with the window");
    for (const Gradient &row : windows.ahead) {
      const Port &port = interface.inputs[row.port];
      member("const " + cTypeOf(port.type.element) + " *" + row.member,
             "[batch]" + dimensions(port.type) + range(port.type) + ": the row of " + port.name +
                 " behind the window, not looked at where a sample ends or has no rows in it");
    }
    if (interface.gradients) {
      member("const void *d_next_state", "NULL: zero; else what flows into next_state, as laid out there");
      member("void *d_state", "NULL: not wanted; else where is written what flows into state");
    }
    for (const Gradient &row : windows.dAhead) {
      const Port &port = interface.inputs[row.port];
      member("float *" + row.member,
             "NULL: not wanted; else [batch]" + dimensions(port.type) + ": what flows into that row");
    }
    os << "} " << prefix << "_window_place;\n";
    if (!interface.gradients)
      os << "typedef struct " << prefix << "_gradients " << prefix << "_gradients; /* there are none: NULL */\n";
    os << "\n";
  }

  static std::string rowsOfInput(const Port &port) {
    return port.clock.empty() ? "[1]" : port.axis == "sample" ? "[batch]" : "[rows of " + port.axis + "]";
  }

  std::string memberOf(StringRef axis) const {
    return find_if(interface.axes, [&](const Axis &other) { return other.name == axis; })->member;
  }

  static std::string rowsOf(const Port &port) {
    if (port.clock.empty())
      return "one row";
    if (!port.source.empty())
      return "for each tick of " + port.clock + " a row for each tick of " + port.source + " in the same " + port.per;
    if (port.clock == "sample")
      return "one row a sample";
    return "a row a tick of " + port.clock;
  }

  void printFunction(const Export &function) {
    comment(withPrefix(function.comment));
    std::string line = withPrefix(function.result) + prefix + "_" + function.name.str() + "(";
    std::string all = withPrefix(function.parameters);
    for (StringRef parameter : split(all, ", ")) {
      if (line.size() + parameter.size() > 112) {
        os << StringRef(line).rtrim() << "\n";
        line = "    ";
      }
      line += parameter.str() + ", ";
    }
    os << StringRef(line).drop_back(2) << ");\n\n";
  }

  const Facts &facts;
  const Interface &interface;
  std::string prefix, upper;
  raw_ostream &os;
};

} // namespace

std::string headerText(const Facts &facts) {
  std::string text;
  raw_string_ostream os(text);
  Header(facts, os).print();
  return text;
}

} // namespace rondo::emit
