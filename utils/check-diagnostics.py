#!/usr/bin/python3
"""Holds dsl/Diagnostics.def against docs/errors and test/errors.

Every id has docs/errors/ID.md, whose first line names it and its title and which shows a wrong and a right program
(blocks ```rondo-error ID and ```rondo, which utils/doctest.py checks), and a test test/errors/ID*.rondo; and the two
folders speak of no id that does not exist.
"""
import glob
import os
import re
import sys


def problems(root):
    with open(os.path.join(root, "dsl/Diagnostics.def"), encoding="utf-8") as file:
        titles = dict(re.findall(r'^RONDO_DIAGNOSTIC\((R\d{4}), \w+, "(.*)"\)', file.read(), re.MULTILINE))
    for diagnostic, title in titles.items():
        path = f"docs/errors/{diagnostic}.md"
        try:
            with open(os.path.join(root, path), encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            yield diagnostic, f"{path} is missing"
        else:
            if text.split("\n")[0] != f"# {diagnostic}: {title}":
                yield diagnostic, f"{path} does not open with '# {diagnostic}: {title}'"
            if not re.search(rf"^```rondo-error {diagnostic}\b", text, re.MULTILINE):
                yield diagnostic, f"{path} shows no wrong program: a block ```rondo-error {diagnostic}"
            if not re.search(r"^```rondo\b(?!-)", text, re.MULTILINE):
                yield diagnostic, f"{path} shows no right program: a block ```rondo"
        if not glob.glob(os.path.join(root, f"test/errors/{diagnostic}*.rondo")):
            yield diagnostic, f"no test test/errors/{diagnostic}*.rondo"
    for path in glob.glob(os.path.join(root, "docs/errors/R*.md")) + glob.glob(os.path.join(root, "test/errors/R*.rondo")):
        diagnostic = os.path.basename(path)[:5]
        if diagnostic not in titles:
            yield diagnostic, f"{os.path.relpath(path, root)} is about an id that dsl/Diagnostics.def does not have"
    yield from ((diagnostic, None) for diagnostic in titles)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = list(problems(root))
    incomplete = {diagnostic for diagnostic, problem in found if problem}
    for diagnostic, problem in sorted((d, p) for d, p in found if p):
        print(f"{diagnostic}: {problem}")
    print(f"{len({d for d, p in found if not p})} diagnostics, {len(incomplete)} incomplete")
    sys.exit(1 if incomplete else 0)


if __name__ == "__main__":
    main()
