"""The perceptron (Rosenblatt 1958): a layer of step units, and the rule that taught the first."""

import numpy as np

from lwnn._kernels import kernels
from lwnn.errors import UsageError
from lwnn.learning.rule import Rule, scaled_normal


class Perceptron(Rule):
    """One unit per class that fires, y = 1, if w · x + b > 0, and learns from its mistakes.

    w += rate (t - y) x and b += rate (t - y) after every row, with t = 1 for the row's own class
    and 0 for the others. If a plane separates each class from the rest, the mistakes come to an
    end (Novikoff 1962); if none does, they never do. The prediction is the class with the highest
    w · x + b, which is the one that fires where only one does.
    """

    forward_passes = 1

    def __init__(self, network, *args, **kwargs):
        if network.hidden:
            raise UsageError(
                "the perceptron rule teaches a single layer; leave out --hidden, or train hidden "
                "layers by --algo bp"
            )
        super().__init__(network, *args, **{**kwargs, "batch": 1})

    def start(self, rng):
        """N(0, 1/inputs)."""
        scaled_normal(self.params, rng, 1.0)

    def workspace_size(self):
        return kernels.perceptron_workspace(self.network.table)

    @staticmethod
    def row_work(network):
        return 2 * network.size

    def learn(self, order, rate):
        self.optimizer.step += len(order)
        return kernels.perceptron_epoch(
            self.params.vector,
            self.network.table,
            self.rows.x,
            self.scaler,
            self.clip,
            self.rows.y,
            np.ascontiguousarray(order, np.int32),
            rate,
            self.workspace,
        )
