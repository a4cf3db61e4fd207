"""Forward-Forward (Hinton 2022, arXiv 2212.13345): every layer learns for itself.

A row under its own label is a positive, under a wrong one a negative; a layer raises the
goodness of the first and lowers that of the second. What goodness is, what loss it enters, and
where the wrong labels come from, can be chosen; `lwnn/_kernels/ff_losses.pxi` has the equations.
"""

import math

import numpy as np

from lwnn._kernels import kernels
from lwnn.learning.negatives import wrong_labels
from lwnn.learning.rule import Rule, scaled_normal
from lwnn.network import LOSS
from lwnn.options import about, check_value

#: Order matters: the position is the kernels' code.
LOSSES = about("loss").values
#: Name of a goodness to what it sums over the units.
GOODNESS = {"mean": "squares", "sum": "squares", "absolute": "absolute"}
#: Mean output of a unit before anything is known of it, as in Hinton's own program.
_USUAL_OUTPUT = 0.5


def label_scale(inputs):
    """Value of the hot label input: loud enough to be heard beside inputs of RMS 1."""
    return math.sqrt(inputs) / 2


class ForwardForward(Rule):
    """Supervised Forward-Forward with a softmax head trained beside the layers.

    Parameters
    ----------
    loss : {'softplus', 'symba', 'swish', 'labels'}
        What a layer minimises.
    goodness : {'mean', 'sum', 'absolute'}
        Mean or sum of the squared outputs, or mean of the outputs.
    threshold : float
        Where ``softplus`` separates positives from negatives, as a multiple of the goodness of
        outputs whose root mean square is 1.
    sharpness : float
        Factor on the goodness in the loss.
    negatives : {'random', 'hard'}
        Wrong labels all alike, or as the head takes them for right.
    readout : {'goodness', 'head'}
        How the net is read: goodness of every label in turn, or the head's one pass.
    """

    kind = "ff"
    takes = ("loss", "goodness", "threshold", "sharpness", "negatives", "readout")

    def __init__(
        self,
        *args,
        loss="softplus",
        goodness="mean",
        threshold=1.0,
        sharpness=20.0,
        negatives="random",
        readout="goodness",
        **kwargs,
    ):
        self.loss, self.goodness = loss, goodness
        self.threshold, self.sharpness = threshold, sharpness
        self.negatives, self.readout = negatives, readout
        for name in self.takes:
            check_value(name, getattr(self, name), "ff")
        super().__init__(*args, **kwargs)
        units = sum(self.network.hidden)
        self.wrong = np.zeros(0, np.int32)
        self.places = np.zeros(0, np.float32)
        self.peers = np.full(units, _USUAL_OUTPUT, np.float32)
        self.alive = np.zeros(units, np.uint8)

    @property
    def form(self):
        """`Network.form` with what learning adds."""
        form = self.network.form.copy()
        form[LOSS] = LOSSES.index(self.loss)
        return form

    def layer_goals(self):
        """Goodness factor, threshold and readout weight of each layer.

        The sharpness is in all of them: it multiplies the goodness wherever it enters a loss, and
        makes it the logit that a softmax over labels needs; layers are averaged.
        """
        hidden = np.array(self.network.hidden, np.float64)
        share = 1 if self.goodness == "sum" else 1 / hidden
        goodness = self.sharpness * share * np.ones(len(hidden))
        goals = (goodness, goodness * hidden * self.threshold, goodness / len(hidden))
        return np.stack(goals, axis=1).astype(np.float32)

    def start(self, rng):
        """N(0, 1/inputs), label weights as loud as one input's; the head from zero."""
        scaled_normal(self.params, rng, 1.0)
        labels = self.params["layer1.label"]
        labels[:] = rng.standard_normal(labels.shape, np.float32) / math.sqrt(self.network.inputs)
        self.params["head.weight"][:] = 0

    def workspace_size(self):
        return kernels.ff_workspace(self.network.table, self.form, self.batch, True, self.threads)

    @property
    def forward_passes(self):
        """Under the neutral label, and under those that the loss compares."""
        return 1 + (self.network.classes if self.loss == "labels" else 2)

    @property
    def working_bytes(self):
        drawn = self.wrong.nbytes + self.places.nbytes
        return super().working_bytes + drawn + self.peers.nbytes + self.alive.nbytes

    def begin_epoch(self):
        if self.loss == "labels":
            return
        if self.negatives == "hard":
            self.places = self.draws.random(len(self.rows), np.float32)
        else:
            self.wrong = wrong_labels(self.rows.y, self.network.classes, self.draws)

    def learn(self, order, rate):
        report = np.zeros((len(self.network.table), 4))
        kernels.ff_epoch(
            self.params.vector,
            self.network.table,
            self.goals,
            self.form,
            self.rows.x,
            self.scaler,
            self.clip,
            self.rows.y,
            self.wrong,
            self.places,
            np.ascontiguousarray(order, np.int32),
            self.batch,
            *self.optimizer.arguments(rate),
            self.peers,
            self.alive,
            report,
            self.workspace,
            self.threads,
        )
        self.optimizer.step += -(-len(order) // self.batch)
        return report[:-1, 0].sum()
