"""`lwnn inspect`: everything in a model file, for people and for programs."""

import io
import json

import numpy as np
import pytest

from lwnn import modelfile


def test_every_kind_of_model_is_shown(lwnn, model, path):
    modelfile.save(model, path)
    ended = lwnn("inspect", path)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == f"{path}: {path.stat().st_size:,} bytes"
    for name in modelfile.named_tensors(model):
        assert sum(line.split()[0] == name for line in lines) == 1, name
    assert "height, leaf, length, x" in ended.out
    assert ("3x1-5-4-4" if model.network.kind == "elman" else "3-5-4-4") in ended.out


def test_json(lwnn, model, path):
    modelfile.save(model, path)
    result = json.loads(lwnn("inspect", path, "--json").out)
    assert result["command"] == "inspect"
    assert result["labels"] == list(model.labels)
    assert result["parameters"] == model.size
    assert result["provenance"] == model.provenance
    assert {entry["name"]: entry["shape"] for entry in result["tensors"]} == {
        name: list(tensor.shape) for name, tensor in modelfile.named_tensors(model).items()
    }


@pytest.mark.parametrize("hostile", ["\x1b[31mred", "two\nlines", "\u202eturned"])
def test_names_do_not_steer_the_terminal(lwnn, make_model, path, hostile):
    labels = (hostile, "b", "c", "d")
    model = make_model(labels=labels, target=hostile, provenance={hostile: hostile})
    modelfile.save(model, path)
    out = lwnn("inspect", path).out
    assert hostile not in out
    assert out.count(ascii(hostile)[1:-1]) >= 4


MESSY = "# by a logger\nid,when,site,leaf,colour,kind\n" + "".join(
    f"{10 + 7 * n},2024-05-{n + 1:02},north,{'?' if n == 3 else n % 4},"
    f"{('red', 'blue')[n % 3 == 0]},{'ab'[n % 2]}\n"
    for n in range(24)
)


def test_data_are_shown_as_they_were_understood(lwnn, tmp_path):
    path = tmp_path / "messy.csv"
    path.write_text(MESSY)
    ended = lwnn("inspect", path)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == f"{path}: 24 rows, 4 features"
    assert max(map(len, lines[1:])) <= 80
    told = {line.split("  ")[0]: " ".join(line.split()) for line in reversed(lines[1:])}
    assert told["id"].startswith("id left out: identifier")
    assert told["when"] == "when left out: dates"
    assert told["site"] == "site left out: constant"
    assert told["leaf"] == "leaf number 1 0 to 3"
    assert told["colour"] == "colour category blue, red"
    assert told["a"] == "a 12 50.0 %"
    assert "leaf leaf=? colour=blue colour=red class" in [" ".join(line.split()) for line in lines]
    assert "columns left out: id (identifier), when (dates), site (constant)" in ended.err


def test_data_as_json(lwnn, tmp_path):
    path = tmp_path / "messy.csv"
    path.write_text(MESSY)
    result = json.loads(lwnn("inspect", path, "--json", "--drop", "leaf").out)
    assert result["command"] == "inspect"
    assert result["features"] == ["colour=blue", "colour=red"]
    assert [column["used"] for column in result["columns"]] == [False, False, False, True]
    assert result["classes"] == [{"label": "a", "rows": 12}, {"label": "b", "rows": 12}]
    assert result["first_rows"] == [[1, 0], [0, 1], [0, 1], [1, 0], [0, 1]]
    assert result["first_labels"] == ["a", "b", "a", "b", "a"]


def test_numbers_to_predict_are_shown_as_such(lwnn, refused, tmp_path, monkeypatch):
    path = tmp_path / "prices.csv"
    lines = [f"{n},{('red', 'blue')[n % 2]},{3 * n + 0.5}" for n in range(40)]
    path.write_text("\n".join(["size,colour,price", *lines]) + "\n")
    ended = lwnn("inspect", path)
    assert ended.code == 0
    assert "lwnn train --algo bp --task regression predicts numbers" in ended.err
    assert "numbers to predict (column price): 0.5 to 117.5" in ended.out
    assert "names the class" not in ended.out
    result = json.loads(lwnn("inspect", path, "--json").out)
    assert (result["classes"], result["range"]) == (None, [0.5, 117.5])
    assert result["first_labels"] == ["0.5", "3.5", "6.5", "9.5", "12.5"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert refused("inspect", "-").startswith("stdin: column 'price': 40 different labels")


def test_images_are_shown_too(lwnn, tmp_path):
    np.savez(tmp_path / "i.npz", x=np.arange(64, dtype=np.uint8).reshape(4, 4, 4), y=[0, 1, 0, 1])
    out = lwnn("inspect", tmp_path / "i.npz").out
    assert "4 rows, 16 features" in out
    assert "..." in out
