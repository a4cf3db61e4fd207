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


def _softplus_loss(positive, negative, threshold):
    """ζ(θ - G₊) + ζ(G₋ - θ), ζ the softplus (Hinton 2022)."""
    return autodiff.softplus(threshold - positive) + autodiff.softplus(negative - threshold)


#: Name of a loss of Forward-Forward layers to its value for every row, from the goodness under the
#: own and under the wrong label, and the threshold.
FF_LOSSES = {"softplus": _softplus_loss}


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
    network, readout = problem.network, problem.rule.goals[:, 2].astype(np.float64)
    held = tensors(network, problem.start.astype(np.float64))
    columns = []
    for label in range(network.classes):
        labels = np.zeros((len(problem.x), network.classes))
        labels[:, label] = network.label_scale
        outputs = ff_outputs(network, held, held, problem.x, labels)
        columns.append(sum(w * (h * h).sum(axis=1) for w, h in zip(readout, outputs, strict=True)))
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
