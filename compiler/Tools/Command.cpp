#include "compiler/Tools/Command.h"
#include "compiler/Run/Files.h"
#include "compiler/Tools/Crash.h"
#include "dsl/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <fmt/format.h>

using namespace llvm;

namespace rondo::tools {

std::string Arguments::text(StringRef name, StringRef fallback) const {
  auto it = values.find(name.str());
  return it == values.end() ? fallback.str() : it->second.back();
}

int64_t Arguments::count(StringRef name, int64_t fallback) const {
  int64_t value = fallback;
  if (auto it = values.find(name.str()); it != values.end())
    StringRef(it->second.back()).getAsInteger(10, value); // checked when it was parsed
  return value;
}

double Arguments::real(StringRef name, double fallback) const {
  double value = fallback;
  if (auto it = values.find(name.str()); it != values.end())
    StringRef(it->second.back()).getAsDouble(value);
  return value;
}

std::vector<std::string> Arguments::all(StringRef name) const {
  auto it = values.find(name.str());
  return it == values.end() ? std::vector<std::string>() : it->second;
}

std::optional<std::pair<std::string, std::string>> splitAssignment(StringRef text) {
  auto [name, value] = text.split('=');
  if (name.empty() || name.size() == text.size())
    return std::nullopt;
  return std::make_pair(name.str(), value.str());
}

int failed(const Twine &message) {
  errs() << "rondo: error: " << message << '\n';
  return exitError;
}

char Bug::ID;

int failed(Error error) {
  bool isBug = error.isA<Bug>();
  std::string message = toString(std::move(error));
  return isBug ? reportBug(message) : failed(message);
}

Error asBug(Error error) {
  return handleErrors(std::move(error), [](std::unique_ptr<ErrorInfoBase> info) -> Error {
    if (info->convertToErrorCode() != inconvertibleErrorCode() || info->isA<run::FileError>())
      return Error(std::move(info));
    return make_error<Bug>(info->message());
  });
}

int usageError(const Command &command, const Twine &message) {
  errs() << "rondo " << command.name << ": error: " << message << "\n"
         << "Try 'rondo " << command.name << " --help'.\n";
  return exitUsage;
}

int unexpected(const Command &command, StringRef argument) {
  return usageError(command, "unexpected argument '" + argument + "'");
}

static std::string dashed(StringRef name) { return (name.size() == 1 ? "-" : "--") + name.str(); }

/// "--seed N", "--timeline[=FILE]"
static std::string synopsis(const Option &option) {
  std::string out = dashed(option.name);
  if (option.kind == Option::Kind::Maybe)
    return out + "[=" + option.value + "]";
  return option.kind == Option::Kind::Flag ? out : out + " " + option.value;
}

void printHelp(const Command &command, raw_ostream &os) {
  os << "rondo " << command.name << ": " << command.summary << "\n\nusage: rondo " << command.name
     << (command.options.empty() ? "" : " [options]") << (command.positional.empty() ? "" : " ") << command.positional
     << "\n";
  if (!command.details.empty())
    os << '\n' << command.details << '\n';
  os << "\noptions:\n";
  for (const Option &option : command.options)
    if (option.kind != Option::Kind::Hidden)
      os << fmt::format("  {:<24} {}\n", synopsis(option), option.help);
  os << fmt::format("  {:<24} {}\n", "--help", "this text");
}

static bool valueFits(const Option &option, StringRef value, std::string &expected) {
  int64_t number;
  double real;
  if (option.kind == Option::Kind::Count && (value.getAsInteger(10, number) || number < 0)) {
    expected = "a whole number that is not negative";
    return false;
  }
  if (option.kind == Option::Kind::Real && (value.getAsDouble(real) || !std::isfinite(real))) {
    expected = "a finite number";
    return false;
  }
  if (option.kind == Option::Kind::File && value.empty()) {
    expected = option.value;
    return false;
  }
  return true;
}

int invoke(const Command &command, ArrayRef<const char *> arguments) {
  Arguments parsed;
  auto find = [&](StringRef name) -> const Option * {
    for (const Option &option : command.options)
      if (option.name == name)
        return &option;
    return nullptr;
  };
  bool optionsEnded = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    StringRef argument = arguments[i];
    if (optionsEnded || argument == "-" || !argument.starts_with("-")) {
      parsed.positional.push_back(argument.str());
      continue;
    }
    if (argument == "--") {
      optionsEnded = true;
      continue;
    }
    if (argument == "--help" || argument == "-h") {
      printHelp(command, outs());
      return exitFine;
    }
    bool isLong = argument.consume_front("--");
    StringRef name = argument, value;
    bool hasValue = false;
    if (isLong) {
      hasValue = argument.contains('=');
      std::tie(name, value) = argument.split('=');
    } else {
      argument.consume_front("-");
      name = argument.take_front(1);
      value = argument.drop_front(1);
      hasValue = !value.empty();
    }
    const Option *option = find(name);
    if (!option || isLong != (option->name.size() > 1)) {
      std::vector<StringRef> names;
      for (const Option &known : command.options)
        if (known.kind != Option::Kind::Hidden)
          names.push_back(known.name);
      auto near = isLong ? dsl::nearest(name, names) : std::nullopt;
      return usageError(command, "unknown option '" + Twine(isLong ? "--" : "-") + name + "'" +
                                     (near ? "; did you mean '" + dashed(*near) + "'?" : std::string()));
    }
    if (option->kind == Option::Kind::Flag && hasValue)
      return usageError(command, "option '" + dashed(name) + "' takes no value");
    if (option->kind != Option::Kind::Flag && option->kind != Option::Kind::Maybe && !hasValue) {
      if (i + 1 == arguments.size())
        return usageError(command, "option '" + dashed(name) + "' needs a value: " + synopsis(*option));
      value = arguments[++i];
    }
    std::string expected;
    if (!valueFits(*option, value, expected))
      return usageError(command, "option '" + dashed(name) + "' needs " + expected + ", not '" + value + "'");
    std::vector<std::string> &values = parsed.values[option->name];
    if (!values.empty() && option->kind != Option::Kind::Repeated)
      return usageError(command, "option '" + dashed(name) + "' stands twice");
    values.push_back(value.str());
  }
  if (parsed.positional.size() < command.leastPositional)
    return usageError(command, "expected " + command.positional);
  if (parsed.positional.size() > command.mostPositional)
    return unexpected(command, parsed.positional[command.mostPositional]);
  return command.run(command, parsed);
}

} // namespace rondo::tools
