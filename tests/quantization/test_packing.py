"""Weights laid out for many rows: the same weights, in sums that 16 bits hold."""

import numpy as np
import pytest

from lwnn import _kernels
from lwnn._kernels import reference
from lwnn.quantization import packing

#: Outputs, inputs: whole tiles and chains, and not; more words than are tried as partners.
SHAPES = [(4, 8), (1, 1), (7, 45), (10, 500), (5, 1101)]
SPREADS = {
    "small": lambda rng, *shape: rng.integers(-3, 4, shape),
    "normal": lambda rng, *shape: rng.normal(0, 40, shape).clip(-127, 127),
    "any": lambda rng, *shape: rng.integers(-127, 128, shape),
    "extreme": lambda rng, *shape: rng.choice([-127, 127], shape),
}
#: The largest input: they have no sign there.
MOST_INPUT = 255


@pytest.fixture(params=SHAPES, ids=str)
def shape(request):
    return request.param


@pytest.fixture(params=SPREADS)
def weight(request, shape):
    return SPREADS[request.param](np.random.default_rng(sum(shape)), *shape).astype(np.int8)


@pytest.fixture(params=[build for build in _kernels.available() if build != "reference"])
def build(request, monkeypatch):
    kernels = _kernels.load(request.param)
    monkeypatch.setattr(packing, "kernels", kernels)
    return kernels


def put_back(chains, order, starts, further, shape):
    """The weights that the parts add up to."""
    tiles, words = order.shape
    found = np.zeros((tiles, 4, words, 4), np.int64)
    for tile in range(tiles):
        parts = chains[tile].astype(np.int64).swapaxes(0, 1).reshape(4, words, 4)
        found[tile][:, order[tile]] += parts
        for four in further[starts[tile] : starts[tile + 1]]:
            for output, two in enumerate(four):
                for word, weights in two:
                    found[tile, output, word] += np.array([weights], np.int32).view(np.int8)
    whole = found.reshape(tiles * 4, words * 4)
    assert not whole[shape[0] :].any()
    assert not whole[:, shape[1] :].any()
    return whole[: shape[0], : shape[1]]


@pytest.mark.parametrize("saturates", [False, True])
def test_the_parts_add_up_to_the_weights(build, weight, saturates):
    parts = packing.split(weight, saturates)
    np.testing.assert_array_equal(put_back(*parts, weight.shape), weight)
    order = parts[1]
    assert (np.sort(order, axis=1) == np.arange(order.shape[1])).all()


def test_no_sum_leaves_16_bits(build, weight):
    chains, _, starts, further = packing.split(weight)
    assert starts[-1] == len(further)
    words = np.ascontiguousarray(further[..., 1]).view(np.int8).reshape(-1, 4, 2, 4)
    for group in (chains, words):
        # Chain, output, word, sum, weight: of one sum are the two weights of both words.
        sums = group.reshape(-1, 4, 2, 2, 2).astype(np.int64)
        for part in (np.maximum(sums, 0), np.minimum(sums, 0)):
            total = MOST_INPUT * part.sum(axis=(2, 4))
            assert total.max(initial=0) < 2**15
            assert total.min(initial=0) >= -(2**15)


def test_nothing_is_split_where_nothing_has_to_be(build):
    weight = SPREADS["small"](np.random.default_rng(0), 9, 70).astype(np.int8)
    assert not packing.split(weight)[3].size
    extreme = np.full((9, 70), 127, np.int8)
    assert not packing.split(extreme, saturates=False)[3].size
    assert packing.split(extreme)[3].size


def test_pairing_leaves_little_to_split(build):
    weight = SPREADS["normal"](np.random.default_rng(0), 40, 784).astype(np.int8)
    # Of neighbours, three chains of ten exceed in an output, so a fifth more would be to do.
    assert len(packing.split(weight)[3]) < 0.1 * (40 / 4) * (784 / 8)


def test_pairs_are_those_of_the_twin(build, weight):
    outputs, inputs = weight.shape
    whole = np.zeros((outputs, -(-inputs // 8) * 8), np.int8)
    whole[:, :inputs] = weight
    words = whole.shape[1] // 4
    found = np.zeros((2, -(-outputs // 4), words), np.int32)
    room = np.empty((words, 16), np.uint8), np.empty(words, np.int32)
    for kernels, order in zip((build, reference), found, strict=True):
        kernels.int8_pair(whole, *room, order)
    np.testing.assert_array_equal(*found)
