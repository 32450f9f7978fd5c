#!/usr/bin/python3
"""Runs fuzzers for a while, each from a corpus of its own.

What they learn is kept in <build>/fuzz/<fuzzer> and used next time. An input that crashes one, or takes more than ten
seconds or 2 GB, is left there, and the exit code is 1.
"""
import argparse
import glob
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def programs():
    folders = {os.path.dirname(p) for p in glob.glob(f"{ROOT}/test/**/*.rondo", recursive=True)}
    return folders | {os.path.join(ROOT, "lib"), os.path.join(ROOT, "examples")}


# Of each fuzzer: the share of the time that it gets, the longest input, and folders to start from.
FUZZERS = {
    "dsl-fuzzer": (1, 4096, programs),
    "tensors-fuzzer": (0.25, 2048, lambda: {f"{ROOT}/test/fuzz/tensors"}),
    "tables-fuzzer": (0.25, 2048, lambda: {f"{ROOT}/test/fuzz/tables"}),
}


def run(path, seconds, workers):
    name = os.path.basename(path)
    share, longest, seeds = FUZZERS[name]
    work = os.path.join(os.path.dirname(os.path.dirname(path)), "fuzz", name)
    corpus = os.path.join(work, "corpus")
    os.makedirs(corpus, exist_ok=True)
    command = [
        path, f"-fork={workers}", "-ignore_crashes=0", "-ignore_timeouts=0", "-ignore_ooms=0",
        f"-max_total_time={max(1, round(seconds * share))}", f"-max_len={longest}", "-timeout=10", "-rss_limit_mb=2048",
        f"-artifact_prefix={work}/", "-print_final_stats=1",
    ]
    dictionary = f"{ROOT}/test/fuzz/{name.removesuffix('-fuzzer')}.dict"
    if os.path.exists(dictionary):
        command.append(f"-dict={dictionary}")
    print(f"fuzz: {name}, {round(seconds * share)} seconds", flush=True)
    done = subprocess.run([*command, corpus, *sorted(f for f in seeds() if os.path.isdir(f))])
    if done.returncode:
        print(f"fuzz: found something; the input is the newest file in {work}: {path} FILE shows it again")
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("fuzzers", nargs="+")
    options = parser.parse_args()
    fine = [run(os.path.abspath(path), options.seconds, options.workers) for path in options.fuzzers]
    sys.exit(0 if all(fine) else 1)


if __name__ == "__main__":
    main()
