"""The definitions behind int8 models: scales, multipliers, weights, tables, factors."""

import math
from fractions import Fraction

import numpy as np
import pytest

from lwnn.quantization import arithmetic
from lwnn.quantization.arithmetic import Affine


@pytest.mark.parametrize("low, high", [(-3.0, 5.0), (0, 7), (-2, 0), (1, 9), (-9, -1), (-10, 10)])
def test_affine_holds_the_range_and_zero_exactly(low, high):
    scale, zero_point = arithmetic.affine(low, high)
    assert -128 <= zero_point <= 127
    assert scale.dtype == np.float32
    for value in (low, high):
        q = np.clip(round(value / scale) + zero_point, -128, 127)
        assert abs((q - zero_point) * scale - value) <= scale * 0.501


def test_affine_of_what_a_relu_gives_starts_at_the_lowest_integer():
    assert arithmetic.affine(0, 3.7).zero_point == -128


@pytest.mark.parametrize("span", [0, 1e-40, 1e-31])
def test_a_span_of_nothing_is_not_divided_by(span):
    assert arithmetic.affine(0, span) == (1, -128)
    assert arithmetic.symmetric(span) == (1, 0)


def test_encoded_factors_are_within_half_a_unit_of_31_bits():
    real = np.concatenate([np.exp(np.random.default_rng(0).uniform(-22, 20, 2000)), [1, 0.5, 3]])
    multiplier, shift = arithmetic.encode(real)
    assert (multiplier >= 2**30).all()
    for wanted, m, s in zip(real.tolist(), multiplier.tolist(), shift.tolist(), strict=True):
        encoded = Fraction(m) * Fraction(2) ** (s - 31)
        assert abs(encoded - Fraction(wanted)) <= Fraction(2) ** (s - 32)


def test_encoding_at_the_edges():
    real = np.array([1 - 2.0**-40, 2.0**-32, 2.0**-33, 2.0**30 - 1, 2.0**30, 1e30])
    multiplier, shift = arithmetic.encode(real)
    most = 2**31 - 1
    assert multiplier.tolist() == [2**30, 2**30, 0, 2147483646, most, most]
    assert shift.tolist() == [1, -31, 0, 30, 30, 30]


def test_weights_and_biases_stand_for_the_real_ones():
    rng = np.random.default_rng(1)
    weight, bias = rng.normal(size=(6, 20)), rng.normal(size=(3, 6))
    weight[2] *= 1000
    source = Affine(np.float32(0.037), -11)
    q, folded, scale = arithmetic.quantize_weights(weight, bias, source)
    assert np.abs(q).max(axis=1).tolist() == [127] * 6
    assert (np.abs(q * scale[:, None] - weight) <= scale[:, None] * 0.5001).all()
    unfolded = folded - 11 * q.sum(axis=1, dtype=np.int64)
    step = scale * np.float64(source.scale)
    assert (np.abs(unfolded * step - bias) <= step * 0.5001).all()


@pytest.mark.parametrize("zero_point", [-128, 127])
@pytest.mark.parametrize("bias", [0, 1e-3, 1e6, 1e30])
def test_no_layer_overflows_32_bits(zero_point, bias):
    weight = np.full((2, arithmetic.MOST_INPUTS), 1e-3)
    weight[1] *= -1
    biases = np.array([[bias, -bias], [-bias, bias]])
    source = Affine(np.float32(0.01), zero_point)
    q, folded, _ = arithmetic.quantize_weights(weight, biases, source)
    for x in (-128, 127):
        sums = x * q.sum(axis=1, dtype=np.int64) + folded
        assert np.abs(sums).max() < 2**31
    if bias == 1e30:
        assert not q.any()


def test_a_layer_of_zeros_has_a_scale():
    zeros = np.zeros((2, 3)), np.zeros((1, 2)), Affine(np.float32(0.1), 3)
    weight, bias, scale = arithmetic.quantize_weights(*zeros)
    assert not weight.any()
    assert not bias.any()
    assert scale.tolist() == [1, 1]


@pytest.mark.parametrize("activation", sorted(arithmetic.LOOKED_UP))
def test_tables_are_the_activation_rounded(activation):
    function = {
        "tanh": math.tanh,
        "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
        "leaky-relu": lambda z: z if z > 0 else 0.01 * z,
        "step": lambda z: float(z > 0),
    }[activation]
    beyond = min(arithmetic.LOOKED_UP[activation].beyond, 40)
    source = arithmetic.affine(-beyond, 0.7 * beyond)
    table, outcome = arithmetic.activation_table(activation, source)
    for q, y in zip(range(-128, 128), table.tolist(), strict=True):
        wanted = function((q - source.zero_point) * float(source.scale))
        highest = (127 - outcome.zero_point) * outcome.scale
        error = abs((y - outcome.zero_point) * outcome.scale - min(wanted, highest))
        assert error <= outcome.scale * 0.5001
    # Spreading the integers wider would only spend them on equal outputs.
    wide, _ = arithmetic.activation_table(activation, arithmetic.affine(-40, 40))
    assert wide[0] == table[0]
    assert wide[-1] == arithmetic.activation_table(activation, arithmetic.affine(0, beyond))[0][-1]


@pytest.mark.parametrize("units", [1, 100, 65_536])
@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("most", [0, 1e-3, 1, 256])
def test_normalisation_fits_32_bits(units, nonnegative, most):
    spread = arithmetic.norm_spread(units, most, nonnegative)
    assert spread.zero_point == (-128 if nonnegative else 0)
    factor = arithmetic.norm_factor(units, spread.scale)
    assert 0 < factor <= 2**30
    assert factor * spread.scale == pytest.approx(math.sqrt(units) * 2**16)
    # The worst row: one value alone, so that it is the whole root of the sum of squares.
    for v in (1, 2, 3, 255):
        multiplier = (factor * 256 + 128 * v) // (256 * v)
        assert v * multiplier + 2**15 < 2**31


def test_readout_factors_keep_the_layers_in_proportion():
    weights, scales = np.array([0.5, 1.0, -0.25]), np.array([0.1, 0.02, 0.3], np.float32)
    factors, unit = arithmetic.readout_factors(weights * scales.astype(np.float64) ** 2)
    assert np.abs(factors).max() == 2**24 - 1
    np.testing.assert_allclose(factors * unit, weights * scales**2, rtol=1e-5)
    factors, unit = arithmetic.readout_factors(np.zeros(3))
    assert not factors.any()
    assert unit == 1
