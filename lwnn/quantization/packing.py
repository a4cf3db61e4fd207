"""A dense net's tensors end to end, as one call of the kernels reads them."""

import typing

import numpy as np


class Packed(typing.NamedTuple):
    """Arguments of `int8_dense`; see there."""

    layers: np.ndarray
    octets: np.ndarray
    words: np.ndarray


def packed(network, tensors):
    """Join the tensors of all layers.

    Parameters
    ----------
    network : Network
        Of kind ``dense``.
    tensors : dict of str to ndarray
        As `lwnn.quantization.tensors.expected` lists them, checked.
    """
    octets, words = _Joined(np.int8), _Joined(np.int32)
    layers = [
        (
            inputs,
            outputs,
            octets.add(tensors[f"{name}.weight"]),
            octets.add(tensors[f"{name}.shift"]),
            octets.add(tensors[f"{name}.table"]) if f"{name}.table" in tensors else -1,
            words.add(tensors[f"{name}.bias"]),
            words.add(tensors[f"{name}.multiplier"]),
            int(tensors[f"{name}.zero_point"][0]),
        )
        for name, inputs, outputs in network.layers
    ]
    return Packed(np.array(layers, np.int64), octets.array(), words.array())


class _Joined:
    """Arrays of one type, one behind the other."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.parts = []
        self.size = 0

    def add(self, part):
        """Append it; returns where it starts."""
        start = self.size
        self.parts.append(part.ravel())
        self.size += part.size
        return start

    def array(self):
        return np.concatenate(self.parts, dtype=self.dtype)
