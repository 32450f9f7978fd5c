"""hostile.py TOOLS FILE [--mutations N] [--seed N]: calls every function of the libraries of a file's models with every
kind of wrong argument, as the manifest lists them, and with calls in which words were changed at random. Each must
return a code and a message that names what is wrong, or what a call returns where nothing is; no byte outside of the
caller's buffers may change, and those buffers lie between pages that cannot be touched.

Each model has a process of its own, which tells what it is about to do: after a crash that is shown.
"""
import argparse
import ctypes
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from case import Case
from library import Library, Wrong, pointer


def examine(path, prefix, folder, mutations, seed, log):
    library = Library(path, prefix, log)
    if library.function("abi_version")() != 1:
        raise Wrong("another version")
    for name, size in [("parameter_bytes", "parameters"), ("prepared_bytes", "prepared")]:
        if library.function(name, ctypes.c_size_t)() != library.manifest["bytes"][size]:
            raise Wrong(f"{name} is not what the manifest says")
    case = Case(library, random.Random(seed))
    if library.call("a valid call", "init", pointer(case.parameters), ctypes.c_uint64(3)):
        raise Wrong("init: " + library.message)
    if library.call("a valid call", "prepare", pointer(case.parameters), pointer(case.prepared)):
        raise Wrong("prepare: " + library.message)
    case.buffers_of_parameters()
    case.files(folder)
    case.valid()
    case.make_steps()
    case.preparations()
    case.structs()
    case.structure()
    case.elements()
    case.results()
    case.workspaces()
    case.pools()
    case.error_texts()
    case.generations()
    case.gradients()
    case.single_steps(b"RNDSTATE" + bytes(range(1, 200)))
    case.mutations(mutations)
    case.make_offsets()
    for port in case.inputs:
        case.fill(port)
    case.fill_structs()
    case.make_workspace()
    case.valid()
    return library.calls


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tools")
    parser.add_argument("file")
    parser.add_argument("--mutations", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        path, prefix, log = options.one
        try:
            with open(log, "w") as words:
                print(examine(path, prefix, os.path.dirname(path), options.mutations, options.seed, words))
        except Wrong as wrong:
            sys.exit(f"{prefix}: {wrong}")
        return
    wrong = models = calls = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([os.path.join(options.tools, "rondo"), "build", "--gradients", options.file, "-o", folder], check=True)
        for name in sorted(os.listdir(folder)):
            if not name.endswith(".so"):
                continue
            path, log, prefix = os.path.join(folder, name), os.path.join(folder, "log"), name[3:-3]
            command = [sys.executable, __file__, options.tools, options.file, "--mutations", str(options.mutations),
                       "--seed", str(options.seed), "--one", path, prefix, log]
            preload = os.environ.get("RONDO_PRELOAD")  # of libraries with sanitizers
            environment = dict(os.environ, LD_PRELOAD=preload, ASAN_OPTIONS="detect_leaks=0") if preload else None
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=600, env=environment)
            models += 1
            if done.returncode == 0:
                calls += int(done.stdout)
            else:
                wrong += 1
                if done.returncode < 0:
                    print(f"{prefix}: signal {-done.returncode} in {open(log).read().strip()}", flush=True)
    many = "more" if calls > 1000 * models else "less"
    print(f"{models} models, {wrong} wrong; {many} than a thousand calls of each", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
