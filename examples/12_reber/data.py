"""Strings of the embedded Reber grammar: data.py FOLDER SEED [STRINGS].

    outer   B T inner T E  or  B P inner P E
    inner   the paths through the graph below, from node 0 on; those that lead nowhere end it
"""

import random
import sys

SYMBOLS = "BTPSXVE"
GRAPH = [
    {"B": 1},
    {"T": 2, "P": 3},
    {"S": 2, "X": 4},
    {"T": 3, "V": 5},
    {"X": 3, "S": 6},
    {"P": 4, "V": 6},
    {"E": None},
]


def string(chance):
    """The symbols, and for each of them those that might have stood there."""
    embedded = chance.choice("TP")
    text, choices = ["B", embedded], ["B", "TP"]
    node = 0
    while node is not None:
        symbol = chance.choice(list(GRAPH[node]))
        text.append(symbol)
        choices.append("".join(GRAPH[node]))
        node = GRAPH[node][symbol]
    return text + [embedded, "E"], choices + [embedded, "E"]


def write(name, count, chance):
    with open(f"{name}.text.csv", "w") as texts, open(f"{name}.allowed.csv", "w") as allowed:
        for k in range(count):
            text, choices = string(chance)
            texts.write("\n" * (k > 0) + "".join(f"{SYMBOLS.index(symbol)}\n" for symbol in text))
            allowed.write("\n" * (k > 0))
            for choice in choices[1:] + [""]:
                allowed.write(",".join(str(int(symbol in choice)) for symbol in SYMBOLS) + "\n")


folder, seed, count = sys.argv[1], int(sys.argv[2]), int((sys.argv[3:] or [2048])[0])
chance = random.Random(seed)
write(f"{folder}/train", count, chance)
write(f"{folder}/test", 256, chance)
