"""`lwnn evaluate`: the figures add up, in text and in JSON."""

import json

import numpy as np
import pytest

from lwnn import data, modelfile


@pytest.fixture
def judged(lwnn, trees):
    """Path of a model trained on `trees`."""
    assert lwnn("train", trees, "--algo", "bp", "--epochs", 20, "-o", "m.safetensors").code == 0
    return "m.safetensors"


def test_the_whole_output(lwnn, made, tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("height,leaf,colour,tree\n1,0,0,ash\n0,1,0,elm\n", encoding="utf-8")
    model = modelfile.load(made)
    loaded = data.load(path, schema=data.Schema(model.features, "tree", model.labels, True))
    hits = int((model.predict_index(loaded.x) == loaded.y).sum())
    ended = lwnn("evaluate", made, path)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].split() == ["class", "precision", "recall", "F1", "rows"]
    assert [line.split()[0] for line in lines[2:6]] == ["ash", "elm", "größer", "oak"]
    assert [line.split()[-1] for line in lines[2:7]] == ["1", "1", "0", "0", "2"]
    assert lines[-1].startswith(f"accuracy {50 * hits}.00 %, loss ")
    assert lines[-1].endswith(", 2 rows")
    assert max(map(len, lines)) <= 80


def test_json_agrees_with_the_model(lwnn, judged, trees):
    result = json.loads(lwnn("evaluate", judged, trees, "--json").out)
    assert (result["schema_version"], result["command"]) == (1, "evaluate")
    matrix = np.array(result["confusion"])
    assert matrix.shape == (3, 3)
    assert matrix.sum() == result["rows"] == 90
    measures = result["metrics"]["test"]
    assert measures["accuracy"] == np.trace(matrix) / 90 > 0.8
    assert measures["loss"] > 0
    assert [entry["rows"] for entry in result["classes"]] == [30, 30, 30]
    assert measures["recall"] == pytest.approx(
        np.mean([entry["recall"] for entry in result["classes"]])
    )
    model = modelfile.load(judged)
    loaded = data.load(trees)
    assert measures["accuracy"] == (model.predict_index(loaded.x) == loaded.y).mean()


def test_the_columns_may_stand_in_another_order(lwnn, judged, trees, tmp_path):
    rows = [line.split(",") for line in trees.read_text(encoding="utf-8").splitlines()]
    turned = tmp_path / "turned.csv"
    turned.write_text("".join(",".join(row[::-1]) + "\n" for row in rows), encoding="utf-8")
    first, second = (lwnn("evaluate", judged, path).out for path in (trees, turned))
    assert first == second != ""


def test_target_names_another_column(lwnn, refused, judged, trees):
    text = trees.read_text(encoding="utf-8").replace("tree", "truth", 1)
    trees.write_text(text, encoding="utf-8")
    assert "'tree'" in refused("evaluate", judged, trees)
    assert lwnn("evaluate", judged, trees, "--target", "truth").code == 0


@pytest.fixture
def layered(lwnn, trees):
    """Path of a Mono-Forward model of two layers, and of the int8 one made of it."""
    assert lwnn("train", trees, "--algo", "mf", "--hidden", "9,8", "-o", "m.safetensors").code == 0
    assert lwnn("quantize", "m.safetensors", "--calibrate", trees, "-o", "q.safetensors").code == 0
    return "m.safetensors", "q.safetensors"


def test_rows_that_are_sure_leave_early(lwnn, layered, trees):
    for path in layered:
        model, loaded = modelfile.load(path), data.load(trees)
        scores, depth = model.scores_until(loaded.x, 0.6)
        result = json.loads(lwnn("evaluate", path, trees, "--exit", 0.6, "--json").out)
        assert 0.5 <= result["layers_computed"] == depth.mean() / 2 < 1
        assert result["metrics"]["test"]["accuracy"] == (scores.argmax(axis=1) == loaded.y).mean()
        ended = lwnn("evaluate", path, trees, "--exit", 0.6)
        assert ended.out.splitlines()[-1] == f"layers computed: {50 * depth.mean():.2f} %"
        named = lwnn("predict", path, trees, "--exit", 0.6)
        assert named.out.split()[1:] == [model.labels[code] for code in scores.argmax(axis=1)]
        assert named.err.splitlines()[-1] == f"layers computed: {50 * depth.mean():.2f} %"
        assert "layers_computed" not in lwnn("evaluate", path, trees, "--json").out


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_an_exit_that_cannot_be(lwnn, refused, layered, trees, command):
    assert lwnn("train", trees, "--algo", "bp", "--epochs", 1, "-o", "bp.safetensors").code == 0
    assert "--algo mf" in refused(command, "bp.safetensors", trees, "--exit", 0.9)
    for share in (0, 1.5, "nan"):
        message = refused(command, layered[0], trees, "--exit", share)
        assert "expected a share above 0, up to 1" in message
