"""Random well-typed Rondo programs: every one must check, and means something that all parts of the compiler agree on.

A program is a tree that can be cut: `Program.cuts()` gives smaller ones, the boldest first, most of which still check.
Numbers stay small and conditions compare with odd constants, so that two ways of summing give the same choices.
"""
import copy
import random


class Clock:
    """A base, a segment (of a finer axis), `sample`, or a selection (`every`, event) from another clock."""

    def __init__(self, kind, name, parent=None):
        self.kind, self.name, self.parent = kind, name, parent
        self.period, self.words = 1, [name]  # what follows `when`, one after the other

    def __repr__(self):
        return self.words[-1]

    def every(self, period, phase):
        """A period of a period is one period, of the same parent."""
        word = f"every({period}, phase = {phase})" if phase else f"every({period})"
        clock = Clock("every", word, self)
        clock.period, clock.phase = period, phase
        if self.kind == "every":
            clock = self.parent.every(self.period * period, self.phase + phase * self.period)
            clock.words = self.words + [word]
        return clock

    def base(self):
        return self if self.parent is None else self.parent.base()

    def axis(self):
        """The base or segment from which this clock selects."""
        return self if self.kind in ("base", "segment") else self.parent.axis()

    def chain(self):
        """This clock and all that it comes from, the base last."""
        return [self] + (self.parent.chain() if self.parent else [])


class Expr:
    """Text with holes that other expressions fill; an element ('real', 'int', 'bool', ('token', K)), a shape, a clock."""

    def __init__(self, parts, element, shape, clock, is_given=False):
        self.parts, self.element, self.shape, self.clock = parts, element, tuple(shape), clock
        self.is_given = is_given  # a name whose clock is known without this expression

    def __str__(self):
        return "".join(map(str, self.parts))

    def same_kind(self, other):
        return (self.element, self.shape, self.clock) == (other.element, other.shape, other.clock)

    def is_grounded(self):
        """Whether its clock follows from what is in it."""
        return self.is_given or any(isinstance(p, Expr) and p.is_grounded() for p in self.parts)

    def inner(self):
        for part in self.parts:
            if isinstance(part, Expr):
                yield part
                yield from part.inner()


class Item:
    """A line of a body: text around an expression, or text alone."""

    def __init__(self, head, expr=None, tail=""):
        self.head, self.expr, self.tail = head, expr, tail

    def __str__(self):
        return f"  {self.head}{self.expr or ''}{self.tail}"


class Program:
    def __init__(self, bodies):
        self.bodies = bodies  # of (header, items): the cells, and the model last

    def __str__(self):
        return "".join("\n".join([header + " {", *map(str, items), "}\n"]) for header, items in self.bodies)

    def cuts(self):
        for number in reversed(range(len(self.bodies) - 1)):
            yield Program(self.bodies[:number] + self.bodies[number + 1:])
        for number, (header, items) in enumerate(self.bodies):
            size = len(items)
            while size >= 1:  # halves, quarters, .. single items
                for start in range(0, len(items), size):
                    yield self.with_items(number, items[:start] + items[start + size:])
                size //= 2
        for number, (header, items) in enumerate(self.bodies):
            for at, item in enumerate(items):
                for expr in smaller(item.expr):
                    yield self.with_items(number, items[:at] + [Item(item.head, expr, item.tail)] + items[at + 1:])

    def with_items(self, number, items):
        bodies = list(self.bodies)
        bodies[number] = (bodies[number][0], items)
        return Program(bodies)


def smaller(expr):
    """An expression with one of its parts replaced by something inside of that part, or by a number."""
    if expr is None:
        return
    for inner in expr.inner():
        if inner.same_kind(expr):
            yield inner
    if expr.element == "real" and expr.shape == () and any(isinstance(p, Expr) for p in expr.parts):
        yield Expr(["0.5"], "real", (), expr.clock)
    for at, part in enumerate(expr.parts):
        if isinstance(part, Expr):
            for less in smaller(part):
                cut = copy.copy(expr)
                cut.parts = expr.parts[:at] + [less] + expr.parts[at + 1:]
                yield cut


RECURRENT = ["rnn", "lstm", "gru", "mingru", "indrnn", "minlstm", "peephole_lstm", "coupled_lstm", "layer_norm_lstm"]
UNARY = ["tanh({})", "sigmoid({})", "relu({})", "abs({})", "sin({})", "cos({})", "(-{})", "exp(-abs({}))",
         "log(1.0 + abs({}))", "sqrt(0.1 + abs({}))", "({}^2)", "floor(3.1 * {})", "softplus({})", "silu({})", "gelu({})",
         "clip({}, -0.6, 0.7)", "stop_gradient({})", "(0.7 * {})", "(1 - {})", "({} + 0.3)", "hard_gate({})", "elu()({})"]
BINARY = ["({} + {})", "({} - {})", "({} * {})", "minimum({}, {})", "maximum({}, {})", "({} / (1.0 + abs({})))",
          "straight({}, {})", "(0.4 * {} + 0.6 * {})"]


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

    def __init__(self, rng, cells=()):
        self.rng, self.cells = rng, cells
        self.scope, self.items, self.counters = Scope(), [], {}
        self.memories = []  # what has been collected: (expression, width)
        self.looping = 0  # inside of a recursive equation: nothing that looks ahead in time
        self.is_cell = False

    #--- Choices ---

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, options):
        return self.rng.choice(options)

    def size(self):
        return self.pick([1, 2, 2, 3, 3, 4])

    def shape(self):
        return self.pick([(), (), (self.size(),), (self.size(),), (self.size(),), (self.size(), self.size())])

    def number(self):
        return self.pick(["0.137", "-0.271", "0.519", "0.0313", "1.183", "-0.77", "2.03"])

    def fresh(self, stem):
        self.counters[stem] = self.counters.get(stem, 0) + 1
        return f"{stem}{self.counters[stem]}"

    #--- Items ---

    def define(self, expr, stem="v", declare=False):
        """An equation; its name stands for the value from now on."""
        if not expr.is_grounded():
            expr = self.grounded(expr)
        name = self.fresh(stem)
        self.items.append(Item(f"{name} = ", expr))
        return self.scope.add(name, expr.element, expr.shape, expr.clock)

    def grounded(self, expr):
        """The same with a value in it that says what the clock is."""
        values = [v for v in self.scope.values if v.is_given]
        values = [v for v in values if v.clock is expr.clock] or [v for v in (self.move(v, expr.clock) for v in values) if v]
        return Expr(["(if ", self.scalar(self.pick(values)), " > -1000.0 then ", expr, " else ", expr, ")"],
                    expr.element, expr.shape, expr.clock)

    def param(self, shape):
        name = self.fresh("P")
        init = self.pick(["glorot", "uniform(0.8)", "normal(0.6)", "orthogonal"]) if len(shape) == 2 else \
            self.pick(["uniform(0.8)", "normal(0.6)", "zeros", "ones"])
        sizes = f"[{', '.join(map(str, shape))}]" if shape else ""
        self.items.append(Item(f"param {name} : real{sizes} = {init}"))
        return name

    #--- Between clocks ---

    def lift(self, expr):
        """One level up, to the clock that a clock is selected from."""
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
            if self.looping or self.is_cell:
                return None
            return self.move(wrap(f"spread({{}}, to = {to.base()})", expr, clock=to.base()), to)
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

    #--- Expressions ---

    def near(self, element, shape, clock):
        """Values in scope of this type, on this clock if there are some and luck will have it."""
        fit = [v for v in self.scope.values if v.element == element and v.shape == tuple(shape)]
        here = [v for v in fit if v.clock is clock]
        return here if here and self.chance(0.8) else [v for v in (self.move(v, clock) for v in fit) if v]

    def leaf(self, element, shape, clock):
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
                return Expr(["(", self.made("real", shape, clock), f" > {self.number()})"], "bool", shape, clock)
            return wrap(f"({{}} {self.pick(['<', '>'])} {self.number()})", scalar, element="bool")
        if element == "int":
            return self.pick([Expr(["tick"], "int", (), clock), wrap("int(floor(2.3 * {}))", self.scalar(value), element="int")])
        if isinstance(element, tuple):
            return wrap("argmax({})", self.leaf("real", (element[1],), clock), element=element, shape=())
        if isinstance(value.element, tuple) and len(shape) == 1:
            if self.chance(0.7):
                return wrap(f"embed({shape[0]})({{}})", value, element="real", shape=shape)
            return Expr([self.param((value.element[1], shape[0])), "[", value, "]"], "real", shape, clock)
        if value.element == "real" and len(value.shape) == 1 and len(shape) == 1:
            if self.chance(0.5):
                return wrap(f"dense({shape[0]})({{}})", value, shape=shape)
            return Expr([f"({self.param((shape[0], value.shape[0]))} @ ", value, ")"], "real", shape, clock)
        scalar = self.scalar(value)
        if shape == ():
            return scalar
        return Expr([f"({self.param(shape)} * ", scalar, ")"], "real", shape, clock)

    def condition(self, clock, depth):
        kind = self.rng.randrange(8)
        tokens = [v for v in self.scope.values if isinstance(v.element, tuple) and v.clock is clock]
        if kind == 0 and tokens:
            token = self.pick(tokens)
            return wrap(f"({{}} {self.pick(['==', '!='])} {self.rng.randrange(token.element[1])})", token, element="bool")
        if kind == 1:
            return Expr([f"(tick % {self.rng.randint(2, 4)} == 1)"], "bool", (), clock)
        if kind == 2 and depth > 0:
            return Expr(["(", self.condition(clock, 0), self.pick([" and ", " or "]), self.condition(clock, 0), ")"], "bool", (), clock)
        if kind == 3 and depth > 0:
            return wrap(self.pick(["not ({})", "pre({})", "(true fby {})"]), self.condition(clock, 0))
        left = self.expr("real", (), clock, depth - 1)
        if kind == 4:
            return Expr(["(", left, f" {self.pick(['<', '>'])} 0.0313 + ", self.expr("real", (), clock, 0), ")"], "bool", (), clock)
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
        # Of lower rank: repeats along the leading axes.
        other = shape[self.rng.randrange(len(shape) + 1):] if self.chance(0.3) else shape
        a, b = self.real(shape, clock, depth), self.real(other, clock, depth)
        form = self.pick(BINARY if other == shape else BINARY[:6])
        before, between, after = form.split("{}")
        return Expr([before, a, between, b, after], "real", shape, clock)

    def choice(self, shape, clock, depth):
        by = shape if shape and self.chance(0.3) else ()
        return Expr(["(if ", self.expr("bool", by, clock, 1), " then ", self.real(shape, clock, depth), " else ",
                     self.real(shape, clock, depth), ")"], "real", shape, clock)

    def remembered(self, shape, clock, depth):
        form = self.pick(["pre({})", "pre(pre({}))", "(%s fby {})" % self.number(), "window"])
        if form == "window":
            if len(shape) != 1 or shape[0] % 2:
                form = "pre({})"
            else:
                return wrap("window(2)({})", self.real((shape[0] // 2,), clock, depth), shape=shape)
        if "fby" in form and shape:
            return Expr(["(", self.leaf("real", shape, clock), " fby ", self.real(shape, clock, depth), ")"], "real", shape, clock)
        return wrap(form, self.real(shape, clock, depth))

    def crossed(self, shape, clock, depth):
        """There and back again: down to some selected clock, or a reduction over one."""
        if clock.kind == "sample" or len(clock.chain()) > 4:
            return self.real(shape, clock, depth)
        slow = self.selection(clock)
        if slow.parent is not clock:
            return self.real(shape, clock, depth)
        if self.chance(0.5):
            return self.lift(self.move(self.real(shape, clock, depth), slow))
        if self.chance(0.5):
            return self.lift(self.real(shape, slow, depth))
        expr = self.real(shape, clock, depth)
        if not expr.is_grounded():
            expr = self.grounded(expr)
        word = self.pick(["sum", "mean", "max", "first"])
        return self.lift(wrap(f"{word}({{}}, per = {slow})", expr, clock=slow))

    def drawn(self, shape, clock, depth):
        return Expr(["(", self.real(shape, clock, depth), " + 0.3 * random(", self.leaf("real", shape, clock), "))"],
                    "real", shape, clock)

    def scalar_form(self, shape, clock, depth):
        kind = self.rng.randrange(5)
        inner = self.real((self.size(),), clock, depth)
        if kind == 0:
            return wrap(self.pick(["sum", "mean", "max", "first"]) + "({}, axis = 0)", inner, shape=())
        if kind == 1:
            return Expr(["(", inner, " @ ", self.real(inner.shape, clock, depth), ")"], "real", (), clock)
        if kind == 2:
            return Expr([inner, "[", self.leaf("int", (), clock), f" % {inner.shape[0]}]"], "real", (), clock)
        if kind == 3:
            return wrap("{}[%d]" % self.rng.randrange(inner.shape[0]), inner, shape=())
        return self.scalar(inner)

    def layer(self, shape, clock, depth):
        n, kind = shape[0], self.rng.randrange(12)
        if kind <= 2:
            inner = self.real((self.size(),), clock, depth)
            if kind == 0:
                return Expr([f"({self.param((n, inner.shape[0]))} @ ", inner, ")"], "real", shape, clock)
            return wrap(f"dense({n}{self.pick(['', ', bias = false'])})({{}})", inner, shape=shape)
        if kind == 3:
            return wrap(self.pick(["softmax({})", "log_softmax({})", "cumsum({})", "layer_norm()({})", "rms_norm()({})"]),
                        self.real(shape, clock, depth))
        if kind == 4 and n > 1:
            cut = self.rng.randint(1, n - 1)
            return Expr(["concat(", self.real((cut,), clock, depth), ", ", self.real((n - cut,), clock, depth), ")"], "real", shape, clock)
        if kind == 5:
            more = self.rng.randint(1, 2)
            begin = self.rng.randint(0, more)
            return wrap(f"{{}}[{begin}..{begin + n}]", self.real((n + more,), clock, depth), shape=shape)
        if kind == 6:
            m = self.real((self.size(), n), clock, depth)
            return wrap(self.pick(["sum", "mean", "max", "first"]) + "({}, axis = 0)", m, shape=shape)
        if kind == 7:
            m = self.real((n, self.size()), clock, depth)
            return Expr(["(", m, " @ ", self.real((m.shape[1],), clock, depth), ")"], "real", shape, clock)
        if kind == 8 and n % 2 == 0:
            return wrap(f"reshape({{}}, [{n}])", self.real((2, n // 2), clock, depth), shape=shape)
        if kind == 9:
            return wrap("one_hot({})", self.expr(("token", n), (), clock, depth), element="real", shape=shape)
        if kind == 10:
            return wrap("real({})", self.made("bool", shape, clock), element="real")
        return wrap(f"residual(dense({n}))({{}})", self.real(shape, clock, depth))

    def matrix(self, shape, clock, depth):
        m, n = shape
        kind = self.rng.randrange(4)
        if kind == 0:
            return wrap("transpose({})", self.real((n, m), clock, depth), shape=shape)
        if kind == 1:
            k = self.size()
            return Expr(["(", self.real((m, k), clock, depth), " @ ", self.real((k, n), clock, depth), ")"], "real", shape, clock)
        if kind == 2:
            return wrap(f"reshape({{}}, [{m}, {n}])", self.real((m * n,), clock, depth), shape=shape)
        return wrap(self.pick(["softmax({})", "cumsum({})"]), self.real(shape, clock, depth))

    #--- Cells ---

    def recipe(self, n):
        """A cell that makes real[n], and the size of what it takes; None: any."""
        own = [c for c in self.cells if c.size == n]
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
        blending = [c for c in self.cells if c.size == n and c.blends]
        if blending and self.chance(0.2):
            cell, amount = self.pick(blending), self.pick([(), (n,)])
            return Expr([cell.name, "(", self.real((cell.takes,), clock, depth), ", blend = sigmoid(",
                         self.real(amount if cell.flat else (), clock, 0), "))"], "real", shape, clock)
        options = []
        if clock.kind != "sample" and self.chance(0.4):
            options = [f", reset = {self.pick(['after', 'before'])}({self.cut(clock)})"]
        recipe, takes = self.recipe(n)
        if not self.looping and not self.is_cell and self.chance(0.3):
            recipe = f"reversed({recipe})"
            if n % 2 == 0 and not options and self.chance(0.3):
                recipe, takes = self.recipe(n // 2)
                recipe = f"bidirectional({recipe})"
        return Expr([recipe, "(", self.real((takes or self.size(),), clock, depth), *options, ")"], "real", shape, clock)

    def cut(self, clock):
        """Where an application on this clock may start again."""
        segments = [c for c in self.scope.clocks if c.kind == "segment" and c.axis() is not clock and clock.kind in ("base", "segment")
                    and clock in c.chain()]
        if segments and self.chance(0.6):
            return self.pick(segments)
        return self.selection(clock)

    #--- Rows of another clock ---

    def attend(self, shape, clock, depth):
        """Something made of all rows that have been collected."""
        found = [(m, width) for m, width in self.memories if m.clock is clock or (m.per_sample and m.clock in clock.chain())]
        if not found:
            return self.real(shape, clock, depth)
        memory, width = self.pick(found)
        m = self.move(memory, clock)
        n, kind = self.size(), self.rng.randrange(12)
        if kind <= 1:
            pooled = wrap(self.pick(["mean_pool({})", "max_pool({})", "sum({}, axis = 0)", "attention_pool(2)({})"]), m, shape=(width,))
        elif kind == 2:
            pooled = Expr(["sum(tanh(", m, f" @ {self.param((width, n))}), axis = 0)"], "real", (n,), clock)
        elif kind == 3:
            q = self.real((width,), clock, depth)
            pooled = Expr(["(softmax(", m, " @ ", q, ") @ ", m, ")"], "real", (width,), clock)
        elif kind == 4:
            q = self.real((width,), clock, depth)
            pooled = Expr([self.pick(["dot(", "scaled_dot("]), q, ", ", m, ")"], "real", (width,), clock)
        elif kind == 5 and memory.per_sample:
            recipe = self.pick([f"location({n}, 2, 3)", f"coverage_attention({n})"])
            pooled = Expr([recipe, "(", self.real((self.size(),), clock, depth), ", ", m, ")"], "real", (width,), clock)
        elif kind == 6:
            pooled = Expr(["multi_head(2, 2)(", self.real((self.size(),), clock, depth), ", ", m, ")"], "real", (4,), clock)
        elif kind == 7:
            row = Expr(["max(cumsum(", m, f" @ {self.param((width,))}), axis = 0)"], "real", (), clock)
            pooled = Expr([f"({self.param((n,))} * ", row, ")"], "real", (n,), clock)
        elif kind == 8:
            filters = self.param((2, 3))
            pooled = Expr(["sum(conv1d(", m, f" @ {self.param((width,))}, {filters}), axis = 0)"], "real", (2,), clock)
        else:
            recipe = self.pick([f"additive({n})", "general", f"concat_attention({n})"])
            pooled = Expr([recipe, "(", self.real((self.size(),), clock, depth), ", ", m, ")"], "real", (width,), clock)
        return pooled if pooled.shape == tuple(shape) else wrap(f"dense({shape[0]})({{}})", pooled, shape=shape)

    #--- Equations that go round ---

    def loop(self, clock):
        """Some equations that read one another a tick later, on this clock or on slower ones."""
        known = len(self.scope.values)
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
        self.looping += 1
        for name, shape, own in names:
            expr = self.real(shape, own, self.rng.randint(2, 4))
            sizes = f"[{shape[0]}]" if shape else ""
            expr = wrap("tanh({})", expr) if self.chance(0.7) else wrap("(0.5 * {})", expr)
            if not expr.is_grounded():
                expr = self.grounded(expr)
            if own is not clock:
                expr = wrap("hold({})", expr, clock=own.parent)
            self.items.append(Item(f"{name} : real{sizes} = ", expr))
        self.looping -= 1
        del self.scope.values[known:]
        self.scope.clocks = [c for c in self.scope.clocks if any(v.clock is c for v in self.scope.values)]
        for name, shape, own in names:
            self.scope.add(name, "real", shape, clock)


class CellWriter(Writer):
    """A cell with states of its own, on a clock that it does not know."""

    def __init__(self, rng, name):
        super().__init__(rng)
        self.name, self.takes, self.is_cell = name, self.size(), True
        clock = Clock("base", "the clock of the cell")
        self.scope.add("x", "real", (self.takes,), clock)
        states = [(self.fresh("s"), (self.size(),)) for _ in range(self.rng.randint(1, 2))]
        for state, shape in states:
            start = self.pick(["", "", f" = {self.number()}"])
            self.items.append(Item(f"state {state} : real[{shape[0]}]{start}"))
            self.scope.add(state, "real", shape, clock)
        self.looping = 1
        for state, shape in states:
            if self.chance(0.5):
                self.define(self.real(self.shape(), clock, 2))
            self.items.append(Item(f"{state}' = ", wrap("tanh({})", self.real(shape, clock, self.rng.randint(1, 3)))))
            self.scope.add(f"{state}'", "real", shape, clock)
        result = Expr([states[-1][0] + "'"], "real", states[-1][1], clock)
        # A blend has one clock and goes for all states inside.
        text = "\n".join(map(str, self.items))
        self.blends = self.chance(0.6) and not any(word in text for word in ["when", "per =", "hold", "reset"])
        self.flat = len(states) == 1 and not any(word in text for word in ["pre(", "fby", "window", *RECURRENT])
        if not self.blends:
            result = self.real(result.shape, clock, 2)
        self.items.append(Item("return ", result))
        self.size = None  # no more choices
        self.size = result.shape[0]

    def body(self):
        return f"cell {self.name}(x: real[{self.takes}]) -> real[{self.size}]", self.items


class ModelWriter(Writer):
    """A model: inputs, equations of all kinds, outputs and losses."""

    CHAINS = [["step"], ["step"], ["word", "sentence"], ["letter", "line", "page"]]

    def __init__(self, rng, cells):
        super().__init__(rng, cells)
        self.sample = Clock("sample", "sample")
        bases = [self.chain(self.pick(self.CHAINS))]
        if self.chance(0.35):
            bases.append(self.chain(self.pick([["frame"], ["frame", "shot"]])))
        for _ in range(self.rng.randint(2, 7)):
            self.pick([self.equation] * 6 + [self.recursion] * 3 + [self.reduction] * 2 + [self.memory] * 2 +
                      [self.rhythms, self.several, self.at_sample, self.shared])()
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
        text = f"token({element[1]})" if isinstance(element, tuple) else element
        sizes = f"[{shape[0]}]" if shape else ""
        self.items.append(Item(f"input {name} : {text}{sizes} on {on or clock}"))
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
        over = [c for c in self.scope.clocks if c.kind == "segment" and c.base() is clock.base() and c is not clock and
                c not in clock.chain() and c.parent in clock.chain()] + [self.sample, self.selection(clock)]
        to = self.pick(over)
        word = self.pick(["sum", "mean", "max", "first"])
        self.define(wrap(f"{word}({{}}, per = {to})", self.real(self.shape(), clock, 2), clock=to))

    def memory(self):
        """Rows to attend to: of a segment, a period, an event, or of the whole sample and then on any base."""
        clock = self.some_clock()
        if clock.kind == "sample":
            return
        width = self.size()
        rows = self.real((width,), clock, self.rng.randrange(3))
        segments = [c for c in self.scope.clocks if c.kind == "segment" and c.parent in clock.chain() and c not in clock.chain()]
        if segments and self.chance(0.4):
            to = self.pick(segments)
        elif self.chance(0.3):
            to = self.selection(clock)
        else:
            to = self.pick([c for c in self.scope.clocks if c.kind != "sample"]).base()
        per_sample = to.kind == "base"
        collected = wrap(f"collect({{}}, per = {'sample' if per_sample else to})", rows, shape=("rows", width), clock=to)
        if per_sample:
            collected = wrap(f"spread({{}}, to = {to})", collected)
        name = self.fresh("m")
        self.items.append(Item(f"{name} = ", collected))
        memory = Expr([name], "real", ("rows", width), to)
        memory.per_sample = per_sample
        self.memories.append((memory, width))
        if to not in self.scope.clocks:
            self.scope.clocks.append(to)
        target = self.selection(to) if per_sample and self.chance(0.3) else to
        if self.chance(0.5):
            self.define(self.attend((self.size(),), target, 1))
        else:
            self.loop(target)

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
        self.items.append(Item(f"{name}[k] : real[{n}] = hold({cell}({n})({read % (x, name)}) when every({period}{phase})) "
                               f"for k in 0..{count}"))
        if self.chance(0.5):
            self.define(Expr([f"concat({name})"], "real", (n * count,), clock))
        else:
            self.define(Expr([f"{self.pick(['sum', 'max', 'mean'])}({name}, axis = 0)"], "real", (n,), clock))

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
            forms = ["mse({y}, 0.3 * {y})", "l2({y})", "mean(abs({y}), axis = all)"] if y.shape else ["abs({y})", "{y}^2"]
            if y.clock.kind in ("base", "every", "event"):
                forms += ["mse({y}, next({y}))", "mae(next({y}), {y})"] if y.shape else ["abs({y} - next({y}))"]
            text = self.pick(forms).replace("{y}", str(y))
            if y.clock.kind != "sample" and self.chance(0.3):
                text = f"({text}) when {self.selection(y.clock)}"
            self.items.append(Item(f"loss l{number} = {text}"))

    def body(self):
        return "model m", self.items


def program(seed):
    rng = random.Random(seed)
    cells = [CellWriter(rng, f"own{i}") for i in range(rng.choice([0, 0, 1, 2]))]
    return Program([writer.body() for writer in [*cells, ModelWriter(rng, cells)]])


def wrap(form, expr, element=None, shape=None, clock=None):
    """An expression around another, of its type and clock where nothing else is said."""
    before, after = form.split("{}")
    return Expr([before, expr, after], element or expr.element, expr.shape if shape is None else shape, clock or expr.clock)
