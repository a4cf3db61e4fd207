"""The kernels once more, in plain NumPy: slow, short, and the yardstick of the fast ones.

Every function has the name, the arguments and the meaning of its twin in the compiled builds;
see there for the equations and for what each argument holds. Arithmetic is done in the type of
`params`, so that float64 parameters give a float64 referee.
"""

import numpy as np

from lwnn._kernels.reference_images import *  # noqa: F403
from lwnn._kernels.reference_int8 import *  # noqa: F403

IN, OUT, WEIGHT, BIAS, LABEL, ACTIVATION = range(6)
LINEAR, RELU, SIGMOID, TANH = range(4)
CROSS_ENTROPY, MSE = range(2)
SGD, MOMENTUM, ADAM = range(3)
GOODNESS, THRESHOLD, READOUT = range(3)
TINY = 1e-6


def width():
    """Vectors are a notion of the compiled builds; here: one number."""
    return 1


# ---------------------------------------------------------------- pieces


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
    if kind == SIGMOID:
        return _sigmoid(z)
    return np.tanh(z) if kind == TANH else z


def _slope(y, kind):
    if kind == RELU:
        return (y > 0).astype(y.dtype)
    if kind == SIGMOID:
        return y * (1 - y)
    return 1 - y * y if kind == TANH else np.ones_like(y)


def _one_hot(y, classes, dtype):
    return np.eye(classes, dtype=dtype)[y]


def _cost(z, y, cost):
    """Cost of every row, and dC/dz."""
    target = _one_hot(y, z.shape[1], z.dtype)
    if cost == MSE:
        a = _sigmoid(z)
        return 0.5 * ((a - target) ** 2).sum(axis=1), (a - target) * a * (1 - a)
    z = z - z.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(z).sum(axis=1))
    p = np.exp(z - log_total[:, None])
    return log_total - z[np.arange(len(y)), y], p - target


def _optimize(params, grad, method, hyper, state, step):
    rate, beta1, beta2, epsilon = hyper
    if method == SGD:
        params -= rate * grad
    elif method == MOMENTUM:
        state[0] = beta1 * state[0] + grad
        params -= rate * state[0]
    else:
        state[0] = beta1 * state[0] + (1 - beta1) * grad
        state[1] = beta2 * state[1] + (1 - beta2) * grad**2
        first = state[0] / (1 - beta1 ** (step + 1))
        second = state[1] / (1 - beta2 ** (step + 1))
        params -= rate * first / (np.sqrt(second) + epsilon)


def _batches(order, batch):
    return [order[start : start + batch] for start in range(0, len(order), batch)]


# ---------------------------------------------------------------- dense nets


def dense_workspace(table, batch, training, threads):
    return 0


def _forward(params, table, x):
    """Activations of every layer, the input first."""
    acts = [x]
    for row in table:
        weight, bias = _layer(params, row)
        acts.append(_activate(acts[-1] @ weight.T + bias, row[ACTIVATION]))
    return acts


def dense_scores(params, table, x, scaler, clip, out, batch, workspace, threads):
    if len(x):
        out[:] = _forward(params, table, _scaled(x, scaler, clip, params.dtype))[-1]


def _bp_gradient(params, table, cost, x, y):
    grad = np.empty_like(params)
    acts = _forward(params, table, x)
    costs, delta = _cost(acts[-1], y, cost)
    for layer in range(len(table) - 1, -1, -1):
        row = table[layer]
        grad_weight, grad_bias = _layer(grad, row)
        grad_weight[:] = delta.T @ acts[layer] / len(x)
        grad_bias[:] = delta.sum(axis=0) / len(x)
        if layer:
            delta = delta @ _layer(params, row)[0]
            delta = delta * _slope(acts[layer], table[layer - 1, ACTIVATION])
    return costs.sum(), grad


def bp_epoch(
    params,
    table,
    cost,
    x,
    scaler,
    clip,
    y,
    order,
    batch,
    method,
    hyper,
    state,
    step,
    workspace,
    threads,
):
    loss = 0.0
    for rows in _batches(order, batch):
        inputs = _scaled(x[rows], scaler, clip, params.dtype)
        cost_sum, grad = _bp_gradient(params, table, cost, inputs, y[rows])
        _optimize(params, grad, method, hyper, state, step)
        loss += float(cost_sum)
        step += 1
    return loss


# ---------------------------------------------------------------- perturbation


def wp_workspace(table, batch, threads):
    return 0


def _wp_gradient(params, table, cost, delta, x, y):
    """One full forward pass per weight, as Jabri & Flower write it.

    In float64 whatever `params` are: E_pert - E cancels.
    """
    moved = params.astype(np.float64)
    x = x.astype(np.float64)

    def error():
        return _cost(_forward(moved, table, x)[-1], y, cost)[0].sum()

    start = error()
    grad = np.empty_like(params)
    for index, value in enumerate(moved):
        moved[index] = value + delta
        grad[index] = (error() - start) / (delta * len(x))
        moved[index] = value
    return start, grad


def wp_epoch(
    params,
    table,
    cost,
    delta,
    x,
    scaler,
    clip,
    y,
    order,
    batch,
    method,
    hyper,
    state,
    step,
    workspace,
    threads,
):
    loss = 0.0
    for rows in _batches(order, batch):
        inputs = _scaled(x[rows], scaler, clip, params.dtype)
        cost_sum, grad = _wp_gradient(params, table, cost, delta, inputs, y[rows])
        _optimize(params, grad, method, hyper, state, step)
        loss += float(cost_sum)
        step += 1
    return loss


# ---------------------------------------------------------------- Forward-Forward


def ff_workspace(table, batch, training, threads):
    return 0


def _normalised(h):
    return h / (np.sqrt((h**2).mean(axis=1, keepdims=True)) + TINY)


def _head_from(table):
    """First hidden layer that the head reads: as many as its inputs make up."""
    widths = table[:-1, OUT]
    return next(n for n in range(len(widths)) if widths[n:].sum() == table[-1, IN])


def _ff_layers(params, table, x, label_inputs):
    """Inputs and outputs of every hidden layer, given the label inputs of every row."""
    passes = []
    inputs = x
    for layer, row in enumerate(table[:-1]):
        weight, bias = _layer(params, row)
        z = inputs @ weight.T + bias
        if layer == 0:
            z = z + label_inputs @ _labels(params, table).T
        h = np.maximum(z, 0)
        passes.append((inputs, h))
        inputs = _normalised(h)
    return passes


def _neutral_states(params, table, x, label_scale):
    """What the head reads."""
    classes = table[-1, OUT]
    neutral = np.full((len(x), classes), label_scale / classes, params.dtype)
    passes = _ff_layers(params, table, x, neutral)
    return np.hstack([_normalised(h) for _, h in passes[_head_from(table) :]])


def _ff_gradient(params, table, goals, label_scale, x, y, wrong):
    """Losses of all layers and of the head, summed, and the gradient of their means."""
    classes = table[-1, OUT]
    grad = np.zeros_like(params)
    losses = np.zeros(len(table))
    for labels, sign in ((y, 1), (wrong, -1)):
        label_inputs = label_scale * _one_hot(labels, classes, params.dtype)
        for layer, (inputs, h) in enumerate(_ff_layers(params, table, x, label_inputs)):
            g, theta = goals[layer, GOODNESS], goals[layer, THRESHOLD]
            gap = sign * (theta - g * (h**2).sum(axis=1))
            losses[layer] += np.logaddexp(0, gap).sum()
            d = -sign * (_sigmoid(gap) * 2 * g)[:, None] * h
            grad_weight, grad_bias = _layer(grad, table[layer])
            grad_weight += d.T @ inputs / len(x)
            grad_bias += d.sum(axis=0) / len(x)
            if layer == 0:
                _labels(grad, table)[:] += d.T @ label_inputs / len(x)
    states = _neutral_states(params, table, x, label_scale)
    weight, bias = _layer(params, table[-1])
    costs, d = _cost(states @ weight.T + bias, y, CROSS_ENTROPY)
    losses[-1] = costs.sum()
    grad_weight, grad_bias = _layer(grad, table[-1])
    grad_weight[:] = d.T @ states / len(x)
    grad_bias[:] = d.sum(axis=0) / len(x)
    return losses, grad


def ff_epoch(
    params,
    table,
    goals,
    label_scale,
    x,
    scaler,
    clip,
    y,
    wrong,
    order,
    batch,
    method,
    hyper,
    state,
    step,
    losses,
    workspace,
    threads,
):
    for rows in _batches(order, batch):
        inputs = _normalised(_scaled(x[rows], scaler, clip, params.dtype))
        sums, grad = _ff_gradient(params, table, goals, label_scale, inputs, y[rows], wrong[rows])
        _optimize(params, grad, method, hyper, state, step)
        losses += sums
        step += 1


def ff_scores(
    params,
    table,
    goals,
    label_scale,
    x,
    scaler,
    clip,
    goodness,
    head,
    batch,
    workspace,
    threads,
):
    classes = table[-1, OUT]
    x = _normalised(_scaled(x, scaler, clip, params.dtype))
    if len(goodness):
        for label in range(classes):
            label_inputs = np.zeros((len(x), classes), params.dtype)
            label_inputs[:, label] = label_scale
            passes = _ff_layers(params, table, x, label_inputs)
            goodness[:, label] = sum(
                goals[layer, READOUT] * (h**2).sum(axis=1) for layer, (_, h) in enumerate(passes)
            )
    if len(head):
        weight, bias = _layer(params, table[-1])
        head[:] = _neutral_states(params, table, x, label_scale) @ weight.T + bias


# ---------------------------------------------------------------- rooms that read the pieces above

from lwnn._kernels.reference_mono import *  # noqa: E402, F403
from lwnn._kernels.reference_unsupervised import *  # noqa: E402, F403
