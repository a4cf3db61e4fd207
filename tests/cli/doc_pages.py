"""The pages of the documentation, and the commands on them."""

import re
import shlex
from pathlib import Path

import typer

from lwnn.cli.app import app

HOME = Path(__file__).parents[2]
#: Written from the program itself; see tests/benchmarks/test_reference.py.
WRITTEN = [HOME / "docs" / name for name in ("commands.md", "api.md")]
PAGES = [HOME / "README.md", *sorted((HOME / "docs").glob("*.md")), HOME / "examples/README.md"]
PAGES = [page for page in PAGES if page not in WRITTEN]
#: What else people read.
OTHERS = [HOME / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md")]
TUTORIAL = HOME / "docs" / "tutorial.md"
COMMANDS = typer.main.get_command(app).commands
BLOCK = re.compile(r"^```console\n(.*?)^```", re.M | re.S)


def read(page):
    """Text of a page."""
    return page.read_text(encoding="utf-8")


def name(page):
    """What a test calls a page."""
    return page.relative_to(HOME).as_posix()


def blocks(text):
    """The commands of a page, in order, as (words, lines that it is shown to print)."""
    found = []
    for block in BLOCK.findall(text):
        for line in block.replace("\\\n", "").splitlines():
            if line.startswith("$ "):
                found.append((shlex.split(line[2:], comments=True), []))
            else:
                found[-1][1].append(line)
    return found


def options_of(command):
    """Every spelling of every option of a command."""
    return {"-h", "--help"} | {option for param in command.params for option in param.opts}
