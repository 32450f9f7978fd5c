# mirrored.py: lines of letters in source.txt, and the same letters backwards and large in target.txt.
import random

random.seed(3)
with open("source.txt", "w") as source, open("target.txt", "w") as target:
    for _ in range(400):
        line = "".join(random.choice("abcdef") for _ in range(random.randint(1, 6)))
        source.write(line + "\n")
        target.write(line[::-1].upper() + "\n")
