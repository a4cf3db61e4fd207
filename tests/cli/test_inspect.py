"""`lwnn inspect`: everything in a model file, for people and for programs."""

import json

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
    assert "3-5-4-4" in ended.out


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
