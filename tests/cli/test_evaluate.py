"""`lwnn evaluate`: the figures add up, in text and in JSON."""

import json
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from lwnn import data, modelfile
from lwnn.cli import heatmap
from lwnn.cli.console import Console


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
    right = f"{50 * hits}.00 %"
    assert lines[-1].startswith(f"accuracy {right}, balanced {right}, loss ")
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


def uneven(tmp_path):
    """A table in which one class has most of the rows, and the path of a model of it."""
    random = np.random.default_rng(0)
    lines = ["a,b,kind"]
    for kind, rows in (("often", 300), ("rare $x$", 30)):
        for a, b in random.standard_normal((rows, 2)) + (kind != "often"):
            lines.append(f"{a:.3f},{b:.3f},{kind}")
    path = tmp_path / "uneven.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_matrix_is_shown_and_the_balance(lwnn, tmp_path):
    path = uneven(tmp_path)
    measures = {}
    for weight in ((), ("--class-weight", "balanced"), ("--class-weight", "rare $x$=9, often=1")):
        how = ("--algo", "bp", "--epochs", 20, "-o", "m.safetensors", *weight)
        assert lwnn("train", path, *how).code == 0
        result = json.loads(lwnn("evaluate", "m.safetensors", path, "--json").out)
        matrix, found = np.array(result["confusion"]), result["metrics"]["test"]
        recall = np.diag(matrix) / matrix.sum(axis=1)
        assert found["balanced_accuracy"] == pytest.approx(recall.mean())
        measures[len(measures)] = found["balanced_accuracy"]
        lines = lwnn("evaluate", "m.safetensors", path).out.splitlines()
        assert f"balanced {100 * recall.mean():.2f} %" in lines[-1]
        start = next(n for n, line in enumerate(lines) if line.startswith("true as"))
        assert lines[start].split()[2:] == ["often", "rare", "$x$"]
        shown = [line.split()[-2:] for line in lines[start + 2 : start + 4]]
        assert shown == [[str(count or "·") for count in row] for row in matrix]
    assert min(measures[1], measures[2]) > measures[0] + 0.05


def test_a_matrix_that_is_too_wide_is_a_list_of_what_is_confused(lwnn, monkeypatch):
    digits = data.sample_path()
    assert lwnn("train", digits, "--algo", "bp", "--epochs", 1, "-o", "m.safetensors").code == 0
    assert "true as" in lwnn("evaluate", "m.safetensors", digits).out
    monkeypatch.setenv("COLUMNS", "48")
    result = json.loads(lwnn("evaluate", "m.safetensors", digits, "--json").out)
    wrong = np.array(result["confusion"])
    np.fill_diagonal(wrong, 0)
    out = lwnn("evaluate", "m.safetensors", digits).out
    assert "true as" not in out
    lines = out[out.index("taken for") :].splitlines()[2:-1]
    assert 3 < len(lines) <= 10
    for line in lines:
        true, predicted, rows, *_ = line.split()
        assert wrong[int(true), int(predicted)] == int(rows) > 0
    assert int(lines[0].split()[2]) == wrong.max()


@pytest.mark.parametrize("coloured", [True, False])
def test_a_heat_map_is_coloured_in_a_terminal(capsys, monkeypatch, coloured):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if not coloured:
        monkeypatch.setenv("NO_COLOR", "1")
    heatmap.show(Console("evaluate"), np.array([[5, 0], [4, 0]]), ["a", "b\x1b[2J"])
    out = capsys.readouterr().out
    # Full blue for the class that is all right, full red for the one that is all wrong.
    assert ("48;2;33;102;172" in out, "48;2;178;24;43" in out) == (coloured, coloured)
    assert "\x1b[2J" not in out


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_matrix_is_drawn(lwnn, tmp_path, kind):
    pytest.importorskip("matplotlib", reason="Matplotlib is not installed")
    path, picture = uneven(tmp_path), tmp_path / f"m.{kind}"
    assert lwnn("train", path, "--algo", "bp", "--epochs", 2, "-o", "m.safetensors").code == 0
    drawn = []
    for _ in range(2):
        assert lwnn("evaluate", "m.safetensors", path, "--plot", picture).code == 0
        drawn.append(picture.read_bytes())
    assert drawn[0] == drawn[1]
    if kind == "svg":
        text = ElementTree.fromstring(drawn[0]).itertext()
        assert {"often", "rare $x$", "predicted class"} <= {part.strip() for part in text}
    else:
        assert drawn[0].startswith(b"\x89PNG")
    said = json.loads(lwnn("evaluate", "m.safetensors", path, "--plot", picture, "--json").out)
    assert said["plot"] == str(picture)


def test_pictures_that_cannot_be_are_refused_at_once(lwnn, refused, monkeypatch, judged, trees):
    assert "ends in .svg or .png" in refused("evaluate", judged, trees, "--plot", "m.gif")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    message = refused("evaluate", judged, trees, "--plot", "m.svg", code=3)
    assert message == "m.svg: pictures need Matplotlib; pip install 'lwnn[plot]'"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("even", "expected balanced, or such as yes=5,no=1"),
        ("ash=x", "expected balanced, or such as yes=5,no=1"),
        ("=2", "expected balanced, or such as yes=5,no=1"),
        ("birch=2", "'birch' is no class; there are ash, elm"),
        ("ash=-1", "expected numbers of 0 or more"),
    ],
)
def test_what_is_no_class_weight(refused, trees, given, said):
    assert said in refused("train", trees, "--class-weight", given)


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
