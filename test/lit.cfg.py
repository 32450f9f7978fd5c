# The lit suite. Started as `lit test` it tests build/ (or $RONDO_BUILD); started on a build's test folder, that build.
import os

import lit.formats

llvm = "/usr/lib/llvm-22/bin"  # FileCheck, not, split-file
python = "/usr/bin/python3"  # Debian's, which sees Debian's NumPy and PyTorch, whatever else is on the PATH

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = os.environ.get("RONDO_BUILD") or getattr(config, "rondo_build", None) or os.path.join(root, "build")
build = os.path.join(root, build)
tools = os.path.join(build, "bin")
if not os.path.exists(os.path.join(tools, "rondo")):
    lit_config.fatal(f"there is no rondo in {tools}: run ./dev build, or set RONDO_BUILD to a build's folder")

config.name = "rondo"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".rondo", ".mlir", ".test", ".py"]
config.excludes = ["Inputs", "unit", "fuzz", "lit.cfg.py", "lit.site.cfg.py", "lit.local.cfg"]
config.test_source_root = os.path.join(root, "test")
config.test_exec_root = os.path.join(build, "test")

# LLVM's allocators poison what they hand out; between its libraries, which are not instrumented, and ours that misleads.
config.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "allow_user_poisoning=0")
config.environment["PATH"] = os.pathsep.join([tools, llvm, "/usr/bin", "/bin"])
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
for variable in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"):
    if variable in os.environ:
        config.environment[variable] = os.environ[variable]

# Where built libraries hold a runtime with sanitizers, programs that load them need those too: what clang builds gets
# them by itself, and Python scripts load them first (a program with the address sanitizer may not do that).
sanitizers = ""
with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as cache:
    for line in cache:
        if line.startswith("RONDO_SANITIZE_RUNTIME:"):
            sanitizers = line.split("=", 1)[1].strip()
if sanitizers:
    config.available_features |= {"sanitized", *(f"sanitized-{name}" for name in sanitizers.split(","))}
    config.environment["CCC_OVERRIDE_OPTIONS"] = f"# +-fsanitize={sanitizers} +-fno-sanitize-recover=all"
    if "address" in sanitizers:
        config.environment["RONDO_PRELOAD"] = os.path.join(
            llvm, "../lib/clang/22/lib/linux/libclang_rt.asan-x86_64.so")

config.substitutions += [
    ("%python", python),
    ("%root", root),  # of the sources: %root/lib, %root/examples, %root/utils
    ("%tools", tools),
]
