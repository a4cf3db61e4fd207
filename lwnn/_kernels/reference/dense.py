"""Dense nets and backprop in plain NumPy; see `lwnn/_kernels/dense.pxi`."""

import numpy as np

from lwnn._kernels.reference.net import (
    ACTIVATION,
    _activate,
    _cost,
    _forward,
    _layer,
    _scaled,
    _slope,
)
from lwnn._kernels.reference.steps import Training, _batches

__all__ = ["bp_epoch", "dense_scores", "dense_workspace"]


def dense_workspace(table, batch, training, threads):
    return 0


def dense_scores(params, table, x, scaler, clip, out, batch, workspace, threads):
    if len(x):
        out[:] = _forward(params, table, _scaled(x, scaler, clip, params.dtype))[-1]


def _bp_gradient(params, table, cost, x, y, how):
    grad = np.empty_like(params)
    masks = how.masks(len(x), len(table) - 1)
    acts, slopes = [x], []
    for row, mask in zip(table, [*masks, 1.0], strict=True):
        weight, bias = _layer(params, row)
        out = _activate(acts[-1] @ weight.T + bias, row[ACTIVATION])
        slopes.append(_slope(out, row[ACTIVATION]) * mask)
        acts.append((out * mask).astype(params.dtype))
    costs, delta = _cost(acts[-1], y, cost, how.smoothing)
    for layer in range(len(table) - 1, -1, -1):
        row = table[layer]
        grad_weight, grad_bias = _layer(grad, row)
        grad_weight[:] = delta.T @ acts[layer] / len(x)
        grad_bias[:] = delta.sum(axis=0) / len(x)
        if layer:
            delta = (delta @ _layer(params, row)[0]) * slopes[layer - 1]
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
    loss, how = 0.0, Training(table, method, hyper, state, step)
    for rows in _batches(order, batch):
        how.open(params)
        inputs = how.inputs(_scaled(x[rows], scaler, clip, params.dtype))
        cost_sum, grad = _bp_gradient(params, table, cost, inputs, y[rows], how)
        how.update(params, grad)
        loss += float(cost_sum)
    return loss
