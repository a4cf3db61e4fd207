"""What the kernels should compute, written in `lwnn.autodiff` and in float64.

Nothing here is shared with the kernels or their twins: a formula stands as its source has it.
"""

import numpy as np

from lwnn import autodiff
from lwnn.differentiable import (
    FF_LOSSES,
    cross_entropy,
    drawn_labels,
    ff_outputs,
    head_states,
    leveled,
    mf_scores,
    normalised,
    output_scores,
    td_outputs,
    td_start,
    tensors,
    un_outputs,
)
from lwnn.learning.unsupervised import SHARPNESS
from lwnn.network import DYNAMICS

# ---------------------------------------------------------------- nets with an output layer


def _half_square(scores, onehot):
    """½ |a - t|² with a the sigmoid outputs (Nielsen 2015, chapter 1)."""
    return 0.5 * autodiff.sum((autodiff.sigmoid(scores) - onehot) ** 2, axis=1)


def _binary_cross_entropy(scores, onehot):
    """-ln a for the own class, -ln(1 - a) for the others, with a the sigmoid outputs."""
    return autodiff.sum(autodiff.softplus(scores) - onehot * scores, axis=1)


def _half_square_of_scores(scores, onehot):
    return 0.5 * autodiff.sum((scores - onehot) ** 2, axis=1)


#: Pair in `lwnn.network.PAIRS` to the cost of every row, from scores and one-hot labels.
COSTS = {
    ("cross-entropy", "softmax"): cross_entropy,
    ("cross-entropy", "sigmoid"): _binary_cross_entropy,
    ("mse", "sigmoid"): _half_square,
    ("mse", "linear"): _half_square_of_scores,
}


def output_loss(problem):
    """The mean cost of what the output layer says, as a function of the parameters."""
    network, onehot = problem.network, np.eye(problem.network.classes)[problem.y]
    cost = COSTS[network.cost, network.output]

    def loss(vector):
        named = tensors(network, vector)
        return autodiff.mean(cost(output_scores(network, named, problem.x), onehot))

    return loss


# ---------------------------------------------------------------- Forward-Forward


def _goodness(network, h):
    return autodiff.sum(h * h if network.goodness == "squares" else h, axis=1, keepdims=True)


def _negatives(problem):
    """Labels of the negatives: the rule's own, or drawn by what the head takes for right."""
    if problem.rule.negatives == "random":
        return problem.rule.wrong
    return drawn_labels(head_scores(problem), problem.y, problem.rule.places)


def ff_loss(name):
    """The sum of the layers' mean losses, as a function of the parameters, for a loss by name."""

    def referee(problem):
        network, rule = problem.network, problem.rule
        held = tensors(network, problem.start.astype(np.float64))
        onehot = np.eye(network.classes)
        if name == "labels":
            passes = [onehot[[label]] for label in range(network.classes)]
        else:
            passes = [onehot[problem.y], onehot[_negatives(problem)]]

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
    """What the head reads, with fixed layers."""
    held = tensors(problem.network, problem.start.astype(np.float64))
    return head_states(problem.network, held, problem.x)


def head_scores(problem):
    """Scores of the softmax head."""
    named = tensors(problem.network, problem.start.astype(np.float64))
    return _head_inputs(problem) @ named["head.weight"].T + named["head.bias"]


def head_loss(problem):
    """The head's mean cross-entropy, as a function of the parameters."""
    return _softmax_loss(problem, _head_inputs(problem))


def _softmax_loss(problem, states):
    onehot = np.eye(problem.network.classes)[problem.y]

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
    for shares in np.eye(network.classes):
        outputs = ff_outputs(network, held, held, problem.x, shares[None])
        goodness = (_goodness(network, h)[:, 0] for h in outputs)
        columns.append(sum(w * g for w, g in zip(readout, goodness, strict=True)))
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


# ---------------------------------------------------------------- without labels


def un_loss(problem):
    """u · sigmoid(u) of u = a (hybrid's - own mean square), summed over the layers."""
    network, rule = problem.network, problem.rule
    held = tensors(network, problem.start.astype(np.float64))
    hybrids = np.where(rule.masks[rule.mask] > 0, problem.x, problem.x[rule.partner])

    def loss(vector):
        moving, total = tensors(network, vector), 0.0
        passes = (un_outputs(network, moving, held, x) for x in (problem.x, hybrids))
        for own, hybrid in zip(*passes, strict=True):
            goodness = [SHARPNESS * autodiff.mean(h * h, axis=1) for h in (own, hybrid)]
            total = total + autodiff.mean(FF_LOSSES["swish"](goodness, None, problem.y))
        return total

    return loss


def _un_states(problem):
    held = tensors(problem.network, problem.start.astype(np.float64))
    outputs = un_outputs(problem.network, held, held, problem.x)
    return np.hstack([normalised(h) for h in outputs])


def un_scores(problem):
    """Scores of the head over all layers."""
    named = tensors(problem.network, problem.start.astype(np.float64))
    return _un_states(problem) @ named["head.weight"].T + named["head.bias"]


def un_head_loss(problem):
    """The head's mean cross-entropy, the layers standing still."""
    return _softmax_loss(problem, _un_states(problem))


# ---------------------------------------------------------------- top-down


def _td_held(problem):
    return tensors(problem.network, problem.start.astype(np.float64))


def _td_states(problem):
    outputs = td_start(problem.network, _td_held(problem), leveled(problem.network, problem.x))
    return np.hstack([normalised(h) for h in outputs])


def td_loss(problem):
    """u · sigmoid(u), u = a (mean square under the wrong label - right one), mean over steps."""
    network, held = problem.network, _td_held(problem)
    wrong = drawn_labels(td_head_scores(problem), problem.y, problem.rule.places)

    def loss(vector):
        moving, total = tensors(network, vector), 0.0
        passes = (td_outputs(network, moving, held, problem.x, y) for y in (problem.y, wrong))
        for right_step, wrong_step in zip(*passes, strict=True):
            for pair in zip(right_step, wrong_step, strict=True):
                goodness = [DYNAMICS.sharpness * autodiff.mean(h * h, axis=1) for h in pair]
                total = total + autodiff.mean(FF_LOSSES["swish"](goodness, None, problem.y))
        return total / DYNAMICS.steps

    return loss


def td_head_scores(problem):
    """Scores of the head, from the states before the first step."""
    named = _td_held(problem)
    return _td_states(problem) @ named["head.weight"].T + named["head.bias"]


def td_head_loss(problem):
    """The head's mean cross-entropy, the layers standing still."""
    return _softmax_loss(problem, _td_states(problem))


def td_goodness_scores(problem):
    """Mean square of the outputs, over layers and steps, of every label in turn."""
    network, held = problem.network, _td_held(problem)
    columns = []
    for label in range(network.classes):
        labels = np.full(len(problem.y), label)
        steps = td_outputs(network, held, held, problem.x, labels)
        columns.append(np.mean([(h * h).mean(axis=1) for step in steps for h in step], axis=0))
    return DYNAMICS.sharpness * np.stack(columns, axis=1)


# ---------------------------------------------------------------- the perceptron


def perceptron_loss(problem):
    """How far the wrong units are on the wrong side: |z| of each."""
    network, onehot = problem.network, np.eye(problem.network.classes)[problem.y]

    def loss(vector):
        z = output_scores(network, tensors(network, vector), problem.x)
        return autodiff.sum(autodiff.relu(z) - onehot * z) / len(problem.y)

    return loss
