"""Stored figures as tables in the documentation.

    python -m benchmarks.speed.page docs/speed.md

What stands between ``<!-- figures: FILE -->`` and ``<!-- end of figures -->`` is written anew from
the JSON file of that name beside the page; the rest stays.
"""

import json
import re
import sys
from pathlib import Path

from benchmarks.speed import report

FIGURES = re.compile(r"(<!-- figures: (\S+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def rendered(text, folder):
    """The page with the figures of the files in `folder`."""

    def figures(match):
        found = json.loads(Path(folder, match[2]).read_text(encoding="utf-8"))
        lines = "\n".join(f"- {line}" for line in report.conditions(found))
        return f"{match[1]}\n{lines}\n\n{report.table(found['cases'])}\n\n{match[3]}"

    return FIGURES.sub(figures, text)


def main():
    for name in sys.argv[1:]:
        page = Path(name)
        text = rendered(page.read_text(encoding="utf-8"), page.parent)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
