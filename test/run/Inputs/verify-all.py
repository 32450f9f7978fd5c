"""verify-all.py TOOLS DTYPE,.. FOLDER...: `rondo verify --dtype` of every program of the folders, the types in turn."""
import glob
import os
import subprocess
import sys

tools, dtypes, *folders = sys.argv[1:]
dtypes = dtypes.split(",")
files = sorted(path for folder in folders for path in glob.glob(os.path.join(folder, "*.rondo")))
wrong = 0
for i, path in enumerate(files):
    command = [os.path.join(tools, "rondo"), "verify", "--length", "8", "--dtype", dtypes[i % len(dtypes)], path]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        wrong += 1
        print(path, done.stdout, sep="\n")
print(f"{len(files)} programs, {wrong} wrong")
