# RUN: %python %s %tools %root/test/programs %root/examples
# Equations have no order (N1), and paths do not depend on it (N7): every program with the items of its bodies reversed
# checks as well, and has the same parameters.
import glob
import os
import re
import subprocess
import sys

tools, folders = sys.argv[1], sys.argv[2:]


def reverse(text):
    """The items of every cell and model at the top of the file, last first; `return` stays last."""
    out, items = [], None
    for line in text.split("\n"):
        if items is None:
            out.append(line)
            if re.match(r"(cell|model)\b.*{$", line):
                items = []
        elif line == "}":
            last = [item for item in items if item[0].startswith("  return")]
            for item in [item for item in reversed(items) if item not in last] + last:
                out += item
            out.append(line)
            items = None
        elif re.match(r"  [^ }]", line) or not items:
            items.append([line])
        else:
            items[-1].append(line)
    return "\n".join(out)


def parameters(text, folder):
    """Paths and types of all parameters; the text may `use` what lies in the folder."""
    command = [os.path.join(tools, "rondo"), "build", "--emit=rnn", "-o", "-", "-"]
    done = subprocess.run(command, input=text, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stderr}\nin\n{text}")
    return sorted(re.findall(r'rnn\.param (".*?").* : (\S+)', done.stdout))


for folder in folders:
    for path in sorted(glob.glob(os.path.join(folder, "*.rondo"))):
        with open(path) as file:
            text = file.read()
        found = parameters(text, folder)
        assert found or "param" not in text, path
        assert found == parameters(reverse(text), folder), path
        print(f"{os.path.basename(path)}: fine")
