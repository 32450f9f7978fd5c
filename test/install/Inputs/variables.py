"""What rondo.pc says, and whether it is there."""
import os
import subprocess


def ask(*options):
    return subprocess.run(["pkg-config", *options, "rondo"], check=True, capture_output=True, text=True).stdout.strip()


print("version", ask("--modversion"))
print(subprocess.run([ask("--variable=rondo"), "--version"], check=True, capture_output=True, text=True).stdout.strip())
for variable, first in (("library", "recurrent.rondo"), ("examples", "00_own_cell.rondo")):
    print(variable, first if os.path.exists(os.path.join(ask(f"--variable={variable}"), first)) else "is not there")
print("lit", os.path.basename(os.path.realpath(ask("--variable=lit"), strict=True)))
print("libs", ask("--libs"))
