#!/usr/bin/python3
"""Times Rondo and its peers, prints a table in Markdown, and writes all as JSON. docs/benchmarks.md tells more."""
import argparse
import json
import os
import re
import subprocess
import sys

import cases
import environment
from environment import INSTALL_DEBIAN, INSTALL_PYTHON, program, say, script
from measure import Machine, measure
from memory import print_peaks
from ours import Ours
from process import NO_FAULTS, Missing, Process


FRONT_END = os.path.join(os.path.dirname(environment.HERE), "utils/bench.py")


def participants(rondo, cores):
    return [Ours(rondo, cores),
            Process("oneDNN 3", program("onednn3"), INSTALL_PYTHON, cores),
            Process("oneDNN 2", program("onednn2"), INSTALL_DEBIAN, cores),
            Process("ONNX Runtime", script("peer_onnxruntime.py"), INSTALL_PYTHON, cores),
            Process("PyTorch", script("peer_torch.py"), INSTALL_PYTHON, cores)]


def measure_machine(cores):
    """The best of three runs, since a floor must not be too high."""
    best = {}
    for _ in range(3):
        output = subprocess.run(program("machine") + [str(core) for core in cores], check=True, capture_output=True,
                                text=True).stdout
        for line in output.splitlines():
            *what, figure = line.split()
            better = min if what[0] == "barrier" else max
            best[tuple(what)] = better(best.get(tuple(what), float(figure)), float(figure))
    bandwidths = [(int(what[1]), speed * 1e9) for what, speed in best.items() if what[0] == "read"]
    return Machine(best[("fma",)] * 1e9, bandwidths, best.get(("barrier",), 0) * 1e-9)


def print_machine(machine):
    def size(number):
        return f"{number / 1024:g} KB" if number < 1 << 20 else f"{number / 1024 / 1024:g} MB"

    print("| the machine at its best, one core | |\n|---|---|")
    print(f"| fused multiply-adds, fp32 | {machine.flops / 1e9:.0f} GFLOP/s |")
    for number, speed in machine.bandwidths:
        print(f"| reads of {size(number)} | {speed / 1e9:.0f} GB/s |")
    if machine.barrier_seconds:
        print(f"| barrier between two cores | {machine.barrier_seconds * 1e9:.0f} ns |")


class Table:
    """Prints a row as soon as it is measured."""

    def __init__(self, names):
        self.peers = names[1:]
        ratios = ["best peer / Rondo", "Rondo / floor", "best peer / floor"]
        columns = ["us a step", "floor", *names, *ratios]
        print("\n| " + " | ".join(columns) + " |\n|---|" + "---:|" * (len(columns) - 1), flush=True)

    @staticmethod
    def time(result):
        if "us" not in result:
            return "-"
        return ("" if result["quiet"] else "~") + f"{result['us']:.3g}"

    def add(self, entry):
        def ratio(a, b):
            return f"{a / b:.2f}" if a and b else "-"

        results, floor = entry["results"], entry["floor_us"]
        ours, best = results["Rondo"].get("us"), entry["best_peer_us"]
        cells = [entry["name"], f"{floor:.3g}", *(self.time(results[name]) for name in ["Rondo", *self.peers]),
                 ratio(best, ours), ratio(ours, floor), ratio(best, floor)]
        print("| " + " | ".join(cells) + " |", flush=True)


def best_peer(results, against):
    """The least time of all peers, or nothing. What a row is held against counts too, our own included."""
    times = [result["us"] for name, result in results.items() if name != "Rondo" and "us" in result]
    times += [result["us"] for result in against.values() if "us" in result]
    return min(times, default=None)


class Suite:
    def __init__(self, options):
        self.options = options
        self.cores = sorted(os.sched_getaffinity(0))
        self.entries = {}

    def run(self, rows):
        rows = [row for row in rows if row.threads <= len(self.cores)]
        machine = measure_machine(self.cores[::-1][:2])
        print_machine(machine)
        table = None
        for threads in sorted({row.threads for row in rows}):
            crew = participants(self.options.rondo, self.cores[-threads:])  # core 0 serves interrupts
            table = table or Table([participant.name for participant in crew])
            for row in rows:
                if row.threads == threads:
                    table.add(self.measure(row, crew, machine))
            versions = {participant.name: self.version(participant) for participant in crew}
            for participant in crew:
                participant.close()
        self.print_notes(versions)
        return {"machine": vars(machine), "versions": versions, "rows": list(self.entries.values())}

    def measure(self, row, crew, machine):
        say(row.name)
        results = measure(row.case, crew, self.options.rounds, self.options.seconds)
        against = self.entries[row.against.name]["results"] if row.against else {}
        entry = {"name": row.name, "threads": row.threads, "train": row.case.train, "model": row.case.model, "sizes": row.case.defines(),
                 "batch": row.case.batch, "floor_us": row.case.floor(row.threads, machine),
                 "best_peer_us": best_peer(results, against), "results": results}
        self.entries[row.name] = entry
        return entry

    @staticmethod
    def version(participant):
        try:
            return participant.start()
        except Missing as error:
            return f"missing: {error}"

    def print_notes(self, versions):
        print()
        for name, version in versions.items():
            print(f"- {name}: {version}")
        why = {}
        for entry in self.entries.values():
            for name, result in entry["results"].items():
                if "missing" in result and result["missing"] not in NO_FAULTS:
                    why.setdefault((name, result["missing"]), []).append(entry["name"])
        for (name, reason), rows in why.items():
            print(f"- no {name} in {rows[0]}{f' and {len(rows) - 1} more' if rows[1:] else ''}: {reason}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tools", help="the folder of rondo")
    parser.add_argument("filter", nargs="?", default="", help="a regular expression: only the rows it is found in")
    parser.add_argument("--json", metavar="FILE", help="write everything that was found out")
    parser.add_argument("--rounds", type=int, default=7, help="undisturbed windows of each participant (7)")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a window (0.3)")
    parser.add_argument("--memory", action="store_true", help="measure the memory that is needed instead, on one thread")
    parser.add_argument("--list", action="store_true", help="only print the names of the rows")
    options = parser.parse_intermixed_args()
    options.rondo = os.path.join(options.tools, "rondo")

    rows = cases.rows()
    chosen = [row for row in rows if re.search(options.filter, row.name)]
    wanted = {row.name for row in chosen} | {row.against.name for row in chosen if row.against}
    rows = [row for row in rows if row.name in wanted]
    if options.list:
        print("\n".join(["front end"] + [row.name for row in rows]))
        return
    late = False
    front_end = re.search(options.filter, "front end")
    if front_end:
        print("```", flush=True)
        late = subprocess.run([sys.executable, FRONT_END, options.tools]).returncode
        print("```\n", flush=True)
    if rows:
        environment.make()
        if options.memory:
            cores = sorted(os.sched_getaffinity(0))[-1:]
            return print_peaks([row for row in rows if row.threads == 1], participants(options.rondo, cores))
        report = Suite(options).run(rows)
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump(report, file, indent=1)
    elif not front_end:
        sys.exit(f"bench: nothing matches '{options.filter}'")
    sys.exit(late)


if __name__ == "__main__":
    main()
