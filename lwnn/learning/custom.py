"""Learning with a cost or a goodness of one's own, written in `lwnn.autodiff`.

For trying out what no kernel knows: the gradient comes from autodiff in float64, the step from the
kernels' optimizer. It is slower than a kernel by orders of magnitude.
"""

import numpy as np

from lwnn._kernels import kernels
from lwnn.autodiff import Variable, mean, pull, reshape
from lwnn.differentiable import (
    FF_LOSSES,
    cross_entropy,
    dense_scores,
    drawn_labels,
    ff_outputs,
    head_states,
    tensors,
)
from lwnn.errors import UsageError
from lwnn.learning.backprop import Backprop
from lwnn.learning.forward_forward import ForwardForward


def custom_cost(cost):
    """A rule like backprop that minimises a cost of your own.

    Parameters
    ----------
    cost : callable
        ``cost(scores, onehot)`` gives the cost of every row, shape (rows,). ``scores`` are the
        outputs of the last layer, before any softmax or sigmoid, and ``onehot`` the labels, both
        of shape (rows, classes).

    Returns
    -------
    type of Rule
        For ``lwnn.train(data, lwnn.Options(algo="bp"), rule=...)``. The option ``cost`` then says
        only how scores become shares when the model predicts.

    Examples
    --------
    >>> import numpy as np
    >>> def hinge(scores, onehot):
    ...     return np.sum(np.maximum(0, 1 - (2 * onehot - 1) * scores), axis=1)
    >>> rule = custom_cost(hinge)
    """
    return _rule("custom_cost", _CustomCost, cost)


def custom_goodness(goodness, threshold=None):
    """A rule like Forward-Forward with a goodness of your own.

    Every layer minimises the loss that the option ``loss`` names, of its goodness under a row's own
    label and under a wrong one, or under all labels; the softmax head learns beside the layers.

    Parameters
    ----------
    goodness : callable
        ``goodness(y)`` gives the goodness of every row, shape (rows,), from the outputs of a layer
        after the ReLU, shape (rows, units). It enters the loss as it is: the larger it is, the
        sharper the loss.
    threshold : float, optional
        What separates right labels from wrong ones, for the loss ``softplus``, which needs it.

    Returns
    -------
    type of Rule
        For ``lwnn.train(data, lwnn.Options(algo="ff", readout="head"), rule=...)``. A model file
        holds no function: the model can be read by its head only. The options ``goodness``,
        ``threshold`` and ``sharpness`` mean nothing to it.

    Examples
    --------
    >>> import numpy as np
    >>> rule = custom_goodness(lambda y: 10 * np.mean(np.abs(y), axis=1))
    """
    theta = None if threshold is None else float(threshold)
    return _rule("custom_goodness", _CustomGoodness, goodness, theta=theta)


def _rule(kind, base, function, **members):
    """A subclass whose name, which a model records, tells the function."""
    members = {"function": staticmethod(function), "__module__": __name__, **members}
    return type(f"{kind}({_name(function)})", (base,), members)


def _name(function):
    return getattr(function, "__name__", type(function).__name__)


class _ByAutodiff:
    """What both have: steps of the kernels' optimizer with gradients by autodiff."""

    def workspace_size(self):
        return 0

    def learn(self, order, rate):
        self.check_step()
        parts = (order[n : n + self.batch] for n in range(0, len(order), self.batch))
        return sum(self._step(rows, rate) for rows in parts)

    def check_step(self):
        """Refuse what is done to a row or a weight within the kernels, which are not asked."""
        for name in ("weight_noise", "input_noise", "dropout", "label_smoothing"):
            if getattr(self.optimizer, name):
                option = name.replace("_", "-")
                raise UsageError(f"--{option} does not go with a function of your own")

    def _step(self, rows, rate):
        vector = Variable(self.params.vector)
        said, *others = self.objectives(tensors(self.network, vector), rows)
        (gradient,) = pull(sum(others, said), [vector])
        kernels.optimizer_step(
            self.params.vector,
            gradient.astype(np.float32),
            self.network.table,
            *self.optimizer.arguments(rate),
        )
        self.optimizer.step += 1
        return float(said.value) * len(rows)

    def scaled(self, rows):
        """Rows as the net reads them, in float64."""
        offset, scale = self.scaler.astype(np.float64)
        return np.clip((self.rows.x[rows] - offset) * scale, -self.clip, self.clip)

    def onehot(self, labels):
        return np.eye(self.network.classes)[labels]

    def call(self, *arguments):
        """The user's function, held to what it promises."""
        found, rows = self.function(*arguments), len(arguments[0])
        name = _name(self.function)
        if not isinstance(found, Variable):
            raise UsageError(
                f"{name} gives no function of its argument to differentiate; compute with "
                "operators, NumPy's functions and those of lwnn.autodiff"
            )
        if found.shape != (rows,):
            raise UsageError(
                f"{name} gives an array of shape {found.shape}; expected a number for each of the "
                f"{rows} rows, shape ({rows},)"
            )
        return found


class _CustomCost(_ByAutodiff, Backprop):
    def objectives(self, named, rows):
        scores = dense_scores(self.network, named, self.scaled(rows))
        return [mean(self.call(scores, self.onehot(self.rows.y[rows])))]


#: Options of Forward-Forward that change how the kernel steps, and mean nothing here.
_PLAIN = {"peer": 0.0, "head_rate": None, "greedy": False}


class _CustomGoodness(_ByAutodiff, ForwardForward):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        if self.readout != "head":
            raise UsageError(
                "a model holds no goodness of your own to be read by; give readout='head'"
            )
        if self.loss == "softplus" and self.theta is None:
            raise UsageError(
                "loss='softplus' compares goodness with a threshold; give "
                "custom_goodness(..., threshold=...), or another loss"
            )
        for name, plain in _PLAIN.items():
            if getattr(self, name) != plain:
                raise UsageError(f"{name} does not go with a goodness of your own")

    def objectives(self, named, rows):
        """The layers' losses, summed, and that of the head."""
        x, y, network = self.scaled(rows), self.rows.y[rows], self.network
        held = tensors(network, self.params.vector.astype(np.float64))
        scores = head_states(network, held, x) @ named["head.weight"].T + named["head.bias"]
        passes = [
            ff_outputs(network, named, held, x, self.onehot(labels))
            for labels in self.labels(scores.value, y, rows)
        ]
        layers = 0.0
        for outputs in zip(*passes, strict=True):
            goodness = [reshape(self.call(h), (len(rows), 1)) for h in outputs]
            layers += mean(FF_LOSSES[self.loss](goodness, self.theta, y))
        return layers, mean(cross_entropy(scores, self.onehot(y)))

    def labels(self, scores, y, rows):
        """Labels of every pass: the own and a wrong one of each row, or all in turn."""
        if self.loss == "labels":
            return [np.full(len(rows), label) for label in range(self.network.classes)]
        if self.negatives == "hard":
            return y, drawn_labels(scores, y, self.places[rows])
        return y, self.wrong[rows]
