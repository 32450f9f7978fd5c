"""Times participants against each other, in turn, and keeps only what was measured while the machine was quiet."""
import dataclasses
import os
import statistics
import time

import numpy

import environment
import reference
from process import Missing

TOLERANCE = 1e-4  # of the largest output
OTHERS = 0.1  # of a core, that other processes may take
SWITCHES = 50  # a second, that the participant may lose its core


@dataclasses.dataclass
class Machine:
    """What the machine can do at best, by machine.cpp."""
    flops: float
    bandwidths: list  # (bytes, bytes a second), in ascending order
    barrier_seconds: float = 0

    def read_seconds(self, size):
        """To read so many bytes of weights again, between measured sizes by interpolation."""
        sizes, speeds = zip(*self.bandwidths)
        return size / float(numpy.interp(numpy.log(size), numpy.log(sizes), speeds))


def processor_seconds():
    """That all cores have worked, stolen ones included."""
    with open("/proc/stat", encoding="utf-8") as file:
        user, nice, system, _idle, _wait, interrupts, soft, stolen = map(int, file.readline().split()[1:9])
    return (user + nice + system + interrupts + soft + stolen) / os.sysconf("SC_CLK_TCK")


class Times:
    """The windows of a participant: all of them, and those that nothing disturbed."""

    def __init__(self, steps):
        self.steps = steps
        self.all, self.quiet = [], []

    def add(self, participant, seconds):
        start, before = time.monotonic(), processor_seconds()
        median, _, _, own, switches = participant.window(seconds)
        wall, worked = time.monotonic() - start, processor_seconds() - before
        self.all.append(median / self.steps)
        if (worked - own) / wall <= OTHERS and switches / wall <= SWITCHES:
            self.quiet.append(median / self.steps)

    def result(self):
        """Microseconds a step. Not `quiet` where too few windows were: then all count."""
        quiet = len(self.quiet) >= 3
        times = self.quiet if quiet else self.all
        return {"us": statistics.median(times), "least": min(times), "most": max(times), "windows": len(times),
                "disturbed": len(self.all) - len(self.quiet), "quiet": quiet}


def difference(values, expected):
    """The largest one, relative to the largest value; infinite where there are NaN."""
    largest = float(numpy.abs(values - expected).max() / numpy.abs(expected).max())
    return largest if largest == largest else float("inf")


def padded(size):
    """Each parameter begins at a multiple of 64 bytes."""
    return size + -size % 16


def write(folder, arrays):
    """Each array as a file of its own; in params.f32 all parameters, in the order of their paths."""
    os.makedirs(folder, exist_ok=True)
    for name, array in arrays.items():
        array.tofile(os.path.join(folder, name + ".f32"))
    parameters = [numpy.pad(array.ravel(), (0, padded(array.size) - array.size))
                  for name, array in arrays.items() if name != "x"]
    numpy.concatenate(parameters).tofile(os.path.join(folder, "params.f32"))


def write_case(case):
    """All that participants read of a case, into a folder; the folder, and the arrays without gradients of the output."""
    folder, arrays = os.path.join(environment.WORK, "case"), case.arrays()
    write(folder, arrays)
    if case.train:
        case.output_gradients().tofile(os.path.join(folder, "dy.f32"))
    return folder, arrays


def projected_difference(gradient, slope):
    """Of a gradient, seen from one direction, relative to its length."""
    signs, expected = slope
    gradient = gradient.astype(float)
    found = float(abs(numpy.sum(gradient * signs) - expected) / numpy.sqrt(numpy.sum(gradient * gradient)))
    return found if found == found else float("inf")


class Judge:
    """Compares values: the first, a middle and the last sample with the reference, each gradient with its slope in some
    direction, and all of them with what the other participants have."""

    def __init__(self, case):
        self.folder, arrays = write_case(case)
        self.shapes = {"y": [case.steps, case.batch, case.width]}
        self.slopes = {}
        if case.train:
            self.shapes.update({name: array.shape for name, array in arrays.items()})
            self.slopes = reference.slopes(case, arrays, case.output_gradients())
        self.samples = sorted({0, case.batch // 2, case.batch - 1})
        self.expected = reference.outputs(case, arrays, self.samples)
        self.first = None

    def read(self, path):
        """The output by the name `y`, and the gradients by those of what they belong to."""
        values, arrays, begin = numpy.fromfile(path, numpy.float32), {}, 0
        for name, shape in self.shapes.items():
            size = int(numpy.prod(shape))
            if begin + size > values.size:
                raise Missing("its values have another shape")
            arrays[name] = values[begin:begin + size].reshape(shape)
            begin += size if name in ("x", "y") else padded(size)
        if begin != values.size:
            raise Missing("its values have another shape")
        return arrays

    def check(self, participant):
        """The difference that was found; too large a one makes the participant count as missing."""
        path = os.path.join(self.folder, "values.f32")
        participant.values(path)
        values = self.read(path)
        found = {"values": difference(values["y"][:, self.samples], self.expected)}
        for name, slope in self.slopes.items():
            found[f"gradient of {name}"] = projected_difference(values[name], slope)
        for name, first in (self.first or {}).items():
            label = "values" if name == "y" else f"gradient of {name}"
            found[label] = max(found[label], difference(values[name], first))
        worst = max(found, key=found.get)
        if found[worst] > TOLERANCE:
            raise Missing(f"its {worst} {'differ' if worst == 'values' else 'differs'} by {found[worst]:.1e}")
        self.first = self.first or values
        return found[worst]


def measure(case, participants, rounds, seconds):
    """For each participant its result, or why it is missing."""
    judge, results, ready = Judge(case), {}, {}

    def attempt(participant, action):
        try:
            return action()
        except Missing as error:
            results[participant.name] = {"missing": str(error)}
            ready.pop(participant, None)

    def prepare(participant):
        variant = participant.prepare(case, judge.folder)
        results[participant.name] = {"variant": variant, "difference": judge.check(participant)}
        ready[participant] = Times(case.steps)

    for participant in participants:
        attempt(participant, lambda: prepare(participant))
    for turn in range(3 * rounds):
        for participant, times in list(ready.items()):
            if turn < rounds or len(times.quiet) < rounds:
                attempt(participant, lambda: times.add(participant, seconds))
        if all(len(times.quiet) >= rounds for times in ready.values()):
            break
    for participant, times in ready.items():
        results[participant.name].update(times.result())
    return results
