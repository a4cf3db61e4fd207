"""Mono-Forward in plain NumPy; see `lwnn/_kernels/mono.pxi` for the equations."""

import numpy as np

from lwnn._kernels.reference.net import CROSS_ENTROPY, _cost, _layer, _normalised, _scaled
from lwnn._kernels.reference.steps import Training, _batches

__all__ = ["mf_epoch", "mf_scores", "mf_workspace"]


def mf_workspace(table, batch, training, threads):
    return 0


def _inputs(x, level, scaler, clip, dtype, how=None):
    x = _scaled(x, scaler, clip, dtype)
    x = how.inputs(x) if how else x
    return _normalised(x) if level else x


def _passes(params, table, x, masks=None):
    """Inputs, outputs and head scores of every layer; `masks` are what is left of outputs."""
    layers = len(table) // 2
    masks = masks or [1] * layers
    for row, head, mask in zip(table[:layers], table[layers:], masks, strict=True):
        weight, bias = _layer(params, row)
        head_weight, head_bias = _layer(params, head)
        y = np.maximum(x @ weight.T + bias, 0) * mask
        yield x, y, y @ head_weight.T + head_bias
        x = _normalised(y)


def _gradient(params, table, x, y, masks):
    """Losses of all layers, summed over the rows, and the gradient of their means."""
    layers = len(table) // 2
    grad, losses = np.zeros_like(params), np.zeros(layers)
    for layer, (inputs, outputs, scores) in enumerate(_passes(params, table, x, masks)):
        costs, e = _cost(scores, y, CROSS_ENTROPY)
        losses[layer] = costs.sum()
        d = (e @ _layer(params, table[layers + layer])[0]) * (outputs > 0) * masks[layer]
        for row, error, read in ((layer, d, inputs), (layers + layer, e, outputs)):
            grad_weight, grad_bias = _layer(grad, table[row])
            grad_weight[:] = error.T @ read / len(x)
            grad_bias[:] = error.sum(axis=0) / len(x)
    return losses, grad


def mf_epoch(
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
    losses,
    workspace,
    threads,
):
    how = Training(table, method, hyper, state, step)
    for rows in _batches(order, batch):
        how.open(params)
        inputs = _inputs(x[rows], level, scaler, clip, params.dtype, how)
        masks = how.masks(len(rows), len(table) // 2)
        sums, grad = _gradient(params, table, inputs, y[rows], masks)
        how.update(params, grad)
        losses += sums


def mf_scores(
    params, table, level, x, scaler, clip, mean, sure, out, depth, batch, workspace, threads
):
    going = np.ones(len(x), bool)
    total = np.zeros_like(out)
    x = _inputs(x, level, scaler, clip, params.dtype)
    for layer, (_, _, scores) in enumerate(_passes(params, table, x), start=1):
        total += scores
        out[going] = (total / layer if mean else scores)[going]
        depth[going] = layer
        shares = np.exp(out - out.max(axis=1, keepdims=True))
        going &= (shares.max(axis=1) / shares.sum(axis=1) < sure) | (sure > 1)
