"""How many rows of an alignment's picture, its last one apart, are darkest where the mirrored diagonal is."""
import re
import sys

rows = {}
for x, y, colour in re.findall(r'<rect x="(\d+)" y="(\d+)" [^>]*fill="#(\w{6})"><title>', open(sys.argv[1]).read()):
    rows.setdefault(int(y), []).append((int(x), sum(int(colour[k:k + 2], 16) for k in (0, 2, 4))))
rows = [[brightness for x, brightness in sorted(row)] for y, row in sorted(rows.items())][:-1]
near = sum(abs(row.index(min(row)) - (len(row) - 1 - k)) <= 1 for k, row in enumerate(rows))
print(f"{near} of {len(rows)} rows are darkest at most one column off the mirrored diagonal")
