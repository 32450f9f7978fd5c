"""Sequences of symbols and the same backwards: data.py FOLDER [SEQUENCES].

Those to train with and those to test with have 1 to 20 symbols of ten; then there are tests of one length each. Tokens:
0 is the end, the symbols are 2 to 11.
"""

import random
import sys

SYMBOLS = range(2, 12)
LENGTHS = 5, 10, 15, 20


def write(name, count, lengths, chance):
    with open(f"{name}.src.csv", "w") as sources, open(f"{name}.tgt.csv", "w") as targets:
        for k in range(count):
            symbols = chance.choices(SYMBOLS, k=chance.choice(lengths))
            sources.write("\n" * (k > 0) + "".join(f"{symbol}\n" for symbol in symbols))
            targets.write("\n" * (k > 0) + "".join(f"{symbol}\n" for symbol in symbols[::-1] + [0]))


folder, count = sys.argv[1], int((sys.argv[2:] or [10000])[0])
write(f"{folder}/train", count, range(1, 21), random.Random(1))
write(f"{folder}/test", 1000, range(1, 21), random.Random(2))
for length in LENGTHS:
    write(f"{folder}/test{length}", 200, [length], random.Random(length))
write(f"{folder}/one", 1, [12], random.Random(3))
