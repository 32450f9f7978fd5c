// What a subcommand is: its options as data, from which the help text and the parsing come.
//
// Not llvm::cl: its options live in globals, it exits by itself with 1 where a usage error is 2, and it shows the
// options of every library that is linked.
#ifndef RONDO_TOOLS_COMMAND_H
#define RONDO_TOOLS_COMMAND_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
}

namespace rondo::tools {

enum ExitCode { exitFine = 0, exitError = 1, exitUsage = 2, exitBug = 70 };

struct Option {
  enum class Kind {
    Flag,
    Text,     // --name TEXT or --name=TEXT
    File,     // a Text that is not empty, as a variable of the shell may be that was never set
    Maybe,    // --name or --name=TEXT
    Count,    // a whole number, not negative
    Real,     // a finite number
    Repeated, // Text, any number of times
    Hidden,   // a Text that the help does not show
  };
  std::string name; // without dashes; one letter: `-D a=1` or `-Da=1`
  Kind kind;
  std::string value; // what stands for the value in the help
  std::string help;
};

/// The arguments of one call, checked against the command's options.
class Arguments {
public:
  bool has(llvm::StringRef name) const { return values.count(name.str()) != 0; }
  std::string text(llvm::StringRef name, llvm::StringRef fallback = "") const;
  int64_t count(llvm::StringRef name, int64_t fallback) const;
  double real(llvm::StringRef name, double fallback) const;
  std::vector<std::string> all(llvm::StringRef name) const;

  std::vector<std::string> positional;
  std::map<std::string, std::vector<std::string>> values;
};

struct Command {
  std::string name;
  std::string positional; // "FILE..."
  std::string summary;    // one line
  std::string details;    // paragraphs for its own help
  std::vector<Option> options;
  size_t leastPositional = 0, mostPositional = ~size_t(0);
  int (*run)(const Command &command, const Arguments &arguments);
};

/// Parses and runs; prints help, and usage errors with the nearest option's name.
int invoke(const Command &command, llvm::ArrayRef<const char *> arguments);
void printHelp(const Command &command, llvm::raw_ostream &os);

/// Prints `rondo: error: MESSAGE` and returns the exit code.
int usageError(const Command &command, const llvm::Twine &message);
int unexpected(const Command &command, llvm::StringRef argument);
int failed(const llvm::Twine &message);
int failed(llvm::Error error); // a Bug is reported as one

/// A failure that is ours.
class Bug : public llvm::ErrorInfo<Bug, llvm::StringError> {
public:
  static char ID;
  explicit Bug(const llvm::Twine &message) : ErrorInfo(message, llvm::inconvertibleErrorCode()) {}
};
/// Files that cannot be read or written are not our fault; all else behind the schedule is.
llvm::Error asBug(llvm::Error error);

/// "n=v" -> n, v; nothing without a `=` or with nothing before it.
std::optional<std::pair<std::string, std::string>> splitAssignment(llvm::StringRef text);

/// The subcommands that need no MLIR, and the others.
std::vector<Command> frontCommands();
std::vector<Command> compilerCommands();

Command checkCommand();
Command fmtCommand();
Command explainCommand();
Command docCommand();
Command convertCommand();
Command buildCommand();
Command runCommand();
Command trainCommand();
Command evaluateCommand();
Command generateCommand();
Command verifyCommand();
Command benchCommand();

} // namespace rondo::tools
#endif
