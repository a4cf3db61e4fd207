"""Backprop (Rumelhart, Hinton & Williams 1986): the yardstick of the other rules."""

import numpy as np

from lwnn._kernels import kernels
from lwnn.learning.rule import Rule
from lwnn.learning.saturation import saturation
from lwnn.learning.starts import STARTS


class Backprop(Rule):
    """Gradient of the cost by the chain rule, from the output layer down.

    Parameters
    ----------
    weights : {'he', 'lecun', 'xavier', 'normal'}, optional
        How the weights start, see `lwnn.learning.starts`. Left out: He for ReLUs, LeCun for the
        others, as both keep the scale of what they read.
    """

    takes = ("weights",)
    forward_passes = 1

    def __init__(self, *args, weights=None, **kwargs):
        self.weights = weights
        super().__init__(*args, **kwargs)

    def start(self, rng):
        relu = self.network.activation in ("relu", "leaky-relu")
        STARTS[self.weights or ("he" if relu else "lecun")](self.params, rng)

    def saturation(self, x):
        return saturation(self.params, (x, self.plain_scaler, self.clip))

    def workspace_size(self):
        return kernels.dense_workspace(self.network.table, self.batch, True, self.threads)

    def learn(self, order, rate):
        loss = kernels.bp_epoch(*self.arguments(order, rate))
        self.optimizer.step += -(-len(order) // self.batch)
        return loss

    def arguments(self, order, rate, *extra):
        """What the kernel takes; `extra` follows the cost."""
        return (
            self.params.vector,
            self.network.table,
            self.network.cost_code,
            *extra,
            self.rows.x,
            self.scaler,
            self.clip,
            self.rows.y,
            np.ascontiguousarray(order, np.int32),
            self.batch,
            *self.optimizer.arguments(rate),
            self.workspace,
            self.threads,
        )
