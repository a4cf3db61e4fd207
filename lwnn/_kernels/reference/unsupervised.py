"""Unsupervised Forward-Forward in plain NumPy; see `lwnn/_kernels/unsupervised.pxi`."""

import numpy as np

from lwnn._kernels.reference.net import CROSS_ENTROPY, _cost, _layer, _normalised, _scaled, _sigmoid
from lwnn._kernels.reference.steps import Training, _batches

__all__ = ["un_epoch", "un_head_epoch", "un_scores", "un_workspace"]


def un_workspace(table, batch, training, threads):
    return 0


def _passes(params, table, x, level):
    """Inputs and outputs of every hidden layer."""
    x = _normalised(x) if level else x
    for row in table[:-1]:
        weight, bias = _layer(params, row)
        y = np.maximum(x @ weight.T + bias, 0)
        yield x, y
        x = _normalised(y)


def _gradient(params, table, level, alpha, own, hybrid):
    grad, losses = np.zeros_like(params), np.zeros(len(table) - 1)
    passes = (_passes(params, table, x, level) for x in (own, hybrid))
    for layer, ((x, y), (x_, y_)) in enumerate(zip(*passes, strict=True)):
        u = alpha * ((y_**2).mean(axis=1) - (y**2).mean(axis=1))
        s = _sigmoid(u)
        losses[layer] = (u * s).sum()
        c = (alpha * (s + u * s * (1 - s)) * 2 / y.shape[1])[:, None]
        grad_weight, grad_bias = _layer(grad, table[layer])
        grad_weight[:] = ((c * y_).T @ x_ - (c * y).T @ x) / len(x)
        grad_bias[:] = (c * (y_ - y)).sum(axis=0) / len(x)
    return losses, grad


def un_epoch(
    params,
    table,
    level,
    alpha,
    x,
    scaler,
    clip,
    partner,
    masks,
    mask,
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
    how, layers = Training(table, method, hyper, state, step), slice(0, table[-1, 2])
    for rows in _batches(order, batch):
        how.open(params)
        pairs = np.concatenate([rows, partner[rows]])
        own, other = np.split(how.inputs(_scaled(x[pairs], scaler, clip, params.dtype)), 2)
        hybrid = np.where(masks[mask[rows]] > 0, own, other)
        sums, grad = _gradient(params, table, level, alpha, own, hybrid)
        how.update(params, grad, [(layers, 1)])
        losses += sums


def _states(params, table, level, x):
    return np.hstack([_normalised(y) for _, y in _passes(params, table, x, level)])


def un_head_epoch(
    params,
    table,
    level,
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
    loss, first = 0.0, table[-1, 2]
    head = slice(first, first + (table[-1, 0] + 1) * table[-1, 1])
    how = Training(table, method, hyper, state, step)
    for rows in _batches(order, batch):
        how.open(params)
        inputs = how.inputs(_scaled(x[rows], scaler, clip, params.dtype))
        states = _states(params, table, level, inputs)
        weight, bias = _layer(params, table[-1])
        costs, e = _cost(states @ weight.T + bias, y[rows], CROSS_ENTROPY)
        grad = np.zeros_like(params)
        grad[head] = np.concatenate([(e.T @ states).ravel(), e.sum(axis=0)]) / len(rows)
        how.update(params, grad, [(head, 1)])
        loss += float(costs.sum())
    return loss


def un_scores(params, table, level, x, scaler, clip, states, out, batch, workspace, threads):
    found = _states(params, table, level, _scaled(x, scaler, clip, params.dtype))
    if len(states):
        states[:] = found
    if len(out):
        weight, bias = _layer(params, table[-1])
        out[:] = found @ weight.T + bias
