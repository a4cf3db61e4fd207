"""Weights in the order in which a kind of core reads them best; see ``runtime/lwnn_*.h``."""

import dataclasses
from collections.abc import Callable

import numpy as np

from lwnn.export.program import round_up

#: Sums of a pair of outputs are exact below this; see ``runtime/lwnn_pairs.h``.
_PAIR_LIMIT = 2**23


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
    order : callable
        Weights with their inputs in the order that `lwnn_prepare` gives them.
    fuses : bool
        Whether layers may be `fused`.
    more : tuple of str
        Files that the header includes on some processors.
    """

    header: str
    weight_type: str
    act_type: str
    pad: int
    pack: Callable
    bias: Callable
    order: Callable
    fuses: bool = False
    more: tuple[str, ...] = ()

    @property
    def act_bytes(self):
        """Bytes of an activation."""
        return 2 if self.act_type == "int16_t" else 1

    def acts(self, units):
        """Activations that room is made for, a whole number of words."""
        return round_up(units, 4)


def _quads(weight):
    fours = _padded(weight, 4, 1).reshape(-1, 4, weight.shape[1])
    bytes_ = (fours.astype(np.int32) + 128).astype(np.uint32)
    # Outputs that are not there read nothing: their sums are not looked at.
    return bytes_[:, 0] | bytes_[:, 1] << 8 | bytes_[:, 2] << 16 | bytes_[:, 3] << 24


def _pairs(weight):
    padded = _padded(weight, 2, 4).astype(np.int32)
    halves = (256 * padded[0::2] + padded[1::2]).astype(np.uint32) & 0xFFFF
    words = halves[:, 0::2] | halves[:, 1::2] << 16
    fours = len(words) // 2 * 2
    groups = words[:fours].reshape(-1, 2, words.shape[1]).transpose(0, 2, 1)
    return np.concatenate([groups.ravel(), words[fours:].ravel()])


def _zero_two_one_three(weight):
    """Columns in the order in which `lwnn_prepare` leaves the inputs."""
    padded = _padded(weight, 1, 4)
    return padded.reshape(len(weight), -1, 4)[:, :, [0, 2, 1, 3]].reshape(padded.shape)


def fused(bias, multiplier, right):
    """Constants of a layer in the layout `pairs`, group by group; see ``runtime/lwnn_pairs.h``.

    Parameters
    ----------
    bias, multiplier : ndarray of int32, shape (outputs,)
    right : ndarray of int8, shape (outputs,)

    Returns
    -------
    ndarray of int32
    """
    count = round_up(len(bias), 2)
    behind = (0, count - len(bias))
    bias = np.pad(bias, behind).astype(np.int64).reshape(-1, 2)
    multiplier = np.pad(multiplier, behind)
    right = (np.pad(right, behind, constant_values=1).reshape(-1, 2) + [8, 0]).astype(np.uint32)
    sums = np.stack([256 * bias[:, 0] + bias[:, 1], bias[:, 1]], axis=1).astype(np.uint32).ravel()
    parts = []
    for start in range(0, count, 4):
        group = slice(start, start + 4)
        shifts = sum(r << 8 * n for n, r in enumerate(right.ravel()[group].tolist()))
        parts += [sums[group], multiplier[group].astype(np.uint32), np.uint32([shifts])]
    return np.concatenate(parts).view(np.int32)


def _same(weight):
    return weight


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
    "rows": Layout("lwnn_rows.h", "int8_t", "int8_t", 1, _same, _as_they_are, _same),
    "quads": Layout(
        "lwnn_quads.h",
        *("uint32_t", "uint8_t", 4, _quads, _without_offset, _same),
        more=("lwnn_quads_c.h", "lwnn_quads_m0.h", "lwnn_quads_avr.h"),
    ),
    "pairs": Layout(
        "lwnn_pairs.h",
        *("uint32_t", "int16_t", 4, _pairs, _as_they_are, _zero_two_one_three),
        fuses=True,
        more=(
            *("lwnn_pairs_c.h", "lwnn_pairs_c_fused.h"),
            *("lwnn_pairs_dsp.h", "lwnn_pairs_dsp_fused.h"),
        ),
    ),
}


def fits_pairs(weight, bias, right):
    """Whether a layer may be `fused`: its sums fit, and so do its shifts."""
    reach = 128 * np.abs(weight.astype(np.int64)).sum(axis=1) + np.abs(bias.astype(np.int64))
    return bool((reach < _PAIR_LIMIT).all() and (right > 0).all())
