"""Programs as trees: clocks, expressions, lines; and how to cut them."""
import copy


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
    """Text with holes that other expressions fill; an element: 'real', 'int', 'bool' or ('token', K); shape; clock."""

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
    """Cells and a model. `cuts()` gives smaller programs, the boldest first, many of which still check."""

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


def wrap(form, expr, element=None, shape=None, clock=None):
    """An expression around another, of its type and clock where nothing else is said."""
    before, after = form.split("{}")
    shape = expr.shape if shape is None else shape
    return Expr([before, expr, after], element or expr.element, shape, clock or expr.clock)


def real_of(parts, shape, clock):
    return Expr(parts, "real", shape, clock)


def bool_of(parts, shape, clock):
    return Expr(parts, "bool", shape, clock)


def type_of(element, shape):
    """An element and a shape as a type is written."""
    text = f"token({element[1]})" if isinstance(element, tuple) else element
    return text + (f"[{', '.join(map(str, shape))}]" if shape else "")
