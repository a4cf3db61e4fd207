"""`lwnn export --board`: what a model takes, and refusing what does not fit."""

import json
import zipfile

import pytest

from lwnn.export import boards


@pytest.fixture
def tiny(monkeypatch):
    """A board that holds nothing, and one that has no memory for it."""
    for name, flash in (("tiny", 100), ("forgetful", 1 << 20)):
        board = boards.Board(f"a {name} board", "m0", None, (), flash, 50)
        monkeypatch.setitem(boards.BOARDS, name, board)


def test_a_board_is_told_what_a_model_takes(lwnn, made):
    ended = lwnn("export", made, "-o", "fw", "--board", "esp32")
    assert ended.code == 0
    assert "ESP32; code and stack estimated" in ended.out
    size = json.loads(lwnn("export", made, "-o", "fw", "--board", "esp32", "--json").out)["size"]
    flash = size["weights"] + size["constants"] + size["code"]
    assert f"uses {flash:,} bytes (1 %) of flash; maximum 1,310,720" in ended.out


def test_a_board_says_for_which_core(lwnn, made):
    for board, options, target in (
        ("pico2", [], "m4"),
        ("esp32", [], "portable"),
        ("esp32", ["--target", "m0"], "m0"),
    ):
        ended = lwnn("export", made, "-o", "fw", "--board", board, *options, "--json")
        assert json.loads(ended.out)["target"] == target


def test_what_does_not_fit_is_not_written(tiny, lwnn, refused, made, tmp_path):
    for board, said in (
        ("tiny", "for constants alone of 100 bytes of flash"),
        ("forgetful", "of 50 bytes of memory"),
    ):
        message = refused("export", made, "-o", "fw", "--board", board, "--fit", code=1)
        assert message.endswith(f"{said} of a {board} board; train with fewer hidden units")
    assert not (tmp_path / "fw").exists()
    assert lwnn("export", made, "-o", "fw", "--board", "tiny").code == 0
    assert (tmp_path / "fw" / "made.c").exists()


def test_fit_needs_a_board(refused, made):
    assert refused("export", made, "-o", "fw", "--fit").startswith("--fit goes with --board")
    assert refused("export", made, "-o", "fw", "--board", "x").startswith("--board x: choose from")


def test_a_library_is_verified_like_c(lwnn, made, trees, tmp_path):
    assert lwnn("export", made, "-o", "lib", "--format", "arduino").code == 0
    assert (tmp_path / "lib" / "library.properties").exists()
    assert lwnn("export", made, "-o", "lib", "--format", "arduino").code == 0
    assert lwnn("verify", made, "lib", trees).code == 0


def test_a_zip_file_for_upload(lwnn, made, tmp_path):
    ended = lwnn("export", made, "-o", "up", "--format", "zip")
    assert ended.out == "up/made.zip\n"
    with zipfile.ZipFile(tmp_path / "up" / "made.zip") as archive:
        assert "made/src/made.h" in archive.namelist()
