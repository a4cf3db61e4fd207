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
    chains : ndarray of int8, shape (tiles, words / 2, 4, 2, 2, 2)
        Four outputs a tile, two words a chain, two weights of each of two sums a word; zeros where
        there are no weights.
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
    # Chain, output, word, sum, weight: of one sum are two weights of both words.
    chains = chains.reshape(tiles, _TILE, -1, _CHAIN, 2, 2).swapaxes(1, 2).copy()
    if not saturates:
        return chains, order, np.zeros(tiles + 1, np.int32), np.zeros((0, _TILE, 2, 2), np.int32)
    tile, chain, output = _exceeding(chains)
    rest = _beyond(chains[tile, chain, output])
    chains[tile, chain, output] -= rest
    word = order.reshape(tiles, -1, _CHAIN)[tile, chain]
    owner = np.repeat(tile * _TILE + output, _CHAIN)
    return (chains, order, *_further(rest.reshape(-1, 2, 2), owner, word.ravel(), tiles))


def _sums(chains, sign):
    """What the weights of one sign come to in each sum of chains (…, word, sum, weight)."""
    part = np.maximum(chains, 0) if sign > 0 else -np.minimum(chains, 0)
    part = part.astype(np.int16)
    return part[..., 0, :, 0] + part[..., 0, :, 1] + part[..., 1, :, 0] + part[..., 1, :, 1]


def _exceeding(chains):
    """Where a chain has a sum that 16 bits may not hold."""
    most = np.maximum(_sums(chains, 1), _sums(chains, -1)).max(axis=-1)
    return (most > _MOST).nonzero()


def _beyond(chains):
    """What is too much of chains (…, word, sum, weight), taken from their first words first."""
    rest = np.zeros_like(chains)
    for sign in (1, -1):
        over = np.maximum(_sums(chains, sign) - _MOST, 0)
        for word, weight in np.ndindex(_CHAIN, 2):
            taken = np.minimum(np.maximum(sign * chains[..., word, :, weight], 0), over)
            rest[..., word, :, weight] += (sign * taken).astype(np.int8)
            over -= taken
    return rest


def _further(rest, owner, place, tiles):
    """Words (…, sum, weight) of the outputs `owner`, whose inputs are at `place`, as chains.

    Returns `starts` and `further`; see `split`.
    """
    lists = []
    while (some := rest.any(axis=(1, 2))).any():
        rest, owner, place = rest[some], owner[some], place[some]
        part = _at_most(rest)
        rest = rest - part
        lists.append(np.stack([owner, place, part.reshape(-1, _WORD).view(np.int32).ravel()]))
    if not lists:
        return np.zeros(tiles + 1, np.int32), np.zeros((0, _TILE, 2, 2), np.int32)
    owner, *what = np.concatenate(lists, axis=1)
    # Those of an output one behind the other, and how many are before each of them.
    by_owner = np.argsort(owner, kind="stable")
    owner, what = owner[by_owner], np.stack(what, axis=1)[by_owner]
    counts = np.bincount(owner, minlength=tiles * _TILE)
    before = np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = np.zeros(tiles + 1, np.int32)
    starts[1:] = np.cumsum(-(-counts.reshape(tiles, _TILE).max(axis=1) // _CHAIN))
    further = np.zeros((starts[-1], _TILE, _CHAIN, 2), np.int32)
    further[starts[owner // _TILE] + before // _CHAIN, owner % _TILE, before % _CHAIN] = what
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
