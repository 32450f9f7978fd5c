# RUN: %python %s %root %tools/rondo %t | FileCheck %s
"""Every program of the tree, formatted: parses to the same tree, keeps its comments, and formats to itself."""
import glob
import os
import re
import shutil
import subprocess
import sys

root, rondo, work = sys.argv[1:]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)


def tree(path):
    """The syntax tree without places; nothing for a text that does not parse."""
    done = subprocess.run([rondo, "build", "--emit=ast", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return re.sub(r" @\d+:\d+$", "", done.stdout.decode(), flags=re.MULTILINE) if done.returncode == 0 else None


def comments(path):
    with open(path, encoding="utf-8") as file:
        return re.findall(r"#.*?(?=\s*$)", file.read(), re.MULTILINE)


trees = {}
for folder in ("lib", "examples", "test"):
    for path in sorted(glob.glob(os.path.join(root, folder, "**/*.rondo"), recursive=True)):
        before = tree(path)
        if before is None:
            continue
        copy = os.path.join(work, os.path.relpath(path, root).replace(os.sep, "-"))
        shutil.copyfile(path, copy)
        trees[copy] = before, comments(copy)

subprocess.run([rondo, "fmt", *trees], check=True)
for path, (before, remarks) in trees.items():
    if tree(path) != before:
        print(path, "has another tree")
    if comments(path) != remarks:
        print(path, "has other comments")
subprocess.run([rondo, "fmt", "--check", *trees])
print("more than a hundred programs" if len(trees) > 100 else f"only {len(trees)} programs")
# CHECK-NOT: {{.}}
# CHECK: more than a hundred programs
