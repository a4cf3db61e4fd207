"""A dense net's tensors end to end, as one call of the kernels reads them.

For one row or a few, weights are read as they lie. For many they are laid out once more, in words
of four and chains of two words, a tile of four outputs at a time.

Some processors sum products in 16 bits, faster than any other way, but saturate. The eight weights
of a chain share two such sums: the first two and the last two bytes of both words. Inputs are 0 to
255 there, so a sum fits if its positive weights are at most 128 together, and so are its negative
ones. `int8_pair` makes chains of words for which that is so, if it can. What is beyond goes to
further words of its own: exact for any weights, and little for those that nets have.
"""

import typing

import numpy as np

from lwnn._kernels import kernels

#: Bytes of a word, words of a chain, outputs of a tile.
_WORD, _CHAIN, _TILE = 4, 2, 4
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


def packed(layers, many):
    """Join the tensors of all layers.

    Parameters
    ----------
    layers : iterable of Layer
    many : bool
        Whether to lay weights out for many rows too.
    """
    octets, words, rows = _Joined(np.int8), _Joined(np.int32), []
    for layer in layers:
        outputs, inputs = layer.weight.shape
        row = [
            *(inputs, outputs, layer.zero_point),
            *map(octets.add, (layer.weight, layer.shift)),
            -1 if layer.table is None else octets.add(layer.table),
        ]
        own = layer.bias, layer.multiplier
        if many:
            chains, *rest = split(layer.weight, kernels.int8_saturates())
            # Modulo 2^32, as the sums that it belongs to.
            moved = layer.bias.ravel() - _MOVED * layer.weight.sum(axis=1, dtype=np.int64)
            row += [octets.add(chains), *map(words.add, (*own, moved, *rest))]
        else:
            row += [-1, *map(words.add, own), -1, -1, -1, -1]
        rows.append(row)
    return Packed(np.array(rows, np.int64), octets.array(), words.array())


def split(weight, saturates=True):
    """Lay weights out in chains of which no sum exceeds 16 bits.

    Parameters
    ----------
    weight : ndarray of int8, shape (outputs, inputs)
    saturates : bool
        Whether anything has to be paired and split at all.

    Returns
    -------
    chains : ndarray of int8, shape (tiles, words / 2, 4, 2, 4)
        Four outputs a tile, two words a chain; zeros where there are no weights.
    order : ndarray of int32, shape (tiles, words)
        Which word of the inputs each of `chains` is for.
    starts : ndarray of int32, shape (tiles + 1,)
        Where each tile's further chains start.
    further : ndarray of int32, shape (starts[-1], 4, 2, 2)
        Per chain, output and word: which word of the inputs, and four weights that add to those
        of `chains` there.
    """
    outputs, inputs = weight.shape
    tiles, words = -(-outputs // _TILE), -(-inputs // (_WORD * _CHAIN)) * _CHAIN
    whole = np.zeros((tiles * _TILE, words * _WORD), np.int8)
    whole[:outputs, :inputs] = weight
    order = np.tile(np.arange(words, dtype=np.int32), (tiles, 1))
    if saturates:
        room = np.empty((words, 4 * _TILE), np.uint8), np.empty(words, np.int32)
        kernels.int8_pair(whole, *room, order)
    whole = whole.reshape(tiles, _TILE, words, _WORD)
    chains = np.take_along_axis(whole, order[:, None, :, None].astype(np.int64), axis=2)
    chains = chains.reshape(tiles, _TILE, -1, _CHAIN, _WORD)
    rest = _beyond(chains) if saturates else np.zeros_like(chains)
    kept = np.ascontiguousarray((chains - rest).astype(np.int8).swapaxes(1, 2))
    return (kept, order, *_further(rest.reshape(tiles, _TILE, words, 2, 2), order))


def _beyond(chains):
    """What is too much of chains (tile, output, chain, word, weight): first words bear it first."""
    sums = chains.reshape(*chains.shape[:-1], 2, 2).astype(np.int16)
    rest = np.zeros_like(sums)
    for sign in (1, -1):
        part = np.maximum(sign * sums, 0)
        over = np.maximum(part.sum(axis=(3, 5), dtype=np.int16) - _MOST, 0)
        for word, weight in np.ndindex(_CHAIN, 2):
            taken = np.minimum(part[..., word, :, weight], over)
            rest[..., word, :, weight] += sign * taken
            over -= taken
    return rest.reshape(chains.shape)


def _further(rest, order):
    """Words (tile, output, word, sum, weight) as chains; see `split`."""
    tiles = len(rest)
    lists = []
    while rest.any():
        part = _at_most(rest)
        rest = rest - part
        tile, output, word = part.any(axis=(3, 4)).nonzero()
        weights = part[tile, output, word].astype(np.int8).reshape(-1, _WORD).view(np.int32)
        lists.append(np.stack([tile, output, order[tile, word], weights.ravel()]))
    if not lists:
        return np.zeros(tiles + 1, np.int32), np.zeros((0, _TILE, 2, 2), np.int32)
    tile, output, word, weights = np.concatenate(lists, axis=1)
    # The words of an output, one behind the other, and how many are before each of them.
    owner = tile * _TILE + output
    by_owner = np.argsort(owner, kind="stable")
    counts = np.bincount(owner, minlength=tiles * _TILE)
    before = np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = np.zeros(tiles + 1, np.int32)
    most = counts.reshape(tiles, _TILE).max(axis=1)
    starts[1:] = np.cumsum(-(-most // _CHAIN))
    further = np.zeros((starts[-1], _TILE, _CHAIN, 2), np.int32)
    tile, output, word, weights = (values[by_owner] for values in (tile, output, word, weights))
    place = starts[tile] + before // _CHAIN, output, before % _CHAIN
    further[place] = np.stack([word, weights], axis=1)
    return starts, further


def _at_most(rest):
    """As much of each sum as leaves room for another word's."""
    part = np.empty_like(rest)
    part[..., 0] = rest[..., 0].clip(-_MOST_FURTHER, _MOST_FURTHER)
    most = _MOST_FURTHER - np.maximum(part[..., 0], 0)
    least = -_MOST_FURTHER - np.minimum(part[..., 0], 0)
    part[..., 1] = rest[..., 1].clip(least, most)
    return part


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
