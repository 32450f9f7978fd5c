# RUN: %python %s %tools/rondo %t | FileCheck %s
"""Random programs with white space, line ends and comments wherever they may stand, formatted: each parses to the same
tree, keeps its comments, and formats to itself."""
import os
import random
import re
import shutil
import subprocess
import sys

rondo, work = sys.argv[1:]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
rng = random.Random(7)
chance = lambda p: rng.random() < p

# A program is a list of tokens. Glued ones stand on the line of the token before; ITEM starts an item.
ITEM = object()


class Glued(str):
    pass


NAMES = ["x", "y", "h", "hidden", "weights", "a_long_name_that_fills_lines", "W", "next", "token", "real", "from"]
OPERATORS = [("when", 1, "left"), ("fby", 2, "right"), ("or", 3, "left"), ("and", 4, "left"), ("==", 6, "none"),
             ("<", 6, "none"), ("+", 7, "left"), ("-", 7, "left"), ("*", 8, "left"), ("//", 8, "left"),
             ("%", 8, "left"), ("@", 8, "left"), ("^", 10, "right")]


def name():
    return rng.choice(NAMES)


def separated(make, count, trailing=0.0):
    tokens = []
    for i in range(count):
        tokens += make()
        if i + 1 < count or chance(trailing):
            tokens.append(",")
    return tokens


def expression(depth, level=0):
    kind = rng.random()
    if depth <= 0 or kind < 0.3:
        return primary(depth - 1)
    if kind < 0.4 and level == 0:
        return ["if"] + expression(depth - 1) + ["then"] + expression(depth - 1) + ["else"] + expression(depth - 1)
    if kind < 0.5 and level <= 5:
        return ["not"] + expression(depth - 1, 5)
    if kind < 0.6 and level <= 9:
        return ["-"] + expression(depth - 1, 9)
    sign, own, side = rng.choice(OPERATORS)
    if own < level:
        return ["("] + expression(depth - 1) + [")"]
    left = expression(depth - 1, own + (side != "left"))
    if left[0] in ("-", "not"):
        left = ["("] + left + [")"]
    return left + [sign] + expression(depth - 1, own + (side != "right"))


def primary(depth):
    kind = rng.random()
    if depth <= 0 or kind < 0.5:
        tokens = [rng.choice([name(), name(), "1", "1_000", "0.5", "1e-4", "true"])]
    elif kind < 0.7:
        tokens = ["("] + expression(depth - 1) + [")"]
    elif kind < 0.8:
        tokens = ["["] + expression(depth - 1) + family(depth - 1) + ["]"]
    else:
        tokens = ["["] + separated(lambda: expression(depth - 1), rng.choice([0, 1, 3, 12]), 0.3) + ["]"]
    while depth > 0 and chance(0.45):
        kind = rng.random()
        if kind < 0.5:
            tokens += [Glued("(")] + separated(lambda: argument(depth - 1), rng.randrange(4), 0.1) + [")"]
        elif kind < 0.8:
            tokens += [Glued("[")] + separated(lambda: subscript(depth - 1), rng.choice([1, 1, 2])) + ["]"]
        else:
            tokens += rng.choice([[".", name()], [Glued("'")]])
    return tokens


def argument(depth):
    return ([name(), "="] if chance(0.3) else []) + expression(depth)


def subscript(depth):
    if chance(0.6):
        return expression(depth)
    return (expression(depth) if chance(0.7) else []) + [".."] + (expression(depth) if chance(0.7) else [])


def family(depth):
    return ["for", name(), "in"] + expression(depth) + [".."] + expression(depth)


def type_of(depth):
    kind = rng.random()
    if kind < 0.7:
        tokens = [rng.choice(["real", "int", "bool", "cell"])]
    elif kind < 0.9 or depth <= 0:
        tokens = ["token", "("] + expression(depth - 1) + [")"]
    else:
        tokens = ["["] + type_of(depth - 1) + ["]"]
    if chance(0.5):
        tokens += [Glued("[")] + separated(lambda: expression(depth - 1), rng.choice([1, 2])) + ["]"]
    return tokens


def declarations():
    declare = lambda: [name()] + ([":"] + type_of(1) if chance(0.7) else []) + (["="] + expression(1) if chance(0.2) else [])
    return ["("] + separated(declare, rng.randrange(4), 0.1) + [")"]


def left():
    tokens = [name()]
    if chance(0.2):
        tokens += [Glued("[")] + expression(1) + ["]"]
    if chance(0.2):
        tokens.append(Glued("'"))
    return tokens + ([":"] + type_of(1) if chance(0.1) else [])


def item(depth, in_model, nesting):
    kind = rng.random()
    if kind < 0.4:
        return separated(left, rng.choice([1, 1, 1, 4])) + ["="] + expression(depth) + (family(1) if chance(0.15) else [])
    if kind < 0.6:
        tokens = ["param"] + separated(lambda: [name()], rng.choice([1, 1, 3])) + [":"] + type_of(1)
        return tokens + (["="] + expression(1) if chance(0.7) else []) + (family(1) if chance(0.2) else [])
    if kind < 0.7 and nesting > 0:
        return cell(depth, nesting - 1)
    if not in_model:
        return ["state", name(), ":"] + type_of(1)
    if kind < 0.8:
        return ["input", name(), ":"] + type_of(1) + ["on", name()] + (["in", name()] if chance(0.3) else [])
    if kind < 0.87:
        return ["output", name()] + (["="] + expression(depth) if chance(0.7) else [])
    if kind < 0.95:
        tokens = ["loss"] + ([name(), "="] if chance(0.5) else []) + expression(depth)
        return tokens + (["trains", name(), ".", name(), ",", name(), Glued("["), "3", "]"] if chance(0.5) else [])
    return ["generate", "next", "text", "from", "logits", Glued("("), "stop", "=", "2", ",", ")"]


def body(depth, in_model, nesting):
    tokens = ["{"]
    for _ in range(rng.choice([0, 1, 2, 3, 6])):
        tokens += [ITEM] + item(depth, in_model, nesting)
    if not in_model:
        tokens += [ITEM, "return"] + separated(lambda: expression(depth), rng.choice([1, 1, 2]))
    return tokens + ["}"]


def cell(depth, nesting):
    tokens = ["cell", name()] + declarations() + (declarations() if chance(0.6) else [])
    if chance(0.5):
        tokens += ["->"] + type_of(1) + (["on", name()] if chance(0.2) else [])
    return tokens + body(depth, False, nesting)


def text_of(tokens, on_one_line):
    text = previous = ""
    for token in tokens:
        if token is ITEM:
            text += "  " if on_one_line else between_items()
            previous = ""
            continue
        text += between(previous, token, on_one_line) + token
        previous = token
    return text


def between_items():
    text = rng.choice(["  # behind", "# close", "   ## as documentation"]) if chance(0.2) else ""
    text += "\n" * rng.choice([1, 1, 1, 2, 4])
    return text + (rng.choice(["  # own line\n", "## doc\n", "# a\n\n# b\n", "\t# tab\n"]) if chance(0.15) else "")


def between(previous, token, on_one_line):
    if isinstance(token, Glued):
        return rng.choice(["", "", " "])
    joins = re.fullmatch(r"\w\w|\d\.|->|//|[<>=]=", previous[-1:] + token[0])
    blank = " " if joins and token != ".." else rng.choice(["", " ", "  "])
    groups = token in ("(", "[") and re.search(r"[\w)\]']$", previous)
    if on_one_line or groups or chance(0.8):
        return blank
    return rng.choice(["\n   ", "\n\n", "  # within\n  ", "\n    # own line within\n  "])


def program():
    text = rng.choice(["", "", "rondo 1\n", 'use "a b.rondo"\n', "## file\n\n"])
    for _ in range(rng.choice([1, 2, 3])):
        depth = rng.choice([1, 2, 3, 4])
        tokens = rng.choice([
            lambda: cell(depth, 2),
            lambda: ["model", name()] + body(depth, True, 2),
            lambda: [name(), "="] + expression(depth),
        ])()
        text += rng.choice(["", "# c\n", "## d\n", "\n\n"])
        text += text_of(tokens, chance(0.3)) + rng.choice(["\n", "\n\n\n", " # end\n"])
    return text


def tree(path):
    done = subprocess.run([rondo, "build", "--emit=ast", path], stdout=subprocess.PIPE, check=True)
    return re.sub(r" @\d+:\d+$", "", done.stdout.decode(), flags=re.MULTILINE)


def comments(path):
    with open(path, encoding="utf-8") as file:
        return re.findall(r"#.*?(?=\s*$)", file.read(), re.MULTILINE)


paths = [os.path.join(work, f"{i}.rondo") for i in range(100)]
for path in paths:
    with open(path, "w", encoding="utf-8") as file:
        file.write(program())
before = {path: (tree(path), comments(path)) for path in paths}
subprocess.run([rondo, "fmt", *paths], check=True)
for path in paths:
    if (tree(path), comments(path)) != before[path]:
        print(path, "differs")
subprocess.run([rondo, "fmt", "--check", *paths])
print(len(paths), "programs")
# CHECK-NOT: {{.}}
# CHECK: 100 programs
