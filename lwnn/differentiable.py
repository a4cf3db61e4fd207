"""The nets written in `lwnn.autodiff`: what the kernels compute, in float64 and differentiable.

For checking the kernels, and for learning with functions that no kernel knows. Nothing here is
shared with the kernels or their twins. Parameters come as arrays or as variables, by name.
"""

import math

import numpy as np

from lwnn import autodiff
from lwnn.network import ACTIVATION, ACTIVATIONS

#: Added to a root mean square before it divides.
_TINY = 1e-6


def tensors(network, vector):
    """The parameters of a net by name, out of its vector.

    Parameters
    ----------
    network : Network
    vector : ndarray or Variable, shape (network.size,)

    Returns
    -------
    dict of str to ndarray or Variable
        Shaped and ordered as ``network.shapes``.
    """
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


def cross_entropy(scores, onehot):
    """-log of the share that the softmax gives the true class, for every row."""
    return -autodiff.sum(onehot * autodiff.log_softmax(scores), axis=1)


def dense_scores(network, named, x):
    """Scores of the output layer, (rows, classes), for scaled rows `x`."""
    for (name, _, _), row in zip(network.layers, network.table, strict=True):
        x = x @ named[f"{name}.weight"].T + named[f"{name}.bias"]
        x = activation(ACTIVATIONS[row[ACTIVATION]])(x)
    return x


def normalised(h):
    """Rows divided by their root mean square."""
    return h / (np.sqrt(autodiff.mean(h * h, axis=1, keepdims=True)) + _TINY)


def embedded(network, x, shares):
    """What layer 1 of a Forward-Forward net reads of the rows, and its label inputs.

    Parameters
    ----------
    x : ndarray, shape (rows, inputs)
        Scaled, not yet normalised.
    shares : ndarray, shape (rows or 1, classes)
        Label inputs as shares of the hot value.
    """
    labels = network.label_scale * np.broadcast_to(shares, (len(x), network.classes))
    level = normalised if network.level else np.array
    if network.embed == "append":
        return level(x), labels
    # The label stands in the first inputs; its weights are the label's.
    x = level(np.hstack([labels, x[:, network.classes :]]))
    labels = x[:, : network.classes].copy()
    x[:, : network.classes] = 0
    return x, labels


def ff_outputs(network, moving, held, x, shares):
    """Outputs of every hidden layer of a Forward-Forward net.

    Each layer has the parameters `moving`, but reads what the layers below it hand on with the
    parameters `held`: nothing flows back from layer to layer.

    Parameters
    ----------
    network : Network
    moving, held : dict
        Parameters by name; those `held` are arrays.
    x, shares
        As for `embedded`.

    Returns
    -------
    list of ndarray or Variable
        One per layer, (rows, units).
    """
    inputs, labels = embedded(network, x, shares)
    outputs = []
    for name, _, _ in network.layers[:-1]:
        outputs.append(_ff_layer(name, moving, inputs, labels))
        if name != network.layers[-2][0]:
            inputs = normalised(_ff_layer(name, held, inputs, labels))
    return outputs


def _ff_layer(name, named, inputs, labels):
    z = inputs @ named[f"{name}.weight"].T + named[f"{name}.bias"]
    if f"{name}.label" in named:
        z = z + labels @ named[f"{name}.label"].T
    return autodiff.relu(z)


def head_states(network, held, x):
    """What the softmax head of a Forward-Forward net reads: outputs under a neutral label."""
    neutral = np.full((1, network.classes), 1 / network.classes)
    outputs = ff_outputs(network, held, held, x, neutral)
    return np.hstack([normalised(h) for h in outputs[network.head_from :]])


def mf_scores(network, moving, held, x):
    """Scores of the head of every layer of a Mono-Forward net, (rows, classes) each.

    `moving` and `held` are as for `ff_outputs`.
    """
    scores, inputs = [], normalised(x) if network.level else x
    for number, _ in enumerate(network.hidden, start=1):
        outputs = _layer(f"layer{number}", moving, inputs)
        head = f"head{number}"
        scores.append(outputs @ moving[f"{head}.weight"].T + moving[f"{head}.bias"])
        inputs = normalised(_layer(f"layer{number}", held, inputs))
    return scores


def _layer(name, named, inputs):
    return autodiff.relu(inputs @ named[f"{name}.weight"].T + named[f"{name}.bias"])
