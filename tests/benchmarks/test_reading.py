"""Goodness read with other factors: the net stays the same, and the factors are what they say."""

import numpy as np
import pytest

import lwnn
from benchmarks.accuracy import reading

QUICK = {"hidden": (8, 8), "epochs": 2, "threads": 1}


@pytest.fixture
def tables(tmp_path, monkeypatch):
    lines = [f"{n % 7},{n % 5},{'ab'[n % 7 > 3]}" for n in range(80)]
    (tmp_path / "small.data").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(reading.tables, "TABLES", {"small": ("small.data", None)})
    return tmp_path


def test_the_factor_of_a_trained_net_is_among_those_compared():
    dataset = lwnn.load(lwnn.sample_path())
    run = lwnn.train(dataset, lwnn.Options(**QUICK, readout="goodness"))
    rows = run.parts.test.x
    own, by_one = run.model.scores(rows), reading.reread(run.model, 1, "goodness").scores(rows)
    factors = (own / by_one).ravel()
    assert np.ptp(factors) < 1e-5 * factors[0]
    assert round(float(factors[0]), 4) in reading.FACTORS


def test_every_factor_is_measured_on_every_data_set(tables, monkeypatch, capsys):
    dataset = lwnn.load(lwnn.sample_path())
    monkeypatch.setattr(reading, "parts", lambda name, folders, choosing: (dataset, dataset))
    monkeypatch.setattr(reading, "_MNIST", {**QUICK, "val": 0.0})
    assert reading.main(["--tables", str(tables), "--seeds", "0"]) == 0
    _, _, *lines = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines()]
    assert [line[0].strip() for line in lines] == ["small", "digits", "mnist"]
    for _, *cells in lines:
        found = np.array([cell.split(",") for cell in cells], float)
        assert found.shape == (len(reading.FACTORS), 2)
        assert len(set(found[:, 0])) > 1
        assert (found[:, 1] <= 100).all()


def test_missing_data_is_said(tables, capsys):
    assert reading.main([]) == 2
    assert "needs --tables FOLDER" in capsys.readouterr().err
    (tables / "small.data").unlink()
    assert reading.main(["--tables", str(tables)]) == 2
    assert "has no small.data" in capsys.readouterr().err
