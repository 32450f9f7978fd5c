"""verify-all.py TOOLS FOLDER...: `rondo verify --gradients` of every program of the folders that is not large."""
import glob
import os
import subprocess
import sys

# These take long to interpret: their vocabularies or states are large. What they are made of is in others too.
large = ("05_seq", "06_", "07_", "08_", "09_", "16_", "20_", "23_", "31_", "32_", "35_", "40_")

tools, *folders = sys.argv[1:]
files = sorted(path for folder in folders for path in glob.glob(os.path.join(folder, "*.rondo")))
files = [path for path in files if not os.path.basename(path).startswith(large)]
wrong = 0
for path in files:
    command = [os.path.join(tools, "rondo"), "verify", "--interpret", "--gradients", "--length", "6", path]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode or "gradients = differences     holds" not in done.stdout:
        wrong += 1
        print(path, done.stdout, sep="\n")
print(f"{len(files)} programs, {wrong} wrong")
