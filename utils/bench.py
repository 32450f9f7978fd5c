#!/usr/bin/python3
"""Times the tools and prints a table. Exit code 1 when a limit does not hold.

What else the machine does only adds to a time, so it is the best one that is held against the limit.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time


def measure(command, repeats):
    """Median and best seconds, and the largest memory in MB, of the command."""
    seconds, memory = [], 0
    for _ in range(repeats):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds.append(time.perf_counter() - start)
        memory = max(memory, usage.ru_maxrss / 1024)
        if status:
            sys.exit(f"bench: {' '.join(command)} failed\n{errors.decode(errors='replace')[-2000:]}")
    return statistics.median(seconds), min(seconds), memory


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tools", help="the folder of rondo")
    options = parser.parse_args()
    rondo = os.path.join(options.tools, "rondo")
    generate = os.path.join(os.path.dirname(os.path.abspath(__file__)), "generate-model.py")

    late = 0
    print(f"{'what':<36} {'median':>11} {'best':>11} {'limit':>11}")
    with tempfile.TemporaryDirectory() as work:
        for lines, repeats, time_limit, memory_limit in ((200, 21, 50, None), (10000, 5, 1000, 300)):
            path = os.path.join(work, f"{lines}.rondo")
            with open(path, "w", encoding="utf-8") as file:
                subprocess.run([sys.executable, generate, str(lines)], stdout=file, check=True)
            median, best, memory = measure([rondo, "check", path], repeats)
            rows = [(f"rondo check, {lines} lines", median * 1e3, best * 1e3, time_limit, "ms")]
            if memory_limit:
                rows.append((f"rondo check, {lines} lines, memory", memory, memory, memory_limit, "MB"))
            for what, middle, least, limit, unit in rows:
                late += least > limit
                cells = "".join(f" {value:>8.{digits}f} {unit}" for value, digits in ((middle, 1), (least, 1), (limit, 0)))
                print(f"{what:<36}{cells}{'   too much' if least > limit else ''}")
    sys.exit(1 if late else 0)


if __name__ == "__main__":
    main()
