"""Weights in the order in which a kind of core reads them best; see ``runtime/lwnn_*.h``."""

import dataclasses
from collections.abc import Callable

import numpy as np

from lwnn.export.program import round_up

#: Sums of a pair of outputs are exact below this; see ``runtime/lwnn_pairs.h``.
_PAIR_LIMIT = 2**23
#: The most inputs, a multiple of 4, with which no weights reach it.
_SAFE_INPUTS = 512


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a layer lies in memory.

    Parameters
    ----------
    header : str
        The file in ``runtime``.
    weight_type, act_type : str
        C types of a weight word and of an activation.
    pad : int
        Activations are padded to a multiple of this.
    pack : callable
        (outputs, inputs) int8 to the words of the layer.
    bias : callable
        (passes, outputs) int32 biases and the weights to the biases that the kernel adds.
    """

    header: str
    weight_type: str
    act_type: str
    pad: int
    pack: Callable
    bias: Callable

    @property
    def act_bytes(self):
        """Bytes of an activation."""
        return 2 if self.act_type == "int16_t" else 1

    def acts(self, units):
        """Activations that room is made for, a whole number of words."""
        return round_up(units, 4)


def _rows(weight):
    return weight


def _quads(weight):
    fours = _padded(weight, 4, 1).reshape(-1, 4, weight.shape[1])
    bytes_ = (fours.astype(np.int32) + 128).astype(np.uint32)
    # Outputs that are not there read nothing: their sums are not looked at.
    return bytes_[:, 0] | bytes_[:, 1] << 8 | bytes_[:, 2] << 16 | bytes_[:, 3] << 24


def _pairs(weight):
    padded = _padded(weight, 4, 4)
    pairs = padded.reshape(-1, 2, 2, padded.shape[1]).astype(np.int32)
    halves = (256 * pairs[:, :, 0] + pairs[:, :, 1]).astype(np.uint32) & 0xFFFF
    words = halves[:, :, 0::2] | halves[:, :, 1::2] << 16
    return words.transpose(0, 2, 1)


def _padded(weight, outputs, inputs):
    """Zeros behind, up to multiples of these."""
    rows, columns = weight.shape
    return np.pad(
        weight, ((0, round_up(rows, outputs) - rows), (0, round_up(columns, inputs) - columns))
    )


def _as_they_are(bias, weight):
    return bias


def _without_offset(bias, weight):
    """Biases without what `quads` adds to the weights; modulo 2^32, as on the device."""
    shifted = bias.astype(np.int64) - 128 * weight.astype(np.int64).sum(axis=1)
    return shifted.astype(np.int32)


LAYOUTS = {
    "rows": Layout("lwnn_rows.h", "int8_t", "int8_t", 1, _rows, _as_they_are),
    "quads": Layout("lwnn_quads.h", "uint32_t", "uint8_t", 4, _quads, _without_offset),
    "pairs": Layout("lwnn_pairs.h", "uint32_t", "int16_t", 4, _pairs, _as_they_are),
}


def pairs_fit(weight, bias):
    """Whether a layer's sums in the layout `pairs` are exact without splitting its inputs."""
    if weight.shape[1] <= _SAFE_INPUTS and not bias.any():
        return True
    reach = 128 * np.abs(weight.astype(np.int64)).sum(axis=1) + np.abs(bias.astype(np.int64))
    return bool((reach < _PAIR_LIMIT).all())
