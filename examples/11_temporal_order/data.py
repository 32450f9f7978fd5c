"""Sequences of the temporal order problem with three signs: data.py FOLDER [SEQUENCES].

A sequence has 50 to 55 symbols, E first and B last, between them a, b, c or d; at three places, somewhere in steps 5 to
10, 16 to 21 and 33 to 38, stands an X or a Y. The class is which of both, thrice.
"""

import random
import sys

SYMBOLS = "abcdXYEB"
PLACES = (5, 10), (16, 21), (33, 38)


def sequence(chance):
    text = [chance.choice("abcd") for _ in range(chance.randint(50, 55))]
    text[0], text[-1] = "E", "B"
    order = 0
    for first, last in PLACES:
        sign = chance.randrange(2)
        text[chance.randint(first, last)] = "XY"[sign]
        order = 2 * order + sign
    return text, order


def write(name, count, chance):
    with open(f"{name}.text.csv", "w") as texts, open(f"{name}.order.csv", "w") as orders:
        for k in range(count):
            text, order = sequence(chance)
            texts.write("\n" * (k > 0) + "".join(f"{SYMBOLS.index(symbol)}\n" for symbol in text))
            orders.write(f"{order}\n")


folder, count = sys.argv[1], int((sys.argv[2:] or [20000])[0])
write(f"{folder}/train", count, random.Random(1))
write(f"{folder}/test", 2560, random.Random(2))
