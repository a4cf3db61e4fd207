"""Forward-Forward (Hinton 2022, arXiv 2212.13345): every layer learns for itself.

A row under its own label is a positive, under a wrong one a negative; a layer raises the
goodness of the first above a threshold and lowers that of the second below it. The goodness
here is G = T · mean of y², its threshold T: the sharpness T takes the place of Hinton's sum of
squares, with which wide layers saturate the loss.
"""

import math

import numpy as np

from lwnn._kernels import kernels
from lwnn.errors import UsageError
from lwnn.learning.negatives import wrong_labels
from lwnn.learning.rule import Rule, scaled_normal

READOUTS = ("goodness", "head")
#: T: goodness of a layer whose outputs have root mean square 1.
SHARPNESS = 20.0


def label_scale(inputs):
    """Value of the hot label input: loud enough to be heard beside inputs of RMS 1."""
    return math.sqrt(inputs) / 2


class ForwardForward(Rule):
    """Supervised Forward-Forward with wrong labels as negatives and a softmax head beside.

    Parameters
    ----------
    readout : {'goodness', 'head'}
        How the net is read: goodness of every label in turn, or the head's one pass.
    """

    kind = "ff"
    takes = ("readout",)
    forward_passes = 3

    def __init__(self, *args, readout="goodness", **kwargs):
        if readout not in READOUTS:
            raise UsageError(f"unknown readout {readout!r}; choose from {', '.join(READOUTS)}")
        self.readout = readout
        super().__init__(*args, **kwargs)
        self.wrong = np.zeros(len(self.rows), np.int32)

    def layer_goals(self):
        return np.array(
            [[SHARPNESS / width, SHARPNESS, SHARPNESS / width] for width in self.network.hidden],
            np.float32,
        )

    def start(self, rng):
        """N(0, 1/inputs), label weights as loud as one input's; the head from zero."""
        scaled_normal(self.params, rng, 1.0)
        labels = self.params["layer1.label"]
        labels[:] = rng.standard_normal(labels.shape, np.float32) / math.sqrt(self.network.inputs)
        self.params["head.weight"][:] = 0

    def workspace_size(self):
        return kernels.ff_workspace(self.network.table, self.batch, True, self.threads)

    @property
    def working_bytes(self):
        return super().working_bytes + self.wrong.nbytes

    def begin_epoch(self):
        self.wrong = wrong_labels(self.rows.y, self.network.classes, self.draws)

    def learn(self, order, rate):
        losses = np.zeros(len(self.network.table))
        kernels.ff_epoch(
            self.params.vector,
            self.network.table,
            self.goals,
            self.network.label_scale,
            self.rows.x,
            self.scaler,
            self.clip,
            self.rows.y,
            self.wrong,
            np.ascontiguousarray(order, np.int32),
            self.batch,
            *self.optimizer.arguments(rate),
            losses,
            self.workspace,
            self.threads,
        )
        self.optimizer.step += -(-len(order) // self.batch)
        return losses[:-1].sum()
