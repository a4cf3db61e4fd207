"""The comparison of exported C with the PC on whole test sets."""

import shutil

import pytest

from benchmarks import exported
from lwnn.scoring import READOUTS

QUICK = ["--data", "digits", "--kind"]


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(exported, "_FOLDS", 2)
    monkeypatch.setitem(exported.SHORT, "digits", {"hidden": (8,), "epochs": 1})


def lines(capsys):
    """The cells of the table's rows."""
    text = capsys.readouterr().out.splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text[2:]]


def test_every_readout_of_forward_forward_and_mono_forward_is_compared():
    readouts = {kind.options["algo"]: set() for kind in exported.KINDS.values()}
    for kind in exported.KINDS.values():
        readouts[kind.options["algo"]] |= set(kind.readouts)
    assert readouts["ff"] == set(READOUTS["ff"])
    assert readouts["mf"] == set(READOUTS["mf"])
    promised = {name for name, kind in exported.KINDS.items() if kind.most is not None}
    assert promised == {"ff", "mf", "bp"}


@pytest.mark.skipif(not shutil.which("cc"), reason="cc not installed")
def test_every_row_is_compared_once(quick, capsys):
    assert exported.main([*QUICK, "wp", "bp number", "perceptron"]) == 0
    rows = lines(capsys)
    assert [row[:2] for row in rows] == [
        ["digits", "wp"],
        ["digits", "bp number"],
        ["digits", "perceptron"],
    ]
    for row in rows:
        assert (row[3], row[-1]) == ("1,797", "0")
        assert all(10 < float(cell) < 100 for cell in row[4:7])


def test_what_differs_fails(quick, monkeypatch, capsys):
    monkeypatch.setattr(exported, "_different", lambda model, x: 3)
    assert exported.main([*QUICK, "perceptron"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].endswith("| 18 |")
    assert "digits, perceptron: 6 rows differ in double" in err


def test_a_drop_beyond_the_promise_fails():
    tally = exported.Tally(rows=1000, hits={"float": 900, "single": 898, "double": 897})
    assert tally.problems(None) == []
    assert tally.problems(0.2) == ["double rounding costs 0.30 points, more than 0.2"]


def test_data_that_is_missing_is_told(tmp_path, capsys):
    assert exported.main(["--data", "mnist", "--mnist", str(tmp_path)]) == 2
    assert "has no train-images" in capsys.readouterr().err
