"""Mono-Forward (arXiv 2501.09238): every layer learns for itself, from a softmax of its own.

A layer's outputs are read by a linear head; the error of that head's softmax teaches the head and,
one step down, the layer. Nothing flows further. There are no negatives and there is one pass; as
every layer has an answer, prediction may stop at the first that is sure.
"""

import numpy as np

from lwnn._kernels import kernels
from lwnn.errors import UsageError
from lwnn.learning.rule import Rule, scaled_normal
from lwnn.scoring import READOUTS


class MonoForward(Rule):
    """A softmax head for every layer, its error for that layer alone.

    Parameters
    ----------
    readout : {'last', 'sum'}
        How the net is read: the last head, or the sum of all.
    """

    kind = "mf"
    takes = ("readout",)
    forward_passes = 1

    def __init__(self, *args, readout="sum", **kwargs):
        if readout not in READOUTS[self.kind]:
            known = ", ".join(READOUTS[self.kind])
            raise UsageError(f"unknown readout {readout!r}; choose from {known}")
        self.readout = readout
        super().__init__(*args, **kwargs)

    def start(self, rng):
        """He for the layers; the heads from zero."""
        scaled_normal(self.params, rng, 2.0)
        for name, view in self.params.views.items():
            if name.startswith("head"):
                view[:] = 0

    def workspace_size(self):
        return kernels.mf_workspace(self.network.table, self.batch, True, self.threads)

    def learn(self, order, rate):
        losses = np.zeros(len(self.network.hidden))
        kernels.mf_epoch(
            self.params.vector,
            self.network.table,
            self.network.level,
            self.rows.x,
            self.scaler,
            self.clip,
            self.rows.y,
            np.ascontiguousarray(order, np.int32),
            self.batch,
            *self.optimizer.arguments(rate),
            losses,
            self.workspace,
            self.threads,
        )
        self.optimizer.step += -(-len(order) // self.batch)
        return losses.sum()
