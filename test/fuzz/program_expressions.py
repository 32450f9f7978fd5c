"""Random expressions of a given type on a given clock.

Numbers stay small, and conditions compare with odd constants, so that two ways of summing give the same choices.
"""
from program_tree import Clock, Expr, Item, bool_of, real_of, wrap

RECURRENT = ["rnn", "lstm", "gru", "mingru", "indrnn", "minlstm", "peephole_lstm", "coupled_lstm", "layer_norm_lstm"]
UNARY = ["tanh({})", "sigmoid({})", "relu({})", "abs({})", "sin({})", "cos({})", "(-{})", "exp(-abs({}))",
         "log(1.0 + abs({}))", "sqrt(0.1 + abs({}))", "({}^2)", "floor(3.1 * {})", "softplus({})", "silu({})",
         "gelu({})", "clip({}, -0.6, 0.7)", "stop_gradient({})", "(0.7 * {})", "(1 - {})", "({} + 0.3)",
         "hard_gate({})", "elu()({})", "(({} + 0.017) % 0.83)", "(({} + 0.017) // 0.37)"]
BINARY = ["({} + {})", "({} - {})", "({} * {})", "minimum({}, {})", "maximum({}, {})", "({} / (1.0 + abs({})))",
          "straight({}, {})", "(0.4 * {} + 0.6 * {})", "((0.2 + abs({})) ^ tanh({}))", "(({} + 0.017) % (0.5 + abs({})))"]

SMALL = [1, 2, 2, 3, 3, 4]
WIDE = [1, 3, 7, 8, 9, 15, 16, 16, 17, 24, 32, 33]  # around what a vector holds, and several vectors


class Scope:
    """What can be named at some place: values, and the clocks on which there are some."""

    def __init__(self):
        self.values, self.clocks = [], []

    def add(self, name, element, shape, clock, is_given=True):
        value = Expr([name], element, shape, clock, is_given)
        self.values.append(value)
        if clock not in self.clocks:
            self.clocks.append(clock)
        return value


class Writer:
    """Writes the body of a model or a cell."""

    def __init__(self, rng, sizes, cells=()):
        self.rng, self.sizes, self.cells = rng, sizes, cells
        self.scope, self.items, self.counters = Scope(), [], {}
        self.memories = []  # what has been collected: (expression, width)
        self.looping = False  # in a cell, or a recursive equation: nothing here looks ahead in time

    # --- Choices ---

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, options):
        return self.rng.choice(options)

    def size(self):
        return self.pick(self.sizes)

    def shape(self):
        return self.pick([(), (), (self.size(),), (self.size(),), (self.size(),), (self.size(), self.size())])

    def number(self):
        return self.pick(["0.137", "-0.271", "0.519", "0.0313", "1.183", "-0.77", "2.03"])

    def fresh(self, stem):
        self.counters[stem] = self.counters.get(stem, 0) + 1
        return f"{stem}{self.counters[stem]}"

    # --- Items ---

    def define(self, expr):
        """An equation; its name stands for the value from now on."""
        expr = self.grounded(expr)
        name = self.fresh("v")
        self.items.append(Item(f"{name} = ", expr))
        return self.scope.add(name, expr.element, expr.shape, expr.clock)

    def grounded(self, expr):
        """The same with a value in it that says what the clock is, if it has none."""
        if expr.is_grounded():
            return expr
        values = [v for v in self.scope.values if v.is_given]
        here = [v for v in values if v.clock is expr.clock]
        values = here or [v for v in (self.move(v, expr.clock) for v in values) if v]
        return Expr(["(if ", self.scalar(self.pick(values)), " > -1000.0 then ", expr, " else ", expr, ")"],
                    expr.element, expr.shape, expr.clock)

    def param(self, shape):
        name = self.fresh("P")
        init = self.pick(["glorot", "uniform(0.8)", "normal(0.6)", "orthogonal"]) if len(shape) == 2 else \
            self.pick(["uniform(0.8)", "normal(0.6)", "zeros", "ones"])
        sizes = f"[{', '.join(map(str, shape))}]" if shape else ""
        self.items.append(Item(f"param {name} : real{sizes} = {init}"))
        return name

    # --- Between clocks ---

    def lift(self, expr):
        """One level up, to the clock that a clock is selected from."""
        expr = self.grounded(expr)
        words = ["hold({})", "hold({})", "hold({}, init = %s)" % self.number()]
        if expr.clock.kind == "segment" and not self.looping:
            words.append("spread({}, to = %s)" % expr.clock.parent)
        word = self.pick(words if expr.element == "real" and not expr.shape else words[:2] + words[3:])
        return wrap(word, expr, clock=expr.clock.parent)

    def move(self, expr, to):
        """The value on another clock; None where no way leads there."""
        if expr.clock is to:
            return expr
        if expr.clock.kind == "sample":
            if self.looping:
                return None
            return self.move(wrap(f"spread({{}}, to = {to.base()})", self.grounded(expr), clock=to.base()), to)
        if to.kind == "sample":
            while expr.clock.kind not in ("base", "segment"):
                expr = self.lift(expr)
            return wrap("({} when sample)", expr, clock=to)
        if expr.clock.base() is not to.base():
            return None
        wanted = to.chain()
        while expr.clock not in wanted:
            expr = self.lift(expr)
        for step in reversed(wanted[:wanted.index(expr.clock)]):
            for word in step.words:
                expr = wrap(f"({{}} when {word})", expr, clock=step)
        return expr

    def segments_over(self, clock):
        """The segment clocks that are bools on this clock."""
        if clock.kind not in ("base", "segment"):
            return []
        return [c for c in self.scope.clocks if c.kind == "segment" and c is not clock and clock in c.chain()]

    def selection(self, clock):
        """Some clock selected from this one, by a period or by an event."""
        if self.chance(0.5):
            period = self.rng.randint(2, 4)
            return clock.every(period, self.rng.randrange(period))
        condition = self.condition(clock, 1)
        if not condition.is_grounded():
            return clock.every(2, 1)
        name = self.fresh("e")
        self.items.append(Item(f"{name} = ", condition))
        return Clock("event", name, clock)

    def some_clock(self):
        clock = self.pick(self.scope.clocks)
        if clock.kind != "sample" and len(clock.chain()) < 5 and self.chance(0.3):
            clock = self.selection(clock)
        return clock

    # --- Expressions ---

    def near(self, element, shape, clock):
        """Values in scope of this type, on this clock if there are some and luck will have it."""
        fit = [v for v in self.scope.values if v.element == element and v.shape == tuple(shape)]
        here = [v for v in fit if v.clock is clock]
        return here if here and self.chance(0.8) else [v for v in (self.move(v, clock) for v in fit) if v]

    def row(self, shape, value):
        """Numbers and elements of parameters, one behind the other, and among them the value, if there is one."""
        given = self.rng.randrange(shape[0])
        parts = ["concat("]
        for place in range(shape[0]):
            number = f"{self.param((3,))}[{self.rng.randrange(3)}]" if self.chance(0.3) else self.number()
            parts += [", " if place else "", value if value and place == given else number]
        return [*parts, ")"]

    def leaf(self, element, shape, clock):
        if element == "real" and len(shape) == 1 and self.chance(0.08):
            return real_of(self.row(shape, self.scalar(self.anything(clock))), shape, clock)
        found = self.near(element, shape, clock)
        if found:
            return self.pick(found)
        return self.made(element, shape, clock)

    def anything(self, clock):
        """A value of whatever type on this clock."""
        values = [v for v in self.scope.values if v.clock is clock]
        if not values or self.chance(0.1):
            values = [v for v in (self.move(v, clock) for v in self.scope.values) if v]
        return self.pick(values) if values else Expr(["tick"], "int", (), clock)

    def scalar(self, value):
        """A real scalar of whatever there is."""
        if value.element == "real":
            if value.shape == ():
                return value
            if self.chance(0.5):
                index = ", ".join(str(self.rng.randrange(n)) for n in value.shape)
                return wrap("{}[%s]" % index, value, shape=())
            return wrap(self.pick(["sum", "mean", "max"]) + "({}, axis = all)", value, shape=())
        if isinstance(value.element, tuple):
            value = wrap("int({})", value, element="int")
        if value.element == "bool" and value.shape:
            return wrap("sum(real({}), axis = all)", value, element="real", shape=())
        return wrap("real({})", value, element="real")

    def made(self, element, shape, clock):
        """A value of this type, made of one of another."""
        value = self.anything(clock)
        if element == "bool":
            scalar = self.scalar(value)
            if shape:
                return bool_of(["(", self.made("real", shape, clock), f" > {self.number()})"], shape, clock)
            return wrap(f"({{}} {self.pick(['<', '>'])} {self.number()})", scalar, element="bool")
        if element == "int":
            count = Expr(["tick"], "int", (), clock)
            return self.pick([count, wrap("int(floor(2.3 * {}))", self.scalar(value), element="int")])
        if isinstance(element, tuple):
            return wrap("argmax({})", self.leaf("real", (element[1],), clock), element=element, shape=())
        if isinstance(value.element, tuple) and len(shape) == 1:
            if self.chance(0.7):
                return wrap(f"embed({shape[0]})({{}})", value, element="real", shape=shape)
            return real_of([self.param((value.element[1], shape[0])), "[", value, "]"], shape, clock)
        if value.element == "real" and len(value.shape) == 1 and len(shape) == 1:
            if self.chance(0.5):
                return wrap(f"dense({shape[0]})({{}})", value, shape=shape)
            return real_of([f"({self.param((shape[0], value.shape[0]))} @ ", value, ")"], shape, clock)
        scalar = self.scalar(value)
        if shape == ():
            return scalar
        return real_of([f"({self.param(shape)} * ", scalar, ")"], shape, clock)

    def condition(self, clock, depth):
        kind = self.rng.randrange(8)
        tokens = [v for v in self.scope.values if isinstance(v.element, tuple) and v.clock is clock]
        if kind == 0 and tokens:
            token = self.pick(tokens)
            which = self.rng.randrange(token.element[1])
            return wrap(f"({{}} {self.pick(['==', '!='])} {which})", token, element="bool")
        if kind == 1:
            return bool_of([f"(tick % {self.rng.randint(2, 4)} == 1)"], (), clock)
        if kind == 2 and depth > 0:
            word = self.pick([" and ", " or "])
            return bool_of(["(", self.condition(clock, 0), word, self.condition(clock, 0), ")"], (), clock)
        if kind == 3 and depth > 0:
            return wrap(self.pick(["not ({})", "pre({})", "(true fby {})"]), self.condition(clock, 0))
        left = self.expr("real", (), clock, depth - 1)
        if kind == 4:
            word = self.pick(["<", ">"])
            return bool_of(["(", left, f" {word} 0.0313 + ", self.expr("real", (), clock, 0), ")"], (), clock)
        return wrap(f"({{}} {self.pick(['<', '>', '<=', '>='])} {self.number()})", left, element="bool")

    def expr(self, element, shape, clock, depth):
        if depth <= 0:
            return self.leaf(element, shape, clock)
        if element == "bool":
            return self.condition(clock, depth) if shape == () else self.made(element, shape, clock)
        if element == "int":
            a = self.leaf("int", (), clock)
            return wrap(self.pick(["({} + 1)", "({} % 3)", "({} // 2)", "({} * 2 - 1)", "pre({})", "(4 fby {})"]), a)
        if isinstance(element, tuple):
            return wrap("argmax({})", self.expr("real", (element[1],), clock, depth - 1), element=element, shape=())
        forms = [self.pointwise] * 6 + [self.choice, self.remembered, self.remembered, self.crossed, self.drawn]
        forms += [self.scalar_form] if shape == () else [self.layer] * 4 if len(shape) == 1 else [self.matrix] * 3
        if len(shape) == 1:
            forms += [self.recurrent] * 3 + [self.attend] * 2 * bool(self.memories)
        return self.pick(forms)(shape, clock, depth - 1)

    def real(self, shape, clock, depth):
        return self.expr("real", shape, clock, depth)

    def pointwise(self, shape, clock, depth):
        if self.chance(0.5):
            return wrap(self.pick(UNARY), self.real(shape, clock, depth))
        if self.chance(0.1):  # of a parameter, without a clock
            of_param = self.pick(UNARY).replace("{}", self.param(shape))
            return wrap(f"({{}} {self.pick(['*', '+'])} {of_param})", self.real(shape, clock, depth))
        # Of lower rank: repeats along the leading axes.
        other = shape[self.rng.randrange(len(shape) + 1):] if self.chance(0.3) else shape
        a, b = self.real(shape, clock, depth), self.real(other, clock, depth)
        form = self.pick(BINARY if other == shape else BINARY[:6])
        before, between, after = form.split("{}")
        return real_of([before, a, between, b, after], shape, clock)

    def choice(self, shape, clock, depth):
        by = shape if shape and self.chance(0.3) else ()
        return real_of(["(if ", self.expr("bool", by, clock, 1), " then ", self.real(shape, clock, depth), " else ",
                     self.real(shape, clock, depth), ")"], shape, clock)

    def remembered(self, shape, clock, depth):
        form = self.pick(["pre({})", "pre(pre({}))", "(%s fby {})" % self.number(), "window"])
        if form == "window":
            if len(shape) != 1 or shape[0] % 2:
                form = "pre({})"
            else:
                return wrap("window(2)({})", self.real((shape[0] // 2,), clock, depth), shape=shape)
        if "fby" in form and shape:
            first = self.leaf("real", shape, clock)
            return real_of(["(", first, " fby ", self.real(shape, clock, depth), ")"], shape, clock)
        return wrap(form, self.real(shape, clock, depth))

    def crossed(self, shape, clock, depth):
        """There and back again: down to some selected clock, or a reduction over one."""
        if clock.kind == "sample" or len(clock.chain()) > 4:
            return self.real(shape, clock, depth)
        segments = [c for c in self.segments_over(clock) if c.parent is clock]
        slow = self.pick(segments) if segments and self.chance(0.5) else self.selection(clock)
        if slow.parent is not clock:
            return self.real(shape, clock, depth)
        if self.chance(0.5):
            return self.lift(self.move(self.real(shape, clock, depth), slow))
        if self.chance(0.5):
            return self.lift(self.real(shape, slow, depth))
        expr = self.grounded(self.real(shape, clock, depth))
        word = self.pick(["sum", "mean", "max", "first"])
        return self.lift(wrap(f"{word}({{}}, per = {slow})", expr, clock=slow))

    def drawn(self, shape, clock, depth):
        like = self.leaf("real", shape, clock)
        return real_of(["(", self.real(shape, clock, depth), " + 0.3 * random(", like, "))"], shape, clock)

    def scalar_form(self, shape, clock, depth):
        kind = self.rng.randrange(6)
        if kind == 5:
            m = self.real((self.size(), self.size()), clock, depth)
            at = f"[{self.rng.randrange(m.shape[0])}, "
            return real_of([m, at, self.leaf("int", (), clock), f" % {m.shape[1]}]"], (), clock)
        inner = self.real((self.size(),), clock, depth)
        if kind == 0:
            return wrap(self.pick(["sum", "mean", "max", "first"]) + "({}, axis = 0)", inner, shape=())
        if kind == 1:
            return real_of(["(", inner, " @ ", self.real(inner.shape, clock, depth), ")"], (), clock)
        if kind == 2:
            return real_of([inner, "[", self.leaf("int", (), clock), f" % {inner.shape[0]}]"], (), clock)
        if kind == 3:
            return wrap("{}[%d]" % self.rng.randrange(inner.shape[0]), inner, shape=())
        return self.scalar(inner)

    def layer(self, shape, clock, depth):
        n, kind = shape[0], self.rng.randrange(12)
        if kind <= 2:
            inner = self.joined(clock, depth) if self.chance(0.4) else self.real((self.size(),), clock, depth)
            if kind == 0:
                return real_of([f"({self.param((n, inner.shape[0]))} @ ", inner, ")"], shape, clock)
            return wrap(f"dense({n}{self.pick(['', ', bias = false'])})({{}})", inner, shape=shape)
        if kind == 3:
            forms = ["softmax({})", "log_softmax({})", "cumsum({})", "layer_norm()({})", "rms_norm()({})"]
            return wrap(self.pick(forms), self.real(shape, clock, depth))
        if kind == 4 and n > 1:
            cut = self.rng.randint(1, n - 1)
            parts = self.real((cut,), clock, depth), self.real((n - cut,), clock, depth)
            return real_of(["concat(", parts[0], ", ", parts[1], ")"], shape, clock)
        if kind == 5:
            more = self.rng.randint(1, 2)
            begin = self.rng.randint(0, more)
            return wrap(f"{{}}[{begin}..{begin + n}]", self.real((n + more,), clock, depth), shape=shape)
        if kind == 6:
            m = self.real((self.size(), n), clock, depth)
            return wrap(self.pick(["sum", "mean", "max", "first"]) + "({}, axis = 0)", m, shape=shape)
        if kind == 7:
            m = self.real((n, self.size()), clock, depth)
            return real_of(["(", m, " @ ", self.real((m.shape[1],), clock, depth), ")"], shape, clock)
        if kind == 8 and n % 2 == 0:
            return wrap(f"reshape({{}}, [{n}])", self.real((2, n // 2), clock, depth), shape=shape)
        if kind == 9:
            return wrap("one_hot({})", self.expr(("token", n), (), clock, depth), element="real", shape=shape)
        if kind == 10:
            return wrap("real({})", self.made("bool", shape, clock), element="real")
        return wrap(f"residual(dense({n}))({{}})", self.real(shape, clock, depth))

    def joined(self, clock, depth):
        """What products often take: parts of which others are given, or remembered."""
        parts = [self.real((self.size(),), clock, self.pick([0, 0, depth])) for _ in range(self.pick([2, 2, 3]))]
        between = [text for part in parts for text in (", ", part)]
        return real_of(["concat(", *between[1:], ")"], (sum(part.shape[0] for part in parts),), clock)

    def matrix(self, shape, clock, depth):
        m, n = shape
        kind = self.rng.randrange(5)
        if kind == 0:
            return wrap("transpose({})", self.real((n, m), clock, depth), shape=shape)
        if kind == 1:
            k = self.size()
            parts = self.real((m, k), clock, depth), self.real((k, n), clock, depth)
            return real_of(["(", parts[0], " @ ", parts[1], ")"], shape, clock)
        if kind == 2:
            return wrap(f"reshape({{}}, [{m}, {n}])", self.real((m * n,), clock, depth), shape=shape)
        if kind == 3:
            channels = self.pick([(), (self.size(),)])
            filters = self.param((n, *channels, self.size()))
            return wrap(f"conv1d({{}}, {filters})", self.real((m, *channels), clock, depth), shape=shape)
        return wrap(self.pick(["softmax({})", "cumsum({})"]), self.real(shape, clock, depth))

    # --- Cells ---

    def recipe(self, n):
        """A cell that makes real[n], and the size of what it takes; None: any."""
        own = [c for c in self.cells if c.size == n and not c.more]
        if own and self.chance(0.5):
            cell = self.pick(own)
            return cell.name, cell.takes
        kind = self.rng.randrange(8)
        if kind == 0:
            first, takes = self.recipe(self.size())
            return f"stack([{first}, {self.pick(RECURRENT)}({n})])", takes
        if kind == 1:
            return f"lstmp({self.size()}, {n})", None
        if kind == 2:
            return f"gru({n}, reset_before = true)", None
        if kind == 3:
            return self.pick(["sru()", f"residual({self.pick(RECURRENT)}({n}))", f"highway(rnn({n}))"]), n
        return f"{self.pick(RECURRENT)}({n})", None

    def recurrent(self, shape, clock, depth):
        n = shape[0]
        own = [c for c in self.cells if c.size == n]
        if own and self.chance(0.3):
            return self.applied(self.pick(own), clock, depth)
        options = []
        if clock.kind != "sample" and self.chance(0.4):
            options = [f", reset = {self.pick(['after', 'before'])}({self.cut(clock)})"]
        recipe, takes = self.recipe(n)
        if not self.looping and self.chance(0.3):
            recipe = f"reversed({recipe})"
            if n % 2 == 0 and not options and self.chance(0.3):
                recipe, takes = self.recipe(n // 2)
                recipe = f"bidirectional({recipe})"
        return real_of([recipe, "(", self.real((takes or self.size(),), clock, depth), *options, ")"], shape, clock)

    def applied(self, cell, clock, depth):
        """A cell of the program's own with all that it takes, and what may be said of its states."""
        given = [self.real((cell.takes,), clock, depth)]
        for _, element, shape in cell.more:
            given += [", ", self.expr(element, shape, clock, 1)]
        if cell.blends and self.chance(0.5):
            amount = self.pick([(), (cell.size,)]) if cell.flat else ()
            given += [", blend = sigmoid(", self.real(amount, clock, 0), ")"]
        elif cell.states and self.chance(0.3):
            state, shape = self.pick(cell.states)
            given += [f", {state} = ", self.grounded(self.real(shape, clock, 1))]
        if clock.kind != "sample" and self.chance(0.3):
            given += [f", reset = {self.pick(['after', 'before'])}({self.cut(clock)})"]
        name = cell.name if self.looping or self.chance(0.7) else f"reversed({cell.name})"
        return real_of([name, "(", *given, ")"], (cell.size,), clock)

    def cut(self, clock):
        """Where an application on this clock may start again."""
        segments = self.segments_over(clock)
        return self.pick(segments) if segments and self.chance(0.6) else self.selection(clock)

    # --- Rows of another clock ---

    def attend(self, shape, clock, depth):
        """Something made of all rows that have been collected."""
        found = [(m, width) for m, width in self.memories
                 if m.clock is clock or (m.per_sample and m.clock in clock.chain())]
        if not found:
            return self.real(shape, clock, depth)
        memory, width = self.pick(found)
        m = self.move(memory, clock)
        n, kind = self.size(), self.rng.randrange(14)
        if kind <= 1:
            forms = ["mean_pool({})", "max_pool({})", "sum({}, axis = 0)", "attention_pool(2)({})"]
            pooled = wrap(self.pick(forms), m, shape=(width,))
        elif kind == 2:
            pooled = real_of(["sum(tanh(", m, f" @ {self.param((width, n))}), axis = 0)"], (n,), clock)
        elif kind == 3:
            q = self.real((width,), clock, depth)
            pooled = real_of(["(softmax(", m, " @ ", q, ") @ ", m, ")"], (width,), clock)
        elif kind == 4:
            q = self.real((width,), clock, depth)
            pooled = real_of([self.pick(["dot(", "scaled_dot("]), q, ", ", m, ")"], (width,), clock)
        elif kind == 5 and memory.per_sample:
            recipe = self.pick([f"location({n}, 2, 3)", f"coverage_attention({n})"])
            pooled = real_of([recipe, "(", self.real((self.size(),), clock, depth), ", ", m, ")"], (width,), clock)
        elif kind == 6:
            pooled = real_of(["multi_head(2, 2)(", self.real((self.size(),), clock, depth), ", ", m, ")"], (4,), clock)
        elif kind == 7:
            row = real_of(["max(cumsum(", m, f" @ {self.param((width,))}), axis = 0)"], (), clock)
            pooled = real_of([f"({self.param((n,))} * ", row, ")"], (n,), clock)
        elif kind == 8:
            filters = self.param((2, 3))
            pooled = real_of(["sum(conv1d(", m, f" @ {self.param((width,))}, {filters}), axis = 0)"], (2,), clock)
        elif kind == 9:
            filters = self.param((n, width, self.size()))
            pooled = real_of(["max(conv1d(", m, f", {filters}), axis = 0)"], (n,), clock)
        elif kind == 10:
            square = real_of(["(transpose(", m, ") @ tanh(", m, f" @ {self.param((width, n))}))"], (width, n), clock)
            pooled = wrap("sum({}, axis = 0)", square, shape=(n,))
        else:
            recipe = self.pick([f"additive({n})", "general", f"concat_attention({n})"])
            pooled = real_of([recipe, "(", self.real((self.size(),), clock, depth), ", ", m, ")"], (width,), clock)
        return pooled if pooled.shape == tuple(shape) else wrap(f"dense({shape[0]})({{}})", pooled, shape=shape)

    # --- Equations that go round ---

    def loop(self, clock):
        """Some equations that read one another a tick later, on this clock or on slower ones."""
        known, looping = len(self.scope.values), self.looping
        names = []
        for _ in range(self.rng.randint(1, 3)):
            own = self.selection(clock) if self.chance(0.4) else clock
            if own.parent is not clock:  # of a period of a period no `hold` leads back
                own = clock
            shape = self.pick([(), (self.size(),), (self.size(),)])
            name = self.fresh("h")
            names.append((name, shape, own))
            if own is clock:
                reads = [f"pre({name})", f"pre(pre({name}))", f"({self.number()} fby {name})"]
                for read in reads[:self.rng.randint(1, 2 if shape else 3)]:
                    self.scope.add(read, "real", shape, clock, is_given=False)
            else:
                self.scope.add(f"pre({name})", "real", shape, clock, is_given=False)
        self.looping = True
        for name, shape, own in names:
            expr = self.real(shape, own, self.rng.randint(2, 4))
            sizes = f"[{shape[0]}]" if shape else ""
            is_bound = self.chance(0.7) or self.sizes is WIDE  # sums of many squares would go past all numbers
            expr = wrap("tanh({})" if is_bound else "(0.5 * {})", expr)
            if not expr.is_grounded():
                expr = self.grounded(expr)
            if own is not clock:
                expr = wrap("hold({})", expr, clock=own.parent)
            self.items.append(Item(f"{name} : real{sizes} = ", expr))
        self.looping = looping
        del self.scope.values[known:]
        self.scope.clocks = [c for c in self.scope.clocks if any(v.clock is c for v in self.scope.values)]
        for name, shape, own in names:
            self.scope.add(name, "real", shape, clock)
