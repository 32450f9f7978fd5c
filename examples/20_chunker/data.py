"""Blocks of an `a` or an `x`, drawn by chance, and b1 to b20, one behind another: data.py FOLDER.

The symbols' numbers are 0, 1 and 2 to 21. Beside each stands which of a and x began its block.
"""

import random
import sys


def write(path, samples, blocks, seed):
    chance = random.Random(seed)
    with open(path, "w") as file:
        file.write("x,label\n")
        for sample in range(samples):
            file.write("\n" * (sample > 0))
            for _ in range(blocks):
                first = chance.randrange(2)
                file.writelines(f"{symbol},{first}\n" for symbol in [first, *range(2, 22)])


write(f"{sys.argv[1]}/train.csv", 64, 6, 1)
write(f"{sys.argv[1]}/test.csv", 50, 20, 2)
