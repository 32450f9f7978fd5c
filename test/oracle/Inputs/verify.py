"""Every model of one part of the test programs, and of the examples, through `rondo verify`: stepping is the whole
sequence, padding has no influence, a batch is its samples, single precision is nearly double, the future has no say;
gradients are what differences say, and compiled code's are those.

usage: verify.py TOOLS ROOT PART PARTS"""
import glob
import json
import os
import re
import subprocess
import sys

tools, root, part, parts = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
# What models with vocabularies of thousands, or as many states, can do in some seconds.
LARGE = ("05_seq", "06_", "07_", "08_", "16_", "23_", "31_", "32_", "35_", "40_")

programs = sorted(glob.glob(os.path.join(root, "test/programs/*.rondo")) + glob.glob(os.path.join(root, "examples/*.rondo")))
failed, ran = 0, 0
for path in programs[part::parts]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if re.search(r"^# expect R\d{4}", text, re.MULTILINE):
        continue
    models = re.findall(r"^model\s+(\w+)", text, re.MULTILINE)
    for model in models:
        command = [os.path.join(tools, "rondo"), "verify", "--gradients", "--json", "--model", model, path]
        command += ["--batch", "2", "--length", "3"] if os.path.basename(path).startswith(LARGE) else ["--length", "8"]
        done = subprocess.run(command, capture_output=True, text=True)
        ran += 1
        if done.returncode or "gradients of singles" not in done.stdout:
            failed += 1
            print(f"FAILED with {done.returncode}: {' '.join(command)}\n{done.stdout}{done.stderr}", file=sys.stderr)
        else:
            json.loads(done.stdout)
print(f"{ran} models verified, {failed} failures")
sys.exit(1 if failed or not ran else 0)
