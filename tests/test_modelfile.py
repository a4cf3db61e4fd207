"""Model files: what goes in comes out, and nothing but a model ever comes out."""

import json
import os
import struct

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lwnn import modelfile
from lwnn.errors import ModelFileError, UsageError
from lwnn.network import Params


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def entries_of(path):
    with safetensors.safe_open(path, framework="np") as file:
        return json.loads(file.metadata()["lwnn"])


def rewrite(path, entries=None, text=None, **tensors):
    """Write the file again with other entries or tensors (None: leave out)."""
    text = json.dumps(entries or entries_of(path)) if text is None else text
    kept = {**safetensors.numpy.load_file(path), **tensors}
    kept = {name: tensor for name, tensor in kept.items() if tensor is not None}
    path.write_bytes(safetensors.numpy.save(kept, metadata={"lwnn": text}))


def refusal(path):
    """The message with which `path` is refused: one short line that begins with the path."""
    with pytest.raises(ModelFileError) as caught:
        modelfile.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()
    assert len(message) - len(str(path)) < 200
    return message


def test_what_was_saved_is_loaded(model, path, rows):
    modelfile.save(model, path)
    loaded = modelfile.load(path)
    for field in ("network", "labels", "features", "target", "named", "readout", "clip"):
        assert getattr(loaded, field) == getattr(model, field), field
    assert loaded.provenance == model.provenance
    for field in ("offset", "scale", "goals"):
        assert getattr(loaded, field).dtype == np.float32
        assert getattr(loaded, field).tobytes() == getattr(model, field).tobytes()
    assert loaded.params.vector.tobytes() == model.params.vector.tobytes()
    assert loaded.scores(rows).tobytes() == model.scores(rows).tobytes()


def test_the_same_model_gives_the_same_bytes(model, path, make_model):
    modelfile.save(model, path)
    first = path.read_bytes()
    turned = dict(reversed(model.provenance.items()))
    kind, readout = model.network.kind, model.readout
    modelfile.save(make_model(kind, readout=readout, provenance=turned), path)
    assert path.read_bytes() == first
    modelfile.save(modelfile.load(path), path)
    assert path.read_bytes() == first


def test_other_tools_can_read_the_tensors(model, path):
    modelfile.save(model, path)
    tensors = safetensors.numpy.load_file(path)
    assert len(tensors) >= 8
    for name, view in model.params.views.items():
        assert np.array_equal(tensors[name], view), name


def test_a_model_without_header_or_target(make_model, path):
    modelfile.save(make_model(named=False, target="3"), path)
    assert modelfile.load(path).target == "3"
    modelfile.save(make_model(named=False, target=None), path)
    assert modelfile.load(path).target is None


def test_a_value_that_is_not_finite_is_never_saved(make_model, path):
    model = make_model()
    model.params["layer2.bias"][1] = np.nan
    with pytest.raises(ModelFileError, match=r"layer2\.bias of the model is not finite"):
        modelfile.save(model, path)
    assert not path.exists()


def test_saving_where_there_is_no_folder(make_model, tmp_path):
    with pytest.raises(UsageError, match="cannot write"):
        modelfile.save(make_model(), tmp_path / "none" / "model.safetensors")


def test_files_that_are_no_models(tmp_path, path):
    assert "No such file" in refusal(path)
    assert "is a folder" in refusal(tmp_path)
    for content in (b"", b"a,b\n1,2\n" * 9, b"PK\3\4" * 9, b"\0" * 64):
        path.write_bytes(content)
        assert "is not a model file" in refusal(path)
    path.write_bytes(safetensors.numpy.save({"a": np.zeros(3, np.float32)}))
    assert "holds tensors, but no model of lwnn" in refusal(path)


def test_a_named_pipe_is_not_waited_for(path):
    os.mkfifo(path)
    assert "is not a regular file" in refusal(path)


def test_a_header_that_claims_to_be_huge_is_not_read(model, path):
    modelfile.save(model, path)
    content = path.read_bytes()
    for length in (len(content), 1 << 40, (1 << 64) - 1):
        path.write_bytes(struct.pack("<Q", length) + content[8:])
        assert "is cut short or damaged" in refusal(path)
    long = b"{" + b" " * ((1 << 25) + 8) + b"}"
    path.write_bytes(struct.pack("<Q", len(long)) + long)
    assert "is too long" in refusal(path)


def test_a_file_cut_short_anywhere(model, path):
    modelfile.save(model, path)
    content = path.read_bytes()
    header = 8 + struct.unpack("<Q", content[:8])[0]
    for size in (*range(0, header, 7), *range(header - 3, len(content), 5)):
        path.write_bytes(content[:size])
        refusal(path)


def test_bytes_behind_the_end(model, path):
    modelfile.save(model, path)
    path.write_bytes(path.read_bytes() + b"\0\0\0\0")
    assert "is damaged" in refusal(path)


def test_a_newer_format(model, path):
    modelfile.save(model, path)
    rewrite(path, {**entries_of(path), "format_version": 2, "network": "of another kind"})
    assert "made by a newer lwnn than this one; upgrade lwnn" in refusal(path)


def test_entries_that_are_not_known_do_not_matter(model, path):
    modelfile.save(model, path)
    rewrite(path, {**entries_of(path), "colour": [{}]})
    assert modelfile.load(path).labels == model.labels


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000, "1" * 5_000, "\0", "nul"])
def test_a_description_that_is_none(make_model, path, text):
    modelfile.save(make_model(), path)
    rewrite(path, text=text)
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
    "key", ["kind", "inputs", "hidden", "classes", "activation", "cost", "label_scale"]
)
def test_a_network_of_wrong_kinds(make_model, path, key):
    modelfile.save(make_model(), path)
    entries = entries_of(path)
    assert key in entries["network"]
    huge = (1 << 62, [1 << 62], [64] * 64, [65_536] * 9, ["5", 4], [True, 4], [5, 4, 0])
    for value in (*ANYTHING, *huge):
        if key == "label_scale" and value in (2.5, 1 << 62):
            continue
        rewrite(path, {**entries, "network": {**entries["network"], key: value}})
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
        ({"clip": float("inf")}, "clip"),
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
        broken = tensor.copy()
        broken.flat[0] = np.inf
        for problem, replacement in {
            f"lacks the tensor {name!r}": None,
            f"its tensor {name!r} does not fit its network": tensor.astype(np.float64),
            f"its tensor {name!r} does not fit": np.append(tensor, tensor),
            f"its tensor {name!r} holds a value that is not finite": broken,
        }.items():
            rewrite(path, **{name: replacement})
            assert problem in refusal(path)
            path.write_bytes(original)
    rewrite(path, **{"layer9.\x1b[2J": np.zeros(1, np.float32)})
    assert "has the tensor 'layer9.\\x1b[2J', which its network does not have" in refusal(path)


def loads_or_refuses(path):
    """Load `path`; the result must be a refusal or a model that predicts."""
    try:
        loaded = modelfile.load(path)
    except ModelFileError:
        return
    inputs = loaded.network.inputs
    assert loaded.scores(np.ones((2, inputs), np.float32)).shape == (2, loaded.network.classes)


def test_any_one_byte_changed(model, path):
    modelfile.save(model, path)
    content = path.read_bytes()
    for place, old in enumerate(content):
        new = (old ^ 1, old ^ 0x80, ord('"'), ord("9"), 0xFF)[place % 5]
        path.write_bytes(content[:place] + bytes([new]) + content[place + 1 :])
        loads_or_refuses(path)


@settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=6)), max_size=8))
def test_bytes_changed_put_in_and_taken_out(make_model, path, edits):
    modelfile.save(make_model("ff"), path)
    content = bytearray(path.read_bytes())
    for number, piece in edits:
        place = number % len(content)
        content[place : place + number % 7] = piece
    path.write_bytes(content)
    loads_or_refuses(path)


def test_a_loaded_model_can_be_trained_on(model, path):
    modelfile.save(model, path)
    loaded = modelfile.load(path)
    assert isinstance(loaded.params, Params)
    loaded.params["layer1.weight"][0, 0] = 42
    assert 42 in loaded.params.vector
