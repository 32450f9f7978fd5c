#include "compiler/Emit/Link.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/Binary.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

using namespace llvm;

namespace rondo::emit {

namespace {

#ifdef RONDO_SANITIZE_RUNTIME
const char *const undefinedSymbols = "undefs"; // those of sanitizers are in the program that loads the library
#else
const char *const undefinedSymbols = "defs";
#endif

/// A folder of its own for the linker, which reads and writes files only; gone behind the work.
class WorkFolder {
public:
  static Expected<std::unique_ptr<WorkFolder>> create() {
    std::unique_ptr<WorkFolder> folder(new WorkFolder);
    if (std::error_code error = sys::fs::createUniqueDirectory("rondo-link", folder->path))
      return createStringError(error, "cannot make a temporary folder: " + error.message());
    return folder;
  }
  ~WorkFolder() { sys::fs::remove_directories(path); }

  Error write(StringRef name, StringRef bytes) {
    std::error_code error;
    raw_fd_ostream os(file(name), error, sys::fs::OF_None);
    if (!error) {
      os << bytes;
      os.close();
      error = os.error();
      os.clear_error();
    }
    return error ? createStringError(error, "cannot write '" + file(name) + "': " + error.message()) : Error::success();
  }
  std::string file(StringRef name) const { return (path + "/" + name).str(); }

private:
  WorkFolder() = default;
  SmallString<128> path;
};

} // namespace

/// Makes what is hidden local, as it is in a shared library: objects of several models go into one program.
static Expected<std::string> localize(std::unique_ptr<MemoryBuffer> object) {
  auto binary = object::createBinary(*object);
  if (!binary)
    return binary.takeError();
  objcopy::ConfigManager how;
  how.ELF.LocalizeHidden = true;
  SmallString<0> bytes;
  raw_svector_ostream os(bytes);
  if (Error error = objcopy::executeObjcopyOnBinary(how, **binary, os))
    return std::move(error);
  return bytes.str().str();
}

Expected<std::string> link(const LinkJob &job) {
  auto made = WorkFolder::create();
  if (!made)
    return made.takeError();
  WorkFolder &folder = **made;
  std::vector<std::string> arguments = {"ld.lld",
                                        "-m",
                                        job.arch == Arch::X86_64 ? "elf_x86_64" : "aarch64linux",
                                        "--threads=1",
                                        "--no-mmap-output-file",
                                        "-o",
                                        folder.file("result")};
  if (job.isShared) {
    std::string exports = "{ global:";
    for (const std::string &symbol : job.exports)
      exports += " " + symbol + ";";
    if (Error error = folder.write("exports", exports + " local: *; };\n"))
      return std::move(error);
    // Nothing is left to find out when the library is used: no symbol is missing, all are bound at load.
    for (const char *option :
         {"-shared", "-z", undefinedSymbols, "-z", "now", "-z", "relro", "-z", "text", "-z", "noexecstack",
          "--as-needed", "--gc-sections", "--build-id=none", "--hash-style=gnu", "--eh-frame-hdr", "-soname"})
      arguments.push_back(option);
    arguments.insert(arguments.end(), {job.soname, "--version-script", folder.file("exports")});
    if (!job.hasNames)
      arguments.push_back("--strip-all");
  } else {
    arguments.push_back("-r");
  }
  for (size_t i = 0; i < job.objects.size(); ++i) {
    std::string name = "object" + std::to_string(i) + ".o";
    if (Error error = folder.write(name, job.objects[i]))
      return std::move(error);
    arguments.push_back(folder.file(name));
  }
  for (const Asset &asset : assetsFor(job.arch)) {
    if (!job.isShared && asset.name.ends_with(".so"))
      continue;
    if (Error error = folder.write(asset.name, asset.bytes))
      return std::move(error);
    arguments.push_back(folder.file(asset.name));
  }

  std::vector<const char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string messages;
  raw_string_ostream os(messages);
  lld::Result result = lld::lldMain(pointers, os, os, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return createStringError("linking failed: " + StringRef(messages).trim());
  auto bytes = MemoryBuffer::getFile(folder.file("result"), /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (std::error_code error = bytes.getError())
    return createStringError(error, "cannot read what the linker wrote: " + error.message());
  return job.isShared ? Expected<std::string>((*bytes)->getBuffer().str()) : localize(std::move(*bytes));
}

} // namespace rondo::emit
