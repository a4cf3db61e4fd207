"""What the kernels should compute, written in `lwnn.autodiff` and in float64.

Nothing here is shared with the kernels or their twins: a formula stands as its source has it.
"""

import numpy as np

from lwnn import autodiff
from lwnn.differentiable import (
    cross_entropy,
    dense_scores,
    ff_outputs,
    head_states,
    mf_scores,
    tensors,
)

# ---------------------------------------------------------------- dense nets


def _half_square(scores, onehot):
    """½ |a - t|² with a the sigmoid outputs (Nielsen 2015, chapter 1)."""
    return 0.5 * autodiff.sum((autodiff.sigmoid(scores) - onehot) ** 2, axis=1)


#: Name in `lwnn.network.COSTS` to the cost of every row, from scores and one-hot labels.
COSTS = {"cross-entropy": cross_entropy, "mse": _half_square}


def dense_loss(problem):
    """The mean cost, as a function of the parameters."""
    network, onehot = problem.network, np.eye(problem.network.classes)[problem.y]

    def loss(vector):
        return autodiff.mean(
            COSTS[network.cost](dense_scores(network, tensors(network, vector), problem.x), onehot)
        )

    return loss


# ---------------------------------------------------------------- Forward-Forward


def _softplus_loss(up, down, threshold):
    """ζ(θ - G₊) + ζ(G₋ - θ), ζ the softplus (Hinton 2022)."""
    return autodiff.softplus(threshold - up) + autodiff.softplus(down - threshold)


def _symba_loss(up, down, threshold):
    """ζ(G₋ - G₊) (Lee & Song 2023)."""
    return autodiff.softplus(down - up)


def _swish_loss(up, down, threshold):
    """u · sigmoid(u) of u = G₋ - G₊."""
    return (down - up) * autodiff.sigmoid(down - up)


#: Name of a loss of Forward-Forward layers to its value for every row, from the goodness under the
#: own and under a wrong label, and the threshold; None: cross-entropy over that of all labels.
FF_LOSSES = {
    "softplus": _softplus_loss,
    "symba": _symba_loss,
    "swish": _swish_loss,
    "labels": None,
}
#: What a goodness sums over the units, by its name in `lwnn.network.ELEMENTS`.
ELEMENTS = {"squares": autodiff.square, "absolute": autodiff.absolute}


def _goodness(problem, vector, labels):
    """Goodness of every layer for rows under these labels."""
    network, element = problem.network, ELEMENTS[problem.network.goodness]
    outputs = ff_outputs(
        network,
        tensors(network, vector),
        tensors(network, problem.start.astype(np.float64)),
        problem.x,
        np.eye(network.classes)[labels],
    )
    factors = problem.rule.goals[:, 0].astype(np.float64)
    return [g * autodiff.sum(element(h), axis=1) for g, h in zip(factors, outputs, strict=True)]


def _negatives(problem):
    """Labels of the negatives: the rule's own, or drawn by what the head takes for right."""
    rule, classes = problem.rule, problem.network.classes
    if rule.negatives == "random":
        return rule.wrong
    shares = autodiff.softmax(head_scores(problem))
    shares[np.arange(len(shares)), problem.y] = 0
    reached = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    return np.minimum((reached <= rule.places[:, None]).sum(axis=1), classes - 1)


def ff_loss(problem):
    """The sum of the layers' mean losses, as a function of the parameters."""
    rule, rows = problem.rule, FF_LOSSES[problem.rule.loss]
    thresholds = rule.goals[:, 1].astype(np.float64)
    if rows is None:
        return lambda vector: _labels_loss(problem, vector)
    wrong = _negatives(problem)

    def loss(vector):
        layers = zip(
            _goodness(problem, vector, problem.y),
            _goodness(problem, vector, wrong),
            thresholds,
            strict=True,
        )
        return sum(autodiff.mean(rows(*layer)) for layer in layers)

    return loss


def _labels_loss(problem, vector):
    """Cross-entropy over a softmax of the goodness of all labels."""
    count, classes = len(problem.y), problem.network.classes
    by_label = [_goodness(problem, vector, np.full(count, label)) for label in range(classes)]
    onehot, total = np.eye(classes)[problem.y], 0.0
    for layer in zip(*by_label, strict=True):
        columns = [autodiff.reshape(goodness, (count, 1)) for goodness in layer]
        scores = autodiff.concatenate(columns, axis=1)
        total = total + autodiff.mean(cross_entropy(scores, onehot))
    return total


def _head_inputs(problem):
    """What the head reads, with fixed layers."""
    held = tensors(problem.network, problem.start.astype(np.float64))
    return head_states(problem.network, held, problem.x)


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
        return autodiff.mean(cross_entropy(scores, onehot))

    return loss


def goodness_scores(problem):
    """Goodness of every label, weighted over the layers."""
    goals, start = problem.rule.goals.astype(np.float64), problem.start.astype(np.float64)
    weights = goals[:, 2] / goals[:, 0]
    columns = []
    for label in range(problem.network.classes):
        layers = _goodness(problem, start, np.full(len(problem.y), label))
        columns.append(sum(w * g for w, g in zip(weights, layers, strict=True)))
    return np.stack(columns, axis=1)


# ---------------------------------------------------------------- Mono-Forward


def mf_loss(problem):
    """The sum of all heads' mean cross-entropies; nothing flows from layer to layer."""
    network, onehot = problem.network, np.eye(problem.network.classes)[problem.y]
    held = tensors(network, problem.start.astype(np.float64))

    def loss(vector):
        scores = mf_scores(network, tensors(network, vector), held, problem.x)
        return sum(autodiff.mean(cross_entropy(one, onehot)) for one in scores)

    return loss


def mf_last(problem):
    """Scores of the last head."""
    held = tensors(problem.network, problem.start.astype(np.float64))
    return mf_scores(problem.network, held, held, problem.x)[-1]


def mf_sum(problem):
    """The mean of all heads' scores: their sum, on the scale of one."""
    held = tensors(problem.network, problem.start.astype(np.float64))
    return np.mean(mf_scores(problem.network, held, held, problem.x), axis=0)


# ---------------------------------------------------------------- estimates


def along_signs(network, slope, got):
    """What moving all weights by signs estimates: the slope along them, times the signs."""
    signs = np.sign(got)
    return (slope @ signs) * signs


def along_fans(network, slope, got):
    """The same for the weights and the bias of one unit after the other."""
    signs, want = np.sign(got), np.empty_like(slope)
    parts = [tensors(network, vector) for vector in (slope, signs, want)]
    for name, _, _ in network.layers:
        (g, s, out), (gb, sb, out_b) = (
            [part[f"{name}.{kind}"] for part in parts] for kind in ("weight", "bias")
        )
        along = (g * s).sum(axis=1) + gb * sb
        out[:], out_b[:] = along[:, None] * s, along * sb
    return want
