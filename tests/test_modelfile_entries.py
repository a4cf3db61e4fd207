"""What stands in a model file is not trusted: entries of any kind, tensors of any shape."""

import json

import numpy as np
import pytest
import safetensors.numpy
from modelfiles import entries_of, refusal, rewrite

from lwnn import modelfile
from lwnn.quantization import quantize


@pytest.mark.parametrize("quantized", [None, True, [], {}, {"rounding": "none"}, {"rounding": 1}])
def test_a_section_on_integers_that_is_wrong(make_model, path, quantized):
    modelfile.save(make_model(), path)
    rewrite(path, {**entries_of(path), "quantized": quantized})
    refusal(path)


def test_integers_that_would_overflow(make_model, path, rows):
    modelfile.save(quantize(make_model(), rows), path)
    rewrite(path, **{"layer1.bias": np.full((1, 5), 2**31 - 1, np.int32)})
    assert "'layer1.bias' holds values that overflow 32 bits" in refusal(path)


def test_entries_that_are_not_known_do_not_matter(model, path):
    modelfile.save(model, path)
    rewrite(path, {**entries_of(path), "colour": [{}]})
    assert modelfile.load(path).labels == model.labels


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000, "1" * 5_000, "\0", "nul"])
def test_a_description_that_is_none(make_model, path, text):
    modelfile.save(make_model(), path)
    rewrite(path, text=text)
    assert "its description of the model is not readable" in refusal(path)


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e400"])
def test_numbers_that_could_not_be_saved_again(make_model, path, number):
    modelfile.save(make_model(), path)
    text = json.dumps({**entries_of(path), "provenance": {"lr": 12345}})
    rewrite(path, text=text.replace("12345", number))
    assert "its description of the model is not readable" in refusal(path)


ANYTHING = (None, True, 0, -1, 2.5, 10**400, float("nan"), "x", "", [], [None], {}, {"a": 1}, [[]])
#: Values of wrong kinds that are right for some entries.
FINE = {"target": (None, "x", ""), "named": (True,), "clip": (2.5,), "provenance": ({}, {"a": 1})}


@pytest.mark.parametrize(
    "key",
    [
        *("format_version", "network", "labels", "features"),
        *("target", "named", "readout", "clip", "provenance"),
    ],
)
def test_an_entry_of_a_wrong_kind(make_model, path, key):
    modelfile.save(make_model(), path)
    entries = entries_of(path)
    assert key in entries
    for value in ANYTHING:
        if any(value is fine or value == fine for fine in FINE.get(key, ())):
            continue
        rewrite(path, {**entries, key: value})
        refusal(path)
    if key != "target":
        rewrite(path, {name: value for name, value in entries.items() if name != key})
        refusal(path)


@pytest.mark.parametrize(
    "key",
    [
        *("kind", "inputs", "hidden", "classes", "activation", "cost", "label_scale"),
        *("goodness", "embed", "level", "head_layers"),
    ],
)
def test_a_network_of_wrong_kinds(make_model, path, key):
    modelfile.save(make_model(), path)
    entries = entries_of(path)
    assert key in entries["network"]
    huge = (1 << 62, [1 << 62], [64] * 64, [65_536] * 9, ["5", 4], [True, 4], [5, 4, 0])
    for value in (*ANYTHING, *huge):
        if key == "label_scale" and value in (2.5, 1 << 62):
            continue
        if key == "level" and isinstance(value, bool):
            continue
        rewrite(path, {**entries, "network": {**entries["network"], key: value}})
        refusal(path)


@pytest.mark.parametrize("steps", [*ANYTHING, 2, 4, -3, 1 << 62])
def test_time_steps_that_cannot_be(make_model, path, steps):
    """Of a recurrent net of 3 features; files from before there were any have 1."""
    modelfile.save(make_model("elman"), path)
    entries = entries_of(path)
    assert entries["network"]["timesteps"] == 3
    rewrite(path, {**entries, "network": {**entries["network"], "timesteps": steps}})
    refusal(path)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"labels": ["a", "b", "c"]}, "labels"),
        ({"labels": ["a", "b", "c", "c"]}, "labels"),
        ({"labels": ["a", "b", "c", 4]}, "labels"),
        ({"labels": ["a", "b", "c", "\ud800"]}, "labels"),
        ({"features": ["a", "b"]}, "features"),
        ({"readout": "goodness"}, "readout"),
        ({"readout": "head"}, "readout"),
        ({"named": False, "target": "tree"}, "target"),
        ({"named": False, "target": "4"}, "target"),
        ({"named": False, "target": "²"}, "target"),
        ({"clip": 0}, "clip"),
        ({"clip": 1e39}, "clip"),
    ],
)
def test_entries_that_do_not_fit_the_network(make_model, path, change, expected):
    modelfile.save(make_model(), path)
    rewrite(path, {**entries_of(path), **change})
    assert f"its entry {expected!r} is missing or wrong" in refusal(path)


def test_tensors_that_do_not_fit_the_network(model, path):
    modelfile.save(model, path)
    original = path.read_bytes()
    tensors = safetensors.numpy.load(original)
    assert "input.scale" in tensors
    for name, tensor in tensors.items():
        for problem, replacement in {
            f"lacks the tensor {name!r}": None,
            f"its tensor {name!r} does not fit its network": tensor.astype(np.float64),
            f"its tensor {name!r} does not fit": np.append(tensor, tensor),
        }.items():
            rewrite(path, **{name: replacement})
            assert problem in refusal(path)
        if tensor.dtype == np.float32:
            tensor.flat[-1] = np.inf
            rewrite(path, **{name: tensor})
            assert f"its tensor {name!r} holds a value that is not finite" in refusal(path)
        path.write_bytes(original)
    rewrite(path, **{"layer9.\x1b[2J": np.zeros(1, np.float32)})
    assert "has the tensor 'layer9.\\x1b[2J', which its network does not have" in refusal(path)
