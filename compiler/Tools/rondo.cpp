// The command `rondo`: finds the subcommand and runs it.
#include "compiler/Tools/Command.h"
#include "compiler/Tools/Crash.h"
#include "compiler/Tools/Output.h"
#include "dsl/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>

using namespace llvm;
using namespace rondo::tools;

#ifndef RONDO_VERSION
#define RONDO_VERSION "0.1.0"
#endif

static void printUsage(ArrayRef<Command> commands, raw_ostream &os) {
  os << "rondo: a language and compiler for recurrent networks\n\nusage: rondo COMMAND [options] "
        "[FILE...]\n\ncommands:\n";
  for (const Command &command : commands)
    os << fmt::format("  {:<10} {}\n", command.name, command.summary);
  os << "\nrondo COMMAND --help says more about one; rondo --version prints the version.\n"
        "Exit codes: 0 fine, 1 a mistake in the input, 2 wrong usage, 70 a bug of ours.\n";
}

/// So that the tests can see what a crash leaves behind.
static int crash(StringRef how) {
  if (how == "abort")
    std::abort();
  if (how == "overflow") {
    struct Deep {
      static int go(volatile char *above) {
        volatile char here[4096];
        here[0] = above[0];
        return above[0] == 0 ? go(here) + here[0] : 0;
      }
    };
    volatile char start[1] = {0};
    return Deep::go(start);
  }
  if (how == "segv")
    std::raise(SIGSEGV);
  return reportBug("asked for");
}

static int run(ArrayRef<const char *> arguments) {
  std::vector<Command> commands = frontCommands();
  for (Command &command : compilerCommands())
    commands.push_back(std::move(command));

  StringRef name = arguments.empty() ? "" : arguments[0];
  if (name.empty()) {
    printUsage(commands, errs());
    return exitUsage;
  }
  bool help = name == "help" || name == "--help" || name == "-h";
  size_t most = help ? 2 : 1;
  if ((help || name == "--version") && arguments.size() > most) {
    errs() << "rondo: error: unexpected argument '" << arguments[most] << "'\nTry 'rondo --help'.\n";
    return exitUsage;
  }
  if (name == "--version") {
    outs() << "rondo " RONDO_VERSION "\n";
    return exitFine;
  }
  if (help && arguments.size() == 1) {
    printUsage(commands, outs());
    return exitFine;
  }
  StringRef wanted = help ? StringRef(arguments[1]) : name;
  for (const Command &command : commands) {
    if (command.name != wanted)
      continue;
    if (!help)
      return invoke(command, arguments.drop_front());
    printHelp(command, outs());
    return exitFine;
  }
  if (name == "crash" && arguments.size() >= 2) {
    for (const char *path : arguments.drop_front(2))
      addCrashInput(path);
    return crash(arguments[1]);
  }

  std::vector<StringRef> names;
  for (const Command &command : commands)
    names.push_back(command.name);
  auto near = rondo::dsl::nearest(wanted, names);
  errs() << "rondo: error: there is no command '" << wanted << "'";
  if (near)
    errs() << "; did you mean '" << *near << "'?";
  errs() << "\nTry 'rondo --help'.\n";
  return exitUsage;
}

int main(int argc, char **argv) {
  ArrayRef<const char *> arguments(argv, size_t(argc));
  installCrashReport(arguments);
  prepareOutput();
  return finishOutput("rondo", run(arguments.drop_front()));
}
