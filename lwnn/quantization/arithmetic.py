"""The definitions: what a scale, a zero point, a multiplier and a quantized weight are.

real value = scale · (q - zero point). Weights have a scale per output and zero point 0,
activations one scale and one zero point per layer. The encoding is that of TensorFlow Lite.
Scales are rounded to float32 first; everything computed from them is computed in double.
"""

import typing

import numpy as np

#: Least and greatest activation.
LOW, HIGH = -128, 127
#: Weights keep to ±127, so that negating one is safe.
MOST_WEIGHT = 127
#: The widest layer; with it and `MOST_BIAS` no accumulator can leave 32 bits:
#: 2 · 128 · 127 · 65,536 + 2^24 - 1 = 2^31 - 1, the inputs' zero point included.
MOST_INPUTS = 65_536
MOST_BIAS = 2**24 - 1
#: Largest factor of a normalisation, 2^16 √units / scale, with which 32 bits hold its products.
MOST_NORM = 2**30
#: Bits of the largest weight in a goodness readout: 2^24 · 2^32 · 64 layers fits 64 bits.
MOST_FACTOR = 2**24 - 1
#: A span below this counts as none; its scale would not be a normal float32.
_TINY = 1e-30


class Affine(typing.NamedTuple):
    """Scale (float32) and zero point of a tensor of activations."""

    scale: np.float32
    zero_point: int


class LookedUp(typing.NamedTuple):
    """An activation that is a table."""

    function: typing.Callable
    #: What its outputs stand for, the same in every net; None: spread over what they reach.
    outcome: Affine | None
    #: Inputs beyond ± this change no int8 output.
    beyond: float


LOOKED_UP = {
    "sigmoid": LookedUp(
        lambda z: 0.5 * (1 + np.tanh(z / 2)), Affine(np.float32(1 / 256), -128), 6.25
    ),
    "tanh": LookedUp(np.tanh, Affine(np.float32(1 / 128), 0), 3.125),
    "leaky-relu": LookedUp(lambda z: np.where(z > 0, z, 0.01 * z), None, np.inf),
    # Only the sign counts, so the integers are spread close about 0.
    "step": LookedUp(lambda z: np.where(z > 0, 1.0, 0.0), Affine(np.float32(1), 0), 0.05),
}


def round_away(values):
    """Nearest whole number in float64, halves away from zero."""
    return np.trunc(values + np.copysign(0.5, values))


def affine(low, high):
    """Spread [low, high], widened to hold 0, over -128 … 127.

    A span of nothing gets scale 1, so that nothing is divided by zero. Where nothing is below 0
    the zero point is -128, so that saturation does what a ReLU does.
    """
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    span = high - low
    scale = np.float32(span / 255 if span > _TINY else 1)
    zero_point = round_away(LOW - low / np.float64(scale))
    return Affine(scale, int(np.clip(zero_point, LOW, HIGH)))


def symmetric(most):
    """Spread [-most, most] over -127 … 127, zero point 0."""
    return Affine(np.float32(most / HIGH if most > _TINY else 1), 0)


def encode(real):
    """Positive factors as integers: multiplier · 2^(shift - 31).

    Parameters
    ----------
    real : ndarray of float64, shape (k,)

    Returns
    -------
    multiplier : ndarray of int32, shape (k,)
        In [2^30, 2^31), or 0 where the factor is below 2^-32.
    shift : ndarray of int8, shape (k,)
        -31 to 30. A factor of 2^30 or more becomes the largest there is: whatever it
        multiplies saturates all the same.
    """
    fraction, shift = np.frexp(real)
    multiplier = round_away(fraction * 2.0**31)
    full = multiplier == 2.0**31
    multiplier[full] /= 2
    shift[full] += 1
    gone, over = shift < -31, shift > 30
    multiplier[gone], shift[gone] = 0, 0
    multiplier[over], shift[over] = 2**31 - 1, 30
    return multiplier.astype(np.int32), shift.astype(np.int8)


def quantize_weights(weight, bias, source, memory=None):
    """Weights and biases of a layer as integers.

    The scale of an output is its largest weight / 127, or more where its bias would not fit
    otherwise: then the weights are small beside the bias, and so is what they lose.

    Parameters
    ----------
    weight : ndarray of float, shape (outputs, inputs)
    bias : ndarray of float, shape (passes, outputs)
    source : Affine
        Of the layer's inputs.
    memory : Affine, optional
        Of the last of them, as many as there are outputs, where a layer also reads what it gave a
        step before. Their weights are stored as multiples of a scale of their own, so that all
        products are multiples of the same number.

    Returns
    -------
    weight : ndarray of int8, shape (outputs, inputs)
    bias : ndarray of int32, shape (passes, outputs)
        The inputs' zero point is in it: bias / (input scale · weight scale) - zero point · Σ w.
    scale : ndarray of float32, shape (outputs,)
        Of the weights; those of the memory have this times input scale / memory scale.
    """
    weight, bias = weight.astype(np.float64), bias.astype(np.float64)
    zero_points = np.full(weight.shape[1], source.zero_point, np.float64)
    if memory is not None:
        own = slice(weight.shape[1] - len(weight), None)
        weight[:, own] *= float(memory.scale) / float(source.scale)
        zero_points[own] = memory.zero_point
    step = float(source.scale)
    least = np.abs(bias).max(axis=0) / (step * MOST_BIAS)
    scale = np.maximum(np.abs(weight).max(axis=1) / MOST_WEIGHT, least)
    scale = np.where(scale > _TINY, scale, 1).astype(np.float32)
    exact = scale.astype(np.float64)
    weight = np.clip(round_away(weight / exact[:, None]), -MOST_WEIGHT, MOST_WEIGHT)
    bias = np.clip(round_away(bias / (step * exact)), -MOST_BIAS, MOST_BIAS)
    bias -= weight @ zero_points
    return weight.astype(np.int8), bias.astype(np.int32), scale


def norm_spread(units, most, nonnegative):
    """Scale and zero point of rows that were divided by their root mean square.

    Parameters
    ----------
    units : int
        Width of the widest such row.
    most : float
        Largest magnitude of a normalised value.
    nonnegative : bool
        Whether there are none below 0; then all 256 values serve the positive ones.
    """
    least = np.sqrt(units) * 2**16 / MOST_NORM
    spread = affine(0, most) if nonnegative else symmetric(most)
    return spread._replace(scale=np.float32(max(spread.scale, least)))


def norm_factor(units, scale):
    """What a normalisation multiplies by: round(2^16 √units / scale), at most `MOST_NORM`."""
    return min(int(round_away(np.sqrt(units) * 2**16 / np.float64(scale))), MOST_NORM)


def activation_table(activation, source):
    """An activation for each of the 256 inputs, in the order -128 … 127.

    Parameters
    ----------
    activation : str
        In `LOOKED_UP`.
    source : Affine
        Of the inputs.

    Returns
    -------
    table : ndarray of int8, shape (256,)
    outcome : Affine
        Of the outputs.
    """
    function, outcome, _ = LOOKED_UP[activation]
    z = (np.arange(LOW, HIGH + 1) - source.zero_point) * np.float64(source.scale)
    y = function(z)
    if outcome is None:
        outcome = affine(y.min(), y.max())
    table = np.clip(round_away(y / outcome.scale) + outcome.zero_point, LOW, HIGH)
    return table.astype(np.int8), outcome


def readout_factors(real):
    """Weights of integers that are summed to a score, as integers.

    Parameters
    ----------
    real : ndarray of float64, shape (n,)
        What one step of each adds to the score: for a layer's sum of squares its weight times
        the square of the scale of its outputs, for the head its scale.

    Returns
    -------
    factors : ndarray of int32, shape (n,)
        The largest magnitude is `MOST_FACTOR`, or all are 0.
    unit : float32
        What one step of the weighted sum is worth.
    """
    most = np.abs(real).max()
    unit = most / MOST_FACTOR if most > 0 else 1.0
    return round_away(real / unit).astype(np.int32), np.float32(max(unit, _TINY))
