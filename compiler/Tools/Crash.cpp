// The handler runs in a process that is broken: it touches only what was prepared before, and calls only what POSIX
// allows in a signal handler.
#include "compiler/Tools/Crash.h"
#include "compiler/Tools/Command.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;

namespace rondo::tools {

namespace {

const size_t mostInputs = 16, pathBytes = 1024, mostBytes = 64 << 20; // of an input: data may be larger

struct Input {
  char from[pathBytes], to[pathBytes];
  const char *text; // null: read the file
  size_t textBytes;
};

struct Prepared {
  char folder[pathBytes];
  char commandFile[pathBytes];
  char command[16 * 1024];
  Input inputs[mostInputs];
  size_t inputCount;
  char stack[64 * 1024]; // for the handler: the process's own may be what ran out
};
Prepared prepared;

void copyText(char *to, StringRef text, size_t bytes) {
  size_t n = std::min(text.size(), bytes - 1);
  std::memcpy(to, text.data(), n);
  to[n] = 0;
}

void say(int descriptor, const char *text) {
  for (size_t left = std::strlen(text); left > 0;) {
    ssize_t n = ::write(descriptor, text, left);
    if (n <= 0)
      return;
    text += n;
    left -= size_t(n);
  }
}

void saveInput(const Input &input) {
  int out = ::open(input.to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (out < 0)
    return;
  if (input.text) {
    for (size_t done = 0; done < input.textBytes;) {
      ssize_t n = ::write(out, input.text + done, input.textBytes - done);
      if (n <= 0)
        break;
      done += size_t(n);
    }
  } else if (int in = ::open(input.from, O_RDONLY | O_NONBLOCK); in >= 0) {
    char part[4096];
    ssize_t n;
    struct stat status;
    if (::fstat(in, &status) == 0 && S_ISREG(status.st_mode)) // a device or pipe may have no end
      for (size_t done = 0; done < mostBytes && (n = ::read(in, part, sizeof part)) > 0; done += size_t(n))
        if (::write(out, part, size_t(n)) != n)
          break;
    ::close(in);
  }
  ::close(out);
}

void saveReproducer() {
  if (::mkdir(prepared.folder, 0700) != 0) {
    say(2, "(no reproducer: its folder cannot be made)\n");
    return;
  }
  if (int out = ::open(prepared.commandFile, O_WRONLY | O_CREAT | O_TRUNC, 0600); out >= 0) {
    say(out, prepared.command);
    ::close(out);
  }
  for (size_t i = 0; i < prepared.inputCount; ++i)
    saveInput(prepared.inputs[i]);
  say(2, "This is our mistake, not yours. What is needed to see it again was saved in\n  ");
  say(2, prepared.folder);
  say(2, "\nPlease send it to us with the text above.\n");
}

void onSignal(int signal) {
  const char *what = signal == SIGABRT  ? "aborted"
                     : signal == SIGFPE ? "arithmetic error"
                     : signal == SIGILL ? "illegal instruction"
                                        : "invalid memory access";
  say(2, "rondo: bug in rondo: ");
  say(2, what);
  say(2, "\n");
  saveReproducer();
  ::_exit(exitBug);
}

void onNoMemory() {
  say(2, "rondo: error: out of memory: the sizes, the batch or the lengths are too large for this machine\n");
  ::_exit(exitError);
}

} // namespace

void installCrashReport(ArrayRef<const char *> commandLine) {
  SmallString<128> folder;
  sys::path::system_temp_directory(/*ErasedOnReboot=*/true, folder);
  sys::path::append(folder, "rondo-bug-" + Twine(::getpid()));
  copyText(prepared.folder, folder, pathBytes);
  SmallString<128> command(folder);
  sys::path::append(command, "command");
  copyText(prepared.commandFile, command, pathBytes);

  std::string line;
  raw_string_ostream os(line);
  for (const char *argument : commandLine) {
    os << (argument == commandLine.front() ? "" : " ");
    sys::printArg(os, argument, /*Quote=*/false);
  }
  os << "\n";
  copyText(prepared.command, line, sizeof prepared.command);

  stack_t stack = {};
  stack.ss_sp = prepared.stack;
  stack.ss_size = sizeof prepared.stack;
  ::sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_handler = onSignal;
  action.sa_flags = SA_ONSTACK | SA_RESETHAND;
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT})
    ::sigaction(signal, &action, nullptr);
  std::set_new_handler(onNoMemory);
  install_bad_alloc_error_handler([](void *, const char *, bool) { onNoMemory(); });
}

void addCrashInput(StringRef path, StringRef text) {
  if (prepared.inputCount == mostInputs)
    return;
  Input &input = prepared.inputs[prepared.inputCount];
  copyText(input.from, path, pathBytes);
  std::string name = path == "-" ? "standard-input" : sys::path::filename(path).str();
  copyText(input.to, (StringRef(prepared.folder) + "/" + Twine(prepared.inputCount) + "-" + name).str(), pathBytes);
  input.text = path == "-" ? text.data() : nullptr;
  input.textBytes = text.size();
  ++prepared.inputCount;
}

int reportBug(const Twine &message) {
  errs() << "rondo: bug in rondo: " << message << "\n";
  errs().flush();
  saveReproducer();
  return exitBug;
}

} // namespace rondo::tools
