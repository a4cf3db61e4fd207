"""What several kernels are made of: a layer's parameters, activations and costs."""

import numpy as np

IN, OUT, WEIGHT, BIAS, LABEL, ACTIVATION = range(6)
LINEAR, RELU, SIGMOID, TANH, LEAKY_RELU, STEP = range(6)
CROSS_ENTROPY, MSE, BINARY, HALF_SQUARES = range(4)
LEAK = 0.01
TINY = 1e-6


def _layer(params, row):
    weight = params[row[WEIGHT] : row[WEIGHT] + row[IN] * row[OUT]].reshape(row[OUT], row[IN])
    return weight, params[row[BIAS] : row[BIAS] + row[OUT]]


def _labels(params, table):
    row, classes = table[0], table[-1, OUT]
    return params[row[LABEL] : row[LABEL] + row[OUT] * classes].reshape(row[OUT], classes)


def _scaled(x, scaler, clip, dtype):
    scaler = scaler.astype(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = (x.astype(dtype) - scaler[0]) * scaler[1]
    # A constant feature has scale 0 and reads 0 even where the difference overflows.
    return np.clip(np.where(np.isnan(scaled), 0, scaled), -clip, clip)


def _sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))


def _activate(z, kind):
    if kind == RELU:
        return np.maximum(z, 0)
    if kind == LEAKY_RELU:
        return np.where(z > 0, z, LEAK * z)
    if kind == STEP:
        return (z > 0).astype(z.dtype)
    if kind == SIGMOID:
        return _sigmoid(z)
    return np.tanh(z) if kind == TANH else z


def _slope(y, kind):
    if kind == RELU:
        return (y > 0).astype(y.dtype)
    if kind == LEAKY_RELU:
        return np.where(y > 0, 1, LEAK).astype(y.dtype)
    if kind == STEP:
        return np.zeros_like(y)
    if kind == SIGMOID:
        return y * (1 - y)
    return 1 - y * y if kind == TANH else np.ones_like(y)


def _one_hot(y, classes, dtype):
    return np.eye(classes, dtype=dtype)[y]


def _target(y, classes, smoothing, dtype):
    """What every output is to be: a row's value, or its class, smoothed."""
    if y.dtype.kind == "f":
        return y.astype(dtype)[:, None]
    return smoothing / classes + (1 - smoothing) * _one_hot(y, classes, dtype)


def _cost(z, y, cost, smoothing=0.0):
    """Cost of every row, and dC/dz."""
    target = _target(y, z.shape[1], smoothing, z.dtype)
    if cost == HALF_SQUARES:
        return 0.5 * ((z - target) ** 2).sum(axis=1), z - target
    if cost in (MSE, BINARY):
        a = _sigmoid(z)
        if cost == BINARY:
            return (np.logaddexp(0, z) - target * z).sum(axis=1), a - target
        return 0.5 * ((a - target) ** 2).sum(axis=1), (a - target) * a * (1 - a)
    z = z - z.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(z).sum(axis=1))
    p = np.exp(z - log_total[:, None])
    return log_total - (target * z).sum(axis=1), p - target


def _forward(params, table, x):
    """Activations of every layer, the input first."""
    acts = [x]
    for row in table:
        weight, bias = _layer(params, row)
        acts.append(_activate(acts[-1] @ weight.T + bias, row[ACTIVATION]))
    return acts


def _inverse_rms(squares, units):
    return 1 / (np.sqrt(squares / units) + TINY)


def _normalised(h):
    return h * _inverse_rms((h**2).sum(axis=1, keepdims=True), h.shape[1])


def _drawn_labels(scores, y, draws):
    """Wrong labels by their probabilities in a softmax, as `draws` in [0, 1) have it."""
    wrong = np.empty_like(y)
    for row, (z, true, draw) in enumerate(zip(scores, y, draws, strict=True)):
        others = np.delete(np.arange(len(z)), true)
        shares = np.exp(z[others] - z[others].max())
        beyond = np.cumsum(shares) > draw * shares.sum()
        wrong[row] = others[np.argmax(beyond)] if beyond.any() else others[-1]
    return wrong
