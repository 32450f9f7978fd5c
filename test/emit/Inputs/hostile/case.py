"""A model: buffers of a valid call, and what is wrong with others."""
import ctypes
import os
import struct

from generation import Generation
from gradients import Gradients
from library import *
from mutations import Mutations
from steps import Steps


UNUSUAL = [0.0, float("nan"), float("inf"), -1e38, 1e-45]


class Case(Steps, Generation, Gradients, Mutations):
    """One model: buffers of a valid call, and what is wrong with others."""

    def __init__(self, library, rng):
        self.library, self.rng, self.manifest = library, rng, library.manifest
        m, new = self.manifest, library.buffer
        self.parameters = new(max(m["bytes"]["parameters"], 64), 64)
        self.prepared = new(max(m["bytes"]["prepared"], 64), 64)
        self.axes, self.inputs, self.outputs = m["axes"], m["inputs"], m["outputs"]
        self.samples = 3
        self.offsets = {}
        self.make_offsets()
        self.values = {}
        for port in self.inputs:
            self.values[port["name"]] = new(ROWS * self.row_bytes(port), BYTES[port["element"]])
            self.fill(port)
        self.input_struct = new(8 * (3 + len(self.axes) + len(self.inputs)))
        self.rows = {p["name"]: new(self.capacity(p) * self.row_bytes(p), BYTES[p["element"]]) for p in self.outputs}
        self.row_offsets = {p["name"]: new(8 * (ROWS + 1)) for p in self.outputs}
        self.ticks = {p["name"]: new(8 * self.capacity(p)) for p in self.outputs}
        self.losses, self.loss_ticks = new(4 * len(m["losses"]), 4), new(8 * len(m["losses"]))
        self.output_struct = new(8 * (3 + 4 * len(self.outputs)))
        self.bytes = new(8)
        self.fill_structs()
        self.workspace = None
        library.workspace = lambda: self.workspace
        self.make_workspace()

    def make_workspace(self):
        """Of exactly the size that the batch needs."""
        code, needed = self.ask_workspace()
        if code != FINE:
            raise Wrong("workspace_bytes: " + self.library.message)
        self.workspace_bytes = (needed + 63) // 64 * 64
        self.workspace = Buffer(self.workspace_bytes, 64)

    @staticmethod
    def row_bytes(port):
        size = BYTES[port["element"]]
        for extent in port["shape"]:
            size *= extent
        return size

    def capacity(self, port):
        """Enough for each batch that a mutation can make."""
        if "clock" not in port:
            return 1
        return ROWS * ROWS if "source" in port else ROWS

    def make_offsets(self):
        """Random lengths, some of them 0, and never more than ROWS rows."""
        rows = {"sample": self.samples}
        for axis in self.axes:
            outer, ends = rows[axis["in"]], [0]
            for i in range(outer):
                most = (ROWS - 2) // (len(self.axes) if axis["in"] == "sample" else 1)
                ends.append(min(most, ends[-1] + self.rng.choice([0, 1, 2, 3, 5])))
            buffer = self.offsets.get(axis["name"]) or self.library.buffer(8 * (ROWS + 1))
            buffer.write(struct.pack(f"<{ROWS + 1}q", *ends, *[ends[-1]] * (ROWS - outer)))
            self.offsets[axis["name"]] = buffer
            rows[axis["name"]] = ends[-1]
        self.axis_rows = rows

    def fill(self, port):
        """Valid elements, the unusual among them."""
        count = self.values[port["name"]].size // BYTES[port["element"]]
        pick = {
            "f32": lambda: self.rng.choice([self.rng.gauss(0, 1)] * 6 + UNUSUAL),
            "i64": lambda: self.rng.choice([self.rng.randint(-5, 5)] * 3 + HUGE[:1] + [(1 << 63) - 1, -(1 << 63)]),
            "bool": lambda: self.rng.randint(0, 1),
            "token": lambda: self.rng.randrange(max(port.get("tokens", 1), 1)),
        }[port["element"]]
        form = f"<{count}{FORMATS[port['element']]}"
        self.values[port["name"]].write(struct.pack(form, *[pick() for _ in range(count)]))

    def fill_structs(self):
        words = [self.input_struct.size, self.samples, 5]
        words += [self.offsets[axis["name"]].address for axis in self.axes]
        words += [self.values[port["name"]].address for port in self.inputs]
        self.input_struct.write(struct.pack(f"<{len(words)}Q", *words))
        words = [self.output_struct.size]
        for port in self.outputs:
            name = port["name"]
            words += [self.rows[name].address, self.capacity(port)]
            words += [self.row_offsets[name].address, self.ticks[name].address]
        words += [self.losses.address, self.loss_ticks.address]
        self.output_struct.write(struct.pack(f"<{len(words)}Q", *words))

    # ---- Calls

    def ask_workspace(self, what="a valid call"):
        code = self.library.call(what, "workspace_bytes", pointer(self.input_struct), pointer(self.bytes))
        return code, self.bytes.words()[0] if code == FINE else 0

    def forward(self, what="a valid call", **other):
        return self.library.call(what, "forward", *self.forward_arguments(**other))

    def refuse_forward(self, what, codes, words, **other):
        self.library.refuses(what, codes, words, "forward", *self.forward_arguments(**other))

    def forward_arguments(self, prepared=None, inputs=None, outputs=None, workspace=None, size=None, pool=None):
        given = lambda value, valid: pointer(valid if value is None else value)
        return (given(prepared, self.prepared), given(inputs, self.input_struct), given(outputs, self.output_struct),
                given(workspace, self.workspace), ctypes.c_size_t(self.workspace_bytes if size is None else size),
                ctypes.c_void_p(pool))

    def valid(self, pool=None):
        self.fill_structs()
        code = self.forward(pool=pool)
        if code != FINE:
            raise Wrong(f"a valid call returns {code}: {self.library.message}")
        return [self.rows[p["name"]].read() for p in self.outputs]

    # ---- What is wrong, one thing at a time

    def buffers_of_parameters(self):
        refuses = self.library.refuses
        seed = ctypes.c_uint64(1)
        for value, why in [(0, "null"), (self.parameters.address + 4, "64")]:
            refuses(why, ARGUMENT, ["'parameters'", why], "init", pointer(value), seed)
            refuses(why, ARGUMENT, ["'parameters'", why], "prepare", pointer(value), pointer(self.prepared))
        for value, why in [(0, "null"), (self.prepared.address + 8, "64")]:
            refuses(why, ARGUMENT, ["'prepared'", why], "prepare", pointer(self.parameters), pointer(value))

    def files(self, folder):
        refuses, path = self.library.refuses, os.path.join(folder, "p.safetensors").encode()
        for function in ("load", "save"):
            for value, why in [(0, "null"), (self.parameters.address + 4, "64")]:
                refuses(why, ARGUMENT, ["'parameters'", why], function, pointer(value), path)
            refuses("no path", ARGUMENT, "'path' is null", function, pointer(self.parameters), None)
            refuses("a folder", FILE, folder, function, pointer(self.parameters), folder.encode())
        if self.library.call("a file", "save", pointer(self.parameters), path) != FINE:
            raise Wrong("saving: " + self.library.message)
        before, data = self.parameters.read(), open(path, "rb").read()
        if self.library.call("a file", "load", pointer(self.parameters), path) != FINE:
            raise Wrong("loading: " + self.library.message)
        if self.parameters.read() != before:
            raise Wrong("parameters are not what they were before they were saved")
        for _ in range(200):
            broken = bytearray(data)
            for _ in range(self.rng.randint(1, 3)):
                header = min(len(data), 8 + int.from_bytes(data[:8], "little"))
                broken[self.rng.randrange(header)] = self.rng.randrange(256)
            if self.rng.random() < 0.2:
                del broken[self.rng.randrange(len(broken)):]
            open(path, "wb").write(broken)
            if self.library.call("a broken file", "load", pointer(self.parameters), path) not in (FINE, FILE):
                raise Wrong("a broken file: " + self.library.message)
        self.parameters.write(before)

    def preparations(self):
        """Prepared data that are none: of forward, and of steps."""
        mark = self.prepared.read(64)
        for what, change in [("nothing prepared", lambda b: bytes(64)), ("another mark", lambda b: b"x" + b[1:]),
                             ("another model's", lambda b: b[:8] + bytes([b[8] ^ 1]) + b[9:]),
                             ("another machine's", lambda b: b[:16] + b"\xff\xff\xff\xff" + b[20:])]:
            self.prepared.write(change(mark))
            self.library.refuses(what, ARGUMENT, "'prepared'", "forward", *self.forward_arguments())
            if self.steps:
                self.refuse_steps(what, ARGUMENT, "'prepared'")
        self.prepared.write(mark)
        for value, why in [(0, "null"), (self.prepared.address + 8, "64")]:
            self.library.refuses(why, ARGUMENT, ["'prepared'", why], "forward", *self.forward_arguments(prepared=value))

    def both(self, what, codes, words):
        """Inputs that neither `forward` nor `workspace_bytes` may take."""
        self.library.refuses(what, codes, words, "forward", *self.forward_arguments())
        self.library.refuses(what, codes, words, "workspace_bytes", pointer(self.input_struct), pointer(self.bytes))

    def change(self, struct_buffer, index, value, check):
        before = struct_buffer.words()[index]
        struct_buffer.set_word(index, value)
        check()
        struct_buffer.set_word(index, before)

    def structs(self):
        size = self.input_struct.size
        for value, why in [(0, "null"), (self.input_struct.address + 4, "8")]:
            self.library.refuses(why, ARGUMENT, ["inputs", why], "forward", *self.forward_arguments(inputs=value))
            self.library.refuses(why, ARGUMENT, ["inputs", why], "workspace_bytes", pointer(value), pointer(self.bytes))
        self.library.refuses("no place", ARGUMENT, "bytes", "workspace_bytes", pointer(self.input_struct), pointer(0))
        for wrong in (0, size - 8, size + 8, size << 32, -1):
            self.change(self.input_struct, 0, wrong, lambda: self.both(f"size {wrong}", ARGUMENT, ["inputs", "size"]))
        for batch in NEGATIVE + HUGE:
            self.change(self.input_struct, 1, batch, lambda: self.both(f"batch {batch}", ARGUMENT, "batch"))
        for value, why in [(0, "null"), (self.output_struct.address + 4, "8")]:
            self.library.refuses(why, ARGUMENT, ["outputs", why], "forward", *self.forward_arguments(outputs=value))
        for wrong in (0, self.output_struct.size - 8, -1):
            self.change(self.output_struct, 0, wrong, lambda: self.library.refuses(
                f"size {wrong}", ARGUMENT, ["outputs", "size"], "forward", *self.forward_arguments()))

    def structure(self):
        for i, axis in enumerate(self.axes):
            name, buffer = f"'{axis['name']}'", self.offsets[axis["name"]]
            for value, why in [(0, "null"), (buffer.address + 4, "8")]:
                self.change(self.input_struct, 3 + i, value, lambda: self.both(why, ARGUMENT, [name, why]))
            outer = self.axis_rows[axis["in"]]
            words = buffer.words()
            for first in (1, -1, HUGE[-1]):
                self.change(buffer, 0, first, lambda: self.both(f"begin {first}", STRUCTURE, [name, "begin"]))
            if outer == 0:
                continue
            for last in NEGATIVE:
                self.change(buffer, outer, last, lambda: self.both(f"end {last}", STRUCTURE, [name, "decrease"]))
            for last in HUGE:
                self.change(buffer, outer, last, lambda: self.both(f"end {last}", TOO_LARGE, name))
            if outer > 1:
                self.change(buffer, 1, words[outer] + 1, lambda: self.both("decreasing", STRUCTURE, [name, "decrease"]))

    def elements(self):
        for i, port in enumerate(self.inputs):
            name, buffer, size = f"'{port['name']}'", self.values[port["name"]], BYTES[port["element"]]
            rows = self.axis_rows[port["axis"]] if "clock" in port else 1
            count = rows * self.row_bytes(port) // size
            if count == 0:
                continue
            refuses = self.refuse_forward
            place = 3 + len(self.axes) + i
            self.change(self.input_struct, place, 0, lambda: refuses("null", ARGUMENT, [name, "null"]))
            if size > 1:
                self.change(self.input_struct, place, buffer.address + 1,
                            lambda: refuses("an odd address", ARGUMENT, name))
            if port["element"] not in ("token", "bool"):
                continue
            limit = 2 if port["element"] == "bool" else port["tokens"]
            bad = [limit, 255] if port["element"] == "bool" else [limit, -1, (1 << 31) - 1, -(1 << 31)]
            for value in bad:
                for at in {0, count - 1}:
                    before = buffer.read(size, at * size)
                    buffer.write(struct.pack("<" + FORMATS[port["element"]], value), at * size)
                    refuses(f"element {value}", VALUE, [name, str(value)])
                    buffer.write(before, at * size)

    def results(self):
        refuses = self.refuse_forward
        self.valid()
        written = self.output_struct.words()
        for i, port in enumerate(self.outputs):
            name, at = f"'{port['name']}'", 1 + 4 * i
            self.fill_structs()
            if BYTES[port["element"]] > 1:
                self.change(self.output_struct, at, self.rows[port["name"]].address + 1,
                            lambda: refuses("an odd address", ARGUMENT, name))
            for word in (at + 2, at + 3):
                self.change(self.output_struct, word, self.output_struct.words()[word] + 4,
                            lambda: refuses("offsets or ticks at an odd address", ARGUMENT, name))
            for room in NEGATIVE:
                self.change(self.output_struct, at + 1, room, lambda: refuses(f"room for {room}", ARGUMENT, name))
            if written[at + 1] > 0:
                self.output_struct.set_word(at + 1, written[at + 1] - 1)
                if self.forward("too little room") != CAPACITY or str(written[at + 1]) not in self.library.message:
                    raise Wrong(f"output {name} with too little room: {self.library.message}")
                if self.output_struct.words()[at + 1] != written[at + 1]: # which is room enough for a second call
                    raise Wrong(f"output {name} does not tell the room that it needs")
            self.fill_structs()
            # What is not wanted may be left out.
            for word in range(4):
                if word != 1:
                    self.change(self.output_struct, at + word, 0, lambda: self.forward("an output left out"))
        end = 1 + 4 * len(self.outputs)
        self.fill_structs()
        self.change(self.output_struct, end, self.losses.address + 1,
                    lambda: refuses("an odd address", ARGUMENT, "losses"))
        self.change(self.output_struct, end + 1, self.loss_ticks.address + 4,
                    lambda: refuses("an odd address", ARGUMENT, "losses"))

    def workspaces(self):
        self.fill_structs()
        for value, why in [(0, "null"), (self.workspace.address + 8, "64")]:
            self.library.refuses(why, ARGUMENT, ["workspace", why], "forward", *self.forward_arguments(workspace=value))
        for size in {0, 1, 64, self.workspace_bytes // 2, self.workspace_bytes - 64}:
            if size < self.workspace_bytes:
                self.refuse_forward(f"{size} bytes", WORKSPACE, "workspace", size=size)

    def pools(self):
        create = self.library.function("pool_create", ctypes.c_void_p)
        destroy = self.library.function("pool_destroy", None)
        for threads in (0, -1, -(1 << 31)):
            if create(ctypes.c_int32(threads)):
                raise Wrong(f"a pool of {threads} threads")
        destroy(None)
        alone = self.valid()
        for threads in (1, 2, 5):
            pool = create(ctypes.c_int32(threads))
            if not pool:
                raise Wrong(f"no pool of {threads} threads")
            if self.valid(pool=pool) != alone:
                raise Wrong(f"other results with {threads} threads")
            destroy(ctypes.c_void_p(pool))
        self.fill_structs()

    def error_texts(self):
        text = self.library.function("error", ctypes.c_char_p)
        for code in [*range(-2, 20), (1 << 31) - 1]:
            if not text(ctypes.c_int32(code)):
                raise Wrong(f"no text for code {code}")
