"""What is measured: the cases, their parameters and inputs, the floor under their times, and the rows of the table."""
import dataclasses
import math

import numpy

GATES = {"rnn": 1, "lstm": 4, "gru": 3, "highway": 4, "layer_norm_lstm": 4, "clockwork": 1}


@dataclasses.dataclass(frozen=True)
class Case:
    """A model of models/ with its sizes, and a batch. A clockwork network has hidden / modules units a module, and a
    number made of all of them as its output. Where it is to train, the gradients of the input and of all parameters are
    computed too."""
    cell: str
    hidden: int
    batch: int
    inputs: int
    layers: int = 1
    directions: int = 1
    modules: int = 1
    steps: int = 100
    train: bool = False

    @property
    def model(self):
        kind = "stacked_" if self.layers > 1 else "bidirectional_" if self.directions > 1 else ""
        return kind + self.cell

    @property
    def width(self):
        return 1 if self.cell == "clockwork" else self.hidden * self.directions

    def defines(self):
        """The sizes as `rondo -D` takes them."""
        sizes = {"inputs": self.inputs}
        if self.cell == "clockwork":
            sizes.update(modules=self.modules, size=self.hidden // self.modules)
        else:
            sizes["hidden"] = self.hidden
        if self.layers > 1:
            sizes["layers"] = self.layers
        return [f"-D{name}={size}" for name, size in sizes.items()]

    def line(self, folder):
        """The case as participants are told it."""
        fields = dataclasses.asdict(self)
        fields["train"] = int(self.train)
        return "case " + " ".join(f"{name}={value}" for name, value in
                                  {"folder": folder, "width": self.width, **fields}.items())

    def paths(self):
        """The instances of the cell in the model, as the paths of parameters begin, with the inputs of each."""
        if self.cell == "clockwork":
            size = self.hidden // self.modules
            return {f"m.{k}": self.inputs + (self.modules - 1 - k) * size for k in range(self.modules)}
        if self.directions == 2:
            return {"y.forward": self.inputs, "y.backward": self.inputs}
        if self.layers == 1:
            return {"y": self.inputs}
        return {f"y.layer.{k}": self.hidden if k else self.inputs for k in range(self.layers)}

    def shapes(self):
        """All parameters by their paths in the model."""
        n, shapes = self.hidden // self.modules, {}
        rows = GATES[self.cell] * n
        for path, inputs in self.paths().items():
            own = {"W": [rows, inputs], "U": [rows, n], "b": [rows]}
            if self.cell == "gru":
                own.update(U=[2 * n, n], Un=[n, n], bn=[n])
            elif self.cell == "layer_norm_lstm":
                del own["b"]
                for norm, size in (("norm_x", rows), ("norm_h", rows), ("norm_c", n)):
                    own.update({f"{norm}.gain": [size], f"{norm}.bias": [size]})
            shapes.update({f"{path}.{name}": shape for name, shape in own.items()})
        if self.cell == "clockwork":
            shapes.update({"y.W": [1, self.hidden], "y.b": [1]})
        return shapes

    def arrays(self):
        """The input x [steps, batch, inputs] and all parameters by path, in order. They are small enough for the states
        not to be chaotic: else rounding would grow, and values of different programs could not be compared."""
        random = numpy.random.default_rng(0)
        bound = 1 / math.sqrt(self.hidden // self.modules)
        arrays = {"x": random.uniform(-1, 1, [self.steps, self.batch, self.inputs])}
        for path, shape in sorted(self.shapes().items()):
            arrays[path] = random.uniform(-bound, bound, shape) + (0.5 if path.endswith(".gain") else 0)
        return {name: array.astype(numpy.float32) for name, array in arrays.items()}

    def output_gradients(self):
        """Of the output y [steps, batch, width]."""
        size = [self.steps, self.batch, self.width]
        return numpy.random.default_rng(1).uniform(-1, 1, size).astype(numpy.float32)

    def work(self):
        """For each pass over the sequence, a step's floating-point operations and bytes of recurrent weights."""
        n, passes = self.hidden // self.modules, []
        if self.cell == "clockwork":
            # Module k ticks every 2^k-th step, reads its own state and adds to the sums of the k faster modules, and to
            # the output.
            flops = sum(2 * n * (self.inputs + n + k * n + 1) / 2 ** k for k in range(self.modules))
            passes.append((flops, sum(4 * n * n / 2 ** k for k in range(self.modules))))
        else:
            for inputs in self.paths().values():
                passes.append((2 * GATES[self.cell] * n * (inputs + n), 4 * GATES[self.cell] * n * n))
        return [(self.batch * flops, size) for flops, size in passes]

    def floor(self, threads, machine):
        """Microseconds a step that no program on this machine can beat; docs/benchmarks.md says why."""
        time = 0
        for flops, size in self.work():
            # Back through time there are two products for each one of before: for the operand, and for the weights.
            for products in (1, 2) if self.train else (1,):
                time += max(products * flops / threads / machine.flops, machine.read_seconds(size / threads))
        if threads > 1 and self.batch * self.layers * self.directions * self.modules == 1:
            # Nothing but the units of a step can be split.
            time += machine.barrier_seconds * (2 if self.train else 1)
        return time * 1e6


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table. `against` is a further row whose times count as peers', our own included."""
    name: str
    case: Case
    threads: int
    against: "Row" = None


def rows():
    """First all of inference, then the same with `train` in front."""
    return [row for train in (False, True) for row in rows_of(train)]


def rows_of(train):
    def row(label, threads, **fields):
        case = Case(**{"inputs": fields["hidden"], "train": train, **fields})
        return Row(f"{'train ' if train else ''}{label} B{case.batch} {threads}T", case, threads)

    table = []
    for threads in (1, 2):
        for cell in ("rnn", "lstm", "gru"):
            for hidden in (64, 128, 256, 512, 1024):
                for batch in (1, 16, 64):
                    table.append(row(f"{cell} H{hidden}", threads, cell=cell, hidden=hidden, batch=batch))
        for batch in (1, 16, 64):
            sizes = {"hidden": 256, "batch": batch}
            table.append(row("3 x lstm H256", threads, cell="lstm", layers=3, **sizes))
            table.append(row("bidirectional lstm H256", threads, cell="lstm", directions=2, **sizes))
            for hidden in (64, 128, 256):
                table.append(row(f"own cell H{hidden}", threads, cell="highway", hidden=hidden, batch=batch))
            table.append(row("layer-norm lstm H256", threads, cell="layer_norm_lstm", **sizes))
        for modules in (8, 16):
            for batch in (1, 16, 64):
                # Two rounds of the slowest of eight modules.
                sizes = {"hidden": modules * 64, "batch": batch, "inputs": 64, "steps": 256}
                dense = row(f"rnn H{modules * 64} of 64", threads, cell="rnn", **sizes)
                clockwork = row(f"clockwork {modules} x 64", threads, cell="clockwork", modules=modules, **sizes)
                table += [dense, dataclasses.replace(clockwork, against=dense)]
    return table
