# A text of ten letters, no line like another.
import random

draw = random.Random(4)
for _ in range(30):
    print("".join(draw.choice("abcdefghij") for _ in range(draw.randint(5, 30))))
