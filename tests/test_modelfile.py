"""Model files: what goes in comes out, and nothing but a model ever comes out."""

import dataclasses
import os
import struct

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from modelfiles import entries_of, refusal, rewrite

from lwnn import modelfile
from lwnn.errors import ModelFileError, UsageError
from lwnn.network import Params


def test_what_was_saved_is_loaded(model, path, rows):
    modelfile.save(model, path)
    loaded = modelfile.load(path)
    assert type(loaded) is type(model)
    fields = {field.name for field in dataclasses.fields(model)}
    for field in fields - {"params", "tensors", "offset", "scale", "goals"}:
        assert getattr(loaded, field) == getattr(model, field), field
    before, after = modelfile.named_tensors(model), modelfile.named_tensors(loaded)
    assert set(before) == set(after)
    assert len(before) >= 8
    for name, tensor in before.items():
        assert after[name].dtype == tensor.dtype, name
        assert after[name].tobytes() == tensor.tobytes(), name
    assert loaded.scores(rows).tobytes() == model.scores(rows).tobytes()


def test_the_same_model_gives_the_same_bytes(model, path):
    modelfile.save(model, path)
    first = path.read_bytes()
    turned = dict(reversed(model.provenance.items()))
    modelfile.save(dataclasses.replace(model, provenance=turned), path)
    assert path.read_bytes() == first
    modelfile.save(modelfile.load(path), path)
    assert path.read_bytes() == first


def test_other_tools_can_read_the_tensors(model, path):
    modelfile.save(model, path)
    tensors = safetensors.numpy.load_file(path)
    assert tensors["layer1.weight"].dtype == (np.int8 if "layer1.shift" in tensors else np.float32)
    for name, tensor in modelfile.named_tensors(model).items():
        assert np.array_equal(tensors.pop(name), tensor), name
    assert not tensors


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


def test_a_loaded_model_can_be_trained_on(make_model, path):
    modelfile.save(make_model(), path)
    loaded = modelfile.load(path)
    assert isinstance(loaded.params, Params)
    loaded.params["layer1.weight"][0, 0] = 42
    assert 42 in loaded.params.vector
