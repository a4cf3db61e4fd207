"""Regression on the command line: train, evaluate, predict, quantize."""

import csv
import json
import shutil

import numpy as np
import pytest

ALGOS = ["bp", "wp"]


@pytest.fixture
def curve(tmp_path):
    """Path of a table with a number to predict."""
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, (200, 2))
    y = 50 + 10 * (x[:, 0] - 0.5 * x[:, 1])
    path = tmp_path / "curve.csv"
    rows = "\n".join(f"{a:.5f},{b:.5f},{c:.5f}" for (a, b), c in zip(x, y, strict=True))
    path.write_text(f"a,b,heat\n{rows}\n")
    return path


@pytest.fixture
def trained(lwnn, curve):
    ended = lwnn(
        "train", curve, "--algo", "bp", "--task", "regression", "-q", "-o", "m.safetensors"
    )
    assert ended.code == 0, ended.err
    return "m.safetensors"


@pytest.mark.parametrize("algo", ALGOS)
def test_training_reports_r2_and_rmse(lwnn, curve, algo):
    ended = lwnn("train", curve, "--algo", algo, "--task", "regression", "--epochs", 40)
    assert ended.code == 0
    assert "values from" in ended.err
    assert "target: column heat (assumed; --target names another); a header" in ended.err
    assert "validation R² " in ended.err
    assert "R²" in ended.out
    assert "RMSE" in ended.out
    assert "accuracy" not in ended.out


def test_json_has_the_measures(lwnn, curve):
    ended = lwnn("train", curve, "--algo", "bp", "--task", "regression", "--json", "-q")
    told = json.loads(ended.out)
    assert set(told["metrics"]["test"]) == {"r2", "rmse", "rows"}
    assert told["metrics"]["test"]["r2"] > 0.95
    assert told["options"]["task"] == "regression"


def test_evaluate_reports_r2_and_rmse(lwnn, curve, trained):
    assert lwnn("evaluate", trained, curve).out.startswith("R² 0.9")
    told = json.loads(lwnn("evaluate", trained, curve, "--json").out)
    assert told["metrics"]["test"]["rmse"] < 3


def test_predict_prints_numbers(lwnn, curve, trained):
    lines = lwnn("predict", trained, curve).out.splitlines()
    assert lines[0] == "prediction"
    values = np.array([float(line) for line in lines[1:]])
    assert len(values) == 200
    true = np.loadtxt(curve, delimiter=",", skiprows=1)[:, -1]
    assert np.corrcoef(values, true)[0, 1] > 0.97
    told = json.loads(lwnn("predict", trained, curve, "--json").out)
    assert told["predictions"] == pytest.approx(values.tolist(), rel=1e-6)


@pytest.mark.parametrize("option", [("--proba",), ("--exit", "0.9")])
def test_classes_are_not_to_be_had(refused, curve, trained, option):
    complaint = refused("predict", trained, curve, *option)
    assert complaint.startswith(f"{option[0]}: ")
    assert "predicts numbers" in complaint


def test_quantize_compares_r2(lwnn, curve, trained):
    ended = lwnn("quantize", trained, "--calibrate", curve, "--max-drop", 2)
    assert ended.code == 0
    assert "RMSE" in ended.out
    assert "predictions differ by" in ended.out
    told = json.loads(lwnn("quantize", trained, "--calibrate", curve, "--json").out)
    assert told["drop"] == pytest.approx(100 * (told["r2"]["before"] - told["r2"]["after"]))
    assert lwnn("evaluate", "m.int8.safetensors", curve).out.startswith("R² 0.9")


def test_the_gate_holds_for_r2(lwnn, refused, tmp_path, curve, trained):
    """Where the float model's own answers are the targets, int8 can only be worse."""
    own = tmp_path / "own.csv"
    answers = lwnn("predict", trained, curve).out.splitlines()[1:]
    header, *lines = curve.read_text().splitlines()
    pairs = zip(lines, answers, strict=True)
    rows = [f"{line.rpartition(',')[0]},{answer}" for line, answer in pairs]
    own.write_text("\n".join([header, *rows]) + "\n")
    complaint = refused("quantize", trained, "--calibrate", own, "--max-drop", 0, code=1)
    assert complaint.startswith("R² drops by ")


def test_a_class_in_the_target_is_told(refused, trees):
    complaint = refused("train", trees, "--algo", "bp", "--task", "regression")
    assert "trees.csv:2: column 'tree': 'ash' is not a number" in complaint
    assert "--task classification" in complaint


@pytest.mark.skipif(not shutil.which("cc"), reason="cc not installed")
@pytest.mark.parametrize("kind", ["float", "int8"])
def test_c_gives_the_numbers_that_predict_prints(lwnn, curve, trained, kind, tmp_path):
    if kind == "int8":
        assert lwnn("quantize", trained, "--calibrate", curve).code == 0
        trained = "m.int8.safetensors"
    ended = lwnn("export", trained, "-o", "fw", "--name", "heat", "--self-test", "--data", curve)
    assert (ended.code, ended.err) == (0, "")
    ended = lwnn("verify", trained, "fw", curve)
    assert ended.out == "200 rows on this machine: 0 differ\nself-test: passed\n"
    want = [float(line) for line in lwnn("predict", trained, curve).out.splitlines()[1:]]
    with open("fw/heat_selftest.csv", newline="") as file:
        header, *lines = csv.reader(file)
    assert header == ["a", "b", "value", "score"]
    stored = {(float(a), float(b)): float(value) for a, b, value, _ in lines}
    points = np.loadtxt(curve, delimiter=",", skiprows=1)[:, :2].astype(np.float32)
    found = {(float(f"{a:.9g}"), float(f"{b:.9g}")): n for n, (a, b) in enumerate(points)}
    assert len(stored) > 5
    for point, value in stored.items():
        assert value == pytest.approx(want[found[point]], rel=1e-6)
