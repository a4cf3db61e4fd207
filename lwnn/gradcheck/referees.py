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


def _softplus_loss(goodness, threshold, y):
    """ζ(θ - G₊) + ζ(G₋ - θ), ζ the softplus (Hinton 2022)."""
    positive, negative = goodness
    return autodiff.softplus(threshold - positive) + autodiff.softplus(negative - threshold)


def _symba_loss(goodness, threshold, y):
    """ζ(G₋ - G₊) (Lee & Song 2023)."""
    positive, negative = goodness
    return autodiff.softplus(negative - positive)


def _swish_loss(goodness, threshold, y):
    """The sigmoid of u, times u = G₋ - G₊."""
    positive, negative = goodness
    return (negative - positive) * autodiff.sigmoid(negative - positive)


def _labels_loss(goodness, threshold, y):
    """Cross-entropy over the goodness of all labels."""
    onehot = np.eye(len(goodness))
    scores = sum(g * onehot[[label]] for label, g in enumerate(goodness))
    return _cross_entropy(scores, onehot[y])


#: Name of a loss of Forward-Forward layers to its value for every row, from the goodness (rows, 1)
#: under the own and under the wrong label, or under every label, the threshold, and the labels.
FF_LOSSES = {
    "softplus": _softplus_loss,
    "symba": _symba_loss,
    "swish": _swish_loss,
    "labels": _labels_loss,
}


def _goodness(network, h):
    return autodiff.sum(h * h if network.goodness == "squares" else h, axis=1, keepdims=True)


def _embedded(network, x, shares):
    """What layer 1 reads of the rows, and its label inputs: shares of the hot value."""
    labels = network.label_scale * np.broadcast_to(shares, (len(x), network.classes))
    level = _normalised if network.level else np.array
    if network.embed == "append":
        return level(x), labels
    # The label stands in the first inputs; its weights are the label's.
    x = level(np.hstack([labels, x[:, network.classes :]]))
    labels = x[:, : network.classes].copy()
    x[:, : network.classes] = 0
    return x, labels


def ff_outputs(network, moving, held, x, shares):
    """Outputs of every hidden layer.

    Each layer has the parameters `moving`, but reads what the layers below it hand on with the
    parameters `held`: nothing flows back from layer to layer.
    """
    inputs, labels = _embedded(network, x, shares)
    outputs = []
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
        onehot = np.eye(network.classes)
        if name == "labels":
            passes = [onehot[[label]] for label in range(network.classes)]
        else:
            passes = [onehot[problem.y], onehot[rule.wrong]]

        def loss(vector):
            moving = tensors(network, vector)
            outputs = [ff_outputs(network, moving, held, problem.x, labels) for labels in passes]
            total = 0.0
            for (g, threshold, _), layer in zip(
                rule.goals, zip(*outputs, strict=True), strict=True
            ):
                goodness = [float(g) * _goodness(network, h) for h in layer]
                rows = FF_LOSSES[name](goodness, float(threshold), problem.y)
                total = total + autodiff.mean(rows)
            return total

        return loss

    return referee


def _head_inputs(problem):
    """What the head reads: normalised outputs under a neutral label, with fixed layers."""
    network = problem.network
    held = tensors(network, problem.start.astype(np.float64))
    neutral = np.full((1, network.classes), 1 / network.classes)
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
    for shares in np.eye(network.classes):
        outputs = ff_outputs(network, held, held, problem.x, shares[None])
        goodness = (_goodness(network, h)[:, 0] for h in outputs)
        columns.append(sum(w * g for w, g in zip(readout, goodness, strict=True)))
    return np.stack(columns, axis=1)
