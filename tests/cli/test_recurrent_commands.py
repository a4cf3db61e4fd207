"""The commands on sequences: from a file to answers, int8 and C, and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
QUICK = ("--recurrent", "--hidden", 6, "--epochs", 400, "--lr", 0.03, "--val", 0, "--test", 0)


@pytest.fixture
def parity(lwnn):
    """A model that knows parity, beside its files."""
    for suffix in ("npz", "csv"):
        shutil.copy(EXAMPLES / f"parity.{suffix}", f"parity.{suffix}")
    assert lwnn("train", "parity.npz", "--algo", "bp", *QUICK).code == 0
    return "parity-bp.safetensors"


def test_a_model_of_sequences_goes_all_the_way(lwnn, parity):
    for data in ("parity.npz", "parity.csv"):
        said = json.loads(lwnn("evaluate", parity, data, "--json").out)
        assert said["metrics"]["test"]["accuracy"] == 1
        assert lwnn("predict", parity, data).out.split() == ["prediction", *"01101001"]
    assert lwnn("quantize", parity, "--calibrate", "parity.csv", "--max-drop", 0).code == 0
    small = "parity-bp.int8.safetensors"
    assert lwnn("predict", small, "parity.npz").out.split() == ["prediction", *"01101001"]
    shown = json.loads(lwnn("inspect", small, "--json").out)
    assert (shown["kind"], shown["network"]) == ("elman", "3x1-6-2")
    assert lwnn("export", small, "-o", "firmware", "--name", "odd").code == 0
    assert "t < 3" in Path("firmware", "odd.c").read_text()


def test_the_rules_are_compared_on_sequences(lwnn, parity):
    options = ("--recurrent", "--hidden", 4, "--epochs", 2, "--seeds", 1, "--json")
    said = json.loads(lwnn("bench", "parity.npz", *options).out)
    assert [result["algo"] for result in said["results"]] == ["bp", "wp"]
    assert all(result["options"]["timesteps"] == 3 for result in said["results"])
    ended = lwnn("bench", "parity.npz", "--algos", "ff,bp", *options)
    assert (ended.code, ended.complaint) == (
        2,
        "--recurrent goes with --algo bp or --algo wp, not with --algo ff",
    )


def test_sequences_that_lie_otherwise_are_refused(lwnn, tmp_path):
    random = np.random.default_rng(0)
    x, y = random.standard_normal((20, 5, 2)).astype(np.float32), np.arange(20) % 2
    np.savez("one.npz", x=x, y=y)
    np.savez("turned.npz", x=x.swapaxes(1, 2), y=y)
    assert lwnn("train", "one.npz", "--algo", "bp", *QUICK, "--epochs", 1).code == 0
    assert lwnn("predict", "one-bp.safetensors", "one.npz").code == 0
    ended = lwnn("predict", "one-bp.safetensors", "turned.npz")
    assert ended.code == 2
    assert ended.complaint.startswith("turned.npz: has rows of 2 x 5, the model reads 5 x 2; ")


def test_a_table_of_words_is_refused(lwnn):
    lines = ["a,b,c,d,label", *(f"{n},red,{n % 3},blue,{n % 2}" for n in range(30))]
    lines[5] = "5,green,1,green,0"
    Path("words.csv").write_text("\n".join(lines))
    ended = lwnn("train", "words.csv", "--algo", "bp", "--recurrent", "--timesteps", 2)
    assert ended.code == 2
    assert "words.csv has columns of words" in ended.complaint
