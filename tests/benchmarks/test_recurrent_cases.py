"""The tasks of recurrent nets: their files, and that they need a memory."""

from pathlib import Path

import numpy as np
import pytest

import lwnn
from benchmarks.recurrent import __main__ as program
from benchmarks.recurrent import cases

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", cases.CASES)
def test_the_examples_are_what_makes_them(name):
    x, y = cases.CASES[name]()
    data = lwnn.load(EXAMPLES / f"{name}.npz")
    np.testing.assert_array_equal(data.x, x.reshape(len(x), -1))
    assert [data.labels[code] for code in data.y] == list(map(str, y))
    assert data.image_shape == x.shape[1:]
    table = lwnn.load(EXAMPLES / f"{name}.csv")
    np.testing.assert_array_equal(table.x, data.x)
    np.testing.assert_array_equal(table.y, data.y)
    # No one step tells the answer, and no sum of what single steps tell.
    assert len(x) > 7
    assert len(np.unique(data.x, axis=0)) == len(x)
    flat = np.hstack([data.x, np.ones((len(x), 1))])
    fit = flat @ np.linalg.lstsq(flat, y - 0.5, rcond=None)[0]
    assert np.abs(fit).max() < 0.5


@pytest.mark.parametrize("name", cases.CASES)
def test_the_program_trains_on_what_the_files_hold(name):
    made, read = program.dataset(name), lwnn.load(EXAMPLES / f"{name}.npz")
    np.testing.assert_array_equal(made.x, read.x)
    np.testing.assert_array_equal(made.y, read.y)
    assert (made.labels, made.image_shape) == (read.labels, read.image_shape)


def test_a_rule_that_learns_too_little_fails_the_program(monkeypatch, capsys):
    monkeypatch.setattr(program, "SHORT", {**program.SHORT, "epochs": 1})
    monkeypatch.setattr(program, "rules", lambda: {"bp": {"algo": "bp"}})
    assert not program.report_solved()
    assert "| bp | parity | 0 of 10 |" in capsys.readouterr().out
