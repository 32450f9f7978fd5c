#!/usr/bin/python3
"""Writes random programs and holds what the compiler makes of each against what the program means.

Each program must check; the IR behind every pass must compute what the IR before it does (rondo-opt --check-each). A
program that does not hold is cut down as far as it still does not, in the same way, and left in the folder of --keep.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import programs

MODEL_PASSES = ["simplify", "narrow-slots", "dead-state", "simplify", "split-products", "commute-crossings",
                "dead-state", "merge-products", "order-sums"]
SCHEDULE_PASSES = ["parallel-scan", "batch-segments", "expand-memory"]


class Tools:
    def __init__(self, folder, passes, verify):
        self.folder, self.passes, self.verify = folder, passes, verify

    def run(self, tool, *arguments):
        command = [os.path.join(self.folder, tool), *arguments]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            return "no end", ""
        return done.returncode, done.stdout

    def failure(self, text, work):
        """None, or what does not hold: a key that is the same for the same mistake, and the tools' words."""
        source, imported = os.path.join(work, "program.rondo"), os.path.join(work, "program.mlir")
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        code, said = self.run("rondo", "check", source)
        if code:
            return f"check {code}: {gist(said)}", said
        code, said = self.run("rondo", "build", source, "--stop-after=import", "-o", imported)
        if code:
            return f"import {code}: {gist(said)}", said
        code, said = self.run("rondo-opt", imported, "--check-each", f"--pass-pipeline={self.passes}", "-o", os.devnull)
        if code or "warning" in said:
            return f"passes {code}: {gist(said)}", said
        if self.verify:
            code, said = self.run("rondo", "verify", source)
            if code:
                failing = re.findall(r"^  (\S.*?)  +FAILS", said, re.MULTILINE)
                return f"verify {code}: {failing[0] if failing else gist(said)}", said
        return None


def gist(said):
    """The first error without what differs from program to program: names, numbers, places."""
    found = re.search(r"error: ([^\n]*)", said) or re.search(r"warning: (@[^\n]*)", said)
    text = found.group(1) if found else said.strip().split("\n")[0]
    text = re.sub(r"(: @m, |cannot be run any more: ).*", r"\1", text)
    text = re.sub(r"(output|loss) \w+", r"\1", text)
    return re.sub(r"'[^']*'|<.*>|[\d.]+|\[[^\]R]*\]", "..", text)[:120]


def reduced(program, failure, tools, work, seconds):
    """The smallest program found that fails in the same way."""
    key, said = failure
    deadline = time.monotonic() + seconds
    smaller = True
    while smaller:
        smaller = False
        for cut in program.cuts():
            if time.monotonic() > deadline:
                return program, said
            found = tools.failure(str(cut), work)
            if found and found[0] == key:
                program, said, smaller = cut, found[1], True
                break
    return program, said


def examine(seed, tools, options):
    with tempfile.TemporaryDirectory() as work:
        program = programs.program(seed)
        failure = tools.failure(str(program), work)
        if not failure:
            return None
        program, said = reduced(program, failure, tools, work, options.reduce)
        path = os.path.join(options.keep, f"{seed}.rondo")
        os.makedirs(options.keep, exist_ok=True)
        words = "".join(f"# {line}\n" for line in said.strip().split("\n") if "R0606" not in line)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{words}{program}")
        return f"{path}: {failure[0]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tools", required=True, help="the folder of rondo and rondo-opt")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    parser.add_argument("--keep", default="fuzz-programs", help="where programs are left that do not hold")
    parser.add_argument("--reduce", type=int, default=120, help="seconds to spend on cutting one down")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--verify", action="store_true", help="also run rondo verify")
    parser.add_argument("--print", action="store_true", help="only print the program of the first seed")
    options = parser.parse_args()
    if options.print:
        print(programs.program(options.first), end="")
        return
    passes = "builtin.module(rnn.model(%s),rondo-form-scans,step.schedule(%s))" % (
        ",".join("rondo-" + p for p in MODEL_PASSES), ",".join("rondo-" + p for p in SCHEDULE_PASSES))
    tools = Tools(options.tools, passes, options.verify)
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        seeds = range(options.first, options.first + options.count)
        for told in pool.map(lambda seed: examine(seed, tools, options), seeds):
            if told:
                failures += 1
                print(told, flush=True)
    print(f"{options.count} programs, {failures} wrong")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
