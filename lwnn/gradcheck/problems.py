"""Small nets with rows, which a rule of `lwnn.learning` takes one step on."""

import dataclasses
import math

import numpy as np

from lwnn.learning import FORMS, RECURRENT, RULES
from lwnn.learning.optimizers import Optimizer
from lwnn.learning.rule import Rows
from lwnn.network import Network, Params

#: A power of two, so that multiplying by it rounds nothing, and large, so that the weights that a
#: step ends at hold the gradient to float32, and not its sum with weights of about 1.
RATE = 1024.0
_CLIP = 1.5
#: Every rule by a name of its own.
_RULES = RULES | FORMS | {f"{name}, recurrent": rule for name, rule in RECURRENT.items()}


@dataclasses.dataclass(frozen=True)
class Shape:
    """How large a problem is.

    Parameters
    ----------
    rows, inputs : int
    hidden : tuple of int
    classes : int
    differences : bool
        Whether it is small enough for two values of the loss per parameter.
    """

    rows: int
    inputs: int
    hidden: tuple[int, ...]
    classes: int
    differences: bool = False


class Problem:
    """A rule about to learn from a few rows.

    Parameters
    ----------
    algo : str
        In `lwnn.learning.RULES` or its `FORMS`; one of `RECURRENT` as ``bp, recurrent``.
    shape : Shape
    network : dict
        What `Network` takes beside sizes.
    options : dict
        What the rule takes beside the usual.
    seed : int

    Attributes
    ----------
    rule : Rule
    network : Network
    start : ndarray of float32
        The parameters before the step.
    x : ndarray of float64, shape (rows, inputs)
        The rows as the net reads them, scaled.
    y : ndarray of int32
    """

    def __init__(self, algo, shape, network, options, seed=0):
        random = np.random.default_rng(seed)
        rule = _RULES[algo]
        scale = {"label_scale": 1.5} if rule.kind in ("ff", "td") else {}
        self.network = Network(
            rule.kind, shape.inputs, shape.hidden, shape.classes, **scale, **network
        )
        raw = random.standard_normal((shape.rows, shape.inputs), np.float32)
        scaler = np.array([[0.1] * shape.inputs, [0.9] * shape.inputs], np.float32)
        self.y = random.integers(0, shape.classes, shape.rows).astype(np.int32)
        self.rule = rule(
            self.network,
            Rows(raw, self.y),
            scaler,
            _CLIP,
            Optimizer("sgd", self.network.size),
            batch=shape.rows,
            init=random,
            draws=random,
            **options,
        )
        offset, factor = scaler.astype(np.float64)
        self.x = np.clip((raw - offset) * factor, -_CLIP, _CLIP)
        self.start = starting_weights(self.network, random)
        # Calmer than in training: where a loss is flat, errors would not show.
        self.rule.goals *= 0.1

    def step(self, stage=0):
        """Learn from all rows at once.

        Parameters
        ----------
        stage : int
            Of training, where a rule has several.

        Returns
        -------
        gradient : ndarray of float64
            What the kernel takes for the gradient of the mean loss.
        loss : float
            What it says of the mean loss.
        """
        self.rule.params.vector[:] = self.start
        self.rule.enter(stage)
        self.rule.begin_epoch()
        loss = self.rule.learn(np.arange(len(self.y), dtype=np.int32), RATE)
        moved = self.start.astype(np.float64) - self.rule.params.vector
        return moved / RATE, float(loss) / len(self.y)

    def scores(self, readout):
        """What the kernels score, float64 (rows, classes)."""
        self.rule.params.vector[:] = self.start
        self.rule.readout = readout
        return self.rule.scores(self.rule.rows.x).astype(np.float64)


def starting_weights(network, random):
    """Weights that keep activations lively in every layer, heads and biases too."""
    vector = np.empty(network.size, np.float32)
    for view in Params(network, vector).views.values():
        spread = math.sqrt(2 / view.shape[-1]) if view.ndim == 2 else 0.3
        view[...] = random.standard_normal(view.shape, np.float32) * spread
    return vector
