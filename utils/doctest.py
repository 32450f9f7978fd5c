#!/usr/bin/python3
"""Runs the examples in documents.

In Markdown files, and in the `##` comments of .rondo files, a fenced block that opens with

    ```rondo [OPTIONS]             must check without an error (OPTIONS are passed to `rondo check`), and each of its
                                   models stand `rondo verify`
    ```rondo-error ID [OPTIONS]    must give errors (or warnings) of this id and no other

is a whole file of the language, or a file of cells only. In descriptions of a dialect's .td file a block ```mlir must
read back as itself through rondo-opt; compiler/IR/Rnn.td says how fragments are completed.

The last line says how many examples there were; exit code 1 when one does not hold.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap

WARNINGS = {"R0502", "R0604", "R0606", "R0607"}
FENCE = re.compile(r"^( *)```(\S*)[ \t]*([^\n]*)\n(.*?)^\1```[ \t]*$", re.MULTILINE | re.DOTALL)


class Example:
    def __init__(self, place, kind, options, text):
        self.place, self.kind, self.options, self.text = place, kind, options.split(), text


def from_markdown(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if path.endswith(".rondo"):  # the comments alone, each line in its place
        text = "\n".join(re.sub(r"^\s*## ?", "", l) if re.match(r"\s*##", l) else "" for l in text.split("\n"))
    for match in FENCE.finditer(text):
        if match.group(2) in ("rondo", "rondo-error"):
            line = text.count("\n", 0, match.start()) + 1
            yield Example(f"{path}:{line}", match.group(2), match.group(3), textwrap.dedent(match.group(4)))


def from_tablegen(path, tblgen, includes):
    """The examples of all operations, attributes and types of a .td file, and the operations that have none."""
    command = [tblgen, "--dump-json", path] + [f"-I{folder}" for folder in includes]
    records = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    # Those whose operations the file defines, of ours; others are included for their attributes and types.
    dialects = {records[name]["opDialect"]["def"] for name in records["!instanceof"].get("Op", [])}
    dialects = {name for name in dialects if records[name]["cppNamespace"].startswith("::rondo::")}
    for name in sorted(set(records["!instanceof"].get("Op", []) + records["!instanceof"].get("AttrDef", []) +
                           records["!instanceof"].get("TypeDef", []))):
        record = records[name]
        if record.get("opDialect", record.get("dialect", {})).get("def") not in records["!instanceof"]["Dialect"]:
            continue
        own = (record.get("opDialect") or record.get("dialect"))["def"]
        if own not in dialects:
            continue
        blocks = [m for m in FENCE.finditer(record.get("description") or "") if m.group(2) == "mlir"]
        if not blocks and "opName" in record:
            yield Example(f"{path}: {name}", "missing", "", "")
        for number, match in enumerate(blocks):
            yield Example(f"{path}: {name}, example {number + 1}", "mlir", "", textwrap.dedent(match.group(4)))


def complete(text):
    """A fragment as a whole module (see compiler/IR/Rnn.td)."""
    if "rnn.model" in text or "step.schedule" in text:
        return text
    prefix = ['#t = #rnn.axis<"t">', '#s = #rnn.axis<"s">', "#t2 = #rnn.every<2 phase 0 of #t>", "#e = #rnn.event<0 of #t>"]
    body, arguments = [], ""
    for line in text.split("\n"):
        if line.startswith("// args:"):
            given = re.split(r",\s*(?=%)", line[len("// args:"):].strip())
            arguments = ", ".join(re.sub(r"^%(\w+)\s*:", r'%\1 "\1" :', a) for a in given if a)
        elif re.match(r"[#!][\w.]+\s*=", line):
            prefix.append(line)
        else:
            body.append(line)
    if not any(re.match(r"\s*(%|rnn\.)", line) for line in body):
        return "\n".join(prefix + body)
    if not any(re.match(r"\s*rnn\.return\b", line) for line in body):
        body.append("rnn.return")
    whole = "step.schedule" if any("step." in line for line in body) else "rnn.model"
    return "\n".join(prefix + [f"{whole} @example({arguments}) {{"] + body + ["}", ""])


def not_verified(text, path, tools):
    """None, or what `rondo verify` says against a model."""
    for model in re.findall(r"^model\s+(\w+)", text, re.MULTILINE):
        done = subprocess.run([os.path.join(tools, "rondo"), "verify", "--length", "5", "--model", model, path],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        if done.returncode:
            return done.stdout
    return None


def holds(example, tools):
    """None, or what is wrong with the example."""
    if example.kind == "missing":
        return "an operation without an example in its description"
    with tempfile.TemporaryDirectory() as work:
        def run(*command):
            return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)

        def write(name, text):
            path = os.path.join(work, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return path

        if example.kind == "mlir":
            tool = os.path.join(tools, "rondo-opt")
            first = run(tool, write("example.mlir", complete(example.text)))
            if first.returncode:
                return first.stderr
            second = run(tool, write("again.mlir", first.stdout))
            if second.returncode or second.stdout != first.stdout:
                return f"does not read back as itself:\n{first.stdout}{second.stderr}{second.stdout}"
            return None

        path = write("example.rondo", example.text)
        wanted = {example.options.pop(0)} if example.kind == "rondo-error" else set()
        done = run(os.path.join(tools, "rondo"), "check", "--json", *example.options, path)
        if done.returncode not in (0, 1):
            return f"exit code {done.returncode}\n{done.stderr}"
        found = json.loads(done.stdout or "[]")
        errors = {d["id"] for d in found if d["severity"] == "error"}
        warned = {d["id"] for d in found} & wanted & WARNINGS
        if errors | warned == wanted and done.returncode == (1 if errors else 0):
            return None if errors or example.options else not_verified(example.text, path, tools)
        told = "".join(f"  {d['line']}:{d['column']}: {d['message']} [{d['id']}]\n" for d in found)
        return f"should give {', '.join(wanted) or 'no error'}; gives:\n{told or '  nothing'}"


def examples_of(path, tblgen, includes):
    return list(from_tablegen(path, tblgen, includes) if path.endswith(".td") else from_markdown(path))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tools", required=True, help="the folder of rondo and rondo-opt")
    parser.add_argument("--tblgen", default="/usr/lib/llvm-22/bin/llvm-tblgen")
    parser.add_argument("-I", dest="includes", action="append", default=[], help="for .td files")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()

    examples = [e for path in options.files for e in examples_of(path, options.tblgen, options.includes)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda e: holds(e, options.tools), examples))
    failures = 0
    for example, result in zip(examples, results):
        if result:
            failures += 1
            print(f"{example.place}: {result.rstrip()}\n")
    print(f"{len(examples)} examples, {failures} wrong")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
