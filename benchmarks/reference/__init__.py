"""The pages that the program itself knows best: its commands and its Python interface.

`commands` writes docs/commands.md from the options that the command line declares, `interface`
docs/api.md from signatures and docstrings, which `docstrings` turns into Markdown.
"""

import importlib
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
#: Name of a page to the module that writes it.
PAGES = {"commands.md": "commands", "api.md": "interface"}


def text_of(page):
    """Return what a page of `PAGES` should say; that of the interface needs scikit-learn."""
    return importlib.import_module(f"benchmarks.reference.{PAGES[page]}").page()
