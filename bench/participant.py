"""What takes part in a benchmark and is written in Python; Participant.h tells the protocol, and is the same in C++."""
import os
import resource
import statistics
import sys
import time

import numpy


class Case:
    """A line `case name=value ...`; the numbers are attributes."""

    def __init__(self, line):
        for word in line.split()[1:]:
            name, value = word.split("=", 1)
            setattr(self, name, int(value) if value.isdigit() else value)

    def read(self, array, *shape):
        return numpy.fromfile(os.path.join(self.folder, array + ".f32"), numpy.float32).reshape(shape)

    def x(self):
        return self.read("x", self.steps, self.batch, self.inputs)

    def dy(self):
        return self.read("dy", self.steps, self.batch, self.width)


class Runner:
    """A case made ready: `run` computes the whole sequence, `values` gives the output [steps, batch, width]. Where it
    trains, `gradients` gives those of the input, and of the parameters by their paths."""

    def __init__(self, variant, run, values, gradients=None):
        self.variant, self.run, self.values, self.gradients = variant, run, values, gradients


def time_runs(run, seconds):
    """Microseconds of each run within so many seconds, and at least one."""
    times, clock = [], time.perf_counter_ns
    end = clock() + seconds * 1e9
    while True:
        before = clock()
        run()
        after = clock()
        times.append((after - before) * 1e-3)
        if after >= end:
            return times


def fastest(runners):
    """Of several ways to compute the same the fastest, by three short windows of each in turn."""
    if len(runners) == 1:
        return runners[0]
    best = {runner: float("inf") for runner in runners}
    for _ in range(3):
        for runner in runners:
            best[runner] = min(best[runner], statistics.median(time_runs(runner.run, 0.05)))
    return min(runners, key=best.get)


def window(runner, seconds):
    before = resource.getrusage(resource.RUSAGE_SELF)
    times = time_runs(runner.run, seconds)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (f"window {statistics.median(times)} {min(times)} {len(times)} {cpu:.6f} "
            f"{after.ru_nivcsw - before.ru_nivcsw}")


def write(runner, path):
    with open(path, "wb") as file:
        numpy.ascontiguousarray(runner.values(), numpy.float32).tofile(file)
        if runner.gradients:
            input_gradient, parameters = runner.gradients()
            numpy.ascontiguousarray(input_gradient, numpy.float32).tofile(file)
            for _, gradient in sorted(parameters.items()):
                numpy.pad(gradient.ravel(), (0, -gradient.size % 16)).tofile(file)


def serve(name, prepare):
    """Answers lines until there are no more. `prepare` raises LookupError with the reason where it cannot do a case."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    print("hello", name, file=answers)
    runner = None
    for line in sys.stdin:
        command, *rest = line.split()
        if command == "case":
            runner = None  # frees the last case's memory first
            try:
                runner = prepare(Case(line))
                runner.run()
                print("ready", runner.variant, file=answers)
            except LookupError as error:
                print("missing", error.args[0], file=answers)
        elif command == "values":
            runner.run()
            write(runner, rest[0])
            print("values", file=answers)
        elif command == "window":
            print(window(runner, float(rest[0])), file=answers)
