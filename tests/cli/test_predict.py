"""`lwnn predict`: one row out for each row in, names as the training file spelt them."""

import csv
import io
import json
import os

import numpy as np
import pytest

from lwnn import modelfile


@pytest.fixture
def expected(made, trees):
    """Model, predictions and probabilities for `trees`, by the library."""
    model = modelfile.load(made)
    x = np.loadtxt(trees, np.float32, delimiter=",", skiprows=1, usecols=(0, 1, 2))
    return model, model.predict(x).tolist(), model.predict_proba(x)


def test_the_file_and_stdout_are_the_same_csv(lwnn, made, trees, tmp_path, expected):
    ended = lwnn("predict", made, trees)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == ["prediction", *expected[1]]
    assert len(set(expected[1])) > 1
    written = lwnn("predict", made, trees, "-o", "out.csv")
    assert written.out == "90 predictions in out.csv\n"
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == ended.out


def test_a_pipe_gets_the_bytes_of_the_file(made, trees, tmp_path, process, make_model):
    """Whatever the terminal speaks: what is redirected is a file, and files are UTF-8."""
    model = make_model(labels=("ä", "ö", "ü", "ß"), features=("height", "leaf", "colour"))
    modelfile.save(model, made)
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    with process("predict", made, trees, folder=tmp_path, environment=ascii_only) as python:
        out, err = python.communicate()
    assert err == b""
    assert set(out.decode().split()) & set("äöüß")


def test_the_label_column_is_not_needed(lwnn, made, trees, tmp_path):
    bare = tmp_path / "bare.csv"
    rows = [line.rpartition(",")[0] for line in trees.read_text(encoding="utf-8").splitlines()]
    bare.write_text("\n".join(rows) + "\n")
    assert "tree" not in bare.read_text()
    assert lwnn("predict", made, bare).out == lwnn("predict", made, trees).out


def test_probabilities(lwnn, made, trees, expected):
    model, names, shares = expected
    header, *rows = csv.reader(io.StringIO(lwnn("predict", made, trees, "--proba").out))
    assert header == ["prediction", *(f"proba_{label}" for label in model.labels)]
    assert [row[0] for row in rows] == names
    assert np.allclose(np.array([row[1:] for row in rows], float), shares, rtol=1e-5)


def test_names_with_commas_and_quotes_survive(lwnn, make_model, trees):
    labels = ("a,b", 'say "x"', " c ", "d\ne")
    model = make_model(labels=labels, features=("height", "leaf", "colour"))
    modelfile.save(model, "odd.safetensors")
    header, *rows = csv.reader(io.StringIO(lwnn("predict", "odd.safetensors", trees).out))
    assert len(rows) == 90
    assert {row[0] for row in rows} <= set(labels)
    assert header == ["prediction"]


def test_json_holds_what_the_csv_would(lwnn, made, trees, expected):
    result = json.loads(lwnn("predict", made, trees, "--json").out)
    assert (result["command"], result["rows"]) == ("predict", 90)
    assert result["predictions"] == expected[1]
    assert "probabilities" not in result
    result = json.loads(lwnn("predict", made, trees, "--json", "--proba").out)
    assert np.allclose(result["probabilities"], expected[2])
    assert result["labels"] == list(expected[0].labels)
    result = json.loads(lwnn("predict", made, trees, "--json", "-o", "out.csv").out)
    assert result["output"] == "out.csv"
    assert "predictions" not in result


def test_inputs_are_not_replaced(refused, made, trees):
    for path in (made, trees):
        before = path.read_bytes()
        assert "would replace its own input" in refused("predict", made, trees, "-o", path)
        assert path.read_bytes() == before


def test_an_interruption_leaves_the_old_file(monkeypatch, lwnn, made, trees, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("old")

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    assert lwnn("predict", made, trees, "-o", out).code == 130
    assert out.read_text() == "old"
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]
