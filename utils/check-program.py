#!/usr/bin/python3
"""Takes one program of the test collection through the tools.

A program without further marks must check without a word, keep its meaning and its comments when formatted, be in the
one layout already or reach it in one step, give `rnn` IR that reads back as itself, and run compiled, each model of it,
on data made from a seed. A program that opens with lines

    # expect R0401 at line 7
    # flags: --entry step          (optional; `(with --entry step)` in a later comment line says the same)

must give exactly these errors, at these lines, with exit code 1 (0 if they are all warnings).
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile


def fail(message):
    sys.exit(f"check-program: {message}")


def run(*command, expect=0):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != expect:
        fail(f"exit code {done.returncode}, not {expect}: {' '.join(command)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def diagnostics(rondo, path, flags, expect):
    text = run(rondo, "check", "--json", *flags, path, expect=expect)
    return {(d["id"], d["line"], d["severity"]) for d in json.loads(text or "[]")}


def check_wrong(rondo, path, flags, expected):
    warnings = {"R0502", "R0604", "R0606", "R0607"}
    found = diagnostics(rondo, path, flags, expect=0 if {i for i, _ in expected} <= warnings else 1)
    wanted_ids = {i for i, _ in expected}
    told = {(i, line) for i, line, severity in found if severity == "error" or i in wanted_ids}
    if told != set(expected):
        fail(f"{path}: expected {sorted(expected)}, got {sorted(told)}")


def comments(text):
    return [comment.rstrip() for comment in re.findall(r"#[^\n]*", text)]


def tree(rondo, path):
    """The syntax tree, without the places in the source."""
    return re.sub(r" @\d+:\d+$", "", run(rondo, "build", "--emit=ast", path), flags=re.MULTILINE)


def check_right(rondo, rondo_opt, path, work):
    found = diagnostics(rondo, path, [], expect=0)
    if found:
        fail(f"{path}: should be checked without a word, got {sorted(found)}")

    # The layout: comments stay, the tree stays, a second pass changes nothing. `use` looks beside the file, so what the
    # program uses is put beside the copy.
    inputs = os.path.join(os.path.dirname(os.path.abspath(path)), "Inputs")
    if os.path.isdir(inputs):
        os.symlink(inputs, os.path.join(work, "Inputs"))
    copy = os.path.join(work, os.path.basename(path))
    shutil.copyfile(path, copy)
    os.chmod(copy, 0o644)
    run(rondo, "fmt", copy)
    with open(path, encoding="utf-8") as before, open(copy, encoding="utf-8") as after:
        if comments(before.read()) != comments(after.read()):
            fail(f"{path}: formatting loses or moves comments")
    run(rondo, "fmt", "--check", copy)
    if tree(rondo, path) != tree(rondo, copy):
        fail(f"{path}: formatting changes the tree")

    ir = run(rondo, "build", "--emit=rnn", path)
    first = os.path.join(work, "first.mlir")
    with open(first, "w", encoding="utf-8") as file:
        file.write(ir)
    again = run(rondo_opt, first)
    second = os.path.join(work, "second.mlir")
    with open(second, "w", encoding="utf-8") as file:
        file.write(again)
    if run(rondo_opt, second) != again:
        fail(f"{path}: the IR does not read back as itself")

    with open(path, encoding="utf-8") as file:
        models = re.findall(r"^model\s+(\w+)", file.read(), re.MULTILINE)
    for model in models:
        select = ["--model", model] if len(models) > 1 else []
        run(rondo, "run", path, "--batch", "2", "--length", "6", "--json", *select)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tools", required=True, help="the folder of rondo and rondo-opt")
    parser.add_argument("file")
    options = parser.parse_args()
    rondo, rondo_opt = (os.path.join(options.tools, name) for name in ("rondo", "rondo-opt"))

    with open(options.file, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    expected = [(i, int(line)) for i, line in re.findall(r"^# expect (R\d{4}) at line (\d+)", text, re.MULTILINE)]
    if expected:
        flags = re.search(r"^# flags: (.*)$|^# \(with (--[^)]*)\)", text, re.MULTILINE)
        check_wrong(rondo, options.file, (flags.group(1) or flags.group(2)).split() if flags else [], expected)
    else:
        with tempfile.TemporaryDirectory() as work:
            check_right(rondo, rondo_opt, options.file, work)


if __name__ == "__main__":
    main()
