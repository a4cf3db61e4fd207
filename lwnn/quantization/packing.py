"""A dense net's tensors end to end, as one call of the kernels reads them.

Some processors sum products in 16 bits, faster than any other way, but saturate. Eight weights of
an output, two words of four, share two such sums: the first two and the last two bytes of both
words. Inputs are 0 to 255 there, so a sum fits if its positive weights are at most 128 together,
and so are its negative ones. Weights beyond that are split: what is left over goes to further
words of its own, which is exact for any weights, and short for those that nets have.
"""

import typing

import numpy as np

from lwnn._kernels import kernels

#: Bytes of a word, words of a chain.
_WORD, _CHAIN = 4, 2
#: What the weights of one sign in a sum of 16 bits may come to: 255 · 128 < 2^15. Of further words
#: half, so that any two of them make a chain.
_MOST = 128
_MOST_FURTHER = _MOST // 2
#: Inputs are moved up by this, so that none is below 0.
_MOVED = 128


class Layer(typing.NamedTuple):
    """Tensors of a layer, as `lwnn.quantization.tensors.expected` describes them."""

    weight: np.ndarray
    bias: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    zero_point: int
    table: np.ndarray | None = None


class Packed(typing.NamedTuple):
    """Arguments of `int8_dense`; see there."""

    layers: np.ndarray
    octets: np.ndarray
    words: np.ndarray


def packed(layers):
    """Join the tensors of all layers.

    Parameters
    ----------
    layers : iterable of Layer
    """
    octets, words, rows = _Joined(np.int8), _Joined(np.int32), []
    for layer in layers:
        outputs, inputs = layer.weight.shape
        chains, starts, further = split(layer.weight, kernels.int8_saturates())
        # Modulo 2^32, as the sums that it belongs to.
        moved = layer.bias.ravel() - _MOVED * layer.weight.sum(axis=1, dtype=np.int64)
        rows.append(
            (
                *(inputs, outputs, layer.zero_point),
                *map(octets.add, (layer.weight, layer.shift)),
                -1 if layer.table is None else octets.add(layer.table),
                octets.add(chains),
                *map(words.add, (layer.bias, layer.multiplier, moved, starts, further)),
            )
        )
    return Packed(np.array(rows, np.int64), octets.array(), words.array())


def split(weight, saturates=True):
    """Lay weights out in chains of which no sum exceeds 16 bits.

    Parameters
    ----------
    weight : ndarray of int8, shape (outputs, inputs)
    saturates : bool
        Whether anything has to be split at all.

    Returns
    -------
    chains : ndarray of int8, shape (outputs, inputs up to the next multiple of 8)
    starts : ndarray of int32, shape (outputs + 1,)
        Where each output's further words start; all even.
    further : ndarray of int32, shape (starts[-1], 2)
        Which word of the inputs, and four weights that add to those of `chains` there.
    """
    outputs, inputs = weight.shape
    size = -(-inputs // (_WORD * _CHAIN)) * _WORD * _CHAIN
    whole = np.zeros((outputs, size), np.int16)
    whole[:, :inputs] = weight
    # Output, chain, word, sum, the two weights that a word has in it.
    rest = np.zeros((outputs, size // (_WORD * _CHAIN), _CHAIN, 2, 2), np.int16)
    for sign in (1, -1) if saturates else ():
        part = np.maximum(sign * whole.reshape(rest.shape), 0)
        over = np.maximum(part.sum(axis=(2, 4), dtype=np.int16) - _MOST, 0)
        for word, weight_of in np.ndindex(_CHAIN, 2):
            taken = np.minimum(part[:, :, word, :, weight_of], over)
            rest[:, :, word, :, weight_of] += sign * taken
            over -= taken
    chains = whole - rest.reshape(whole.shape)
    return (chains.astype(np.int8), *_further(rest.reshape(outputs, -1, 2, 2)))


def _further(rest):
    """What is left over of weights (output, word, sum, weight), a word at a time."""
    outputs = len(rest)
    owner, place, words = [], [], []
    while rest.any():
        part = np.empty_like(rest)
        part[..., 0] = rest[..., 0].clip(-_MOST_FURTHER, _MOST_FURTHER)
        room = _MOST_FURTHER - np.maximum(part[..., 0], 0)
        least = np.minimum(part[..., 0], 0) * -1 - _MOST_FURTHER
        part[..., 1] = np.clip(rest[..., 1], least, room)
        rest = rest - part
        found = part.any(axis=(2, 3)).nonzero()
        owner.append(found[0])
        place.append(found[1])
        words.append(part[found].reshape(-1, _WORD).astype(np.int8).view(np.int32).ravel())
    owner = np.concatenate(owner) if owner else np.zeros(0, np.int64)
    odd = (np.bincount(owner, minlength=outputs) % 2).nonzero()[0]
    owner = np.concatenate([owner, odd])
    further = np.zeros((len(owner), 2), np.int32)
    if place:
        count = len(owner) - len(odd)
        further[:count] = np.stack([np.concatenate(place), np.concatenate(words)], axis=1)
    starts = np.zeros(outputs + 1, np.int32)
    starts[1:] = np.cumsum(np.bincount(owner, minlength=outputs))
    return starts, further[np.argsort(owner, kind="stable")]


class _Joined:
    """Arrays of one type, one behind the other."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.parts = []
        self.size = 0

    def add(self, part):
        """Append it; returns where it starts."""
        start = self.size
        self.parts.append(part.ravel().astype(self.dtype))
        self.size += part.size
        return start

    def array(self):
        return np.concatenate(self.parts, dtype=self.dtype)
