"""Forward-Forward in plain NumPy; see `lwnn/_kernels/forward_forward.pxi`."""

import numpy as np

from lwnn._kernels.reference.net import (
    BIAS,
    CROSS_ENTROPY,
    IN,
    OUT,
    WEIGHT,
    _cost,
    _drawn_labels,
    _labels,
    _layer,
    _normalised,
    _one_hot,
    _scaled,
    _sigmoid,
)
from lwnn._kernels.reference.steps import Training, _batches

__all__ = ["ff_epoch", "ff_scores", "ff_workspace"]

GOODNESS, THRESHOLD, READOUT = range(3)
LOSS, ELEMENT, EMBED, HOT, PEER, HEAD_RATE, ONLY, LEVEL = range(8)
SOFTPLUS, SYMBA, SWISH, LABELS = range(4)
SQUARES, ABSOLUTE = range(2)
APPEND, OVERWRITE = range(2)


def ff_workspace(table, form, batch, training, threads):
    return 0


def _element(y, kind):
    return y**2 if kind == SQUARES else np.abs(y)


def _element_slope(y, kind):
    """Of element(relu(z)) by z, from y = relu(z)."""
    return 2 * y if kind == SQUARES else (y > 0).astype(y.dtype)


def _head_from(table):
    """First hidden layer that the head reads: as many as its inputs make up."""
    widths = table[:-1, OUT]
    return next(n for n in range(len(widths)) if widths[n:].sum() == table[-1, IN])


def _embedded(form, x, label_inputs):
    """What layer 1 reads, from scaled rows and the labels' shares of the hot value."""
    label_inputs = label_inputs * form[HOT]
    if form[EMBED] == APPEND:
        return _normalised(x) if form[LEVEL] else x, label_inputs
    classes = label_inputs.shape[1]
    x = np.hstack([label_inputs, x[:, classes:]])
    x = _normalised(x) if form[LEVEL] else x
    label_inputs = x[:, :classes].copy()
    x[:, :classes] = 0
    return x, label_inputs


def _ff_layers(params, table, form, x, shares, masks=None):
    """Inputs and outputs of every hidden layer, given each row's shares of the labels.

    `masks` are what is left of what each layer hands on.
    """
    passes = []
    inputs, label_inputs = _embedded(form, x, shares)
    for layer, row in enumerate(table[:-1]):
        weight, bias = _layer(params, row)
        z = inputs @ weight.T + bias
        if layer == 0:
            z = z + label_inputs @ _labels(params, table).T
        h = np.maximum(z, 0)
        passes.append((inputs, h))
        inputs = _normalised(h) * (masks[layer] if masks else 1)
    return label_inputs, passes


def _neutral_states(params, table, form, x, masks=None):
    """What the head reads; layers that do not learn yet give it nothing."""
    classes = table[-1, OUT]
    neutral = np.full((len(x), classes), 1 / classes, params.dtype)
    _, passes = _ff_layers(params, table, form, x, neutral, masks)
    states = [_normalised(h) for _, h in passes]
    states = [state * mask for state, mask in zip(states, masks or [1] * len(states), strict=True)]
    if form[ONLY] >= 0:
        states[int(form[ONLY]) + 1 :] = [0 * state for state in states[int(form[ONLY]) + 1 :]]
    return np.hstack(states[_head_from(table) :])


def _pair_errors(loss, theta, up, down):
    """Loss of every row, and its slope by the goodness of the positive and of the negative."""
    if loss == SOFTPLUS:
        losses = np.logaddexp(0, theta - up) + np.logaddexp(0, down - theta)
        return losses, np.stack([-_sigmoid(theta - up), _sigmoid(down - theta)])
    u = down - up
    s = _sigmoid(u)
    if loss == SYMBA:
        return np.logaddexp(0, u), np.stack([-s, s])
    slope = s + u * s * (1 - s)
    return u * s, np.stack([-slope, slope])


def _ff_errors(loss, theta, goodness, own):
    """Losses, slopes by the goodness (passes, rows), and what is reported besides.

    `own` is the pass of every row that is its positive.
    """
    rows = np.arange(goodness.shape[1])
    up = goodness[own, rows]
    others = np.ones(goodness.shape, bool)
    others[own, rows] = False
    wrong = goodness.T[others.T].reshape(len(rows), -1)
    best = wrong.max(axis=1)
    right = (up > best) + 0.5 * (up == best)
    if loss == LABELS:
        losses, slopes = _cost(goodness.T, own, CROSS_ENTROPY)
        slopes = slopes.T
    else:
        losses, slopes = _pair_errors(loss, theta, *goodness)
    return slopes, [losses.sum(), up.sum(), wrong.mean(axis=1).sum(), right.sum()]


def _ff_head(params, table, form, x, y, masks, grad):
    """Scores and loss of the head; its part of the gradient."""
    states = _neutral_states(params, table, form, x, masks)
    weight, bias = _layer(params, table[-1])
    scores = states @ weight.T + bias
    costs, d = _cost(scores, y, CROSS_ENTROPY)
    grad_weight, grad_bias = _layer(grad, table[-1])
    grad_weight[:] = d.T @ states / len(x)
    grad_bias[:] = d.sum(axis=0) / len(x)
    return scores, costs.sum()


def _ff_gradient(params, table, goals, form, x, y, wrong, draws, masks, peers, alive, report):
    """The gradient of the mean losses of all layers and of the head; the rest is filled in."""
    classes, loss, count = table[-1, OUT], form[LOSS], len(x)
    grad = np.zeros_like(params)
    scores, head_loss = _ff_head(params, table, form, x, y, masks, grad)
    report[-1, 0] += head_loss
    if loss == LABELS:
        labels, own = [np.full(count, label) for label in range(classes)], y
    else:
        labels = [y, wrong if len(wrong) else _drawn_labels(scores, y, draws)]
        own = np.zeros(count, int)
    shares = _one_hot(np.concatenate(labels), classes, params.dtype)
    masks = [np.tile(mask, (len(labels), 1)) for mask in masks]
    inputs = np.tile(x, (len(labels), 1))
    label_inputs, passes = _ff_layers(params, table, form, inputs, shares, masks)
    positives = own * count + np.arange(count)
    at = 0
    for layer, (inputs, h) in enumerate(passes):
        units = slice(at, at + h.shape[1])
        at = units.stop
        if form[ONLY] not in (-1, layer):
            continue
        g, theta = goals[layer, GOODNESS], goals[layer, THRESHOLD]
        goodness = g * _element(h, form[ELEMENT]).sum(axis=1).reshape(len(labels), count)
        slopes, noted = _ff_errors(loss, theta, goodness, own)
        report[layer] += noted
        alive[units] |= (h > 0).any(axis=0)
        d = g * slopes.reshape(-1, 1) * _element_slope(h, form[ELEMENT])
        if form[PEER]:
            peers[units] = 0.9 * peers[units] + 0.1 * h[positives].mean(axis=0)
            d[positives] += 2 * g * form[PEER] * (peers[units] - peers[units].mean())
        grad_weight, grad_bias = _layer(grad, table[layer])
        grad_weight += d.T @ inputs / count
        grad_bias += d.sum(axis=0) / count
        if layer == 0:
            _labels(grad, table)[:] = d.T @ label_inputs / count
    return grad


def _ff_parts(table, form):
    """What of the parameters learns, each at its share of the rate.

    Layers that stand still are left out; the head has a rate of its own.
    """
    for layer, row in enumerate(table):
        head = layer == len(table) - 1
        if head or form[ONLY] in (-1, layer):
            yield slice(row[WEIGHT], row[BIAS] + row[OUT]), form[HEAD_RATE] if head else 1


def ff_epoch(
    params,
    table,
    goals,
    form,
    x,
    scaler,
    clip,
    y,
    wrong,
    draws,
    order,
    batch,
    method,
    hyper,
    state,
    step,
    peers,
    alive,
    report,
    workspace,
    threads,
):
    how = Training(table, method, hyper, state, step)
    for rows in _batches(order, batch):
        how.open(params)
        inputs = how.inputs(_scaled(x[rows], scaler, clip, params.dtype))
        negatives = wrong[rows] if len(wrong) else wrong, draws[rows] if len(draws) else draws
        noted = how.masks(len(rows), len(table) - 1), peers, alive, report
        grad = _ff_gradient(params, table, goals, form, inputs, y[rows], *negatives, *noted)
        how.update(params, grad, _ff_parts(table, form))


def ff_scores(
    params,
    table,
    goals,
    form,
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
    x = _scaled(x, scaler, clip, params.dtype)
    if len(goodness):
        for label in range(classes):
            shares = np.zeros((len(x), classes), params.dtype)
            shares[:, label] = 1
            _, passes = _ff_layers(params, table, form, x, shares)
            goodness[:, label] = sum(
                goals[layer, READOUT] * _element(h, form[ELEMENT]).sum(axis=1)
                for layer, (_, h) in enumerate(passes)
            )
    if len(head):
        weight, bias = _layer(params, table[-1])
        head[:] = _neutral_states(params, table, form, x) @ weight.T + bias
