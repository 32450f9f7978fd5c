"""Generation, and what is wrong with it."""
import ctypes
import struct

from library import *


class Generation:
    """Of a Case that has it."""

    generation = None
    DEFAULTS = [80, 0, 0, 1.0, 0, 1, 0.0, 4, -1, -1]  # size, mode, seed, temperature, top_k, beams, penalty, limit, ..
    REALS = (3, 6)

    def make_generation(self):
        if "generate" not in self.manifest:
            return
        port = next(p for p in self.inputs if p["name"] == self.manifest["generate"]["input"])
        new, room = self.library.buffer, ROWS * 4
        self.generation = {
            "options": new(80), "generated": new(48), "rows": new(room * self.row_bytes(port), BYTES[port["element"]]),
            "offsets": new(8 * (room + 1)), "scores": new(8 * room), "found": new(8 * ROWS), "room": room, "port": port,
        }
        self.fill_generation()

    def fill_generation(self, **changed):
        g, words = self.generation, list(self.DEFAULTS)
        for index, value in changed.items():
            words[int(index[1:])] = value
        for i, value in enumerate(words):
            word = struct.pack("<d", value) if i in self.REALS else struct.pack("<Q", value & (1 << 64) - 1)
            g["options"].write(word, 8 * i)
        addresses = [g["rows"].address, g["room"], g["offsets"].address, g["scores"].address, g["found"].address]
        g["generated"].write(struct.pack("<6Q", 48, *addresses))

    def generate_arguments(self, **other):
        g, given = self.generation, lambda key, valid: pointer(other.get(key, valid))
        return (given("prepared", self.prepared), given("inputs", self.input_struct), given("options", g["options"]),
                given("generated", g["generated"]), given("workspace", self.generate_workspace),
                ctypes.c_size_t(other.get("size", self.generate_bytes)), None)

    def make_generate_workspace(self, what="a valid call"):
        code = self.library.call(what, "generate_workspace_bytes", pointer(self.input_struct),
                                 pointer(self.generation["options"]), pointer(self.bytes))
        if code == FINE:
            self.generate_bytes = (self.bytes.words()[0] + 63) // 64 * 64
            self.generate_workspace = Buffer(self.generate_bytes, 64)
        return code

    def generate(self, what="a valid call", **other):
        code = self.library.call(what, "generate", *self.generate_arguments(**other))
        if not self.generate_workspace.is_intact():
            raise Wrong(f"generate, {what}: wrote outside of the workspace")
        return code

    def generations(self):
        self.make_generation()
        if not self.generation:
            return
        g, chosen = self.generation, self.manifest["generate"]["chosen"]
        self.fill_structs()
        if self.make_generate_workspace():
            raise Wrong("generate_workspace_bytes: " + self.library.message)
        if self.generate():
            raise Wrong("generate: " + self.library.message)
        refuses = lambda what, code, words, **other: self.library.refuses(
            what, code, words, "generate", *self.generate_arguments(**other))
        structs = {"inputs": self.input_struct, "options": g["options"], "generated": g["generated"]}
        for key, buffer in structs.items():
            refuses("an odd address", ARGUMENT, key, **{key: buffer.address + 4})
            if key != "options":
                refuses("null", ARGUMENT, [key, "null"], **{key: 0})
            for wrong in (0, buffer.size + 8, -1):
                self.change(buffer, 0, wrong, lambda: refuses(f"size {wrong}", ARGUMENT, [key, "size"]))
        refuses("no data", ARGUMENT, "'prepared'", prepared=0)
        for value, why in [(0, "null"), (self.generate_workspace.address + 8, "64")]:
            refuses(why, ARGUMENT, ["workspace", why], workspace=value)
        refuses("too few bytes", WORKSPACE, "workspace", size=64)
        for batch in NEGATIVE + HUGE:
            self.change(self.input_struct, 1, batch, lambda: refuses(f"batch {batch}", (ARGUMENT, TOO_LARGE), "batch"))
        nan = float("nan")
        wrong = [("w1", 3, "mode"), ("w1", -1, "mode"), ("w7", -2, "limit"), ("w7", 1 << 62, "limit")]
        if chosen:
            tokens = g["port"]["tokens"]
            wrong += [("w3", 0.0, "temperature"), ("w3", -1.0, "temperature"), ("w3", nan, "temperature"),
                      ("w4", -1, "top_k"), ("w8", -2, "start"), ("w8", tokens, "start"), ("w9", tokens, "stop")]
        for index, value, word in wrong:
            mode = {} if index == "w1" else {"w1": 1}
            self.fill_generation(**{index: value}, **(mode if chosen else {}))
            refuses(f"{word} {value}", ARGUMENT, ["options", word])
        if chosen:
            for beams in (0, -1, 1 << 40):
                self.fill_generation(w1=2, w5=beams)
                refuses(f"{beams} beams", (ARGUMENT, TOO_LARGE), "beams")
            self.fill_generation(w1=2, w6=nan)
            refuses("a penalty that is none", ARGUMENT, ["options", "penalty"])
        self.fill_generation()
        for word in (3, 4, 5):
            self.change(g["generated"], word, g["generated"].words()[word] + 4,
                        lambda: refuses("an odd address", ARGUMENT, "generated"))
            self.change(g["generated"], word, 0, lambda: self.generate("a result left out"))
        for room in NEGATIVE:
            self.change(g["generated"], 2, room, lambda: refuses(f"room for {room}", ARGUMENT, ["generated", "room"]))
        self.fill_generation()
        if self.generate() == FINE and g["generated"].words()[2] > 0:
            g["generated"].set_word(2, 0)
            if self.generate("too little room") != CAPACITY:
                raise Wrong("generate without room: " + self.library.message)
        for number in range(300):
            self.fill_structs()
            change = {"w1": self.rng.choice([0, 1, 2, 2]), "w2": self.rng.getrandbits(64)} if chosen else {}
            if chosen and self.rng.random() < 0.8:
                change.update(w3=self.rng.choice([1.0, 1e-300, 1e300, 0.5]), w4=self.rng.choice([0, 1, 2, 1 << 40]),
                              w5=self.rng.choice([1, 2, 3, 0]), w6=self.rng.choice([0.0, -1e300, 1.0]))
            change["w7"] = self.rng.choice([0, 1, 4, -1, self.numbers()])
            self.fill_generation(**change)
            what = f"generation {number}"
            if self.make_generate_workspace(what) == FINE and self.generate_bytes < 1 << 24:
                whole = self.generate_bytes
                size = self.rng.choice([whole, whole, self.rng.randrange(whole + 1)])
                if self.generate(what, size=size) > TOO_LARGE:
                    raise Wrong(f"{what}: {self.library.message}")
        self.fill_structs()
