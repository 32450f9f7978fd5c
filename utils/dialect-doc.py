#!/usr/bin/python3
"""Writes docs/rnn-dialect.md and docs/step-dialect.md from the dialects' .td files.

With --check it writes nothing and fails when a file is not what it would write.
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
DIALECTS = {"rnn": "RnnOps.td", "step": "Step.td"}

HEAD = """<!-- Made by utils/dialect-doc.py from compiler/IR/*.td: change those. -->
# The `{name}` dialect

{description}

In the examples below `#t` and `#s` are axes, `#t2` is every second tick of `#t` and `#e` an event of `#t`; a line
`// args:` names the inputs of what the example is part of.
"""


def load(file, tblgen, includes):
    command = [tblgen, "--dump-json", os.path.join(FOLDER, file), f"-I{ROOT}"] + [f"-I{i}" for i in includes]
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
    text = text.replace("split` `(` custom<Cuts>($split)^ `)`", "split(` $split `)`")
    return text.replace("custom<Init>($init)", "$init").replace("custom<Condition>($condition, type($condition), ref($clock))", "$condition")


def entry(dialect, title, record):
    lines = [f"### {title}", "", f"{record['summary'][0].upper()}{record['summary'][1:]}.", ""]
    if record.get("assemblyFormat"):
        lines += [f"    {dialect}." + record["opName"] + " " + syntax(record), ""]
    return lines + ([description(record), ""] if description(record) else [])


def table(family):
    """Operations that differ in a word and a meaning."""
    lines = ["| operation | elements | value |", "|-|-|-|"]
    for record in family:
        operands = ", ".join("%" + name for _, name in record["arguments"]["args"])
        elements = {"Rnn_Real": "f32", "Rnn_Number": "f32, i64", "Rnn_Bool": "i1"}[record["arguments"]["args"][0][0]["def"]]
        lines.append(f"| `rnn.{record['opName']} {operands}` | {elements} | {record['summary']} |")
    return lines + ["", description(family[0]), ""]


def document(dialect, records):
    prefix = dialect.capitalize() + "_"

    def own(kind):
        names = (n for n in records["!instanceof"][kind] if n.startswith(prefix))
        return sorted((records[n] for n in names), key=place)

    lines = [HEAD.format(name=dialect, description=description(records[prefix + "Dialect"]))]
    for heading, kind, form in [("Clocks, scopes and initialisers", "AttrDef", "#"), ("Types", "TypeDef", "!")]:
        if own(kind):
            lines += [f"## {heading}", ""]
        for record in own(kind):
            lines += entry(dialect, f"`{form}{dialect}.{record['mnemonic']}`", record)
    # Operations in the order of the files that the dialect's file includes, of that file, and of their lines.
    with open(os.path.join(FOLDER, DIALECTS[dialect]), encoding="utf-8") as source:
        files = [os.path.basename(f) for f in re.findall(r'^include "(compiler/IR/[^"]+)"', source.read(), re.MULTILINE)]
    for file in files + [DIALECTS[dialect]]:
        family = [o for o in own("Op") if place(o)[0] == file]
        if not family:
            continue
        title, rest = opening(file) if file != DIALECTS[dialect] else ("Operations", "")
        lines += [f"## {title}", ""] + (textwrap.wrap(rest, 118) + [""] if rest else [])
        if all("Rnn_PointwiseOp" in o["!superclasses"] for o in family):
            lines += table(family)
            continue
        for record in family:
            lines += entry(dialect, f"`{dialect}.{record['opName']}`", record)
    return "\n".join(lines).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--tblgen", default="/usr/lib/llvm-22/bin/llvm-tblgen")
    parser.add_argument("-I", dest="includes", action="append", default=["/usr/lib/llvm-22/include"])
    options = parser.parse_args()
    for dialect, source in DIALECTS.items():
        text = document(dialect, load(source, options.tblgen, options.includes))
        output = os.path.join(ROOT, "docs", f"{dialect}-dialect.md")
        if options.check:
            with open(output, encoding="utf-8") as file:
                if file.read() != text:
                    sys.exit(f"docs/{dialect}-dialect.md is not what compiler/IR/*.td say: run utils/dialect-doc.py")
            continue
        with open(output + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(output + ".new", output)


if __name__ == "__main__":
    main()
