"""Libraries for Arduino and PlatformIO, and what a model takes of a board."""

import io
import json
import re
import subprocess
import zipfile
from pathlib import Path

import pytest
from device_tools import SHA256, needs
from exported_nets import MODELS, model_of, rows

from lwnn.errors import UsageError
from lwnn.export import export_c
from lwnn.export.arduino import arduino, zipped
from lwnn.export.boards import BOARDS, Board, board_of
from lwnn.export.csource import program_of
from lwnn.export.size import fits, report, size_of
from lwnn.export.targets import TARGETS, target_of

_ARDUINO = """#include <stdint.h>
enum { A0, LED_BUILTIN, OUTPUT, LOW, HIGH };
static int analogRead(int) { return 3; }
static void pinMode(int, int) {}
static void digitalWrite(int, int) {}
static void delay(int) {}
static struct {
  void begin(long) {}
  void println(const char *) {}
  void println(double, int) {}
} Serial;
"""


LICENSE = Path(__file__).parents[2] / "LICENSE"
#: A model that tells a class, and one that tells a number.
ANSWERS = ["int8-relu", "int8-number"]


def library(tested=True, name="int8-relu"):
    model = model_of(name)
    files = export_c(model, "leaf", SHA256, self_test=rows(20) if tested else None)
    return arduino(files, "leaf", SHA256, model)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_library_has_what_the_ide_looks_for(name):
    files = library(name=name)
    properties = dict(
        line.split("=", 1)
        for line in files["library.properties"].splitlines()
        if not line.startswith("#")
    )
    wanted = "name version author maintainer sentence paragraph category url architectures includes"
    assert set(properties) == set(wanted.split())
    assert all(properties.values())
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", properties["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", properties["version"])
    assert f"src/{properties['includes']}" in files
    assert json.loads(files["library.json"])["name"] == properties["name"]
    lines = files["keywords.txt"].splitlines()
    assert lines
    assert all(re.fullmatch(r"\w+\t(KEYWORD[12]|LITERAL1)", line) for line in lines)
    header = files["src/leaf.h"]
    assert all(line.split("\t")[0] in header for line in lines)
    assert {"examples/leaf/leaf.ino", "README.md"} <= set(files)
    # Whoever hands the library on hands on lwnn's licence.
    assert LICENSE.read_text() in files["LICENSE.txt"]


@needs("c++")
@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("tested", [False, True])
def test_its_example_compiles(tmp_path, tested, name):
    for path, text in library(tested, name).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert ("selftest" in (tmp_path / "examples/leaf/leaf.ino").read_text()) == tested
    (tmp_path / "Arduino.h").write_text(_ARDUINO)
    command = ["c++", "-x", "c++", "-std=c++11", "-Isrc", "-include", "Arduino.h", "-Wall"]
    command += ["-Werror", "-fsyntax-only", "examples/leaf/leaf.ino"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_zip_file_holds_the_library_and_is_always_the_same():
    files = library()
    content = zipped(files, "leaf")
    assert content == zipped(files, "leaf")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            f"leaf/{path}": text for path, text in files.items()
        }


def test_boards_are_what_they_say():
    assert {"uno", "nano33", "pico", "microbit", "nucleo-f411"} <= set(BOARDS)
    for board in BOARDS.values():
        assert board.target in TARGETS
        assert board.ram < board.flash
    with pytest.raises(UsageError, match="--board abacus: choose from uno, "):
        board_of("abacus")


BOARDS_OF = {False: ("uno", "pico", "nano33", "bluepill"), True: ("uno", "pico")}


def measured(name, board):
    model = model_of(name)
    program = program_of(model, target_of(board.target))
    files = export_c(model, "net", SHA256, board.target)
    return program, size_of(program, 9, files, "net", board)


@needs("arm-none-eabi-gcc", "avr-gcc")
@pytest.mark.parametrize(
    ("name", "board"),
    # Float models are the same for all; on a processor without floating point they take most.
    [(name, board) for name in MODELS for board in BOARDS_OF[name.startswith("float")]],
)
def test_sizes_are_measured_and_estimates_are_above_them(name, board):
    board = board_of(board)
    program, size = measured(name, board)
    assert size.measured
    assert size.weights + size.constants == program.rom
    assert size.code > 100
    assert size.scratch < size.stack < size.scratch + 500
    unknown = Board(board.words, board.target, None, (), board.flash, board.ram)
    _, estimate = measured(name, unknown)
    assert not estimate.measured
    assert estimate.flash >= size.flash
    assert estimate.ram >= size.ram


def test_the_report_says_what_fits():
    board = Board("a board", "portable", None, (), 32_256, 2_048)
    _, size = measured("int8-relu", board)
    lines = report(size, board)
    assert lines[0] == "a board; code and stack estimated, as no compiler for the board was found"
    share = -(-100 * size.flash // 32_256)
    assert f"uses {size.flash:,} bytes ({share} %) of flash; maximum 32,256" in lines
    assert fits(size, board)
    for change in ({"flash": size.flash - 1}, {"ram": size.ram - 1}):
        assert not fits(size, Board(**{**vars(board), **change}))
