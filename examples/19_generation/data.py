"""320 steps of a wave with nine periods, of different heights and phases, scaled to [-1, 1]: data.py FOLDER."""

import math
import random
import sys

chance = random.Random(19)
PERIODS = 5, 8, 13, 21, 34, 55, 89, 144, 233
waves = [(period, chance.uniform(0.5, 1), chance.uniform(0, 2 * math.pi)) for period in PERIODS]
steps = [sum(height * math.sin(2 * math.pi * step / period + phase) for period, height, phase in waves)
         for step in range(320)]
largest = max(map(abs, steps))
with open(f"{sys.argv[1]}/wave.csv", "w") as file:
    file.write("wave\n" + "".join(f"{value / largest:.6f}\n" for value in steps))
