"""Backprop (Rumelhart, Hinton & Williams 1986): the yardstick of the other rules."""

import numpy as np

from lwnn._kernels import kernels
from lwnn.learning.rule import Rule, scaled_normal
from lwnn.network import COSTS


class Backprop(Rule):
    """Gradient of the cost by the chain rule, from the output layer down."""

    forward_passes = 1

    def start(self, rng):
        """He for ReLU, LeCun for the others, as both keep the scale of what they read."""
        scaled_normal(self.params, rng, 2.0 if self.network.activation == "relu" else 1.0)

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
            COSTS.index(self.network.cost),
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
