"""blocks.py DOCUMENT FOLDER: writes the fenced blocks of a document as 0.c, 1.c, .. by their language."""
import collections
import pathlib
import re
import sys

counts = collections.Counter()
for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", open(sys.argv[1]).read(), re.M | re.S):
    pathlib.Path(sys.argv[2], f"{counts[language]}.{language}").write_text(text)
    counts[language] += 1
