"""paths.py BUILD ROOT TREE FIRST: no file of TREE holds the names of the folders BUILD, ROOT and FIRST, and its executables
look for libraries in absolute folders only. Builds for debugging, whose assertions name sources, are let off the former."""
import pathlib
import re
import subprocess
import sys

build, root, tree, first = [pathlib.Path(path).resolve() for path in sys.argv[1:]]
is_release = "CMAKE_BUILD_TYPE:STRING=Release" in (build / "CMakeCache.txt").read_text()
wrong = []
for path in sorted(tree.rglob("*")):
    if not path.is_file():
        continue
    is_tool = path.parent.name == "bin"
    data = path.read_bytes()
    for folder in (build, root, first):
        if bytes(folder) in data and (is_release or not is_tool):
            wrong.append(f"{path} names {folder}")
    if is_tool:
        text = subprocess.run(["llvm-readelf", "-d", path], check=True, capture_output=True, text=True).stdout
        for found in re.findall(r"(?:RUNPATH|RPATH).*\[(.*)\]", text):
            if any(not re.match(r"/usr/lib/", entry) for entry in found.split(":")):
                wrong.append(f"{path} looks for libraries in {found}")
print("\n".join(wrong))
sys.exit(bool(wrong))
