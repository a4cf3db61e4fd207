"""Unsupervised Forward-Forward (Hinton 2022): layers learn without labels, then a softmax with.

A layer raises the goodness of rows over that of hybrids, in which some features come from another
row. What separates the two are the correlations between features, and those are what the layers
come to represent. When they have learnt, a linear softmax is trained on the normalised outputs of
all of them.
"""

import numpy as np

from lwnn._kernels import kernels
from lwnn.learning.hybrids import MOST_MASKS, masks, partners
from lwnn.learning.rule import Rule, Stage, scaled_normal

#: Factor on the difference of two goodnesses, as means of squares.
SHARPNESS = 6.0


def head_rate(inputs):
    """Adam's rate for a softmax over so many features."""
    return min(0.01, max(0.001, 0.64 / inputs))


class Unsupervised(Rule):
    """Layers by Forward-Forward on hybrids, then a softmax head on what they make of the rows.

    Parameters
    ----------
    head_epochs : int
        Passes over the rows for the head, after those for the layers.
    image_shape : tuple of (int, int), optional
        Height and width, where the rows are images: then hybrids are made of regions.
    """

    kind = "un"
    readout = "head"
    takes = ("head_epochs",)
    reads_images = True
    forward_passes = 2

    def __init__(self, *args, head_epochs=15, image_shape=None, **kwargs):
        self.head_epochs = head_epochs
        self.image_shape = image_shape
        super().__init__(*args, **kwargs)
        self.masks = self.draw_masks()
        self.partner = self.mask = np.zeros(len(self.rows), np.int32)
        self.on_head = False

    def draw_masks(self):
        count = min(MOST_MASKS, len(self.rows))
        return masks(count, self.network.inputs, self.image_shape, self.draws)

    def take(self, rows, batch):
        super().take(rows, batch)
        if len(self.masks) < min(MOST_MASKS, len(rows)):
            self.masks = self.draw_masks()

    def start(self, rng):
        """He for the layers; the head from zero."""
        scaled_normal(self.params, rng, 2.0)
        self.params["head.weight"][:] = 0

    def workspace_size(self):
        return kernels.un_workspace(self.network.table, self.batch, True, self.threads)

    @property
    def working_bytes(self):
        drawn = (self.masks, self.partner, self.mask)
        return super().working_bytes + sum(array.nbytes for array in drawn)

    def stages(self, epochs, rate):
        """The layers', in which there is nothing to judge yet, and the head's."""
        rate_of_head = head_rate(self.network.head_inputs)
        return [Stage(epochs, rate, judged=False), Stage(self.head_epochs, rate_of_head)]

    def enter(self, stage):
        # The head's weights have not been stepped yet: its first step is the first.
        self.on_head, self.optimizer.step = stage > 0, 0
        if self.on_head:
            # Decay keeps layers learning that tell all hybrids already; the head is worse for it.
            self.optimizer.l2 = 0.0

    def begin_epoch(self):
        if not self.on_head:
            self.partner = partners(len(self.rows), self.draws)
            drawn = self.draws.integers(0, len(self.masks), len(self.rows))
            self.mask = drawn.astype(np.int32)

    def learn(self, order, rate):
        network, order = self.network, np.ascontiguousarray(order, np.int32)
        start = (self.params.vector, network.table, network.level)
        data = (self.rows.x, self.scaler, self.clip)
        how = (order, self.batch, *self.optimizer.arguments(rate))
        room = (self.workspace, self.threads)
        if self.on_head:
            loss = kernels.un_head_epoch(*start, *data, self.rows.y, *how, *room)
        else:
            losses = np.zeros(len(network.hidden))
            drawn = (self.partner, self.masks, self.mask)
            kernels.un_epoch(*start, SHARPNESS, *data, *drawn, *how, losses, *room)
            loss = losses.sum()
        self.optimizer.step += -(-len(order) // self.batch)
        return loss
