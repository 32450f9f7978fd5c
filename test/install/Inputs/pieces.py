"""pieces.py TEXT WRITTEN: each five characters of what was written follow one another in the text, which begins again behind
its end."""
import sys

text, written = [open(path).read() for path in sys.argv[1:]]
text += text
wrong = {written[i:i + 5] for i in range(len(written) - 5)} - {text[i:i + 5] for i in range(len(text) - 4)}
print(*map(repr, sorted(wrong)))
sys.exit(bool(wrong))
