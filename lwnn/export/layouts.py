"""Weights in the order in which a kind of core reads them best; see ``runtime/lwnn_*.h``."""

import dataclasses
from collections.abc import Callable

import numpy as np

from lwnn.export.program import round_up


def _never(weight, bias, right):
    return False


#: Sums of a pair of outputs are exact below this; see ``runtime/lwnn_pairs.h``.
_PAIR_LIMIT = 2**23


@dataclasses.dataclass(frozen=True)
class Skip:
    """How a first layer passes over inputs of zero; see ``runtime/lwnn_skip.h``.

    Parameters
    ----------
    header : str
        The file in ``runtime``.
    pack : callable
        (outputs, inputs) int8 to the words of the layer.
    most : float
        The largest share of inputs beside zero with which that pays, counted on emulated cores.
    fits : callable
        Whether sums of these weights are exact.
    """

    header: str
    pack: Callable
    most: float
    fits: Callable


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
    fuses : callable
        Whether a layer of these weights, biases and shifts may be fused.
    constants : callable
        Biases, multipliers and shifts of a fused layer as the int32 that it reads.
    skip : Skip or None
        How a first layer passes over inputs of zero; None where that never pays.
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
    fuses: Callable = _never
    constants: Callable | None = None
    more: tuple[str, ...] = ()
    skip: Skip | None = None

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


def _pair_constants(bias, multiplier, right):
    """See ``runtime/lwnn_pairs.h``; a last group of one or two outputs is a pair."""
    bias, multiplier, right = _behind(2, bias, multiplier, right)
    first, second = bias.astype(np.int64).reshape(-1, 2).T
    sums = np.stack([256 * first + second, second], axis=1).astype(np.uint32).ravel()
    return _groups(sums, multiplier, right + np.tile([8, 0], len(right) // 2))


def _block_constants(bias, multiplier, right):
    """See ``runtime/lwnn_blocks.h``."""
    bias, multiplier, right = _behind(4, bias, multiplier, right)
    return _groups(bias, multiplier, -right)


def _behind(step, *arrays):
    """Padded to a multiple of `step`."""
    count = round_up(len(arrays[0]), step) - len(arrays[0])
    # Not 0, which no shift is.
    return (np.pad(array.astype(np.int32), (0, count), constant_values=1) for array in arrays)


def _groups(bias, multiplier, shifts):
    """Four of each after the other, the shifts as bytes of one word."""
    parts = []
    for start in range(0, len(bias), 4):
        group = slice(start, start + 4)
        word = sum((shift & 255) << 8 * n for n, shift in enumerate(shifts[group].tolist()))
        parts += [bias[group].astype(np.uint32), multiplier[group], np.uint32([word])]
    return np.concatenate(parts).astype(np.uint32).view(np.int32)


def _fits_pairs(weight, bias, right):
    """Sums of pairs fit, and so do the shifts."""
    reach = 128 * np.abs(weight.astype(np.int64)).sum(axis=1) + np.abs(bias.astype(np.int64))
    return bool((reach < _PAIR_LIMIT).all() and (right > 0).all())


def _fits_blocks(weight, bias, right):
    """The upper half of a product is enough."""
    return bool((right > 0).all())


def _blocks(weight):
    padded = _padded(weight, 4, 16)
    return padded.reshape(len(padded) // 4, 4, -1, 16).transpose(0, 2, 1, 3)


def _pair_columns(weight):
    """See ``runtime/lwnn_pairs_skip.h``."""
    padded = _padded(weight, 4, 1).astype(np.int32)
    halves = (256 * padded[0::2] + padded[1::2]).astype(np.uint32) & 0xFFFF
    return halves[0::2] | halves[1::2] << 16


def _fits_columns(weight):
    """Sums of pairs fit, with inputs from 0 to 255."""
    return bool((255 * np.abs(weight.astype(np.int64)).sum(axis=1) < _PAIR_LIMIT).all())


def _always(weight):
    return True


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


def without_offset(bias, weight):
    """Biases without what `quads` adds to the weights; modulo 2^32, as on the device."""
    shifted = bias.astype(np.int64) - 128 * weight.astype(np.int64).sum(axis=1)
    return shifted.astype(np.int32)


LAYOUTS = {
    "rows": Layout(
        "lwnn_rows.h",
        "int8_t",
        "int8_t",
        1,
        _same,
        _as_they_are,
        _same,
        skip=Skip("lwnn_rows_skip.h", _same, 0.35, _always),
    ),
    "quads": Layout(
        "lwnn_quads.h",
        *("uint32_t", "uint8_t", 4, _quads, without_offset, _same),
        more=("lwnn_quads_c.h", "lwnn_quads_m0.h", "lwnn_quads_avr.h"),
        skip=Skip("lwnn_quads_skip.h", _quads, 0.25, _always),
    ),
    "pairs": Layout(
        "lwnn_pairs.h",
        *("uint32_t", "int16_t", 4, _pairs, _as_they_are, _zero_two_one_three),
        _fits_pairs,
        _pair_constants,
        (
            *("lwnn_pairs_c.h", "lwnn_pairs_c_fused.h"),
            *("lwnn_pairs_dsp.h", "lwnn_pairs_dsp_fused.h"),
        ),
        Skip("lwnn_pairs_skip.h", _pair_columns, 0.25, _fits_columns),
    ),
    "blocks": Layout(
        "lwnn_blocks.h",
        *("int8_t", "int8_t", 1, _blocks, _as_they_are, _same),
        _fits_blocks,
        _block_constants,
        ("lwnn_blocks_c.h", "lwnn_blocks_mve.h", "lwnn_blocks_mve_fused.h"),
    ),
}
