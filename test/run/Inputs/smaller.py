"""smaller.py FOLDER FILE...: copies of programs in which sizes above 60 are small ones, equal where they were equal."""
import pathlib
import re
import sys

for path in map(pathlib.Path, sys.argv[2:]):
    text = path.read_text()
    sizes = sorted({int(n) for n in re.findall(r"\b\d+\b", text) if int(n) > 60})
    smaller = {size: 16 + 4 * i for i, size in enumerate(sizes)}
    code = [re.sub(r"\b\d+\b", lambda n: str(smaller.get(int(n[0]), n[0])), line) if not line.startswith("#") else line
            for line in text.splitlines(True)]
    pathlib.Path(sys.argv[1], path.name).write_text("".join(code))
