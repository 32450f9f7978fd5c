#!/usr/bin/python3
"""Writes random programs and holds what the compiler makes of each against what the program means.

Each program must check; the IR behind every pass must compute what the IR before it does (rondo-opt --check-each); with
--verify, compiled code must give what the interpreter does (rondo verify), on a machine, with a number of samples and
with lengths that hang on the seed. With --gradients that goes for the gradients too, which must be what differences
say, and with --windows for samples in parts; every other program loses its losses then, so that something flows into
all of its outputs. Several programs stand in a file, to spare the tools' starting; one that does not hold is cut down
by itself as far as it still does not, in the same way, and left in the folder of --keep.
"""
import argparse
import concurrent.futures
import os
import random
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import programs

MODEL_PASSES = ["simplify", "narrow-slots", "dead-state", "simplify", "split-products", "commute-crossings",
                "dead-state", "merge-products", "chain-sums", "dead-state", "merge-sums", "order-sums",
                "orient-matrices", "simplify"]
SCHEDULE_PASSES = ["nest-matrices", "parallel-scan", "nest-sums", "nest-matrices", "batch-segments", "expand-memory", "plan-tape",
                   "form-chunks", "form-waves"]


class Data:
    """What a group of programs is tried on. Long and wide batches take long, so that most are neither; differences
    interpret a program dozens of times, and attention takes the square of the length."""

    def __init__(self, seed, longest):
        rng = random.Random(f"data {seed}")
        self.target = rng.choice(["native", "native", "x86-64-v2", "x86-64-v3"])
        self.samples, self.length = rng.choice([(3, 12)] * 5 + [(1, 20)] * 3 + [(2, 33), (5, 7), (8, 1), (3, 0), (17, 5)])
        self.seed = rng.randrange(100)
        kind = rng.randrange(40)
        if kind == 0:
            self.samples, self.length = 1, rng.randint(100, longest)
        elif kind < 4:
            self.samples, self.length = rng.randint(1, 67), rng.randint(1, 4)

    def options(self):
        return [f"--target={self.target}", f"--batch={self.samples}", f"--length={self.length}", f"--seed={self.seed}"]


def pipeline(gradients):
    names = lambda passes: ",".join("rondo-" + p for p in passes)
    between = "rondo-gradient,rnn.model(rondo-expand-accums)," if gradients else ""
    return f"builtin.module(rnn.model({names(MODEL_PASSES)}),{between}rnn.model(rondo-orient-matrices,rondo-simplify),rondo-form-scans,step.schedule({names(SCHEDULE_PASSES)}))"


def made(seed, gradients):
    program = programs.program(seed)
    if not gradients or seed % 2 == 0:
        return program
    last = len(program.bodies) - 1
    return program.with_items(last, [item for item in program.bodies[last][1] if not item.head.startswith("loss ")])


class Tools:
    def __init__(self, options):
        self.folder, self.seconds = options.tools, options.seconds
        self.passes = pipeline(options.gradients)
        self.verify = ["--gradients"] + ["--windows"] * options.windows if options.gradients else [] if options.verify else None

    def run(self, tool, *arguments):
        command = [os.path.join(self.folder, tool), *arguments]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=self.seconds)
        except subprocess.TimeoutExpired:
            return "no end", ""
        return done.returncode, done.stdout

    def failure(self, text, data, work):
        """None, or what does not hold: a key that is the same for the same mistake, and the tools' words."""
        source, imported = os.path.join(work, "program.rondo"), os.path.join(work, "program.mlir")
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        code, said = self.run("rondo", "build", source, "--stop-after=import", "-o", imported)
        if code:
            return f"import {code}: {gist(said)}", said
        code, said = self.run("rondo-opt", imported, "--check-each", f"--pass-pipeline={self.passes}", "-o", os.devnull)
        if code or "warning" in said:
            return f"passes {code}: {gist(said)}", said
        if self.verify is not None:
            code, said = self.run("rondo", "verify", source, *self.verify, *data.options())
            if code:
                fails = [line for line in said.split("\n") if " FAILS" in line]
                if fails and all("past what single precision holds" in line for line in fails):
                    return None  # numbers that grow without end, which both have
                return f"verify {code}: {fails[0].split(' FAILS')[0].strip() if fails else gist(said)}", said
        return None


def gist(said):
    """The first error without what differs from program to program: names, numbers, places."""
    found = re.search(r"error: ([^\n]*)", said) or re.search(r"warning: (@[^\n]*)", said)
    text = found.group(1) if found else said.strip().split("\n")[0]
    text = re.sub(r"(: @m\d+, |cannot be run any more: ).*", r"\1", text)
    text = re.sub(r"(output|loss) \w+", r"\1", text)
    return re.sub(r"'[^']*'|<.*>|[\d.]+|\[[^\]R]*\]", "..", text)[:120]


def reduced(program, failure, data, tools, work, seconds):
    """The smallest program found that fails in the same way."""
    key, said = failure
    deadline = time.monotonic() + seconds
    smaller = True
    while smaller:
        smaller = False
        for cut in program.cuts():
            if time.monotonic() > deadline:
                return program, said
            found = tools.failure(str(cut), data, work)
            if found and found[0] == key:
                program, said, smaller = cut, found[1], True
                break
    return program, said


def kept(name, said, data, program, options):
    path = os.path.join(options.keep, f"{name}.rondo")
    os.makedirs(options.keep, exist_ok=True)
    words = "".join(f"# {line}\n" for line in said.strip().split("\n")[:30] if "R0606" not in line)
    with open(path, "w", encoding="utf-8") as file:
        how = data.options() + ["--gradients"] * options.gradients + ["--windows"] * options.windows
        file.write(f"# rondo verify {' '.join(how)}\n{words}{program}")
    return path


def examine(seeds, tools, options):
    """What there is to say of the programs of some seeds."""
    data, told = Data(seeds[0], 200 if options.gradients else 1000), []
    group = [made(seed, options.gradients) for seed in seeds]
    with tempfile.TemporaryDirectory() as work:
        whole = "\n".join(map(str, group))
        together = tools.failure(whole, data, work)
        for seed, program in zip(seeds, group) if together else []:
            failure = tools.failure(str(program), data, work)
            if failure:
                program, said = reduced(program, failure, data, tools, work, options.reduce)
                told.append(f"{kept(seed, said, data, program, options)}: {failure[0]}")
        if together and not told:
            path = kept(f"{seeds[0]}-{seeds[-1]}", together[1], data, whole, options)
            told.append(f"{path}: only together: {together[0]}")
    return told


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tools", required=True, help="the folder of rondo and rondo-opt")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    parser.add_argument("--group", type=int, default=10, help="how many stand in one file")
    parser.add_argument("--keep", default="fuzz-programs", help="where programs are left that do not hold")
    parser.add_argument("--reduce", type=int, default=120, help="seconds to spend on cutting one down")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--verify", action="store_true", help="also run rondo verify")
    parser.add_argument("--gradients", action="store_true", help="as --verify, and gradients")
    parser.add_argument("--windows", action="store_true", help="as --gradients, and windows and checkpoints")
    parser.add_argument("--seconds", type=int, default=300, help="that a tool may take")
    parser.add_argument("--print", action="store_true", help="only print the program of the first seed")
    options = parser.parse_args()
    options.gradients |= options.windows
    if options.print:
        print(made(options.first, options.gradients), end="")
        return
    tools = Tools(options)
    failures = done = 0
    end, began = options.first + options.count, time.monotonic()
    groups = [range(first, min(first + options.group, end)) for first in range(options.first, end, options.group)]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for seeds, told in zip(groups, pool.map(lambda seeds: examine(seeds, tools, options), groups)):
            failures += len(told)
            done += len(seeds)
            for line in told:
                print(line, flush=True)
            if done % 1000 < len(seeds):
                print(f"{done} programs, {failures} wrong, {time.monotonic() - began:.0f} seconds", file=sys.stderr,
                      flush=True)
    print(f"{options.count} programs, {failures} wrong")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
