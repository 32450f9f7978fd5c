"""Every model of one part of the test programs, and of the examples, through `rondo verify`: stepping is the whole
sequence, padding has no influence, a batch is its samples, single precision is nearly double, the future has no say.

usage: verify.py TOOLS ROOT PART PARTS"""
import glob
import json
import os
import re
import subprocess
import sys

tools, root, part, parts = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
# What a model with a vocabulary of tens of thousands can do in some seconds.
SMALL = {"35_variational_tied_lm.rondo": ["--batch", "2", "--length", "3"]}

programs = sorted(glob.glob(os.path.join(root, "test/programs/*.rondo")) + glob.glob(os.path.join(root, "examples/*.rondo")))
failed, ran = 0, 0
for path in programs[part::parts]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if re.search(r"^# expect R\d{4}", text, re.MULTILINE):
        continue
    models = re.findall(r"^model\s+(\w+)", text, re.MULTILINE)
    for model in models:
        command = [os.path.join(tools, "rondo"), "verify", "--json", "--model", model, path, *SMALL.get(os.path.basename(path), [])]
        done = subprocess.run(command, capture_output=True, text=True)
        ran += 1
        if done.returncode:
            failed += 1
            print(f"FAILED with {done.returncode}: {' '.join(command)}\n{done.stdout}{done.stderr}", file=sys.stderr)
        else:
            json.loads(done.stdout)
print(f"{ran} models verified, {failed} failures")
sys.exit(1 if failed or not ran else 0)
