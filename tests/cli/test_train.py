"""`lwnn train` from a data file to a model file, with real training on small data."""

import errno
import json
import os
import re

import numpy as np
import pytest

from lwnn import modelfile
from lwnn.cli import progress
from lwnn.learning import Backprop
from lwnn.options import ALGOS

QUICK = ("--epochs", 3)


@pytest.mark.parametrize("algo", ALGOS)
def test_a_table_becomes_a_model(lwnn, trees, algo):
    ended = lwnn("train", trees, "--algo", algo, "--epochs", 20)
    assert ended.code == 0
    part, *lines = ended.out.splitlines()
    assert part.split() == ["part", "rows", "accuracy", "loss"]
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["train", "63"],
        ["validation", "9"],
        ["test", "18"],
    ]
    name = f"trees-{algo}.safetensors"
    assert lines[-1] == f"model: {name}"
    model = modelfile.load(name)
    assert model.labels == ("ash", "elm", "größer")
    assert model.features == ("height", "leaf", "colour")
    assert lwnn("evaluate", name, trees, "--json").out.count('"accuracy"') == 1


def test_what_was_assumed_is_told_on_stderr(lwnn, trees):
    ended = lwnn("train", trees, *QUICK)
    notes = ended.err.splitlines()
    assert notes[:3] == [
        f"{trees}: 90 rows, 3 features, 3 classes",
        "label: column tree (assumed; --target names another); a header",
        "rows: 63 train, 9 validation, 18 test; net 3-64-3, 643 parameters",
    ]
    assert notes[3].startswith("training with algo ff, hidden 64, task classification, ")
    memory = next(n for n, note in enumerate(notes) if note.startswith("memory"))
    assert memory > 4
    assert max(map(len, notes[3:memory])) <= 80
    del notes[4:memory]
    assert re.fullmatch(r"memory beside the rows: [\d,]+ bytes; 1 thread", notes[4])
    assert [line.partition(":")[0] for line in notes[5:8]] == [f"epoch {n}/3" for n in (1, 2, 3)]
    assert "validation" in notes[5]
    assert notes[8] == "refit: 3 epochs anew on 72 rows, training and validation together"
    assert notes[9] == f"next: lwnn quantize trees-ff.safetensors --calibrate {trees}"
    assert len(notes) == 11


def test_settings_are_told_as_the_command_line_says_them(lwnn, trees):
    given = ("--class-weight", "ash=2,elm=0.5", "--hidden", "4,3", "--greedy", "--epochs", "1")
    # Else a trial of decays would find that two layers need two epochs before it is told.
    told = " ".join(lwnn("train", trees, *given, "--l2", "0.1").err.split())
    assert ", hidden 4,3, " in told
    assert ", class_weight ash=2,elm=0.5, " in told
    assert ", greedy, " in told
    assert "False" not in told


def test_a_label_that_was_asked_for_is_not_called_assumed(lwnn, tmp_path, table):
    path = tmp_path / "plain.csv"
    path.write_text(table().partition("\n")[2], encoding="utf-8")
    ended = lwnn("train", path, *QUICK, "--target", "-1")
    assert ended.err.splitlines()[1] == "label: column 3, counted from 0; no header"


def test_quiet_leaves_the_result(lwnn, trees):
    ended = lwnn("train", trees, *QUICK, "-q")
    assert ended.err == ""
    assert "model: trees-ff.safetensors" in ended.out


def test_json_is_one_object(lwnn, trees):
    ended = lwnn("train", trees, *QUICK, "--algo", "bp", "--hidden", "5,4", "--json")
    result = json.loads(ended.out)
    assert result["schema_version"] == 1
    assert result["command"] == "train"
    assert result["seconds"] > 0
    assert set(result["metrics"]) == {"train", "validation", "test"}
    for part in result["metrics"].values():
        assert 0 <= part["accuracy"] <= 1
        assert part["loss"] > 0
    assert result["model"] == "trees-bp.safetensors"
    assert result["network"] == "3-5-4-3"
    assert result["parameters"] == modelfile.load(result["model"]).size
    assert (result["epochs_run"], result["stopped"]) == (3, "finished")
    options = result["options"]
    assert (options["algo"], options["hidden"], options["epochs"]) == ("bp", [5, 4], 3)


def test_parts_may_be_left_out_or_come_from_files(lwnn, trees, tmp_path, table):
    ended = lwnn("train", trees, *QUICK, "--val", "0", "--test", "0", "--json")
    assert list(json.loads(ended.out)["metrics"]) == ["train"]
    more = tmp_path / "more.csv"
    more.write_text(table(rows=30, seed=5), encoding="utf-8")
    ended = lwnn("train", trees, *QUICK, "--val", 0.1, "--test", more, "--json")
    rows = {name: part["rows"] for name, part in json.loads(ended.out)["metrics"].items()}
    assert rows == {"train": 81, "validation": 9, "test": 30}


def test_no_hidden_layer(lwnn, trees):
    ended = lwnn("train", trees, *QUICK, "--algo", "bp", "--hidden", "none")
    assert "net 3-3, 12 parameters" in ended.err
    assert "hidden none" in ended.err


def test_the_same_seed_gives_the_same_file(lwnn, trees, tmp_path):
    contents = []
    for name, more in {"a": ["--threads", 1], "b": ["--threads", 2], "c": ["--seed", 1]}.items():
        assert lwnn("train", trees, *QUICK, "-o", name, *more).code == 0
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


def test_an_interruption_keeps_the_best_model(monkeypatch, lwnn, trees):
    real = progress._line

    def interrupt(epoch):
        if epoch.epoch == 3:
            raise KeyboardInterrupt
        return real(epoch)

    monkeypatch.setattr(progress, "_line", interrupt)
    ended = lwnn("train", trees, "--epochs", 9, "--json")
    assert ended.code == 130
    result = json.loads(ended.out)
    assert (result["stopped"], result["epochs_run"]) == ("interrupted", 3)
    assert ended.complaint == (
        f"interrupted; the model of epoch {result['best_epoch']} is in trees-ff.safetensors"
    )
    assert modelfile.load("trees-ff.safetensors").labels[0] == "ash"


def test_a_loss_that_turns_nan_keeps_the_last_good_model(monkeypatch, lwnn, trees):
    learn, calls = Backprop.learn, []

    def break_down(self, order, rate):
        calls.append(order)
        return np.nan if len(calls) == 3 else learn(self, order, rate)

    monkeypatch.setattr(Backprop, "learn", break_down)
    given = ("--epochs", 9, "--lr", 0.5, "--l2", 0.1)
    ended = lwnn("train", trees, "--algo", "bp", *given, "--json")
    assert ended.code == 2
    result = json.loads(ended.out)
    assert result["stopped"] == "diverged"
    assert "the loss is no longer a number in epoch 3" in ended.complaint
    assert f"the model is that of epoch {result['best_epoch']}" in ended.complaint
    assert "try a smaller rate, such as --lr 0.05; saved in trees-bp.safetensors" in ended.complaint
    assert np.isfinite(modelfile.load("trees-bp.safetensors").params.vector).all()


def test_a_loss_that_is_never_a_number_leaves_no_file(refused, trees, tmp_path):
    steep = ("--algo", "bp", "--activation", "linear", "--optimizer", "sgd", "--lr", 1e6)
    message = refused("train", trees, "-q", *steep, "--hidden", "50,50,50", "--batch", 2)
    assert message.startswith("the loss is no longer a number in epoch 1; try a smaller rate")
    assert os.listdir(tmp_path) == ["trees.csv"]


def test_a_full_disk_leaves_no_file(monkeypatch, lwnn, trees, tmp_path):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    ended = lwnn("train", trees, *QUICK)
    assert ended.code == 2
    assert ended.complaint == (
        "trees-ff.safetensors: cannot write: No space left on device; choose another place"
    )
    assert os.listdir(tmp_path) == ["trees.csv"]


def test_no_permission_is_told_before_training(monkeypatch, refused, trees, tmp_path):
    # Root, as whom tests may run, is refused nothing.
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert refused("train", trees) == (
        "trees-ff.safetensors: no permission to write in .; choose another place"
    )
    assert os.listdir(tmp_path) == ["trees.csv"]


def test_the_input_is_never_replaced(refused, trees, tmp_path, table):
    before = trees.read_bytes()
    message = refused("train", trees, "-o", trees)
    assert message.startswith(f"{trees}: would replace its own input")
    test = tmp_path / "test.csv"
    test.write_text(table())
    assert "would replace its own input" in refused("train", trees, "--test", test, "-o", test)
    assert trees.read_bytes() == before


def test_images_in_a_table_may_be_moved(lwnn, refused, trees):
    moved = ("--augment", "shift:1", "--algo", "bp", *QUICK)
    assert "add --image HEIGHTxWIDTH, of 3 pixels together" in refused("train", trees, *moved)
    assert "expected height and width" in refused("train", trees, *moved, "--image", "3")
    assert "images of 1x3 pixels away" in refused("train", trees, *moved, "--image", "1x3")
