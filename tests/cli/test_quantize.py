"""`lwnn quantize`: an int8 file, what it costs, and a gate on that."""

import io
import json
import os
import sys

import pytest

from lwnn import modelfile
from lwnn.quantization import QuantizedModel


@pytest.fixture(params=["ff", "bp", "wp"])
def trained(request, lwnn, trees):
    """Path of a trained model of each kind."""
    path = f"trees-{request.param}.safetensors"
    assert lwnn("train", trees, "--algo", request.param, "--epochs", 10).code == 0
    return path


def test_an_int8_model_that_the_others_read(lwnn, trained, trees):
    ended = lwnn("quantize", trained, "--calibrate", trees)
    assert (ended.code, ended.err) == (0, "")
    head, _, before, after, changed, rounding, where = ended.out.splitlines()
    assert head.split() == ["accuracy", "bytes"]
    output = trained.replace(".safetensors", ".int8.safetensors")
    assert where == f"model: {output}"
    for line, name, path in ((before, "float32", trained), (after, "int8", output)):
        assert line.split()[0] == name
        assert line.split()[-1] == f"{os.path.getsize(path):,}"
        result = json.loads(lwnn("evaluate", path, trees, "--json").out)
        assert line.split()[1] == f"{100 * result['metrics']['test']['accuracy']:.2f}"
    assert isinstance(modelfile.load(output), QuantizedModel)
    old, new = (lwnn("predict", path, trees).out.splitlines() for path in (trained, output))
    count = sum(a != b for a, b in zip(old, new, strict=True))
    assert changed.endswith(f"({count} of 90)")
    assert rounding == "rounding: single"
    assert "int8" in lwnn("inspect", output).out


def test_json(lwnn, made, trees):
    ended = lwnn("quantize", made, "--calibrate", trees, "-o", "q", "--json")
    result = json.loads(ended.out)
    assert (result["command"], result["output"], result["rows"]) == ("quantize", "q", 90)
    assert result["bytes"] == {"before": os.path.getsize(made), "after": os.path.getsize("q")}
    accuracy = result["accuracy"]
    assert result["drop"] == pytest.approx(100 * (accuracy["before"] - accuracy["after"]))
    assert result["changed_share"] == result["changed"] / 90


def test_data_without_labels_gives_no_accuracy(lwnn, refused, made, trees, tmp_path):
    bare = tmp_path / "bare.csv"
    rows = [line.rpartition(",")[0] for line in trees.read_text(encoding="utf-8").splitlines()]
    bare.write_text("\n".join(rows) + "\n")
    ended = lwnn("quantize", made, "--calibrate", bare)
    assert ended.code == 0
    assert "accuracy is not measured: " in ended.err
    assert ended.out.splitlines()[2].split()[1] == "-"
    assert "'tree'" in refused("quantize", made, "--calibrate", bare, "--max-drop", 1)


def test_several_files_and_stdin(lwnn, made, table, trees, tmp_path, monkeypatch):
    other = tmp_path / "other.csv"
    other.write_text(table(30, seed=5), encoding="utf-8")
    both = ["--calibrate", trees, "--calibrate", other]
    result = json.loads(lwnn("quantize", made, *both, "--json").out)
    assert (result["rows"], result["data"]) == (120, [str(trees), str(other)])
    # Without the label, which is looked for first: what was piped is read again.
    lines = trees.read_text(encoding="utf-8").splitlines()
    bare = "\n".join(line.rpartition(",")[0] for line in lines).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(bare)))
    result = json.loads(lwnn("quantize", made, "--calibrate", "-", "--json").out)
    assert (result["rows"], result["accuracy"]) == (90, None)


def test_a_gate_that_is_not_held_writes_nothing(monkeypatch, lwnn, trained, trees, tmp_path):
    path = tmp_path / "q"
    command = ("quantize", trained, "--calibrate", trees, "-o", path)
    real = QuantizedModel.predict_index
    # Answers that are wrong wherever the true ones were right.
    monkeypatch.setattr(
        QuantizedModel, "predict_index", lambda self, x, threads=1: (real(self, x) + 1) % 3
    )
    drop = json.loads(lwnn(*command, "--json").out)["drop"]
    path.unlink()
    assert drop > 20
    for more in ([], ["--json"]):
        ended = lwnn(*command, "--max-drop", drop - 0.01, *more)
        assert (ended.code, ended.out) == (1, "")
        assert f"accuracy drops by {drop:.2f} points" in ended.complaint
        assert ended.complaint.endswith(f"{path} is not written")
        assert not path.exists()
    assert lwnn(*command, "--max-drop", drop).code == 0
    assert path.exists()


def test_rounding_is_kept_told_and_used(lwnn, refused, made, trees, tmp_path):
    command = ("quantize", made, "--calibrate", trees, "-o", "q")
    for rounding in ("single", "double"):
        ended = lwnn(*command, "--rounding", rounding, "--json")
        assert json.loads(ended.out)["rounding"] == rounding
        assert modelfile.load("q").rounding == rounding
        assert json.loads(lwnn("inspect", "q", "--json").out)["rounding"] == rounding
        assert lwnn("export", "q", "-o", tmp_path / rounding).code == 0
        text = (tmp_path / rounding / "q.c").read_text()
        assert ("LWNN_DOUBLE" in text) == (rounding == "double")
        assert f"{rounding} rounding" in text.splitlines()[0]
    message = refused(*command, "--rounding", "triple")
    assert message == "--rounding triple: choose from single, double"


@pytest.mark.parametrize("points", ["-1", "nan", "101"])
def test_a_gate_that_cannot_be_meant(refused, made, trees, points):
    message = refused("quantize", made, "--calibrate", trees, "--max-drop", points)
    assert message == f"--max-drop {points}; expected points from 0 to 100"


def test_an_int8_model_is_not_quantized_again(lwnn, refused, made, trees):
    assert lwnn("quantize", made, "--calibrate", trees, "-o", "q").code == 0
    message = refused("quantize", "q", "--calibrate", trees)
    assert message == "q: is int8 already; give the model that lwnn train made"
