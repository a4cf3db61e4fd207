"""Top-down Forward-Forward in plain NumPy; see `lwnn/_kernels/topdown.pxi`."""

import numpy as np

from lwnn._kernels.reference.net import (
    CROSS_ENTROPY,
    LABEL,
    _cost,
    _drawn_labels,
    _layer,
    _normalised,
    _one_hot,
    _scaled,
    _sigmoid,
)
from lwnn._kernels.reference.steps import Training, _batches

__all__ = ["td_epoch", "td_scores", "td_workspace"]


def td_workspace(table, batch, steps, training, threads):
    return 0


class _Net:
    """Views of one vector, of parameters or of their gradient."""

    def __init__(self, vector, table):
        layers = len(table) // 2
        self.below = [_layer(vector, row) for row in table[:layers]]
        self.above = [
            vector[row[2] : row[2] + row[0] * row[1]].reshape(row[1], row[0])
            for row in table[layers:-1]
        ]
        start, units, classes = table[layers - 1, LABEL], table[layers - 1, 1], table[-1, 1]
        self.label = vector[start : start + units * classes].reshape(units, classes)
        self.head = _layer(vector, table[-1])


def _start(net, x):
    states = []
    for weight, bias in net.below:
        states.append(np.maximum(x @ weight.T + bias, 0))
        x = _normalised(states[-1])
    return states


def _steps(net, x, states, label_inputs, keep, last):
    """For every step the normalised neighbours and the outputs of all layers."""
    top = len(states) - 1
    for _ in range(last):
        old = [_normalised(state) for state in states]
        outputs = []
        for layer, (weight, bias) in enumerate(net.below):
            z = (old[layer - 1] if layer else x) @ weight.T + bias
            z = z + (
                label_inputs @ net.label.T if layer == top else old[layer + 1] @ net.above[layer].T
            )
            outputs.append(np.maximum(z, 0))
        yield old, outputs
        states = [keep * s + (1 - keep) * y for s, y in zip(states, outputs, strict=True)]


def _head_scores(net, states):
    weight, bias = net.head
    joined = np.hstack([_normalised(state) for state in states])
    return joined, joined @ weight.T + bias


def _inputs(x, level, scaler, clip, dtype):
    x = _scaled(x, scaler, clip, dtype)
    return level * _normalised(x) if level else x


def _gradient(params, table, hot, keep, first, last, alpha, x, y, draws):
    grad_vector = np.zeros_like(params)
    net, grad = _Net(params, table), _Net(grad_vector, table)
    layers, n = len(net.below), len(x)
    losses = np.zeros(layers + 1)
    states = _start(net, x)
    joined, scores = _head_scores(net, states)
    costs, e = _cost(scores, y, CROSS_ENTROPY)
    losses[-1] = costs.sum()
    grad.head[0][:], grad.head[1][:] = e.T @ joined / n, e.sum(axis=0) / n
    both = np.concatenate([y, _drawn_labels(scores, y, draws)])
    label_inputs = hot * _one_hot(both, table[-1, 1], params.dtype)
    twice = [np.vstack([state, state]) for state in states]
    x = np.vstack([x, x])
    count = last - first + 1
    for step, (old, outputs) in enumerate(_steps(net, x, twice, label_inputs, keep, last), 1):
        for layer, out in enumerate(outputs if step >= first else ()):
            goodness = (out**2).mean(axis=1)
            u = alpha * (goodness[n:] - goodness[:n])
            s = _sigmoid(u)
            losses[layer] += (u * s).sum() / count
            c = alpha * (s + u * s * (1 - s)) * 2 / (out.shape[1] * count)
            d = np.concatenate([-c, c])[:, None] * out / n
            grad.below[layer][0][:] += d.T @ (old[layer - 1] if layer else x)
            grad.below[layer][1][:] += d.sum(axis=0)
            if layer + 1 < layers:
                grad.above[layer][:] += d.T @ old[layer + 1]
            else:
                grad.label[:] += d.T @ label_inputs
    return losses, grad_vector


def td_epoch(
    params,
    table,
    level,
    hot,
    keep,
    first,
    last,
    alpha,
    x,
    scaler,
    clip,
    y,
    draws,
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
    how, settling = Training(table, method, hyper, state, step), (hot, keep, first, last, alpha)
    for rows in _batches(order, batch):
        how.open(params)
        inputs = how.inputs(_scaled(x[rows], scaler, clip, params.dtype))
        inputs = level * _normalised(inputs) if level else inputs
        sums, grad = _gradient(params, table, *settling, inputs, y[rows], draws[rows])
        how.update(params, grad)
        losses += sums


def td_scores(
    params,
    table,
    level,
    hot,
    keep,
    first,
    last,
    alpha,
    x,
    scaler,
    clip,
    goodness,
    head,
    batch,
    workspace,
    threads,
):
    net, classes = _Net(params, table), table[-1, 1]
    x = _inputs(x, level, scaler, clip, params.dtype)
    states = _start(net, x)
    if len(head):
        head[:] = _head_scores(net, states)[1]
    for label in range(classes if len(goodness) else 0):
        label_inputs = np.zeros((len(x), classes), params.dtype)
        label_inputs[:, label] = hot
        steps = list(_steps(net, x, states, label_inputs, keep, last))[first - 1 :]
        sums = [(out**2).mean(axis=1) for _, outputs in steps for out in outputs]
        goodness[:, label] = alpha * np.mean(sums, axis=0)
