"""Cuts text.txt in two, and says what frequencies alone know of it: data.py FOLDER

Every tenth line is to test with. Printed are the bits that a character of it costs if characters are guessed
by how often they are in the rest of the text, and by how often they follow the character before, and those that the
compressors LZMA and bzip2 need for it behind the rest of the text.
"""

import bz2
import collections
import lzma
import math
import os
import sys

folder = sys.argv[1]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "text.txt")) as file:
    lines = file.readlines()
train = "".join(line for k, line in enumerate(lines) if k % 10 != 9)
test = "".join(lines[9::10])
for name, text in ("train", train), ("test", test):
    with open(f"{folder}/{name}.txt", "w") as file:
        file.write(text)

single, pairs = collections.Counter(train), collections.Counter(zip(train, train[1:]))


def often(character):
    return (single[character] + 1) / (len(train) + 96)


def follows(before, character):
    """What the pairs say, and, where there are few of them, how often the character is."""
    return (pairs[before, character] + 4 * often(character)) / (single[before] + 4)


chances = [(often(character), follows(before, character)) for before, character in zip(test, test[1:])]
for kind, name in enumerate(("single characters", "pairs")):
    bits = -sum(math.log2(chance[kind]) for chance in chances) / len(chances)
    print(f"frequencies of {name}: {bits:.2f} bits a character")
for name, compress in ("LZMA", lzma.compress), ("bzip2", bz2.compress):
    further = len(compress((train + test).encode())) - len(compress(train.encode()))
    print(f"{name}: {8 * further / len(test):.2f} bits a character")
