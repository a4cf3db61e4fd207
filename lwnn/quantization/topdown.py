"""Top-down Forward-Forward in int8: labels scored by states that settle in integers.

    start     q_l = requantize(W_l n_{l-1} + bias without a label), n_l = normalize(q_l), upwards
    step      n_l = normalize(q_l) for all layers, then
              y_l = requantize(W_l n_{l-1} + V_l n_{l+1} + bias), the label in the bias at the top
              q_l = (77 (q_l + 128) + 179 (y_l + 128) + 128 >> 8) - 128
    scores    the weighted sum of squares of all y_l in the steps that count
    head      W [n_1 n_2 …] of the start; where both are read, weighted and added

W and V of a unit have scales of their own, such that both products are in the same unit and add up
in one accumulator. A state has the scale of the outputs that it is made of.
"""

import numpy as np

from lwnn._kernels import kernels
from lwnn.network import DYNAMICS
from lwnn.quantization import arithmetic
from lwnn.quantization.arithmetic import Affine

#: Share of a state that stays, in 256ths.
KEEP = round(256 * DYNAMICS.keep)
_UNIT = Affine(np.float32(1), 0)


# ---------------------------------------------------------------- calibration


def biases(model, n):
    """Bias of layer n: at the top a row for every label and one without, else one row."""
    bias = model.params[f"layer{n}.bias"].astype(np.float64)[None]
    if n < len(model.network.hidden):
        return bias
    labels = model.network.label_scale * model.params[f"layer{n}.label"].T.astype(np.float64)
    return bias + np.vstack([labels, np.zeros_like(labels[:1])])


def run(model, x, seen, normalized):
    """Note what every tensor of a ``td`` model holds for these scaled rows, under every label."""
    network, params = model.network, model.params
    seen.see("input", x)
    if network.level:
        x = normalized(x)
        seen.see("input.norm", x)
    states, joined, below = [], [], x
    for n in range(1, len(network.hidden) + 1):
        states.append(np.maximum(below @ params[f"layer{n}.weight"].T + biases(model, n)[-1], 0))
        seen.see(f"layer{n}", states[-1])
        below = normalized(states[-1])
        joined.append(below)
    if model.readout == "both":
        seen.see("head", np.hstack(joined) @ params["head.weight"].T + params["head.bias"])
    base = x @ params["layer1.weight"].T
    base, *states = (np.repeat(each, network.classes, axis=0) for each in (base, *states))
    labels = np.tile(np.arange(network.classes), len(x))
    for _ in range(DYNAMICS.last):
        old = [normalized(state) for state in states]
        for n, state in enumerate(states, start=1):
            seen.see(f"layer{n}.norm", old[n - 1])
            z = base if n == 1 else old[n - 2] @ params[f"layer{n}.weight"].T
            z = z + (biases(model, n)[labels] if n == len(states) else biases(model, n))
            if n < len(states):
                z = z + old[n] @ params[f"above{n}.weight"].T
            y = np.maximum(z, 0)
            seen.see(f"layer{n}", y)
            states[n - 1] = DYNAMICS.keep * state + (1 - DYNAMICS.keep) * y


# ---------------------------------------------------------------- conversion


def layer_tensors(model, n, below, above, spread):
    """Tensors of layer n, weights from above included.

    Parameters
    ----------
    model : lwnn.model.Model
    n : int
        From 1.
    below, above : Affine
        Of what it reads; `above` is None at the top.
    spread : Affine
        Of its outputs.

    Returns
    -------
    dict of str to ndarray
    """
    weight = model.params[f"layer{n}.weight"].astype(np.float64) * np.float64(below.scale)
    inputs = weight.shape[1]
    if above:
        from_above = model.params[f"above{n}.weight"].astype(np.float64)
        weight = np.hstack([weight, from_above * np.float64(above.scale)])
    # With the scales of what is read in the weights, one scale a unit serves all its products.
    joint, bias, scale = arithmetic.quantize_weights(weight, biases(model, n), _UNIT)
    own = np.ascontiguousarray(joint[:, :inputs])
    bias = bias - below.zero_point * own.sum(axis=1, dtype=np.int64)
    multiplier, shift = arithmetic.encode(scale / np.float64(spread.scale))
    tensors = {
        f"layer{n}.weight": own,
        f"layer{n}.bias": np.ascontiguousarray(bias, np.int32),
        f"layer{n}.multiplier": multiplier,
        f"layer{n}.shift": shift,
        f"layer{n}.weight_scale": (scale / below.scale).astype(np.float32),
    }
    if above:
        other = np.ascontiguousarray(joint[:, inputs:])
        folded = -above.zero_point * other.sum(axis=1, dtype=np.int64)
        tensors |= {
            f"above{n}.weight": other,
            f"above{n}.bias": folded.astype(np.int32)[None],
            f"above{n}.weight_scale": (scale / above.scale).astype(np.float32),
        }
    return tensors


# ---------------------------------------------------------------- inference


def integer_goodness(model, x, normalize):
    """Goodness of every label for quantized rows, and what the head reads.

    Parameters
    ----------
    model : lwnn.quantization.QuantizedModel
    x : ndarray of int8, shape (n, inputs)
        What layer 1 reads.
    normalize : callable
        Gets the tensors, a layer's name and its states.

    Returns
    -------
    goodness : ndarray of int64, shape (n, classes)
    joined : ndarray of int8, shape (n, head inputs)
        The normalised states of the start, side by side.
    """
    network, tensors = model.network, model.tensors
    layers, classes = range(1, len(network.hidden) + 1), network.classes
    base = _products(tensors, "layer1", x)
    states, joined = [], []
    for n in layers:
        sums = base if n == 1 else _products(tensors, f"layer{n}", joined[-1])
        states.append(_requantized(model, n, sums + tensors[f"layer{n}.bias"][-1]))
        joined.append(normalize(tensors, f"layer{n}", states[-1]))
    states = [np.repeat(state, classes, axis=0) for state in states]
    base, labels = np.repeat(base, classes, axis=0), np.tile(np.arange(classes), len(x))
    scores = np.zeros(len(labels), np.int64)
    for step in range(1, DYNAMICS.last + 1):
        old = [normalize(tensors, f"layer{n}", states[n - 1]) for n in layers]
        for n in layers:
            y = _outputs(model, n, base, old, labels)
            if step >= DYNAMICS.first:
                how = (int(tensors[f"layer{n}.zero_point"][0]), tensors["readout.factor"][n - 1])
                kernels.int8_goodness(y, *how, scores)
            states[n - 1] = _settled(states[n - 1], y)
    return scores.reshape(-1, classes), np.hstack(joined)


def _outputs(model, n, base, old, labels):
    tensors = model.tensors
    sums = base if n == 1 else _products(tensors, f"layer{n}", old[n - 2])
    bias = tensors[f"layer{n}.bias"]
    if n == len(old):
        return _requantized(model, n, sums + bias[labels])
    from_above = _products(tensors, f"above{n}", old[n])
    return _requantized(model, n, sums + from_above + (bias + tensors[f"above{n}.bias"]))


def _settled(state, y):
    mixed = KEEP * (state.astype(np.int32) + 128) + (256 - KEEP) * (y.astype(np.int32) + 128)
    return ((mixed + 128 >> 8) - 128).astype(np.int8)


def _products(tensors, name, x):
    weight = tensors[f"{name}.weight"]
    sums = np.empty((len(x), len(weight)), np.int32)
    kernels.int8_accumulate(x, weight, sums)
    return sums


def _requantized(model, n, sums):
    tensors = model.tensors
    out = np.empty(sums.shape, np.int8)
    none = np.zeros((1, sums.shape[1]), np.int32)
    how = (tensors[f"layer{n}.{part}"] for part in ("multiplier", "shift"))
    zero_point = int(tensors[f"layer{n}.zero_point"][0])
    kernels.int8_requantize(sums, none, *how, model.twice, zero_point, out)
    return out
