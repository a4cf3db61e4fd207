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


def commands(text):
    """The commands of a page, in order, as lists of words."""
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.M | re.S)
    lines = [line for block in blocks for line in block.replace("\\\n", "").splitlines()]
    return [shlex.split(line[2:], comments=True) for line in lines if line.startswith("$ ")]


def test_there_are_pages_with_commands():
    assert PAGES, "no documentation beside the package: run the tests from the source tree"
    assert sum(len(commands(page.read_text(encoding="utf-8"))) for page in PAGES) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_runs(lwnn, page):
    for example in (HOME / "examples").iterdir():
        shutil.copy(example, example.name)
    for program, subcommand, *rest in commands(page.read_text(encoding="utf-8")):
        assert program == "lwnn"
        quick = QUICK.get(subcommand, [])
        if "hybrid" in rest:
            quick = [*quick, "--head-epochs", "2"]
        ended = lwnn(subcommand, *rest, *quick)
        assert ended.code == 0, f"lwnn {subcommand} {shlex.join(rest)}: {ended.err}"


def test_the_way_from_a_table_to_a_board(lwnn):
    text = (HOME / "README.md").read_text(encoding="utf-8")
    section = text[text.index("### From a table to a board") :]
    section = section[: section.index("\n### ")]
    assert sum(line.startswith(("$ ", "    ")) for line in section.splitlines()) <= 10
    way = commands(section)
    subcommands = [words[1] for words in way]
    assert subcommands == ["train", "quantize", "export", "export", "verify"]
    Path("examples").mkdir()
    lines = (HOME / "examples/digits.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    Path("examples/digits.csv").write_text("".join(lines[:301]), encoding="utf-8")
    for _, subcommand, *rest in way:
        ended = lwnn(subcommand, *rest)
        tool_missing = subcommand == "verify" and not shutil.which("simavr")
        assert ended.code == (3 if tool_missing else 0), ended.err
    assert Path("lib/digits_bp_int8.zip").exists()
