"""Words of valid calls, changed at random."""

from library import *


class Mutations:
    """Of a Case."""

    def numbers(self):
        """A number that a careless caller may give, none that asks for rows which the buffers have not."""
        return self.rng.choice([0, 1, self.rng.randrange(ROWS), self.rng.choice(NEGATIVE), self.rng.choice(HUGE)])

    def displace(self, struct_buffer, pointers):
        """Makes a pointer null, or lets it point between elements, if there is a between."""
        at, alignment = self.rng.choice(pointers)
        struct_buffer.set_word(at, self.rng.choice([0, struct_buffer.words()[at] | 1] if alignment > 1 else [0]))

    def mutate(self):
        """Changes a valid call in a few places."""
        inputs = [(3 + i, 8) for i in range(len(self.axes))]
        inputs += [(3 + len(self.axes) + i, BYTES[port["element"]]) for i, port in enumerate(self.inputs)]
        inputs = inputs or [(0, 8)]
        end = 1 + 4 * len(self.outputs)
        outputs = [(1 + 4 * i, BYTES[port["element"]]) for i, port in enumerate(self.outputs)]
        outputs += [(1 + 4 * i + k, 8) for i in range(len(self.outputs)) for k in (2, 3)]
        outputs += [(end, 4), (end + 1, 8)]
        for _ in range(self.rng.randint(1, 3)):
            kind = self.rng.randrange(8)
            if kind == 0:
                self.input_struct.set_word(self.rng.randrange(3), self.numbers())
            elif kind == 1 and self.axes:
                buffer = self.offsets[self.rng.choice(self.axes)["name"]]
                buffer.set_word(self.rng.randrange(ROWS + 1), self.numbers())
            elif kind == 2:
                self.displace(self.input_struct, inputs)
            elif kind == 3 and self.inputs:
                buffer = self.values[self.rng.choice(self.inputs)["name"]]
                if buffer.size:
                    at = self.rng.randrange(buffer.size)
                    buffer.write(self.rng.randbytes(min(8, buffer.size - at)), at)
            elif kind == 4:
                if self.rng.random() < 0.5 or not self.outputs:
                    self.displace(self.output_struct, outputs)
                else:
                    at = self.rng.randrange(len(self.outputs))
                    room = self.capacity(self.outputs[at])
                    self.output_struct.set_word(2 + 4 * at, self.rng.choice([-1, 0, 1, self.rng.randrange(room + 1)]))
            elif kind == 5:
                self.size = self.rng.choice([0, 64, self.rng.randrange(self.workspace_bytes + 1)])
            elif kind == 6 and self.prepared.size > 64:  # weights of any bits
                self.prepared.write(self.rng.randbytes(8), self.rng.randrange(64, self.prepared.size - 7))
            elif self.steps:
                state = self.steps["state"]
                at = self.rng.randrange(state.size // 4)
                flips = self.rng.choice([1, 1 << 31, self.rng.getrandbits(32)])
                bits = int.from_bytes(state.read(4, 4 * at), "little") ^ flips
                state.write(bits.to_bytes(4, "little"), 4 * at)

    def mutations(self, count):
        prepared, seen = self.prepared.read(), {}
        for number in range(count):
            if number % 10 == 0:
                self.make_offsets()
                for port in self.inputs:
                    self.fill(port)
                self.fill_structs()
                self.make_workspace()
                self.prepared.write(prepared)
                if self.steps:
                    self.init_state()
            self.fill_structs()
            self.size = self.workspace_bytes
            offsets = {name: buffer.read() for name, buffer in self.offsets.items()}
            self.mutate()
            what = f"mutation {number}"
            code, needed = self.ask_workspace(what)
            seen[code] = seen.get(code, 0) + 1
            code = self.forward(what, size=self.size)
            seen[code] = seen.get(code, 0) + 1
            if code == FINE and self.size < needed:
                raise Wrong(f"{what}: works with {self.size} bytes, though {needed} are asked for")
            if code > TOO_LARGE:
                raise Wrong(f"{what}: returns {code}: {self.library.message}")
            if self.steps:
                for buffer in [self.steps["active"], *self.steps["ends"].values()]:
                    buffer.write(bytes(self.rng.choice([0, 1, 1, 1, 2]) for _ in range(buffer.size)))
                code = self.step(what)
                if code > TOO_LARGE:
                    raise Wrong(f"{what}: a step returns {code}: {self.library.message}")
            for name, buffer in self.offsets.items():
                buffer.write(offsets[name])
        self.prepared.write(prepared)
        if len(seen) < 4:
            raise Wrong(f"mutations come to {seen} only")
