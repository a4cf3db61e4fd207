"""The nets written in `lwnn.autodiff`: what the kernels compute, in float64 and differentiable.

For checking the kernels, and for learning with functions that no kernel knows. Nothing here is
shared with the kernels or their twins. Parameters come as arrays or as variables, by name.
"""

import math

import numpy as np

from lwnn import autodiff
from lwnn.network import ACTIVATION, ACTIVATIONS, DYNAMICS

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


def elman_scores(network, named, x):
    """Scores of the output layer of a recurrent net, (rows, classes), for scaled rows `x`."""
    f, states = activation(network.activation), [0.0] * len(network.hidden)
    for values in np.split(x, network.timesteps, axis=1):
        below = values
        for n, (name, inputs, units) in enumerate(network.layers[:-1]):
            weight = named[f"{name}.weight"].T
            z = below @ weight[: inputs - units] + named[f"{name}.bias"]
            if not isinstance(states[n], float):
                z = z + states[n] @ weight[inputs - units :]
            below = states[n] = f(z)
    return below @ named["output.weight"].T + named["output.bias"]


def output_scores(network, named, x):
    """Scores of the output layer of a net that has one: of a dense or a recurrent net."""
    return (elman_scores if network.kind == "elman" else dense_scores)(network, named, x)


def normalised(h):
    """Rows divided by their root mean square."""
    return h / (np.sqrt(autodiff.mean(h * h, axis=1, keepdims=True)) + _TINY)


def leveled(network, x):
    """Scaled rows, divided by their root mean square where the net asks for it."""
    return normalised(x) if network.level else x


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
    if network.embed == "append":
        return leveled(network, x), labels
    # The label stands in the first inputs; its weights are the label's.
    x = leveled(network, np.hstack([labels, x[:, network.classes :]]))
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
    return cross_entropy(scores, onehot[y])


#: Name of a loss of Forward-Forward layers to its value for every row, from the goodness (rows, 1)
#: under the own and under the wrong label, or under every label, the threshold, and the labels.
FF_LOSSES = {
    "softplus": _softplus_loss,
    "symba": _symba_loss,
    "swish": _swish_loss,
    "labels": _labels_loss,
}


def drawn_labels(scores, y, places):
    """Wrong labels, drawn by their probabilities in a softmax.

    Parameters
    ----------
    scores : ndarray, shape (rows, classes)
    y : ndarray of int, shape (rows,)
        The right labels, which are not drawn.
    places : ndarray, shape (rows,)
        In [0, 1): where in the distribution of the wrong ones each row draws.
    """
    shares = autodiff.softmax(scores)
    shares[np.arange(len(y)), y] = 0
    reached = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    drawn = (reached <= places[:, None]).sum(axis=1)
    # What rounding leaves above the last sum goes to the last wrong label.
    last = scores.shape[1] - 1
    return np.minimum(drawn, np.where(y == last, last - 1, last))


def un_outputs(network, moving, held, x):
    """Outputs of every hidden layer of an ``un`` net; arguments as of `ff_outputs`."""
    outputs, inputs = [], leveled(network, x)
    for name, _, _ in network.layers[:-1]:
        outputs.append(_layer(name, moving, inputs))
        inputs = normalised(_layer(name, held, inputs))
    return outputs


def td_outputs(network, moving, held, x, labels):
    """Outputs of every layer of a ``td`` net in every step that counts.

    Parameters
    ----------
    network, moving, held, x
        As of `ff_outputs`.
    labels : ndarray of int, shape (rows,)
        What is held to the top.

    Returns
    -------
    list of list
        Steps, and in each the layers.
    """
    x, top = leveled(network, x), len(network.hidden)
    states = td_start(network, held, x)
    steps = []
    for _ in range(DYNAMICS.last):
        old = [x, *(normalised(state) for state in states)]
        label = network.label_scale * np.eye(network.classes)[labels]

        def outputs(named, old=old, label=label):
            found = []
            for n in range(1, top + 1):
                z = old[n - 1] @ named[f"layer{n}.weight"].T + named[f"layer{n}.bias"]
                above = (label, f"layer{n}.label") if n == top else (old[n + 1], f"above{n}.weight")
                found.append(autodiff.relu(z + above[0] @ named[above[1]].T))
            return found

        steps.append(outputs(moving))
        new = outputs(held)
        keep = DYNAMICS.keep
        states = [keep * s + (1 - keep) * y for s, y in zip(states, new, strict=True)]
    return steps[DYNAMICS.first - 1 :]


def td_start(network, named, x):
    """Outputs of every layer of a ``td`` net upwards, without a label, from levelled rows."""
    outputs = []
    for n in range(1, len(network.hidden) + 1):
        inputs = normalised(outputs[-1]) if outputs else x
        outputs.append(_layer(f"layer{n}", named, inputs))
    return outputs


def mf_scores(network, moving, held, x):
    """Scores of the head of every layer of a Mono-Forward net, (rows, classes) each.

    `moving` and `held` are as for `ff_outputs`.
    """
    scores, inputs = [], leveled(network, x)
    for number, _ in enumerate(network.hidden, start=1):
        outputs = _layer(f"layer{number}", moving, inputs)
        head = f"head{number}"
        scores.append(outputs @ moving[f"{head}.weight"].T + moving[f"{head}.bias"])
        inputs = normalised(_layer(f"layer{number}", held, inputs))
    return scores


def _layer(name, named, inputs):
    return autodiff.relu(inputs @ named[f"{name}.weight"].T + named[f"{name}.bias"])
