"""Configurations: what a run was trained with repeats it, and people may write their own."""

import json
import math
import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwnn.cli import config, epochlog
from lwnn.learning import Epoch
from lwnn.options import declared

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

QUICK = ("--epochs", 2)
#: Runs that together use every kind of option.
RUNS = {
    "ff": ("--algo", "ff"),
    "greedy": ("--greedy", "--hidden", "6,5", "--loss", "softplus", "--negatives", "random"),
    "top-down": ("--top-down", "--hidden", "5,5"),
    "hybrid": ("--negatives", "hybrid", "--head-epochs", 2, "--seed", 3),
    "mf": ("--algo", "mf", "--readout", "last", "--input-dropout", 0.2),
    "wp": ("--algo", "wp", "--hidden", 4, "--perturb", "fan-in", "--draws", 2),
    "gd": ("--algo", "bp", "--optimizer", "gd", "--schedule", "step", "--decay-every", 1),
    "noise": ("--algo", "bp", "--gradient-noise", 1e-5, "--weight-noise", 0.01, "--l1", 1e-4),
    "none": ("--algo", "bp", "--hidden", "none", "--init", "xavier", "--optimizer", "momentum"),
    "perceptron": ("--algo", "perceptron"),
    "weights": ("--class-weight", "größer=2.5, ash=1"),
    "balanced": ("--class-weight", "balanced"),
    "shares": ("--val", 0, "--test", 0.3),
    "columns": ("--drop", "leaf", "--missing", "drop"),
    "chosen": ("--features", "height,colour", "--target", "tree"),
    "images": ("--image", "3x1", "--algo", "bp"),
}


@pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)
def test_a_run_is_repeated_by_what_it_has_written(lwnn, trees, tmp_path, monkeypatch, options):
    table = tmp_path / "trees.csv"
    if trees != table:
        shutil.copy(trees, table)
    folder = tmp_path / "models"
    folder.mkdir()
    ended = lwnn(
        "train", "trees.csv", *QUICK, *options, "-o", folder / "first.safetensors", "--json"
    )
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["config"] == str(folder / "first.toml")
    monkeypatch.chdir(folder)
    # Defaults are filled in: what they are another day does not matter.
    said = (folder / "first.toml").read_text(encoding="utf-8")
    settings = json.loads(ended.out)["options"]
    assert all(f"\n{name.replace('_', '-')} = " in said for name in settings if name != "batch")
    monkeypatch.chdir("/")
    again = lwnn("train", "--config", folder / "first.toml", "-o", folder / "again.safetensors")
    assert again.code == 0, again.err
    first, second = (folder / f"{name}.safetensors" for name in ("first", "again"))
    assert first.read_bytes() == second.read_bytes()
    assert (folder / "again.toml").read_text(encoding="utf-8") == said


def test_regression_and_files_of_parts_repeat_too(lwnn, trees, tmp_path):
    number = ("--algo", "bp", "--task", "regression", "--target", "height", "--drop", "tree")
    assert lwnn("train", trees, *QUICK, *number, "-o", "number.safetensors").code == 0
    parts = ("--val", trees, "--test", trees, "-o", "parts.safetensors")
    assert lwnn("train", trees, *QUICK, *parts).code == 0
    for name in ("number", "parts"):
        before = Path(f"{name}.safetensors").read_bytes()
        how = ("--config", f"{name}.toml", "-o", f"{name}2.safetensors")
        assert lwnn("train", *how).code == 0
        assert Path(f"{name}2.safetensors").read_bytes() == before


def test_every_option_but_the_threads_is_a_key():
    names = {name for name, _ in declared()}
    assert set(config._KEYS.values()) == names | {"data", "target", "missing", "features", "drop"}


def test_flags_win(lwnn, trees):
    Path("mine.toml").write_text('algo = "bp"\nepochs = 3\nhidden = [7]\n', encoding="utf-8")
    how = ("--config", "mine.toml", "--epochs", 1, "--json")
    result = json.loads(lwnn("train", trees, *how).out)
    assert (result["options"]["epochs"], result["options"]["hidden"]) == (1, [7])
    assert result["model"] == "trees-bp.safetensors"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epoch = 3", "'epoch' is no option of lwnn train"),
        ("epochs = 3\nlr 0.1", "mine.toml:2: is no TOML"),
        ("epochs = {a = 1}", "epochs: expected a text, a number, or a list of them"),
        ("epochs = 0", "--epochs 0; expected 1 to"),
        ("hidden = [[3]]", "hidden: expected a text, a number, or a list of them"),
        ('algo = "pf"', "unknown --algo 'pf'"),
        ("a = " + "[" * 5000 + "]" * 5000, "mine.toml: is n"),
        ("#" * 1_100_000, "is too long for a configuration"),
    ],
)
def test_what_is_no_configuration(lwnn, refused, trees, text, said):
    Path("mine.toml").write_text(text, encoding="utf-8")
    message = refused("train", trees, "--config", "mine.toml")
    assert message.startswith("mine.toml") or "--" in message
    assert said in message


def test_a_file_that_is_not_there_or_not_text(refused, trees):
    assert "cannot be read" in refused("train", trees, "--config", "none.toml")
    Path("mine.toml").write_bytes(b"\xff")
    assert "is not UTF-8" in refused("train", trees, "--config", "mine.toml")


def test_numbers_must_be_what_the_option_takes(lwnn, trees):
    Path("mine.toml").write_text("epochs = 2.5", encoding="utf-8")
    ended = lwnn("train", trees, "--config", "mine.toml")
    assert ended.code == 2
    assert "--epochs" in ended.err


def test_what_a_person_wrote_is_not_written_over(lwnn, refused, trees):
    own = "epochs = 1\n"
    Path("run.toml").write_text(own, encoding="utf-8")
    how = ("train", trees, "--config", "run.toml", "-o", "run.safetensors")
    assert "choose another model file with -o" in refused(*how)
    assert Path("run.toml").read_text(encoding="utf-8") == own
    assert not Path("run.safetensors").exists()


@given(st.text())
def test_any_text_comes_back_from_toml(text):
    entries = tomllib.loads(f"a = {config._toml(text)}")
    assert entries["a"] == text


def test_a_name_that_is_no_text_ends_no_run(lwnn, trees):
    name = os.fsdecode(b"tr\xff.csv")
    try:
        shutil.copy(trees, name)
    except OSError:
        pytest.skip("this file system has no such names")
    assert lwnn("train", name, *QUICK, "-o", "m.safetensors").code == 0
    assert 'data = ["tr?.csv"]' in Path("m.toml").read_text(encoding="utf-8")


def test_an_epoch_can_be_read_when_it_is_over(tmp_path):
    path = tmp_path / "run.jsonl"
    with epochlog.epochs(path) as note:
        for finished in (False, True):
            note(Epoch(1, 2, 5, 5, math.nan, 0.1, 50.0, finished))
        assert json.loads(path.read_text()) == {
            **{"epoch": 1, "epochs": 2, "rows_total": 5, "loss": None, "seconds": 0.1},
            **{
                "samples_per_second": 50.0,
                "saturation": [],
                "layers": [],
                "warnings": [],
                "refit": False,
            },
        }


def test_a_log_has_a_line_for_every_epoch(lwnn, refused, trees):
    result = json.loads(lwnn("train", trees, "--epochs", 4, "--log", "run.jsonl", "--json").out)
    lines = [json.loads(line) for line in Path("run.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4] * 2
    assert [line["refit"] for line in lines] == [False] * 4 + [True] * 4
    assert [line["rows_total"] for line in lines] == [63] * 4 + [72] * 4
    assert {"loss", "validation_accuracy", "rate", "layers", "seconds"} <= set(lines[0])
    assert lines[0]["rate"] > lines[3]["rate"] > 0
    assert result["epochs_run"] == 4
    assert "would replace its own input" in refused("train", trees, "--log", trees)
    assert "there is no folder" in refused("train", trees, "--log", "none/run.jsonl")
