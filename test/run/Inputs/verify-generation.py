"""verify-generation.py RONDO FOLDER: verifies all programs of a folder, and tells the properties of generation."""
import pathlib
import subprocess
import sys

for path in sorted(pathlib.Path(sys.argv[2]).glob("*.rondo")):
    done = subprocess.run([sys.argv[1], "verify", path], capture_output=True, text=True)
    print(f"{path.name}: {done.returncode} {done.stderr.strip()}")
    print("".join(line + "\n" for line in done.stdout.splitlines() if "generation" in line), end="")
