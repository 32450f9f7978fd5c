"""320 steps of a wave, a sum of sines of periods 8, 32, 80 and 160: data.py FOLDER."""

import math
import sys

with open(f"{sys.argv[1]}/wave.csv", "w") as file:
    file.write("wave\n")
    for step in range(320):
        file.write(f"{sum(math.sin(2 * math.pi * step / period) for period in (8, 32, 80, 160)) / 4:.6f}\n")
