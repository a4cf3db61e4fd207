"""The int8 kernels: every build against the twin, the twin against plain integers."""

import inspect
import itertools
import math

import numpy as np
import pytest
from plain_rounding import requantized

from lwnn import _kernels
from lwnn._kernels import reference
from lwnn._kernels.reference import int8 as twins
from lwnn.quantization import packing
from lwnn.quantization.packing import Layer

BUILDS = [build for build in _kernels.available() if build != "reference"]
#: One, odd numbers, and more than one block of rows and of inputs.
SHAPES = [
    (1, 1, 1),
    (3, 7, 5),
    (4, 64, 10),
    (5, 513, 33),
    (9, 1030, 3),
    (14, 1100, 7),
    (130, 20, 2),
]
INT32 = (-(2**31), 2**31 - 1)


@pytest.fixture(params=BUILDS)
def build(request):
    return _kernels.load(request.param)


@pytest.fixture(params=SHAPES, ids=str)
def shape(request):
    return request.param


@pytest.fixture
def rng(shape):
    return np.random.default_rng(sum(shape))


def int8(rng, *shape):
    """Random values, half of them extreme."""
    values = rng.integers(-128, 128, shape)
    extreme = rng.choice([-128, -127, 0, 127], shape)
    return np.where(rng.random(shape) < 0.5, values, extreme).astype(np.int8)


def both(build, name, arguments, out):
    """Outputs of the build and of its twin, each started from `out`."""
    results = out.copy(), out.copy()
    for kernels, result in zip((build, reference), results, strict=True):
        getattr(kernels, name)(*arguments, result)
    assert results[0].size
    return results


def test_some_build_is_tested():
    assert BUILDS, "the compiled kernels are missing; build them first"


def test_every_kernel_has_a_twin_of_the_same_signature(build):
    names = {name for name in dir(build) if name.startswith("int8_") or name == "integer_root"}
    assert names == set(twins.__all__)
    for name in names:
        twin = list(inspect.signature(getattr(twins, name)).parameters)
        kernel = getattr(build, name)
        # A door for two types of rows is a table of functions, without a signature.
        if hasattr(kernel, "__signatures__"):
            kernel = next(iter(kernel.__signatures__.values()))
        assert list(inspect.signature(kernel).parameters) == twin


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_input(build, shape, rng, dtype):
    n, features, _ = shape
    x = rng.integers(0, 256, (n, features)).astype(dtype)
    if dtype == np.float32:
        x += rng.normal(size=x.shape).astype(np.float32)
        x.flat[0] = 3e38
    offset = rng.normal(0, 100, features).astype(np.float32)
    multiplier = rng.lognormal(0, 2, features).astype(np.float32)
    arguments = x, offset, multiplier, int(rng.integers(-128, 128))
    np.testing.assert_array_equal(*both(build, "int8_input", arguments, int8(rng, n, features)))


@pytest.mark.parametrize("build", _kernels.available())
def test_input_rounds_halves_away_from_zero_and_saturates(build):
    x = np.array([[-0.5, 0.5, 1.5, -1.5, 2.4, -2.6, 1e30, -1e30, np.inf, np.nan]], np.float32)
    ones, zeros = np.ones(x.shape[1], np.float32), np.zeros(x.shape[1], np.float32)
    out = np.zeros(x.shape, np.int8)
    _kernels.load(build).int8_input(x, zeros, ones, 3, out)
    assert out.tolist() == [[2, 4, 5, 1, 5, 0, 127, -128, 127, -128]]


def test_accumulate(build, shape, rng):
    n, inputs, outputs = shape
    arguments = int8(rng, n, inputs), np.maximum(int8(rng, outputs, inputs), -127)
    sums = both(build, "int8_accumulate", arguments, np.full((n, outputs), 7, np.int32))
    np.testing.assert_array_equal(*sums)


def test_accumulate_holds_the_widest_layer(build):
    x, weight = np.full((1, 65_536), -128, np.int8), np.full((1, 65_536), -127, np.int8)
    out = np.zeros((1, 1), np.int32)
    build.int8_accumulate(x, weight, out)
    assert out[0, 0] == 65_536 * 128 * 127


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("passes", [1, 3])
def test_requantize(build, shape, rng, passes, twice):
    n, _, outputs = shape
    sums = rng.integers(-(2**30), 2**30, (n, outputs), dtype=np.int32)
    bias = rng.integers(-(2**30), 2**30, (passes, outputs), dtype=np.int32)
    multiplier = rng.integers(2**30, 2**31, outputs, dtype=np.int32)
    shift = rng.integers(-31, 31, outputs).astype(np.int8)
    zero_point = int(rng.integers(-128, 128))
    arguments = sums, bias, multiplier, shift, twice, zero_point
    out = int8(rng, n * passes, outputs)
    np.testing.assert_array_equal(*both(build, "int8_requantize", arguments, out))


@pytest.mark.parametrize("build", _kernels.available())
@pytest.mark.parametrize("rounding", ["single", "double"])
@pytest.mark.parametrize("most_shift", [-1, 30])
def test_requantize_rounds_as_defined(build, rounding, most_shift):
    """With no factor of 1/2 or more, for which vectors are too short, and with all of them."""
    rng = np.random.default_rng(1)
    size = 5000
    shift = rng.integers(-31, most_shift + 1, size).astype(np.int8)
    # Totals that land within the range of int8, exact halves among them, and the extremes.
    reach = np.minimum(2.0 ** (8 - shift.astype(float)), 2**31 - 1).astype(np.int64)
    sums = rng.integers(-reach, reach + 1).astype(np.int32)
    sums[:100], sums[100:200] = INT32
    multiplier = rng.integers(2**30, 2**31, size, dtype=np.int32)
    multiplier[::2] = 2**30
    multiplier[:10] = 0
    out = np.zeros((1, size), np.int8)
    bias = np.zeros((1, size), np.int32)
    kernels = _kernels.load(build)
    kernels.int8_requantize(sums[None], bias, multiplier, shift, rounding == "double", -5, out)
    numbers = zip(sums.tolist(), multiplier.tolist(), shift.tolist(), strict=True)
    exact = [requantized(*three, -5, rounding) for three in numbers]
    assert out[0].tolist() == exact
    assert len(set(exact)) == 256


def test_lookup(build, shape, rng):
    n, units, _ = shape
    x, table = int8(rng, n, units), rng.permutation(256).astype(np.int8)
    np.testing.assert_array_equal(*both(build, "int8_lookup", (x, table), np.zeros_like(x)))


def dense_net(rng, widths, weights):
    """Layers of which the first has an activation's table."""
    layers = []
    for n_in, n_out in itertools.pairwise(widths):
        bias = rng.integers(-(2**16), 2**16, (1, n_out), dtype=np.int32)
        multiplier = rng.integers(2**30, 2**31, n_out, dtype=np.int32)
        shift = rng.integers(-10, -5, n_out).astype(np.int8)
        table = None if layers else rng.permutation(256).astype(np.int8)
        layers.append(Layer(weights(n_out, n_in), bias, multiplier, shift, 3, table))
    return layers


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("largest", [False, True])
def test_dense(build, shape, rng, monkeypatch, dtype, largest, twice):
    n, inputs, outputs = shape
    widths = inputs, outputs, 6, outputs

    def weights(*shape):
        """Extreme ones, so that sums of 16 bits saturate if they can, or small ones."""
        return np.maximum(int8(rng, *shape), -127) // (1 if largest else 5)

    monkeypatch.setattr(packing, "kernels", build)
    net = packing.packed(dense_net(rng, widths, weights), many=True)
    workspace = np.empty(build.int8_dense_workspace(net.layers, 1), np.int8)
    x = rng.choice([0, 255, 255, 100], (n, inputs)).astype(dtype)
    x[::2] = rng.integers(0, 256, inputs)
    scaler = np.stack([np.zeros(inputs), np.ones(inputs)]).astype(np.float32)
    arguments = x, scaler, -128, *net, twice, workspace, 1
    got, twin = both(build, "int8_dense", arguments, np.zeros((n, outputs), np.int8))
    np.testing.assert_array_equal(got, twin)
    assert outputs < 3 or len(np.unique(got)) > 2


def test_dense_refuses_a_workspace_that_is_too_small(build, shape, rng):
    n, inputs, outputs = shape
    layers = dense_net(rng, (inputs, outputs), lambda *shape: int8(rng, *shape) // 2)
    net = packing.packed(layers, many=False)
    x, scaler = np.zeros((n, inputs), np.uint8), np.ones((2, inputs), np.float32)
    for threads in (1, 3):
        size = build.int8_dense_workspace(net.layers, threads) - 1
        how = False, np.empty(size, np.int8), threads
        with pytest.raises(ValueError, match="workspace"):
            build.int8_dense(x, scaler, 0, *net, *how, np.zeros((n, outputs), np.int8))


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("rows", [1, 63, 64, 131])
def test_dense_does_not_depend_on_threads(build, monkeypatch, rows, many):
    """With so much work that threads take part, and more of them than have whole tiles."""
    rng = np.random.default_rng(rows)
    monkeypatch.setattr(packing, "kernels", build)
    layers = dense_net(rng, (513, 100, 7), lambda *shape: int8(rng, *shape) // 5)
    net = packing.packed(layers, many)
    x, scaler = rng.integers(0, 256, (rows, 513), np.uint8), np.ones((2, 513), np.float32)
    outs = []
    for threads in (1, 2, 3, 7):
        workspace = np.full(build.int8_dense_workspace(net.layers, threads), 77, np.int8)
        arguments = x, scaler, -128, *net, False, workspace, threads
        got, twin = both(build, "int8_dense", arguments, np.zeros((rows, 7), np.int8))
        np.testing.assert_array_equal(got, twin)
        outs.append(got)
        # No tile has more than 32 rows.
        shares = workspace.reshape(threads, -1)[: -(-rows // 32)]
        assert (shares != 77).any(axis=1).all(), "a thread has no room of its own"
    assert all((out == outs[0]).all() for out in outs)
    assert len(np.unique(outs[0])) > 2


@pytest.mark.parametrize("zero_point", [-128, 0, 127])
@pytest.mark.parametrize("factor", [0, 1, 2**24 + 12345, 2**30])
def test_normalize(build, shape, rng, zero_point, factor):
    n, units, _ = shape
    x = int8(rng, n, units)
    x[0] = zero_point
    for zero_out in (-128, 0):
        arguments = x, zero_point, factor, zero_out
        got, twin = both(build, "int8_normalize", arguments, int8(rng, n, units))
        np.testing.assert_array_equal(got, twin)
        assert (got[0] == zero_out).all()


@pytest.mark.parametrize("units", [1, 2, 500, 65_536])
def test_normalize_holds_the_extremes(build, units):
    x = np.zeros((3, units), np.int8)
    x[0], x[1, 0], x[2] = 127, 127, np.arange(units) % 256 - 128
    got, twin = both(build, "int8_normalize", (x, -128, 2**30, 0), np.zeros_like(x))
    np.testing.assert_array_equal(got, twin)


def test_normalize_divides_by_the_root_mean_square(build):
    rng = np.random.default_rng(2)
    x = rng.integers(-128, 128, (50, 300)).astype(np.int8)
    scale = 2 / 100
    factor = round(2**16 * math.sqrt(300) / scale)
    out = np.zeros_like(x)
    build.int8_normalize(x, -20, factor, 0, out)
    v = x.astype(float) + 20
    real = np.clip(v / np.sqrt((v**2).mean(axis=1, keepdims=True)), -128 * scale, 127 * scale)
    assert np.abs(out * scale - real).max() < 0.51 * scale


def test_goodness(build, shape, rng):
    n, units, _ = shape
    before = rng.integers(-(2**40), 2**40, n)
    for factor in (-(2**24), 2**24 - 1):
        x = int8(rng, n, units)
        x[:, 0] = 5
        arguments = x, -128, factor
        scores = both(build, "int8_goodness", arguments, before)
        np.testing.assert_array_equal(*scores)
        assert (scores[0] != before).any()


def test_goodness_holds_the_widest_layer(build):
    x = np.full((1, 65_536), 127, np.int8)
    scores = np.zeros(1, np.int64)
    build.int8_goodness(x, -128, 2**24, scores)
    assert scores[0] == 65_536 * 255**2 * 2**24


def test_root_is_exact(build):
    rng = np.random.default_rng(3)
    roots = [0, 1, 2, 3, 2**16, 2**24, 2**31, 2**32 - 1, *rng.integers(0, 2**32, 2000).tolist()]
    squares = [root * root for root in roots]
    values = [value + d for value in squares for d in (-1, 0, 1) if 0 <= value + d < 2**64]
    assert [build.integer_root(value) for value in values] == list(map(math.isqrt, values))


def test_no_rows_are_no_harm(build):
    none8, none32 = np.zeros((0, 4), np.int8), np.zeros((0, 4), np.int32)
    ones = np.ones(4, np.float32)
    build.int8_input(np.zeros((0, 4), np.float32), ones, ones, 0, none8)
    build.int8_accumulate(none8, np.ones((4, 4), np.int8), none32)
    multiplier, shift = np.ones(4, np.int32), np.zeros(4, np.int8)
    build.int8_requantize(none32, np.ones((1, 4), np.int32), multiplier, shift, False, 0, none8)
    build.int8_normalize(none8, 0, 1, 0, none8)
    build.int8_goodness(none8, 0, 1, np.zeros(0, np.int64))
