#!/usr/bin/python3
"""Runs the commands that a document shows, and compares what they print with what the document says they print.

In a Markdown file a block ```rondo is saved under the last file name `NAME.rondo` that the text before it mentions, and
a block ```console holds commands (`$ rondo run NAME.rondo`), each followed by its output. Of decimals the last digit may
differ by one: machines round otherwise. With --update the document is rewritten with the real outputs. Exit code 1 when
one differs.
"""
import argparse
import decimal
import difflib
import os
import re
import subprocess
import sys
import tempfile

FENCE = re.compile(r"^```(rondo|console)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"`(\w+\.rondo)`")
DECIMAL = re.compile(r"(-?\d+\.\d+)")


def outputs_of(commands, work, tools):
    """The block with the real output behind each command."""
    lines = []
    for command in commands:
        environment = dict(os.environ, PATH=os.pathsep.join([tools, os.environ.get("PATH", "")]))
        done = subprocess.run(command, shell=True, cwd=work, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120)
        lines += [f"$ {command}"] + [line.rstrip() for line in done.stdout.rstrip("\n").split("\n")]
    return "\n".join(lines) + "\n"


def real(text, tools):
    """The document with the real outputs."""
    parts, end = [], 0
    with tempfile.TemporaryDirectory() as work:
        for block in FENCE.finditer(text):
            names = FILE_NAME.findall(text, 0, block.start())
            body = block.group(2)
            if block.group(1) == "rondo" and names:
                with open(os.path.join(work, names[-1]), "w", encoding="utf-8") as file:
                    file.write(body)
            if block.group(1) == "console":
                body = outputs_of(re.findall(r"^\$ (.*)$", body, re.MULTILINE), work, tools)
            parts += [text[end:block.start(2)], body]
            end = block.end(2)
    return "".join(parts) + text[end:]


def alike(text, other):
    """Whether texts are the same but for the last digits of decimals."""
    parts, others = DECIMAL.split(text), DECIMAL.split(other)
    if len(parts) != len(others) or parts[::2] != others[::2]:
        return False
    numbers, otherwise = ([decimal.Decimal(part) for part in some[1::2]] for some in (parts, others))
    return all(a.as_tuple().exponent == b.as_tuple().exponent and abs(a - b) <= decimal.Decimal(1).scaleb(a.as_tuple().exponent)
               for a, b in zip(numbers, otherwise))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tools", required=True, help="the folder of rondo")
    parser.add_argument("--update", action="store_true", help="write the real outputs into the document")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    differs = False
    for path in options.files:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        found = real(text, os.path.abspath(options.tools))
        if not alike(found, text):
            differs = True
            if options.update:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(found)
            else:
                sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), found.splitlines(True), path, "real"))
    sys.exit(1 if differs and not options.update else 0)


if __name__ == "__main__":
    main()
