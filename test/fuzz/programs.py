"""Random well-typed Rondo programs: each must check, and means something that all of the compiler agrees on."""
import random

from matrix_cells import MatrixCell
from program_expressions import RECURRENT, SMALL, WIDE, Writer
from program_tree import Clock, Expr, Item, Program, real_of, type_of, wrap


class CellWriter(Writer):
    """A cell with states of its own, on a clock that it does not know."""

    def __init__(self, rng, sizes, name):
        super().__init__(rng, sizes)
        self.name, self.takes = name, self.size()
        clock = Clock("base", "the clock of the cell")
        self.scope.add("x", "real", (self.takes,), clock)
        self.more = [(self.fresh("u"), *self.pick([("real", ()), ("real", (self.size(),)), ("bool", ()), ("int", ()),
                                                   (("token", 3), ())])) for _ in range(self.pick([0, 0, 0, 1, 2]))]
        for given, element, shape in self.more:
            self.scope.add(given, element, shape, clock)
        self.states = [(self.fresh("s"), (self.size(),)) for _ in range(self.rng.randint(1, 2))]
        if self.chance(0.2):
            self.states.insert(0, (self.fresh("s"), self.pick([(), (self.size(), self.size())])))
        for state, shape in self.states:
            start = self.pick(["", "", f" = {self.number()}", f" = {self.param(shape)}"])
            self.items.append(Item(f"state {state} : {type_of('real', shape)}{start}"))
            self.scope.add(state, "real", shape, clock)
        self.looping = True
        for state, shape in self.states:
            if self.chance(0.5):
                self.define(self.real(self.shape(), clock, 2))
            self.items.append(Item(f"{state}' = ", wrap("tanh({})", self.real(shape, clock, self.rng.randint(1, 3)))))
            self.scope.add(f"{state}'", "real", shape, clock)
        # A blend has one clock and goes for all states inside.
        text = "\n".join(map(str, self.items))
        words = ["when", "per =", "hold", "reset", "pre(", "fby", "window"]
        self.blends = self.chance(0.6) and not any(word in text for word in words)
        self.flat = len(self.states) == 1 and not any(word in text for word in RECURRENT)
        result = real_of([self.states[-1][0] + "'"], self.states[-1][1], clock)
        if not self.blends:
            result = self.real(result.shape, clock, 2)
        self.items.append(Item("return ", result))
        self.size = result.shape[0]

    def body(self):
        more = "".join(f", {given}: {type_of(element, shape)}" for given, element, shape in self.more)
        return f"cell {self.name}(x: real[{self.takes}]{more}) -> real[{self.size}]", self.items


class ModelWriter(Writer):
    """A model: inputs, equations of all kinds, outputs and losses."""

    CHAINS = [["step"], ["step"], ["word", "sentence"], ["letter", "line", "page"]]

    def __init__(self, rng, sizes, cells, name):
        super().__init__(rng, sizes, cells)
        self.name = name
        self.sample = Clock("sample", "sample")
        if self.chance(0.06):
            return self.generating()
        self.chain(self.pick(self.CHAINS))
        if self.chance(0.35):
            self.chain(self.pick([["frame"], ["frame", "shot"]]))
        for _ in range(self.rng.randint(2, 7)):
            self.pick([self.equation] * 6 + [self.recursion] * 3 + [self.reduction] * 2 + [self.memory] * 2 +
                      [self.rhythms, self.several, self.at_sample, self.shared, self.alignment, self.constants,
                       self.within, self.inside, self.matrices])()
        if self.chance(0.3):  # what follows what is for the compiler to find
            self.rng.shuffle(self.items)
        self.ends()

    def generating(self):
        """A model of one input, that may be fed with what it gives."""
        clock, self.looping = Clock("base", "step"), True
        while not self.scope.values or self.scope.values[0].element in ("int", "bool"):
            self.items, self.scope.values = [], []
            self.input(clock, None)
        x = self.scope.values[0]
        for _ in range(self.rng.randint(1, 4)):
            self.pick([self.equation] * 3 + [self.recursion, self.rhythms, self.several, self.constants])()
        y = self.grounded(self.real((x.element[1],) if isinstance(x.element, tuple) else x.shape, clock, 3))
        ahead = self.pick(["next ", ""])
        if not ahead:
            y = wrap("pre({})", y)
        start = "start = 0, " if ahead and isinstance(x.element, tuple) else ""
        self.items.append(Item("output y = ", y))
        self.items.append(Item(f"generate {ahead}{x} from y ({start}limit = {self.rng.randint(1, 9)})"))
        self.ends()

    def chain(self, names):
        """Axes, the finest first, and inputs on them."""
        clock = None
        clocks = []
        for name in names:
            clock = Clock("segment" if clock else "base", name, clock)
            clocks.append(clock)
        on = " in ".join(names)
        self.input(clocks[0], on)
        for _ in range(self.rng.randrange(3)):
            self.input(self.pick(clocks), None)
        if self.chance(0.1):
            self.input(self.sample, None)
        for clock in clocks[1:]:
            if clock not in self.scope.clocks:
                self.scope.clocks.append(clock)
        return clocks

    def input(self, clock, on):
        element = self.pick(["real"] * 5 + [("token", self.rng.randint(2, 5)), "int", "bool"])
        shape = self.pick([(), (self.size(),), (self.size(),)]) if element == "real" else ()
        name = self.fresh("x")
        self.items.append(Item(f"input {name} : {type_of(element, shape)} on {on or clock}"))
        self.scope.add(name, element, shape, clock)

    def equation(self):
        element = self.pick(["real"] * 8 + ["bool", "int", ("token", self.rng.randint(2, 4))])
        shape = self.shape() if element == "real" else ()
        self.define(self.expr(element, shape, self.some_clock(), self.rng.randint(1, 4)))

    def recursion(self):
        clock = self.some_clock()
        if clock.kind != "sample":
            self.loop(clock)

    def reduction(self):
        """Over the ticks of a coarser axis, or a selection."""
        clock = self.some_clock()
        if clock.kind == "sample":
            return
        to = self.pick(self.segments_over(clock.axis()) + [self.sample, self.selection(clock)])
        if to in clock.chain():
            return
        word = self.pick(["sum", "mean", "max", "first"])
        value = self.grounded(self.real(self.shape(), clock, 2))
        self.define(wrap(f"{word}({{}}, per = {to})", value, clock=to))

    def constants(self):
        """A row that is the same at each tick."""
        clock, shape = self.selection(self.pick(self.scope.clocks[:1]).base()), (self.size(),)
        if clock.kind == "event":
            text = "".join(self.row(shape, None)) + f" when {clock.name}"
            self.define(Expr([text], "real", shape, clock, is_given=True))

    def memory(self):
        """Rows to attend to: of a segment, a period, an event, or of the whole sample and then on any base."""
        clock = self.some_clock()
        if clock.kind == "sample":
            return
        width = self.size()
        rows = self.grounded((self.recurrent if self.chance(0.3) else self.real)((width,), clock, self.rng.randrange(3)))
        segments = self.segments_over(clock)
        if segments and self.chance(0.4):
            to = self.pick(segments)
        elif self.chance(0.3):
            to = self.selection(clock)
        else:
            to = self.pick([c for c in self.scope.clocks if c.kind != "sample"]).base()
        per_sample = to.kind == "base"
        per = self.sample if per_sample else to
        collected = wrap(f"collect({{}}, per = {per})", rows, shape=("rows", width), clock=to)
        if per_sample:
            collected = wrap(f"spread({{}}, to = {to})", collected)
        name = self.fresh("m")
        self.items.append(Item(f"{name} = ", collected))
        memory = real_of([name], ("rows", width), to)
        memory.per_sample = per_sample
        self.memories.append((memory, width))
        if to not in self.scope.clocks:
            self.scope.clocks.append(to)
        target = self.selection(to) if per_sample and self.chance(0.3) else to
        if self.chance(0.3):
            self.define(self.attend((self.size(),), target, 1))
        elif self.chance(0.5):
            recipe, takes = self.recipe(width)
            self.define(wrap(f"{recipe}({{}})", self.attend((takes or self.size(),), target, 1), shape=(width,)))
        else:
            self.loop(target)

    def alignment(self):
        """The CTC loss of the rows of a segment or a period, or of all."""
        tokens = [v for v in self.scope.values if isinstance(v.element, tuple) and v.clock.kind in ("base", "segment")]
        if not tokens:
            return
        labels = self.pick(tokens)
        clock = labels.clock
        per = self.pick(self.segments_over(clock) + [self.sample, self.selection(clock)])
        logits = self.grounded(self.real((labels.element[1],), clock, 1))
        name = self.fresh("v")
        rows = f", per = {per})"
        self.items.append(Item(f"{name} = minimum(30.0, ctc(collect(", logits, f"{rows}, collect({labels}{rows}))"))
        self.scope.add(name, "real", (), per)

    def rhythms(self):
        """Clockwork modules: each reads itself and those behind it."""
        clock, n, count = self.some_clock(), self.size(), self.rng.randint(2, 4)
        if clock.kind not in ("base", "segment"):
            return
        x = self.define(self.real((self.size(),), clock, 1))
        name = self.fresh("w")
        period = self.pick(["2^k", "3^k", "k + 1", "2*k + 1"])
        phase = self.pick(["", ", phase = k"])
        read = self.pick(["concat(%s, pre(%s[k..]))", "concat(%s, pre(%s))"])
        cell = self.pick(["rnn", "gru", "lstm"])
        module = f"hold({cell}({n})({read % (x, name)}) when every({period}{phase}))"
        self.items.append(Item(f"{name}[k] : real[{n}] = {module} for k in 0..{count}"))
        if self.chance(0.5):
            self.define(real_of([f"concat({name})"], (n * count,), clock))
        else:
            self.define(real_of([f"{self.pick(['sum', 'max', 'mean'])}({name}, axis = 0)"], (n,), clock))

    def several(self):
        """Parts of one value, each put to use."""
        clock, n, count = self.some_clock(), self.size(), self.rng.randint(2, 3)
        names = [self.fresh("p") for _ in range(count)]
        whole = self.real((n * count,), clock, 2)
        self.items.append(Item(f"{', '.join(names)} = split(", whole, f", {count})"))
        for name in names:
            self.scope.add(name, "real", (n,), clock)

    def at_sample(self):
        self.define(self.real(self.shape(), self.sample, 2))

    def shared(self):
        """One instance, applied twice."""
        n = self.size()
        recipe, takes = self.recipe(n)
        name = self.fresh("f")
        self.items.append(Item(f"{name} = {recipe}"))
        takes = takes or self.size()
        for _ in range(2):
            clock = self.some_clock()
            form = self.pick([f"{name}({{}})", f"{name}({{}})", f"reversed({name})({{}})"])
            if clock.kind != "sample" and self.chance(0.3):
                form = form[:-1] + f", reset = {self.pick(['after', 'before'])}({self.cut(clock)}))"
            self.define(wrap(form, self.real((takes,), clock, 1), shape=(n,)))

    def within(self):
        """A cell in the model that reads what is around it."""
        clock, name, takes, n = self.some_clock(), self.fresh("c"), self.size(), self.size()
        outer, self.items, self.looping = self.items, [], True
        values, memories, self.memories = self.scope.values, self.memories, []
        self.scope.values = [v for v in values if v.clock is clock]
        self.scope.add("y", "real", (takes,), clock)
        clocks = list(self.scope.clocks)
        if clock.kind != "sample" and self.chance(0.5):
            self.loop(clock)
        result = self.real((n,), clock, 3)
        self.scope.values, self.scope.clocks, self.memories = values, clocks, memories
        inner, self.items, self.looping = self.items, outer, False
        head = f"cell {name}(y: real[{takes}]) -> real[{n}] {{\n" + "".join(f"  {item}\n" for item in inner)
        self.items.append(Item(f"{head}    return ", result, "\n  }"))
        form = self.pick([f"{name}({{}})", f"reversed({name})({{}})"])
        if clock.kind != "sample" and self.chance(0.4):
            form = form[:-1] + f", reset = {self.pick(['after', 'before'])}({self.cut(clock)}))"
        self.define(wrap(form, self.grounded(self.real((takes,), clock, 1)), shape=(n,)))

    def inside(self):
        """An instance, and what it remembers, looked at from outside."""
        clock, name = self.some_clock(), self.fresh("f")
        cells = [cell for cell in self.cells if not cell.more]
        if cells and self.chance(0.5):
            cell = self.pick(cells)
            recipe, takes, states = cell.name, cell.takes, cell.states
        else:
            n, takes = self.size(), self.size()
            kind = self.pick(["rnn", "gru", "lstm"])
            recipe, states = f"{kind}({n})", [("h", (n,))] + [("c", (n,))] * (kind == "lstm")
        self.items.append(Item(f"{name} = {recipe}"))
        x = self.grounded(self.real((takes,), clock, 1))
        self.define(wrap(f"{name}({{}})", x, shape=states[-1][1]))
        for state, shape in states:
            self.define(Expr([self.pick([f"{name}.{state}", f"{name}.{state}'"])], "real", shape, clock, is_given=True))

    def matrices(self):
        """A cell that remembers a matrix, small or of some lines and vectors."""
        clock, name = self.some_clock(), self.fresh("c")
        d, n = self.pick([(17, 18), (16, 16), (33, 9), (5, 70)]) if self.chance(0.5) else (self.size(), self.size())
        self.items.append(Item(MatrixCell(self.rng, name, d, n).text))
        reset = ""
        if clock.kind != "sample" and self.chance(0.3):
            reset = f", reset = {self.pick(['after', 'before'])}({self.cut(clock)})"
        given = [self.grounded(self.real((size,), clock, 1)) for size in (d, n, 3)]
        self.define(real_of([f"{name}(tanh(", given[0], "), tanh(", given[1], "), tanh(", given[2], f"){reset})"], (d,), clock))

    def ends(self):
        named = [v for v in self.scope.values if not str(v).startswith("x")]
        outputs = [v for v in named if self.chance(0.6)] or named
        if not outputs:
            outputs = [self.define(self.real((), self.pick(self.scope.clocks), 2))]
        for value in outputs:
            self.items.append(Item(f"output {value}"))
        for memory, width in self.memories:
            if self.chance(0.3):
                self.items.append(Item(f"output rows_{memory} = {memory} @ {self.param((width,))}"))
        reals = [v for v in self.scope.values if v.element == "real"]
        for number in range(self.rng.randrange(3) if reals else 0):
            y = self.pick(reals)
            forms = ["mse({y}, 0.3 * {y})", "l2({y})", "mean(abs({y}), axis = all)"]
            behind = ["mse({y}, next({y}))", "mae(next({y}), {y})"]
            if not y.shape:
                forms, behind = ["abs({y})", "{y}^2", "0.7 * {y}"], ["abs({y} - next({y}))"]
            elif len(y.shape) == 1:
                at = self.rng.randrange(y.shape[0])
                forms += [f"{{y}}[{at}]", f"sum({{y}}[{at}..], axis = 0)"]
            labels = [v for v in self.scope.values if v.clock is y.clock and
                      (y.shape == () and v.element == "bool" and v.shape == () or
                       len(y.shape) == 1 and v.element == ("token", y.shape[0]))]
            if labels:
                loss = "cross_entropy" if y.shape else "bce"
                forms += 3 * [f"{loss}({{y}}, {self.pick(labels)})"]
                behind += 3 * [f"{loss}({{y}}, next({self.pick(labels)}))"]
            if y.clock.kind in ("base", "every", "event"):
                forms += behind
            text = self.pick(forms).replace("{y}", str(y))
            if y.clock.kind != "sample" and self.chance(0.3):
                text = f"({text}) when {self.selection(y.clock)}"
            params = [words[1] for words in (item.head.split() for item in self.items)
                      if words[0] == "param" and "[" in words[3]]
            if params and self.chance(0.3):
                param = self.pick(params)  # one that is read
                text = f"({text}) + 0.1 * mean({param} * {param}, axis = all) trains {param}"
            self.items.append(Item(f"loss l{number} = {text}"))

    def body(self):
        return f"model {self.name}", self.items


def program(seed):
    """The same seed gives the same program. Programs of different seeds may stand in one file."""
    rng = random.Random(seed)
    sizes = rng.choice([SMALL] * 4 + [WIDE])
    cells = [CellWriter(rng, sizes, f"own{i}_{seed}") for i in range(rng.choice([0, 0, 1, 2]))]
    return Program([writer.body() for writer in [*cells, ModelWriter(rng, sizes, cells, f"m{seed}")]])
