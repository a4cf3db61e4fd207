"""Recurrent, top-down Forward-Forward (Hinton 2022): context reaches the lower layers.

Each layer reads the normalised states of the layer below and of the layer above, both one step old;
above the top stands the label, right for a positive and wrong for a negative. States settle over
some steps, and the goodness of the late ones is what layers learn from and labels are scored by.
"""

import numpy as np

from lwnn._kernels import kernels
from lwnn.learning.rule import Rule, scaled_normal
from lwnn.network import DYNAMICS
from lwnn.options import check_value

#: How loud the layer above is at first beside the layer below: with more the label drowns the row.
_FROM_ABOVE = 0.3


class TopDown(Rule):
    """Supervised top-down Forward-Forward, wrong labels drawn from a softmax head beside.

    Parameters
    ----------
    readout : {'goodness', 'head', 'both'}
        How the net is read: goodness of every label in turn, the head's one pass upwards, or both
        averaged.
    """

    kind = "td"
    takes = ("readout",)
    #: Upwards once, then one a step.
    forward_passes = 1 + DYNAMICS.last

    def __init__(self, *args, readout="goodness", **kwargs):
        check_value("readout", readout, "td")
        self.readout = readout
        super().__init__(*args, **kwargs)
        self.places = np.zeros(len(self.rows), np.float32)

    def start(self, rng):
        """He for what comes from below, less from above; the head from zero."""
        params, top = self.params, f"layer{len(self.network.hidden)}"
        scaled_normal(params, rng, 2.0)
        for name in params.views:
            if name.startswith("above"):
                params[name][:] *= _FROM_ABOVE
        labels, below = params[f"{top}.label"], params[f"{top}.weight"].shape[1]
        labels[:] = rng.standard_normal(labels.shape, np.float32) * np.sqrt(2 / below)
        params["head.weight"][:] = 0

    def workspace_size(self):
        how = (self.batch, DYNAMICS.steps, True, self.threads)
        return kernels.td_workspace(self.network.table, *how)

    @staticmethod
    def row_work(network):
        return 2 * DYNAMICS.last * network.size

    @property
    def working_bytes(self):
        return super().working_bytes + self.places.nbytes

    @property
    def level(self):
        """Root mean square of a row where rows are levelled, else 0.

        A row with gaps is levelled over what is left of it. It is brought to the loudness that
        makes the sums of layer 1 what they are without gaps: they stand beside what comes from
        above, which has none.
        """
        return self.network.level * (self.shifts.gain**0.5 if self.shifts else 1.0)

    def begin_epoch(self):
        self.places = self.draws.random(len(self.rows), np.float32)

    def learn(self, order, rate):
        network = self.network
        losses = np.zeros(len(network.hidden) + 1)
        shape = (network.table, self.level, network.label_scale, *DYNAMICS)
        kernels.td_epoch(
            *(self.params.vector, *shape),
            *(self.rows.x, self.scaler, self.clip, self.rows.y, self.places),
            np.ascontiguousarray(order, np.int32),
            self.batch,
            *self.optimizer.arguments(rate),
            losses,
            self.workspace,
            self.threads,
        )
        self.optimizer.step += -(-len(order) // self.batch)
        return losses[:-1].sum()
