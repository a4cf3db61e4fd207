"""Model files taken apart and put together wrongly."""

import json

import pytest
import safetensors.numpy

from lwnn import modelfile
from lwnn.errors import ModelFileError


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
