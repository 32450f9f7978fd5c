#!/usr/bin/python3
"""Runs every kind of test of a build and adds up: the last line is `N passed, N failed`.

Unit tests (GoogleTest) count one by one, lit tests too; each check of the tree, the time limits and the bounded fuzzing
count one.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIT = "/usr/lib/llvm-22/bin/lit"


class Runner:
    def __init__(self, build):
        self.build, self.passed, self.failed = build, 0, 0
        self.work = tempfile.TemporaryDirectory()

    def title(self, text):
        print(f"\n== {text}", flush=True)

    def count(self, passed, failed, status):
        """Adds to the sums; a run that ends badly without a failed test is a failure by itself."""
        self.passed += passed
        self.failed += failed if failed or not status else 1
        print(f"-- {passed} passed, {failed if failed or not status else 1} failed", flush=True)

    def check(self, name, *command):
        self.title(name)
        status = subprocess.run(command, cwd=ROOT).returncode
        self.count(0 if status else 1, 0, status)

    def report(self, name):
        return os.path.join(self.work.name, name)

    def load(self, path):
        try:
            with open(path, encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError):
            return {}

    def unit(self):
        self.title("unit tests")
        path = self.report("unit.json")
        status = subprocess.run([os.path.join(self.build, "bin/rondo-unit-tests"), "--gtest_brief=1",
                                 f"--gtest_output=json:{path}"], cwd=ROOT).returncode
        report = self.load(path)
        failed = report.get("failures", 0) + report.get("errors", 0)
        self.count(report.get("tests", 0) - failed, failed, status)

    def lit(self, pattern):
        self.title("lit tests")
        path = self.report("lit.json")
        select = ["--filter", pattern] if pattern else []
        status = subprocess.run([LIT, "-v", "-o", path, *select, os.path.join(self.build, "test")], cwd=ROOT).returncode
        codes = [test["code"] for test in self.load(path).get("tests", [])]
        passed = sum(code in ("PASS", "FLAKYPASS") for code in codes)
        failed = sum(code not in ("PASS", "FLAKYPASS", "EXCLUDED", "UNSUPPORTED") for code in codes)
        self.count(passed, failed, status)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--filter", help="only the lit tests that match")
    parser.add_argument("--limits", action="store_true", help="hold the times of utils/bench.py against their limits")
    parser.add_argument("--fuzz", type=int, default=0, help="seconds; 0: none")
    options = parser.parse_args()

    runner = Runner(os.path.abspath(options.build))
    if not options.filter:
        runner.check("formatting", "./dev", "format", "--check")
        runner.unit()
    runner.lit(options.filter)
    if options.limits:
        runner.check("time limits", sys.executable, "utils/bench.py", os.path.join(runner.build, "bin"))
    if options.fuzz:
        runner.check(f"fuzzing, {options.fuzz} seconds", "./dev", "fuzz", str(options.fuzz))
    print(f"\n{runner.passed} passed, {runner.failed} failed")
    sys.exit(1 if runner.failed else 0)


if __name__ == "__main__":
    main()
