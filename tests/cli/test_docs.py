"""Every command of the documentation runs as it is written."""

import gzip
import importlib.util
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from doc_pages import HOME, PAGES, TUTORIAL, blocks, name, read

#: Short training and few rows: what is tested is that the commands fit together.
QUICK = {
    "train": ["--epochs", "3", "-q"],
    "bench": ["--epochs", "2", "-q"],
    "tune": ["--epochs", "2", "--trials", "3", "-q"],
}
#: What a command may lack, and end with 3 for that.
NEEDS = {"tune": "optuna", "--plot": "matplotlib", "avr": "simavr"}


@pytest.fixture
def examples(tmp_path):
    """A folder with what the pages take for granted: some digits, and images like MNIST's."""
    shutil.copytree(HOME / "examples", tmp_path / "examples")
    lines = read(HOME / "examples/digits.csv").splitlines(keepends=True)
    head, *rows = lines[:301]
    (tmp_path / "examples/digits.csv").write_text("".join([head, *rows]), encoding="utf-8")
    for path in (tmp_path / "examples").iterdir():
        shutil.copy(path, tmp_path)
    parts = {"data": rows, "more": rows[:50], "new": rows[50:80]}
    parts |= {"measured/monday": rows[:150], "measured/tuesday": rows[150:]}
    (tmp_path / "measured").mkdir()
    for part, some in parts.items():
        (tmp_path / f"{part}.csv").write_text("".join([head, *some]), encoding="utf-8")
    for part, count in (("train", 120), ("t10k", 20)):
        write_images(tmp_path, part, count)
    return tmp_path


def write_images(folder, part, count):
    labels = (np.arange(count) % 10).astype(np.uint8)
    images = np.random.default_rng(count).integers(0, 256, (count, 28, 28)).astype(np.uint8)
    images[np.arange(count), labels] = 255
    shape = np.array(images.shape, ">u4").tobytes()
    for kind, content in (
        ("images-idx3", b"\0\0\x08\x03" + shape + images.tobytes()),
        ("labels-idx1", b"\0\0\x08\x01" + shape[:4] + labels.tobytes()),
    ):
        (folder / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(content))


def missing_tool(words):
    """What a command needs and this machine does not have."""
    for word, tool in NEEDS.items():
        if word in words and not (importlib.util.find_spec(tool) or shutil.which(tool)):
            return tool
    return None


def test_there_are_pages_with_commands():
    assert len(PAGES) > 15, "no documentation beside the package: run the tests from the source"
    assert sum(len(blocks(read(page))) for page in PAGES) > 80


@pytest.mark.parametrize("page", [page for page in PAGES if page != TUTORIAL], ids=name)
def test_every_command_runs(lwnn, examples, page):
    text = read(page)
    for number, block in enumerate(re.findall(r"^```toml\n(.*?)^```", text, re.M | re.S)):
        own = re.match(r"# (\S+\.toml)\n", block)
        Path(own[1] if own else f"{number}.toml").write_text(block, encoding="utf-8")
    for (program, subcommand, *rest), _ in blocks(text):
        assert program == "lwnn"
        if subcommand == "gradcheck":
            # It takes long, and tests/cli/test_gradcheck.py runs it in every form.
            continue
        quick = QUICK.get(subcommand, [])
        if "hybrid" in rest:
            quick = [*quick, "--head-epochs", "2"]
        ended = lwnn(subcommand, *rest, *quick)
        expected = 3 if missing_tool([subcommand, *rest]) else 0
        assert ended.code == expected, f"lwnn {subcommand} {shlex.join(rest)}: {ended.err}"


def shape(line):
    """A line without its numbers, which differ from machine to machine, and its spaces."""
    return re.sub(r"[\d.,]*\d", "#", " ".join(line.replace("─", "").split()))


def test_the_tutorial_shows_what_is_printed(process, examples):
    shutil.copy(HOME / "examples/digits.csv", examples)
    shown = [(words, lines) for words, lines in blocks(read(TUTORIAL)) if lines]
    assert len(shown) > 5
    for words, lines in blocks(read(TUTORIAL)):
        if words[1] == "tune":
            # Takes its time, and is run with that page.
            assert words in [others for others, _ in blocks(read(TUTORIAL.with_name("tune.md")))]
            continue
        with process(*words[1:], folder=examples, stderr=-2) as python:
            printed = python.communicate()[0].decode()
        assert python.returncode == 0, printed
        told = [shape(line) for line in printed.splitlines() if line.strip()]
        place = 0
        for wanted, skipping in expected_lines(lines):
            found = told.index(wanted, place) if wanted in told[place:] else None
            assert found is not None, f"{shlex.join(words)}: no line {wanted!r} in\n{printed}"
            assert skipping or found == place, f"{shlex.join(words)}: before {wanted!r}\n{printed}"
            place = found + 1
        assert place == len(told) or lines[-1] == "...", f"{shlex.join(words)}: then {told[place]}"


def expected_lines(lines):
    """(shape of a line, whether others may stand before it) of what a page shows."""
    skipping = False
    for line in lines:
        if line.strip() == "...":
            skipping = True
        else:
            yield shape(line), skipping
            skipping = False


def test_the_way_from_a_table_to_a_board():
    section = read(HOME / "README.md").partition("### From a table to a board")[2]
    section = section.partition("\n### ")[0]
    assert sum(line.startswith(("$ ", "    ")) for line in section.splitlines()) <= 10
    subcommands = [words[1] for words, _ in blocks(section)]
    assert subcommands == ["train", "quantize", "export", "export", "verify"]
