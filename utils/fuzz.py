#!/usr/bin/python3
"""Runs the fuzzer of the front end for a while, from a corpus of every program in the tree.

What it learns is kept in <build>/fuzz/corpus and used next time. An input that crashes it, or takes more than ten
seconds or 2 GB, is left in <build>/fuzz, and the exit code is 1.
"""
import argparse
import glob
import os
import subprocess
import sys


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("fuzzer")
    options = parser.parse_args()

    work = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(options.fuzzer))), "fuzz")
    corpus = os.path.join(work, "corpus")
    os.makedirs(corpus, exist_ok=True)
    folders = {os.path.dirname(p) for p in glob.glob(f"{root}/test/**/*.rondo", recursive=True)}
    folders |= {os.path.join(root, "lib"), os.path.join(root, "examples"), os.path.join(root, "test/fuzz/corpus")}
    command = [
        os.path.abspath(options.fuzzer),
        f"-fork={options.workers}", "-ignore_crashes=0", "-ignore_timeouts=0", "-ignore_ooms=0",
        f"-max_total_time={options.seconds}", "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048",
        f"-dict={root}/test/fuzz/rondo.dict", f"-artifact_prefix={work}/", "-print_final_stats=1",
        corpus, *sorted(f for f in folders if os.path.isdir(f)),
    ]
    done = subprocess.run(command)
    if done.returncode:
        print(f"fuzz: found something; the input is the newest file in {work}: {command[0]} FILE shows it again")
    sys.exit(1 if done.returncode else 0)


if __name__ == "__main__":
    main()
