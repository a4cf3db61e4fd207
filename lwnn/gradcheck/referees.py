"""What the kernels should compute, written in `lwnn.autodiff` and in float64.

Nothing here is shared with the kernels or their twins: a formula stands as its source has it.
"""

import math

import numpy as np

from lwnn import autodiff
from lwnn.network import ACTIVATION, ACTIVATIONS

#: Added to a root mean square before it divides.
_TINY = 1e-6


def tensors(network, vector):
    """The parameters of a net by name, out of its vector: an array or a variable."""
    named, start = {}, 0
    for name, shape in network.shapes.items():
        stop = start + math.prod(shape)
        named[name] = autodiff.reshape(vector[start:stop], shape)
        start = stop
    return named


def activation(name):
    """An activation function by its name in `lwnn.network.ACTIVATIONS`."""
    if name == "linear":
        return autodiff.positive
    return getattr(autodiff, name.replace("-", "_"))


# ---------------------------------------------------------------- dense nets


def _half_square(scores, onehot):
    """½ |a - t|² with a the sigmoid outputs (Nielsen 2015, chapter 1)."""
    return 0.5 * autodiff.sum((autodiff.sigmoid(scores) - onehot) ** 2, axis=1)


def _cross_entropy(scores, onehot):
    """-log of the share that the softmax gives the true class."""
    return -autodiff.sum(onehot * autodiff.log_softmax(scores), axis=1)


#: Name in `lwnn.network.COSTS` to the cost of every row, from scores and one-hot labels.
COSTS = {"cross-entropy": _cross_entropy, "mse": _half_square}


def dense_scores(network, vector, x):
    """Scores of the output layer."""
    named = tensors(network, vector)
    for (name, _, _), row in zip(network.layers, network.table, strict=True):
        x = x @ named[f"{name}.weight"].T + named[f"{name}.bias"]
        x = activation(ACTIVATIONS[row[ACTIVATION]])(x)
    return x


def dense_loss(problem):
    """The mean cost, as a function of the parameters."""
    network, onehot = problem.network, np.eye(problem.network.classes)[problem.y]

    def loss(vector):
        return autodiff.mean(COSTS[network.cost](dense_scores(network, vector, problem.x), onehot))

    return loss


# ---------------------------------------------------------------- Forward-Forward


def _normalised(h):
    return h / (np.sqrt(autodiff.mean(h * h, axis=1, keepdims=True)) + _TINY)


def _softplus_loss(positive, negative, threshold):
    """ζ(θ - G₊) + ζ(G₋ - θ), ζ the softplus (Hinton 2022)."""
    return autodiff.softplus(threshold - positive) + autodiff.softplus(negative - threshold)


#: Name of a loss of Forward-Forward layers to its value for every row, from the goodness under the
#: own and under the wrong label, and the threshold.
FF_LOSSES = {"softplus": _softplus_loss}


def ff_outputs(network, moving, held, x, labels):
    """Outputs of every hidden layer.

    Each layer has the parameters `moving`, but reads what the layers below it hand on with the
    parameters `held`: nothing flows back from layer to layer.
    """
    outputs, inputs = [], _normalised(x)
    for name, _, _ in network.layers[:-1]:

        def layer(named, name=name, inputs=inputs):
            z = inputs @ named[f"{name}.weight"].T + named[f"{name}.bias"]
            if f"{name}.label" in named:
                z = z + labels @ named[f"{name}.label"].T
            return autodiff.relu(z)

        outputs.append(layer(moving))
        inputs = _normalised(layer(held))
    return outputs


def ff_loss(name):
    """The sum of the layers' mean losses, as a function of the parameters, for a loss by name."""

    def referee(problem):
        network, rule = problem.network, problem.rule
        held = tensors(network, problem.start.astype(np.float64))

        def goodness(vector, labels):
            onehot = network.label_scale * np.eye(network.classes)[labels]
            outputs = ff_outputs(network, tensors(network, vector), held, problem.x, onehot)
            factors = rule.goals[:, 0].astype(np.float64)
            return [g * autodiff.sum(h * h, axis=1) for g, h in zip(factors, outputs, strict=True)]

        def loss(vector):
            pairs = zip(goodness(vector, problem.y), goodness(vector, rule.wrong), strict=True)
            total = 0.0
            for threshold, (positive, negative) in zip(rule.goals[:, 1], pairs, strict=True):
                rows = FF_LOSSES[name](positive, negative, float(threshold))
                total = total + autodiff.mean(rows)
            return total

        return loss

    return referee


def _head_inputs(problem):
    """What the head reads: normalised outputs under a neutral label, with fixed layers."""
    network = problem.network
    held = tensors(network, problem.start.astype(np.float64))
    neutral = np.full((len(problem.x), network.classes), network.label_scale / network.classes)
    outputs = ff_outputs(network, held, held, problem.x, neutral)[network.head_from :]
    return np.hstack([_normalised(h) for h in outputs])


def head_scores(problem):
    """Scores of the softmax head."""
    named = tensors(problem.network, problem.start.astype(np.float64))
    return _head_inputs(problem) @ named["head.weight"].T + named["head.bias"]


def head_loss(problem):
    """The head's mean cross-entropy, as a function of the parameters."""
    states, onehot = _head_inputs(problem), np.eye(problem.network.classes)[problem.y]

    def loss(vector):
        named = tensors(problem.network, vector)
        scores = states @ named["head.weight"].T + named["head.bias"]
        return autodiff.mean(_cross_entropy(scores, onehot))

    return loss


def goodness_scores(problem):
    """Goodness of every label, weighted over the layers."""
    network, readout = problem.network, problem.rule.goals[:, 2].astype(np.float64)
    held = tensors(network, problem.start.astype(np.float64))
    columns = []
    for label in range(network.classes):
        labels = np.zeros((len(problem.x), network.classes))
        labels[:, label] = network.label_scale
        outputs = ff_outputs(network, held, held, problem.x, labels)
        columns.append(sum(w * (h * h).sum(axis=1) for w, h in zip(readout, outputs, strict=True)))
    return np.stack(columns, axis=1)
