"""Single steps, their state, and what is wrong with them."""
import ctypes
import struct

from library import *


class Steps:
    """Of a Case that has them."""

    steps = None

    def make_steps(self):
        if not self.manifest.get("steps"):
            return
        refuses, new = self.library.refuses, self.library.buffer
        sequences = 3
        for batch in NEGATIVE + HUGE[:1]:
            refuses(f"batch {batch}", (ARGUMENT, TOO_LARGE), "batch", "state_bytes", ctypes.c_int64(batch),
                    pointer(self.bytes))
        refuses("no place", ARGUMENT, "bytes", "state_bytes", ctypes.c_int64(1), pointer(0))
        if self.library.call("sequences", "state_bytes", ctypes.c_int64(sequences), pointer(self.bytes)):
            raise Wrong("state_bytes: " + self.library.message)
        size = self.bytes.words()[0]
        state = new(size, 64)
        init = lambda what, code, words, **other: refuses(
            what, code, words, "state_init", pointer(other.get("prepared", self.prepared)),
            pointer(other.get("state", state)), ctypes.c_size_t(other.get("size", size)),
            ctypes.c_int64(other.get("batch", sequences)))
        for value, why in [(0, "null"), (state.address + 8, "64")]:
            init(why, ARGUMENT, ["state", why], state=value)
        init("no data", ARGUMENT, "'prepared'", prepared=0)
        init("too few bytes", WORKSPACE, "state", size=size - 1)
        init("no bytes", WORKSPACE, "state", size=0)
        for batch in NEGATIVE + HUGE[:1]:
            init(f"batch {batch}", (ARGUMENT, TOO_LARGE), "batch", batch=batch)
        self.step_outputs = [p for p in self.outputs if p.get("stepped")]
        self.ends = self.manifest.get("stepEnds", [])
        inputs, outputs = new(8 * (3 + len(self.inputs) + len(self.ends))), new(8 * (1 + 2 * len(self.step_outputs)))
        active = new(sequences, 1)
        active.write(bytes([1, 1, 0]))
        ends = {end["axis"]: new(sequences, 1) for end in self.ends}
        for buffer in ends.values():
            buffer.write(bytes([1, 0, 0]))
        rows = {p["name"]: new(sequences * self.row_bytes(p), BYTES[p["element"]]) for p in self.step_outputs}
        ticks = {p["name"]: new(sequences, 1) for p in self.step_outputs}
        words = [inputs.size, 9, active.address] + [self.values[p["name"]].address for p in self.inputs]
        words += [buffer.address for buffer in ends.values()]
        inputs.write(struct.pack(f"<{len(words)}Q", *words))
        words = [outputs.size]
        for port in self.step_outputs:
            words += [rows[port["name"]].address, ticks[port["name"]].address]
        outputs.write(struct.pack(f"<{len(words)}Q", *words))
        self.steps = {"state": state, "inputs": inputs, "outputs": outputs, "size": size, "sequences": sequences,
                      "active": active, "ends": ends}
        self.init_state()

    def init_state(self):
        s = self.steps
        if self.library.call("a valid call", "state_init", pointer(self.prepared), pointer(s["state"]),
                             ctypes.c_size_t(s["size"]), ctypes.c_int64(s["sequences"])):
            raise Wrong("state_init: " + self.library.message)

    def step_arguments(self, **other):
        return [pointer(other.get(key, self.prepared if key == "prepared" else self.steps[key]))
                for key in ("prepared", "state", "inputs", "outputs")]

    def refuse_steps(self, what, codes, words, **other):
        self.library.refuses(what, codes, words, "step", *self.step_arguments(**other))

    def step(self, what="a valid call"):
        return self.library.call(what, "step", *self.step_arguments())

    def single_steps(self, foreign):
        if not self.steps:
            return
        s = self.steps
        for _ in range(3):
            if self.step():
                raise Wrong("a valid step: " + self.library.message)
        for key in ("state", "inputs", "outputs"):
            self.refuse_steps("null", ARGUMENT, [key, "null"], **{key: 0})
            self.refuse_steps("an odd address", ARGUMENT, key, **{key: s[key].address + 4})
        for key in ("inputs", "outputs"):
            for wrong in (0, s[key].size + 8, -1):
                self.change(s[key], 0, wrong, lambda: self.refuse_steps(f"size {wrong}", ARGUMENT, [key, "size"]))
        self.init_state()  # some inputs are looked at only at the first step
        for i, port in enumerate(self.inputs):
            if not port.get("stepped"):
                continue
            name, buffer, size = f"'{port['name']}'", self.values[port["name"]], BYTES[port["element"]]
            self.change(s["inputs"], 3 + i, 0, lambda: self.refuse_steps("null", ARGUMENT, [name, "null"]))
            if size > 1:
                self.change(s["inputs"], 3 + i, buffer.address + 1, lambda: self.refuse_steps("odd", ARGUMENT, name))
            if port["element"] in ("token", "bool"):
                bad = 2 if port["element"] == "bool" else port["tokens"]
                before = buffer.read(size)
                buffer.write(struct.pack("<" + FORMATS[port["element"]], bad))
                self.refuse_steps(f"element {bad}", VALUE, [name, str(bad)])
                buffer.write(before)
        for i, port in enumerate(self.step_outputs):
            if BYTES[port["element"]] > 1:
                self.change(s["outputs"], 1 + 2 * i, s["outputs"].words()[1 + 2 * i] + 1,
                            lambda: self.refuse_steps("odd", ARGUMENT, f"'{port['name']}'"))
            for word in (0, 1):
                self.change(s["outputs"], 1 + 2 * i + word, 0, lambda: self.step("an output left out"))
        for name, buffer in [("active", s["active"]), *s["ends"].items()]:
            before = buffer.read()
            for at in range(2 if name != "active" else 3):
                buffer.write(b"\2", at)
                self.refuse_steps("2 is no bool", VALUE, [f"'{name}'" if name == "active" else name, "2"])
                buffer.write(before)
        for inner, outer in zip(self.ends, self.ends[1:]):
            s["ends"][inner["axis"]].write(b"\0")
            self.refuse_steps("an outer segment ends alone", STRUCTURE, outer["axis"])
            s["ends"][inner["axis"]].write(b"\1")
        self.resets()
        state = s["state"].read()
        for what, damage in [("nothing", bytes(len(state))), ("noise", self.rng.randbytes(len(state))),
                             ("another model's", (foreign + bytes(len(state)))[:len(state)])]:
            s["state"].write(damage)
            self.refuse_steps(what, ARGUMENT, "state")
        s["state"].write(state)

    def resets(self):
        s = self.steps
        refuses = lambda what, words, state, sequence, prepared=None: self.library.refuses(
            what, ARGUMENT, words, "state_reset", pointer(self.prepared if prepared is None else prepared),
            pointer(state), ctypes.c_int64(sequence))
        for sequence in [*NEGATIVE, s["sequences"], *HUGE]:
            refuses(f"sequence {sequence}", str(sequence), s["state"], sequence)
        refuses("no state", ["state", "null"], 0, 0)
        refuses("no data", "'prepared'", s["state"], 0, prepared=0)
        refuses("an odd address", "state", s["state"].address + 8, 0)
        for sequence in range(s["sequences"]):
            if self.library.call("a valid call", "state_reset", pointer(self.prepared), pointer(s["state"]),
                                 ctypes.c_int64(sequence)):
                raise Wrong("state_reset: " + self.library.message)
