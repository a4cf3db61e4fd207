"""Models to and from files: safetensors, with one JSON text that describes the model.

The tensors of a float model stand under the names of `Params.views`; beside them
``input.offset`` and ``input.scale``, and ``goals`` for Forward-Forward. Those of an int8 model
are listed by `lwnn.quantization.tensors.expected`. The metadata has one key, ``lwnn``, since the
safetensors package writes several in random order and the same model must give the same bytes.

A file is not trusted: the header is bounded before it is read, every tensor is checked by name,
shape and dtype before it is read, and nothing in a file is ever run.
"""

import os
import stat

import numpy as np
import safetensors
import safetensors.numpy

from lwnn import modeltext
from lwnn.errors import ModelFileError, UsageError
from lwnn.files import replacing
from lwnn.model import Model
from lwnn.network import Params
from lwnn.quantization import ROUNDINGS, QuantizedModel
from lwnn.quantization.tensors import expected

# Before the header of a safetensors file stands its length, in 8 bytes, little-endian.
_LENGTH = 8
_MAX_HEADER = 1 << 25
#: Names that safetensors has for types.
_DTYPES = {"float32": "F32", "int32": "I32", "int8": "I8"}


def save(model, path):
    """Write a model to a file, whole or not at all; the same model gives the same bytes.

    Parameters
    ----------
    model : Model or QuantizedModel
    path : str or os.PathLike

    Raises
    ------
    ModelFileError
        When the model holds a value that is not finite, or names without end.
    UsageError
        When the file cannot be written.
    """
    text, tensors = _describe(model), named_tensors(model)
    if broken := _not_finite(tensors):
        raise ModelFileError(f"{path}: not saved: {broken} of the model is not finite")
    content = safetensors.numpy.save(tensors, metadata={"lwnn": text})
    if _header_length(content) > _MAX_HEADER:
        raise ModelFileError(f"{path}: not saved: the names of features and labels are too long")
    with replacing(path) as file:
        file.write(content)


def load(path):
    """Read a model file.

    Parameters
    ----------
    path : str or os.PathLike

    Returns
    -------
    Model or QuantizedModel

    Raises
    ------
    ModelFileError
        When the file is missing, damaged, not a model, or made by a newer lwnn.
    """
    path = os.fspath(path)
    try:
        _check_header(path)
        with safetensors.safe_open(path, framework="np") as file:
            return _read(file)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
    except safetensors.SafetensorError as error:
        raise ModelFileError(f"{path}: is damaged or not a model; train it again") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelFileError(f"{path}: cannot be read: {reason}; check the path") from error


def named_tensors(model):
    """Return what a model file holds for `model`: name to array, in the order of the layers."""
    if isinstance(model, QuantizedModel):
        return model.tensors
    named = {**model.params.views, "input.offset": model.offset, "input.scale": model.scale}
    return {**named, "goals": model.goals} if model.network.kind == "ff" else named


def _describe(model):
    if isinstance(model, QuantizedModel):
        return modeltext.write(model, quantized={"rounding": model.rounding})
    return modeltext.write(model, clip=model.clip)


def _check_header(path):
    """Refuse what cannot be a model file before safetensors maps it into memory."""
    # Asked before opening: opening a named pipe would wait for its writer.
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        what = "is a folder" if stat.S_ISDIR(mode) else "is not a regular file"
        raise ModelFileError(f"{what}; give a model file")
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(_LENGTH + 1)
    if len(start) <= _LENGTH or start[_LENGTH:] != b"{":
        raise ModelFileError("is not a model file; give one that lwnn train made")
    length = _header_length(start)
    if length > size - _LENGTH:
        raise ModelFileError("is cut short or damaged; copy it again or train it again")
    if length > _MAX_HEADER:
        raise ModelFileError(f"its header of {length:,} bytes is too long for a model of lwnn")


def _header_length(content):
    return int.from_bytes(content[:_LENGTH], "little")


def _read(file):
    text = (file.metadata() or {}).get("lwnn")
    if text is None:
        raise ModelFileError("holds tensors, but no model of lwnn; give one that lwnn train made")
    entries, fields = modeltext.read(text)
    if "quantized" in entries:
        return _read_int8(file, entries["quantized"], fields)
    return _read_float(file, entries, fields)


def _read_float(file, entries, fields):
    clip, network = modeltext.positive(entries, "clip"), fields["network"]
    shapes = {name: ("float32", shape) for name, shape in network.shapes.items()}
    shapes["input.offset"] = shapes["input.scale"] = ("float32", (network.inputs,))
    if network.kind == "ff":
        shapes["goals"] = ("float32", (len(network.hidden), 3))
    tensors = _take(file, shapes)
    params = Params(network)
    for name, view in params.views.items():
        view[...] = tensors.pop(name)
    offset, scale = tensors.pop("input.offset"), tensors.pop("input.scale")
    return Model(params=params, offset=offset, scale=scale, clip=clip, **tensors, **fields)


def _read_int8(file, quantized, fields):
    if not isinstance(quantized, dict):
        raise ModelFileError("its entry 'quantized' is wrong")
    rounding = modeltext.choice(quantized, "rounding", ROUNDINGS)
    tensors = _take(file, expected(fields["network"], fields["readout"]))
    try:
        return QuantizedModel(tensors=tensors, rounding=rounding, **fields)
    except UsageError as error:
        raise ModelFileError(str(error)) from error


def _take(file, wanted):
    """Read the tensors that are expected, and no others.

    Parameters
    ----------
    file : safetensors.safe_open
    wanted : dict of str to (str, tuple of int)
        Name to dtype and shape.

    Returns
    -------
    dict of str to ndarray
    """
    found = set(file.keys())
    for problem, names in (("lacks", wanted.keys() - found), ("has", found - wanted.keys())):
        if names:
            which = ascii(min(names))[:60]
            more = "" if problem == "lacks" else ", which its network does not have"
            raise ModelFileError(f"{problem} the tensor {which}{more}")
    for name, (dtype, shape) in wanted.items():
        part = file.get_slice(name)
        if part.get_dtype() != _DTYPES[dtype] or tuple(part.get_shape()) != tuple(shape):
            raise ModelFileError(f"its tensor {name!r} does not fit its network")
    tensors = {name: file.get_tensor(name) for name in wanted}
    if broken := _not_finite(tensors):
        raise ModelFileError(f"its tensor {broken!r} holds a value that is not finite")
    return tensors


def _not_finite(tensors):
    """Return the name of a tensor with a value that is not finite, or None."""
    return next((name for name, tensor in tensors.items() if not np.isfinite(tensor).all()), None)
