"""The perceptron rule in plain NumPy; see `lwnn/_kernels/perceptron.pxi`."""

import numpy as np

from lwnn._kernels.reference.net import _layer, _one_hot, _scaled

__all__ = ["perceptron_epoch", "perceptron_workspace"]


def perceptron_workspace(table):
    return 0


def perceptron_epoch(params, table, x, scaler, clip, y, order, rate, workspace):
    loss = 0.0
    weight, bias = _layer(params, table[0])
    for row in order:
        inputs = _scaled(x[row], scaler, clip, params.dtype)
        z = weight @ inputs + bias
        error = _one_hot(y[row], len(bias), params.dtype) - (z > 0)
        loss -= float(error @ z)
        weight += rate * np.outer(error, inputs)
        bias += rate * error
    return loss
