"""links.py FOLDER...: relative links of the Markdown files below them lead to files."""
import pathlib
import re
import sys

wrong = []
for page in sorted(page for folder in sys.argv[1:] for page in pathlib.Path(folder).rglob("*.md")):
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        if not (page.parent / link).exists():
            wrong.append(f"{page}: {link}")
print("\n".join(wrong))
sys.exit(bool(wrong))
