"""Elman nets in plain NumPy; see `lwnn/_kernels/elman.pxi` for the equations."""

import numpy as np

from lwnn._kernels.reference.net import (
    ACTIVATION,
    IN,
    OUT,
    _activate,
    _cost,
    _layer,
    _scaled,
    _slope,
)
from lwnn._kernels.reference.perturbation import PER_FAN_IN, PER_NODE, PER_WEIGHT, _signs
from lwnn._kernels.reference.steps import Training, _batches

__all__ = ["bptt_epoch", "elman_scores", "elman_workspace", "elman_wp_epoch", "elman_wp_workspace"]


def elman_workspace(table, steps, batch, training, threads):
    return 0


def elman_wp_workspace(table, steps, batch, form, threads):
    return 0


def _run(params, table, steps, x, shift=None):
    """What every hidden layer reads and gives at every step, and the scores after the last.

    `shift` is (layer, step, vector), added to the inputs of a layer's activations; the layer may
    be the output.
    """
    layer_at, step_at, moved = shift or (None, None, None)
    passes = [[] for _ in table[:-1]]
    states = [np.zeros((len(x), row[OUT]), x.dtype) for row in table[:-1]]
    for step, values in enumerate(x.reshape(len(x), steps, -1).swapaxes(0, 1)):
        below = values
        for layer, row in enumerate(table[:-1]):
            weight, bias = _layer(params, row)
            reads = np.hstack([below, states[layer]])
            z = reads @ weight.T + bias
            if (layer, step) == (layer_at, step_at):
                z = z + moved
            below = states[layer] = _activate(z, row[ACTIVATION])
            passes[layer].append((reads, below))
    weight, bias = _layer(params, table[-1])
    scores = below @ weight.T + bias
    return passes, scores + moved if layer_at == len(table) - 1 else scores


def elman_scores(params, table, steps, x, scaler, clip, out, batch, workspace, threads):
    if len(x):
        out[:] = _run(params, table, steps, _scaled(x, scaler, clip, params.dtype))[1]


# ---------------------------------------------------------------- backprop through time


def _bptt_gradient(params, table, steps, cost, x, y, how):
    grad = np.zeros_like(params)
    passes, scores = _run(params, table, steps, x)
    costs, d = _cost(scores, y, cost, how.smoothing)
    weight, _ = _layer(params, table[-1])
    grad_weight, grad_bias = _layer(grad, table[-1])
    grad_weight[:] = d.T @ passes[-1][-1][1] / len(x)
    grad_bias[:] = d.sum(axis=0) / len(x)
    above = [np.zeros((len(x), table[-1, IN]), x.dtype) for _ in range(steps)]
    above[-1] = d @ weight
    for layer in range(len(table) - 2, -1, -1):
        row = table[layer]
        weight, _ = _layer(params, row)
        grad_weight, grad_bias = _layer(grad, row)
        below, later = [None] * steps, 0
        for step in range(steps - 1, -1, -1):
            reads, given = passes[layer][step]
            d = (above[step] + later) * _slope(given, row[ACTIVATION])
            grad_weight += d.T @ reads / len(x)
            grad_bias += d.sum(axis=0) / len(x)
            below[step], later = np.split(d @ weight, [row[IN] - row[OUT]], axis=1)
        above = below
    return costs.sum(), grad


def bptt_epoch(
    params,
    table,
    steps,
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
    loss, how = 0.0, Training(table, method, hyper, state, step)
    for rows in _batches(order, batch):
        how.open(params)
        inputs = how.inputs(_scaled(x[rows], scaler, clip, params.dtype))
        cost_sum, grad = _bptt_gradient(params, table, steps, cost, inputs, y[rows], how)
        how.update(params, grad)
        loss += float(cost_sum)
    return loss


# ---------------------------------------------------------------- perturbation


class _Wobbled:
    """One full forward pass over all steps per perturbation; in float64, as E_pert - E cancels."""

    def __init__(self, params, table, steps, cost, smoothing, delta, sides, x, y):
        self.params, self.x = params.astype(np.float64), x.astype(np.float64)
        self.table, self.steps, self.y = table, steps, y
        self.cost, self.smoothing = cost, smoothing
        self.ways = (delta,) if sides == 1 else (delta, -delta)
        self.start = self.errors(self.params)

    def errors(self, params, shift=None):
        scores = _run(params, self.table, self.steps, self.x, shift)[1]
        return _cost(scores, self.y, self.cost, self.smoothing)[0]

    def slope(self, errors):
        return np.mean([(errors(way) - self.start) / way for way in self.ways], axis=0)

    def along(self, direction):
        """Mean over the rows of the difference quotient along a direction of the parameters."""
        return self.slope(lambda way: self.errors(self.params + way * direction)).mean()

    def per_weight(self):
        return np.array([self.along(unit) for unit in np.eye(len(self.params))])

    def per_node(self):
        """One unit's input at one step; the slopes of its weights follow, summed over the steps."""
        grad = np.zeros_like(self.params)
        passes, _ = _run(self.params, self.table, self.steps, self.x)
        passes.append([(passes[-1][-1][1], None)])
        for layer, row in enumerate(self.table):
            weight, bias = _layer(grad, row)
            for step, (reads, _) in enumerate(passes[layer]):
                slopes = np.array([self.node(layer, step, unit) for unit in np.eye(row[OUT])])
                weight += slopes @ reads / len(self.x)
                bias += slopes.mean(axis=1)
        return grad

    def node(self, layer, step, unit):
        return self.slope(lambda way: self.errors(self.params, (layer, step, way * unit)))

    def per_fan_in(self, signs):
        grad = np.empty_like(self.params)
        for row in self.table:
            for unit in range(row[OUT]):
                fan = np.zeros_like(self.params)
                weight, bias = _layer(fan, row)
                weight[unit] = bias[unit] = 1
                slope = self.along(fan * signs)
                grad[fan == 1] = slope * signs[fan == 1]
        return grad

    def simultaneous(self, signs):
        return self.along(signs) * signs


def elman_wp_epoch(
    params,
    table,
    steps,
    cost,
    delta,
    form,
    sides,
    draws,
    seed,
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
    loss, how = 0.0, Training(table, method, hyper, state, step)
    for rows in _batches(order, batch):
        inputs = how.inputs(_scaled(x[rows], scaler, clip, params.dtype))
        how.open(params)
        net = _Wobbled(params, table, steps, cost, how.smoothing, delta, sides, inputs, y[rows])
        if form == PER_WEIGHT:
            grad = net.per_weight()
        elif form == PER_NODE:
            grad = net.per_node()
        else:
            estimate = net.per_fan_in if form == PER_FAN_IN else net.simultaneous
            signs = (_signs(seed, how.step, draw, len(params)) for draw in range(draws))
            grad = np.mean([estimate(drawn) for drawn in signs], axis=0)
        how.update(params, grad.astype(params.dtype))
        loss += float(net.start.sum())
    return loss
