"""Calls that give gradients, and what is wrong with them."""
import ctypes
import struct

from library import *


class Gradients:
    """Of a Case that has them."""

    gradient_bytes = None

    def make_gradients(self):
        if "gradients" not in self.manifest:
            return
        new, port = self.library.buffer, lambda ports, name: next(p for p in ports if p["name"] == name)
        self.parameter_gradients = new(self.parameters.size, 64)
        self.flows = [new(ROWS * self.row_bytes(port(self.outputs, g["name"])), 4) for g in self.manifest["gradients"]["outputs"]]
        self.reached = [new(ROWS * self.row_bytes(port(self.inputs, g["name"])), 4) for g in self.manifest["gradients"]["inputs"]]
        for buffer in self.flows:
            buffer.write(struct.pack(f"<{buffer.size // 4}f", *(self.rng.gauss(0, 1) for _ in range(buffer.size // 4))))
        self.gradient_struct = new(8 * (3 + len(self.flows) + len(self.reached)))
        self.fill_gradients()

    def fill_gradients(self):
        words = [self.gradient_struct.size, 0, self.parameter_gradients.address]
        words += [buffer.address for buffer in [*self.flows, *self.reached]]
        self.gradient_struct.write(struct.pack(f"<{len(words)}Q", *words))
        self.fill_structs()

    def make_backward_workspace(self, what="a valid call"):
        code = self.library.call(what, "backward_workspace_bytes", pointer(self.input_struct), pointer(self.bytes))
        if code == FINE:
            self.gradient_bytes = (self.bytes.words()[0] + 63) // 64 * 64
            if self.gradient_bytes < 1 << 24:
                self.gradient_workspace = Buffer(self.gradient_bytes, 64)
        return code

    def backward_arguments(self, **other):
        given = lambda key, valid: pointer(other.get(key, valid))
        return (given("prepared", self.prepared), given("inputs", self.input_struct), given("outputs", self.output_struct),
                given("gradients", self.gradient_struct), given("workspace", self.gradient_workspace),
                ctypes.c_size_t(other.get("size", self.gradient_bytes)), ctypes.c_void_p(other.get("pool")))

    def backward(self, what="a valid call", **other):
        code = self.library.call(what, "backward", *self.backward_arguments(**other))
        if not self.gradient_workspace.is_intact():
            raise Wrong(f"backward, {what}: wrote outside of the workspace")
        return code

    def valid_backward(self, **other):
        self.fill_gradients()
        if self.backward(**other):
            raise Wrong("backward: " + self.library.message)
        return [buffer.read() for buffer in [self.parameter_gradients, *self.reached]]

    def refuse_inputs(self, what, codes, words):
        self.library.refuses(what, codes, words, "backward", *self.backward_arguments())
        self.library.refuses(what, codes, words, "backward_workspace_bytes", pointer(self.input_struct), pointer(self.bytes))

    def gradients(self):
        self.make_gradients()
        if "gradients" not in self.manifest:
            return
        if self.make_backward_workspace():
            raise Wrong("backward_workspace_bytes: " + self.library.message)
        refuses = lambda what, codes, words, **other: self.library.refuses(
            what, codes, words, "backward", *self.backward_arguments(**other))
        alone = self.valid_backward()
        create, destroy = self.library.function("pool_create", ctypes.c_void_p), self.library.function("pool_destroy", None)
        pool = create(ctypes.c_int32(3))
        if self.valid_backward(pool=pool) != alone:
            raise Wrong("other gradients with three threads")
        destroy(ctypes.c_void_p(pool))

        structs = {"inputs": self.input_struct, "outputs": self.output_struct, "gradients": self.gradient_struct}
        for key, buffer in structs.items():
            for value, why in [(0, "null"), (buffer.address + 4, "8")]:
                refuses(why, ARGUMENT, [key, why], **{key: value})
            for wrong in (0, buffer.size - 8, buffer.size + 8, -1):
                self.change(buffer, 0, wrong, lambda: refuses(f"size {wrong}", ARGUMENT, [key, "size"]))
        self.library.refuses("no place", ARGUMENT, "bytes", "backward_workspace_bytes", pointer(self.input_struct), pointer(0))
        for value, why in [(0, "null"), (self.prepared.address + 8, "64")]:
            refuses(why, ARGUMENT, ["'prepared'", why], prepared=value)
        for value, why in [(0, "null"), (self.gradient_workspace.address + 8, "64")]:
            refuses(why, ARGUMENT, ["workspace", why], workspace=value)
        for size in {0, 1, 64, self.gradient_bytes // 2, self.gradient_bytes - 64}:
            if size < self.gradient_bytes:
                refuses(f"{size} bytes", WORKSPACE, "workspace", size=size)
        for value in (2, -1, 1 << 32):
            self.change(self.gradient_struct, 1, value, lambda: refuses(f"accumulate {value}", ARGUMENT, "accumulate"))
        for offset in (4, 32):
            self.change(self.gradient_struct, 2, self.parameter_gradients.address + offset,
                        lambda: refuses("gradients between lines", ARGUMENT, ["gradients", "64"]))
        for index in range(2, self.gradient_struct.size // 8):
            word = self.gradient_struct.words()[index]
            self.change(self.gradient_struct, index, 0, lambda: self.backward("a gradient left out"))
            for offset in (1, 2) if index > 2 else ():
                self.change(self.gradient_struct, index, word + offset,
                            lambda: refuses("an odd address", ARGUMENT, ["gradients", "4 bytes"]))
        for batch in NEGATIVE + HUGE:
            self.change(self.input_struct, 1, batch, lambda: self.refuse_inputs(f"batch {batch}", ARGUMENT, "batch"))
        for i, axis in enumerate(self.axes):
            name, buffer = f"'{axis['name']}'", self.offsets[axis["name"]]
            for value, why in [(0, "null"), (buffer.address + 4, "8")]:
                self.change(self.input_struct, 3 + i, value, lambda: self.refuse_inputs(why, ARGUMENT, [name, why]))
            self.change(buffer, 0, 1, lambda: self.refuse_inputs("begin 1", STRUCTURE, [name, "begin"]))
        for i, port in enumerate(self.inputs):
            size, place = BYTES[port["element"]], 3 + len(self.axes) + i
            rows = self.axis_rows[port["axis"]] if "clock" in port else 1
            if rows * self.row_bytes(port) == 0:
                continue
            name = f"'{port['name']}'"
            self.change(self.input_struct, place, 0, lambda: refuses("null", ARGUMENT, [name, "null"]))
            if port["element"] in ("token", "bool"):
                before, buffer = self.values[port["name"]].read(size), self.values[port["name"]]
                buffer.write(b"\xff" * size)
                refuses("an element that is none", VALUE, name)
                buffer.write(before)
        for number in range(200):
            self.mutated_gradients(f"gradients {number}")
        self.fill_gradients()

    def mutated_gradients(self, what):
        if self.rng.random() < 0.3:
            self.make_offsets()
        self.fill_gradients()
        offsets = {name: buffer.read() for name, buffer in self.offsets.items()}
        words = self.gradient_struct.size // 8
        for _ in range(self.rng.randrange(3)):
            kind = self.rng.randrange(5)
            if kind == 0:
                self.gradient_struct.set_word(self.rng.randrange(2), self.numbers())
            elif kind == 1:
                self.displace(self.gradient_struct, [(i, 4) for i in range(2, words)])
            elif kind == 2:
                self.input_struct.set_word(self.rng.randrange(3), self.numbers())
            elif kind == 3 and self.axes:
                self.offsets[self.rng.choice(self.axes)["name"]].set_word(self.rng.randrange(ROWS + 1), self.numbers())
            else:
                at = self.rng.choice([1 + 4 * i for i in range(len(self.outputs))] or [1])
                self.output_struct.set_word(at, 0)
        if self.make_backward_workspace(what) == FINE and self.gradient_bytes < 1 << 24:
            whole = self.gradient_bytes
            size = self.rng.choice([whole, whole, whole, self.rng.randrange(whole + 1)])
            code = self.backward(what, size=size)
            if code > TOO_LARGE or (code == FINE and size // 64 < self.bytes.words()[0] // 64):
                raise Wrong(f"{what}: returns {code} with {size} of {whole} bytes: {self.library.message}")
        for name, buffer in self.offsets.items():
            buffer.write(offsets[name])
