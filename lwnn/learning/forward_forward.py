"""Forward-Forward (Hinton 2022, arXiv 2212.13345): every layer learns for itself.

A row under its own label is a positive, under a wrong one a negative; a layer raises the
goodness of the first and lowers that of the second. What goodness is, what loss it enters, and
where the wrong labels come from, can be chosen; `lwnn/_kernels/ff_losses.pxi` has the equations.
"""

import math

import numpy as np

from lwnn._kernels import kernels
from lwnn.errors import UsageError
from lwnn.learning.negatives import wrong_labels
from lwnn.learning.rule import Rule, scaled_normal
from lwnn.network import HEAD_RATE, LOSS, ONLY, PEER
from lwnn.options import about, check_value

#: Order matters: the position is the kernels' code.
LOSSES = about("loss").values
#: Name of a goodness to what it sums over the units.
GOODNESS = {"mean": "squares", "sum": "squares", "absolute": "absolute"}
#: Factor on a goodness that is read as a logit. Between a right label and a wrong one `swish` wants
#: a margin of 1.28 and no more, wherever the others would go on; read as it is, nothing would be
#: surer than that. Chosen by the likelihood of held-out rows: docs/forward-forward.md.
_READING = {"softplus": 1.0, "symba": 1.0, "swish": 6.0, "labels": 1.0}
#: Mean output of a unit before anything is known of it, as in Hinton's own program.
_USUAL_OUTPUT = 0.5
#: Epochs and updates after which a layer that has learnt nothing is worth a word.
_SETTLED_EPOCHS, _SETTLED_UPDATES = 3, 100


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
    peer : float
        Strength of peer normalisation, as in Hinton's own program: units whose mean output is
        below that of their layer are helped, the others held back.
    head_rate : float, optional
        The head's rate; that of the layers if left out.
    greedy : bool
        Whether layers learn one after the other, each for its share of the epochs.
    readout : {'goodness', 'head', 'both'}
        How the net is read: goodness of every label in turn, the head's one pass, or both
        averaged.
    """

    kind = "ff"
    takes = (
        *("loss", "goodness", "threshold", "sharpness", "negatives"),
        *("peer", "head_rate", "greedy", "readout"),
    )

    def __init__(
        self,
        *args,
        loss="softplus",
        goodness="mean",
        threshold=1.0,
        sharpness=20.0,
        negatives="random",
        peer=0.0,
        head_rate=None,
        greedy=False,
        readout="goodness",
        **kwargs,
    ):
        self.loss, self.goodness = loss, goodness
        self.threshold, self.sharpness = threshold, sharpness
        self.negatives, self.readout = negatives, readout
        self.peer, self.head_rate, self.greedy = peer, head_rate, greedy
        for name in self.takes:
            if getattr(self, name) is not None:
                check_value(name, getattr(self, name), "ff")
        #: The layer that learns alone, or -1.
        self.only = 0 if greedy else -1
        super().__init__(*args, **kwargs)
        units = sum(self.network.hidden)
        self.wrong = np.zeros(0, np.int32)
        self.places = np.zeros(0, np.float32)
        self.peers = np.full(units, _USUAL_OUTPUT, np.float32)
        self.alive = np.zeros(units, np.uint8)
        self.report = np.zeros((len(self.network.table), 4))
        self.learnt = 0
        #: Epochs and updates of the layers that learn now.
        self.taught = (0, 0)
        self.warned = set()

    def form(self, rate=1.0):
        """`Network.form` with what learning at this rate adds."""
        form = self.network.form.copy()
        form[LOSS], form[PEER] = LOSSES.index(self.loss), self.peer
        form[HEAD_RATE] = 1.0 if self.head_rate is None else self.head_rate / rate
        form[ONLY] = self.only
        return form

    def layer_goals(self):
        """Goodness factor, threshold and readout weight of each layer.

        The sharpness is in all of them: it multiplies the goodness wherever it enters a loss, and
        makes it the logit that a softmax over labels needs, for `swish` with a factor of its own;
        layers are averaged.
        """
        hidden = np.array(self.network.hidden, np.float64)
        share = 1 if self.goodness == "sum" else 1 / hidden
        goodness = self.sharpness * share * np.ones(len(hidden))
        read = _READING[self.loss] * goodness / len(hidden)
        goals = (goodness, goodness * hidden * self.threshold, read)
        return np.stack(goals, axis=1).astype(np.float32)

    def start(self, rng):
        """He; label weights as loud as one input's; the head from zero."""
        scaled_normal(self.params, rng, 2.0)
        labels = self.params["layer1.label"]
        spread = math.sqrt(2 / self.network.inputs)
        labels[:] = rng.standard_normal(labels.shape, np.float32) * spread
        if self.network.embed == "overwrite":
            # What they would read is the label's, which has weights of its own.
            self.params["layer1.weight"][:, : self.network.classes] = 0
        self.params["head.weight"][:] = 0

    def workspace_size(self):
        return kernels.ff_workspace(self.network.table, self.form(), self.batch, True, self.threads)

    @property
    def forward_passes(self):
        """Under the neutral label, and under those that the loss compares."""
        return 1 + (self.network.classes if self.loss == "labels" else 2)

    @property
    def working_bytes(self):
        drawn = self.wrong.nbytes + self.places.nbytes
        return super().working_bytes + drawn + self.peers.nbytes + self.alive.nbytes

    def stage(self, epoch, epochs):
        """One layer after the other, where that is asked for, each with a cooldown of its own."""
        layers = len(self.network.hidden)
        if not self.greedy:
            return epoch, epochs
        if epochs < layers:
            raise UsageError(f"--greedy needs an epoch for each layer, so --epochs {layers}")
        only = min(layers - 1, (epoch - 1) * layers // epochs)
        if only != self.only:
            self.only, self.taught = only, (0, 0)
        first, last = (-(-n * epochs // layers) for n in (self.only, self.only + 1))
        return epoch - first, last - first

    @property
    def complete(self):
        return self.only in (-1, len(self.network.hidden) - 1)

    def begin_epoch(self):
        self.alive[:] = 0
        self.report[:] = 0
        self.learnt = 0
        self.taught = (self.taught[0] + 1, self.taught[1])
        if self.loss == "labels":
            return
        if self.negatives == "hard":
            self.places = self.draws.random(len(self.rows), np.float32)
        else:
            self.wrong = wrong_labels(self.rows.y, self.network.classes, self.draws)

    def learn(self, order, rate):
        before = self.report[:-1, 0].sum()
        kernels.ff_epoch(
            self.params.vector,
            self.network.table,
            self.goals,
            self.form(rate),
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
            self.report,
            self.workspace,
            self.threads,
        )
        updates = -(-len(order) // self.batch)
        self.optimizer.step += updates
        self.learnt += len(order)
        self.taught = (self.taught[0], self.taught[1] + updates)
        return self.report[:-1, 0].sum() - before

    def health(self):
        """How each layer fared in the epoch.

        Returns
        -------
        list of dict
            Per layer that learnt: ``layer``, from 1; ``dead``, the share of units that gave no
            output for any row; ``positive`` and ``negative``, the mean goodness under right and
            wrong labels; ``right``, the share of rows with more of the first.
        """
        found, at = [], 0
        for layer, units in enumerate(self.network.hidden):
            alive = self.alive[at : at + units]
            at += units
            if self.learnt and self.only in (-1, layer):
                _, positive, negative, right = self.report[layer] / self.learnt
                found.append(
                    {
                        "layer": layer + 1,
                        "dead": 1 - float(alive.mean()),
                        "positive": float(positive / self.sharpness),
                        "negative": float(negative / self.sharpness),
                        "right": float(right),
                    }
                )
        return found

    def warnings(self):
        """What ails a layer after this epoch, with a remedy; once for each."""
        if self.taught[0] < _SETTLED_EPOCHS or self.taught[1] < _SETTLED_UPDATES:
            return []
        # Beyond what guessing would reach by luck.
        least = 0.5 + max(0.01, 1.5 / math.sqrt(max(1, self.learnt)))
        found = {}
        for layer in self.health():
            name = f"layer {layer['layer']}"
            if layer["dead"] == 1:
                found[name] = (
                    f"{name}: no unit gives anything for any row, so it cannot learn; "
                    "try a smaller --lr"
                )
            elif layer["right"] < least:
                found[name] = (
                    f"{name} does not tell right labels from wrong ones: more goodness for "
                    f"{layer['right']:.0%} of the rows; try another --label-scale than "
                    f"{self.network.label_scale:g}, more units, or look whether the labels fit"
                )
        new = [text for name, text in found.items() if name not in self.warned]
        self.warned |= found.keys()
        return new
