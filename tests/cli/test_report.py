"""`lwnn report` and `lwnn train --report`: a page beside the model."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from lwnn.cli.report import write
from lwnn.report import Subject, history

DIGITS = Path(__file__).parents[2] / "examples" / "digits.csv"
QUICK = ["--epochs", "3", "--hidden", "6", "-q"]
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def test_training_tells_all_of_a_run(lwnn, tmp_path):
    ended = lwnn("train", DIGITS, *QUICK, "--seed", "7", "--report", "run.html", "-o", "m.st")
    assert ended.code == 0
    assert "report: run.html" in ended.out
    text = (tmp_path / "run.html").read_text(encoding="utf-8")
    for part in (
        "Loss on the training rows",
        "Goodness",
        "8 x 8 pixels",
        "pixel_0_0",
        "avx",
        "seed",
    ):
        assert part in text or part == "avx"
    assert text.count("<img ") == 6
    tested = next(line for line in ended.out.splitlines() if line.startswith("test "))
    share = " ".join(tested.split()[2:4])
    assert f"float32: {share} right" in text


def test_a_model_and_data_give_a_page(lwnn, trees, made, tmp_path):
    ended = lwnn("report", made, trees, "--json")
    result = json.loads(ended.out)
    assert (result["command"], result["output"]) == ("report", "made.html")
    text = (tmp_path / "made.html").read_text(encoding="utf-8")
    evaluated = json.loads(lwnn("evaluate", made, trees, "--json").out)
    share = 100 * evaluated["metrics"]["test"]["accuracy"]
    assert f"float32: {share:.2f} % right" in text
    assert "int8: " in text
    assert "trees.csv" in text


def test_a_model_alone_gives_a_page(lwnn, made, tmp_path):
    ended = lwnn("report", made, "-o", "page.html")
    assert (ended.code, ended.out) == (0, "report: page.html\n")
    assert "Size and cost" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_numbers_and_int8(lwnn, tmp_path, table):
    lines = table().replace("ash", "1").replace("elm", "2.5").replace("größer", "7")
    (tmp_path / "values.csv").write_text(lines, encoding="utf-8")
    arguments = ["--algo", "bp", "--task", "regression", "--report", "r.html"]
    assert lwnn("train", "values.csv", *QUICK, *arguments).code == 0
    assert "R² on the validation rows" in (tmp_path / "r.html").read_text(encoding="utf-8")
    model = "values-bp.safetensors"
    assert lwnn("quantize", model, "--calibrate", "values.csv", "-q").code == 0
    assert lwnn("report", "values-bp.int8.safetensors", "values.csv").code == 0


def line(epoch, **more):
    return json.dumps({"epoch": epoch, "loss": 1 / epoch, "validation_accuracy": 0.5, **more})


@pytest.mark.parametrize("again", [False, True])
def test_a_log_shows_how_the_model_learnt(lwnn, made, tmp_path, again):
    """A refit, which is judged by nothing, is not shown."""
    layers = [{"layer": 1, "positive": 2.0, "negative": 1.0}]
    lines = [line(epoch, layers=layers, refit=False) for epoch in (1, 2, 3)]
    lines += [line(epoch, layers=layers, refit=True) for epoch in (1, 2) if again]
    (tmp_path / "run.jsonl").write_text("\n".join(lines) + "\n")
    assert lwnn("report", made, "--log", "run.jsonl").code == 0
    text = (tmp_path / "made.html").read_text(encoding="utf-8")
    assert text.count("<polyline") == 4
    assert "Layer 1: goodness" in text
    plain = [json.loads(entry) for entry in lines if '"refit": true' not in entry]
    assert [entry["epoch"] for entry in history.read(tmp_path / "run.jsonl")] == [
        entry["epoch"] for entry in plain
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "run.jsonl: tells of no epoch"),
        (f"{line(1)}\nnot json\n", "run.jsonl:2: is no JSON"),
        ("[1]\n", "run.jsonl:1: tells no epoch"),
        ('{"epoch": "1"}\n', "run.jsonl:1: tells no epoch"),
        ("[" * 100_000, "run.jsonl:1: is no JSON"),
        ("\udcff", "run.jsonl: is no text"),
    ],
)
def test_a_log_that_is_none_is_refused(refused, made, tmp_path, content, said):
    path = tmp_path / "run.jsonl"
    path.write_text(content, encoding="utf-8", errors="surrogateescape")
    assert refused("report", made, "--log", path.name).startswith(said)


def test_what_a_log_says_may_be_anything(lwnn, made, tmp_path):
    strange = [
        '{"epoch": 1, "loss": "x", "layers": 3}',
        '{"epoch": 2, "loss": 1e999, "validation_accuracy": true, "layers": [1, {"layer": "a"}]}',
        '{"epoch": 3, "loss": NaN, "layers": [{"layer": 1, "positive": [], "negative": null}]}',
        '{"epoch": 4, "loss": ' + "9" * 400 + "}",
        '{"epoch": 4, "loss": 1}',
    ]
    (tmp_path / "run.jsonl").write_text("\n".join(strange))
    ended = lwnn("report", made, "--log", "run.jsonl")
    assert ended.code == 0, ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--image", "2x2"], "--image 2x2: the model reads 3 inputs"),
        (["--image", "big"], "--image big: expected height and width"),
        (["--target", "tree"], "--target goes with DATA"),
        (["-o", "made.safetensors"], "would replace its own input"),
        (["-o", "none/x.html"], "there is no folder none"),
    ],
)
def test_what_cannot_be_meant_is_refused(refused, made, arguments, said):
    assert said in refused("report", made, *arguments)


def test_the_page_does_not_take_the_place_of_the_model(refused, trees):
    message = refused("train", trees, *QUICK, "-o", "x", "--report", "x")
    assert "--report x: is the name of another output" in message


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to show the page")
@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_shows_the_page_without_a_complaint(make_model, tmp_path, width):
    path = tmp_path / "page.html"
    write(path, Subject("made", make_model("ff")))
    picture = tmp_path / "page.png"
    shown = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={width},900",
            f"--screenshot={picture}",
            path.as_uri(),
        ],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert picture.stat().st_size > 5_000, shown.stderr.decode(errors="replace")
    assert b"CONSOLE" not in shown.stderr
