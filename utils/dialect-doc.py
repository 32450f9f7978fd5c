#!/usr/bin/python3
"""Writes docs/rnn-dialect.md from the dialect's .td files.

With --check it writes nothing and fails when the file is not what it would write.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import textwrap

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "compiler", "IR")
OUTPUT = os.path.join(ROOT, "docs", "rnn-dialect.md")

HEAD = """<!-- Made by utils/dialect-doc.py from compiler/IR/*.td: change those. -->
# The `rnn` dialect

{description}

In the examples below `#t` and `#s` are axes, `#t2` is every second tick of `#t` and `#e` an event of `#t`; a line
`// args:` names the model's inputs.
"""


def load(tblgen, includes):
    command = [tblgen, "--dump-json", os.path.join(FOLDER, "RnnOps.td"), f"-I{ROOT}"] + [f"-I{i}" for i in includes]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def place(record):
    file, line = record["!locs"][0].rsplit(":", 1)
    return os.path.basename(file), int(line)


def opening(file):
    """The comment at the top of a .td file, as a title and a text: its first sentence, and the rest."""
    lines = []
    with open(os.path.join(FOLDER, file), encoding="utf-8") as source:
        for line in source:
            if not line.startswith("//"):
                break
            lines.append(line[2:].strip())
    title, _, rest = " ".join(lines).partition(". ")
    return title.rstrip("."), rest


def description(record):
    return textwrap.dedent(record.get("description") or "").strip()


def syntax(record):
    """An assembly format without what is the same everywhere."""
    text = re.sub(r"\s+", " ", record.get("assemblyFormat") or "").strip()
    text = re.sub(r"qualified\(([^()]*(?:\([^()]*\))?)\)", r"\1", text)
    text = text.replace(" attr-dict", "").replace("restart` `(` custom<Cuts>($scope)^ `)`", "restart(` $scope `)`")
    return text.replace("custom<Init>($init)", "$init").replace("custom<Condition>($condition, type($condition), ref($clock))", "$condition")


def entry(title, record):
    lines = [f"### {title}", "", f"{record['summary'][0].upper()}{record['summary'][1:]}.", ""]
    if record.get("assemblyFormat"):
        lines += ["    rnn." + record["opName"] + " " + syntax(record), ""]
    return lines + ([description(record), ""] if description(record) else [])


def table(family):
    """Operations that differ in a word and a meaning."""
    lines = ["| operation | elements | value |", "|-|-|-|"]
    for record in family:
        operands = ", ".join("%" + name for _, name in record["arguments"]["args"])
        elements = {"Rnn_Real": "f32", "Rnn_Number": "f32, i64", "Rnn_Bool": "i1"}[record["arguments"]["args"][0][0]["def"]]
        lines.append(f"| `rnn.{record['opName']} {operands}` | {elements} | {record['summary']} |")
    return lines + ["", description(family[0]), ""]


def document(records):
    lines = [HEAD.format(description=description(records["Rnn_Dialect"]))]
    for heading, kind, form in [("Clocks, scopes and initialisers", "AttrDef", "#rnn."), ("Types", "TypeDef", "!rnn.")]:
        lines += [f"## {heading}", ""]
        for name in sorted((n for n in records["!instanceof"][kind] if n.startswith("Rnn_")), key=lambda n: place(records[n])):
            lines += entry(f"`{form}{records[name]['mnemonic']}`", records[name])
    # Operations in the order of the files that RnnOps.td includes, and of their lines.
    with open(os.path.join(FOLDER, "RnnOps.td"), encoding="utf-8") as source:
        files = [os.path.basename(f) for f in re.findall(r'^include "(compiler/IR/[^"]+)"', source.read(), re.MULTILINE)]
    operations = [records[n] for n in records["!instanceof"]["Op"] if n.startswith("Rnn_")]
    for file in files:
        title, rest = opening(file)
        lines += [f"## {title}", ""] + (textwrap.wrap(rest, 118) + [""] if rest else [])
        family = sorted((o for o in operations if place(o)[0] == file), key=place)
        if all("Rnn_PointwiseOp" in o["!superclasses"] for o in family):
            lines += table(family)
            continue
        for record in family:
            lines += entry(f"`rnn.{record['opName']}`", record)
    return "\n".join(lines).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--tblgen", default="/usr/lib/llvm-22/bin/llvm-tblgen")
    parser.add_argument("-I", dest="includes", action="append", default=["/usr/lib/llvm-22/include"])
    options = parser.parse_args()
    text = document(load(options.tblgen, options.includes))
    if options.check:
        with open(OUTPUT, encoding="utf-8") as file:
            if file.read() != text:
                sys.exit("docs/rnn-dialect.md is not what compiler/IR/*.td say: run utils/dialect-doc.py")
        return
    with open(OUTPUT + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(OUTPUT + ".new", OUTPUT)


if __name__ == "__main__":
    main()
