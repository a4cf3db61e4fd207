"""Weight perturbation in plain NumPy; see `lwnn/_kernels/perturbation.pxi`."""

import numpy as np

from lwnn._kernels.reference.net import (
    ACTIVATION,
    BIAS,
    IN,
    OUT,
    WEIGHT,
    _activate,
    _cost,
    _forward,
    _layer,
    _scaled,
)
from lwnn._kernels.reference.steps import Training, _batches, _mix

__all__ = ["wp_epoch", "wp_workspace"]

PER_WEIGHT, PER_NODE, PER_FAN_IN, SIMULTANEOUS = range(4)


def wp_workspace(table, batch, form, threads):
    return 0


def _signs(seed, step, draw, size):
    key = _mix((_mix((_mix(seed % 2**64) + step) % 2**64) + draw) % 2**64)
    words = [_mix((key + word) % 2**64) for word in range(-(-size // 64))]
    return np.array([1.0 if words[i >> 6] >> (i & 63) & 1 else -1.0 for i in range(size)])


class _Perturbed:
    """One full forward pass per perturbation, as Jabri & Flower write it.

    In float64 whatever the parameters are: E_pert - E cancels.
    """

    def __init__(self, params, table, cost, smoothing, delta, sides, x, y):
        self.params, self.x = params.astype(np.float64), x.astype(np.float64)
        self.table, self.cost, self.delta, self.y = table, cost, delta, y
        self.smoothing = smoothing
        self.ways = (delta,) if sides == 1 else (delta, -delta)
        self.start = self.errors(self.params)

    def errors(self, params, layer=None, shift=None):
        """Cost of every row; `shift` is added to the inputs of a layer's units."""
        h = self.x
        for index, row in enumerate(self.table):
            weight, bias = _layer(params, row)
            h = h @ weight.T + bias
            if index == layer:
                h = h + shift
            h = _activate(h, row[ACTIVATION])
        return _cost(h, self.y, self.cost, self.smoothing)[0]

    def slope(self, errors):
        """Difference quotient; `errors` gives the costs for a way to go."""
        changes = [(errors(way) - self.start) / way for way in self.ways]
        return np.mean(changes, axis=0)

    def along(self, direction):
        """Mean over the rows of the difference quotient along a direction of the parameters."""
        return self.slope(lambda way: self.errors(self.params + way * direction)).mean()

    def per_weight(self):
        return np.array([self.along(unit) for unit in np.eye(len(self.params))])

    def per_node(self):
        grad = np.empty_like(self.params)
        h = _forward(self.params, self.table, self.x)
        for index, row in enumerate(self.table):
            slopes = np.array([self.node(index, unit) for unit in np.eye(row[OUT])])
            weight, bias = _layer(grad, row)
            weight[:] = slopes @ h[index] / len(self.x)
            bias[:] = slopes.mean(axis=1)
        return grad

    def node(self, layer, unit):
        return self.slope(lambda way: self.errors(self.params, layer, way * unit))

    def per_fan_in(self, signs):
        grad = np.empty_like(self.params)
        for row in self.table:
            for unit in range(row[OUT]):
                start = row[WEIGHT] + unit * row[IN]
                fan = [*range(start, start + row[IN]), row[BIAS] + unit]
                direction = np.zeros_like(self.params)
                direction[fan] = signs[fan]
                grad[fan] = self.along(direction) * signs[fan]
        return grad

    def simultaneous(self, signs):
        return self.along(signs) * signs


def _wp_gradient(params, table, cost, smoothing, delta, form, sides, draws, seed, step, x, y):
    net = _Perturbed(params, table, cost, smoothing, delta, sides, x, y)
    if form == PER_WEIGHT:
        grad = net.per_weight()
    elif form == PER_NODE:
        grad = net.per_node()
    else:
        estimate = net.per_fan_in if form == PER_FAN_IN else net.simultaneous
        signs = (_signs(seed, step, draw, len(params)) for draw in range(draws))
        grad = np.mean([estimate(drawn) for drawn in signs], axis=0)
    return net.start.sum(), grad.astype(params.dtype)


def wp_epoch(
    params,
    table,
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
        form_of = (how.smoothing, delta, form, sides, draws, seed, how.step)
        cost_sum, grad = _wp_gradient(params, table, cost, *form_of, inputs, y[rows])
        how.update(params, grad)
        loss += float(cost_sum)
    return loss
