"""Every example of the documentation runs as it is written."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
PAGES = sorted((HOME / "docs").glob("*.md"))
#: Short training and few rows: what is tested is that the commands fit together.
QUICK = {
    "train": ["--epochs", "3", "-q"],
    "bench": ["--epochs", "2", "-q"],
    "tune": ["--epochs", "2", "--trials", "3", "-q"],
}


def commands(page):
    """The commands of a page, in order, as lists of words."""
    blocks = re.findall(r"^```console\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.split(line[2:], comments=True) for line in lines if line.startswith("$ ")]


def test_there_are_pages_with_commands():
    assert PAGES, "no documentation beside the package: run the tests from the source tree"
    assert sum(len(commands(page)) for page in PAGES) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_runs(lwnn, page):
    for table in (HOME / "examples").glob("*.csv"):
        shutil.copy(table, table.name)
    for program, subcommand, *rest in commands(page):
        assert program == "lwnn"
        quick = QUICK.get(subcommand, [])
        if "hybrid" in rest:
            quick = [*quick, "--head-epochs", "2"]
        ended = lwnn(subcommand, *rest, *quick)
        assert ended.code == 0, f"lwnn {subcommand} {shlex.join(rest)}: {ended.err}"
