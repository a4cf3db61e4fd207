"""The nets and rows that both sides of a case start from, and the work that they stand for."""

import dataclasses
import functools

import numpy as np

from lwnn.network import Network, Params
from lwnn.options import SHARPNESS, label_scale

SEED = 0
CLASSES = 10
#: Mini-batches after which both sides must have the same parameters.
CHECKED_BATCHES = 3
CLIP = 10.0


@dataclasses.dataclass(frozen=True)
class Problem:
    """A net, its rows and how it learns; everything random follows from `SEED`.

    Parameters
    ----------
    kind : {'ff', 'dense'}
    inputs : int
        With 784 the rows are bytes, as of images; else float32, standardised.
    hidden : tuple of int
    batch : int
        Rows at a time; divides `rows`.
    rows : int
        Rows in one unit of timed work.
    optimizer : {'sgd', 'adam'}
    rate : float
    """

    kind: str
    inputs: int
    hidden: tuple[int, ...]
    batch: int
    rows: int
    optimizer: str = "sgd"
    rate: float = 0.01

    @functools.cached_property
    def network(self):
        """The net, as lwnn describes it."""
        scale = label_scale(self.inputs) if self.kind == "ff" else 1.0
        form = {"label_scale": scale, "head_layers": "later"}
        return Network(self.kind, self.inputs, self.hidden, CLASSES, **form)

    @property
    def sharpness(self):
        """T of Forward-Forward: goodness T · mean of h², threshold T."""
        return SHARPNESS["softplus"]

    @property
    def operations(self):
        """Floating-point operations a row in training.

        A multiply-add is two. Only products with weights count, and those of Forward-Forward's
        first layer once: its passes share the rows. Later layers go forward for the positive,
        the negative and the neutral pass and back for the first two; the head once each.
        """
        first, *later = (inputs * outputs for _, inputs, outputs in self.network.layers)
        if self.kind == "ff":
            *middle, head = later
            return 2 * (2 * first + 5 * sum(middle) + 2 * head)
        return 2 * (2 * first + 3 * sum(later))

    @property
    def scoring_operations(self):
        """Floating-point operations a row in prediction by a dense net."""
        return 2 * sum(inputs * outputs for _, inputs, outputs in self.network.layers)

    @functools.cached_property
    def start(self):
        """Parameters before learning.

        Returns
        -------
        lwnn.network.Params
            Weights that put the goodness about its threshold, where positives and negatives
            both have something to say; biases that are not 0.
        """
        random = self._random(0)
        params = Params(self.network)
        for name, view in params.views.items():
            gain = 1.0 if name.endswith("label") else 1.75
            fan_in = self.inputs if name.endswith("label") else view.shape[-1]
            noise = random.standard_normal(view.shape, np.float32)
            view[:] = 0.1 * noise if name.endswith("bias") else noise * np.sqrt(gain / fan_in)
        return params

    @functools.cached_property
    def x(self):
        """Rows as a file would give them: uint8 or float32 (rows, inputs)."""
        random = self._random(1)
        shape = (self.rows, self.inputs)
        if self.inputs == 784:
            return random.integers(0, 256, shape, np.uint8)
        return random.standard_normal(shape, np.float32)

    @functools.cached_property
    def scaler(self):
        """Offset and scale of every input, float32 (2, inputs)."""
        scale = 1 / 255 if self.x.dtype == np.uint8 else 1
        return np.stack([np.zeros(self.inputs), np.full(self.inputs, scale)]).astype(np.float32)

    @functools.cached_property
    def scaled(self):
        """The rows as the net reads them, float32 (rows, inputs)."""
        return np.clip((self.x - self.scaler[0]) * self.scaler[1], -CLIP, CLIP)

    @functools.cached_property
    def y(self):
        """Class of every row, int32 (rows,)."""
        return self._random(2).integers(0, CLASSES, self.rows, np.int32)

    @functools.cached_property
    def wrong(self):
        """Another class for every row, int32 (rows,)."""
        return (self.y + self._random(3).integers(1, CLASSES, self.rows, np.int32)) % CLASSES

    @functools.cached_property
    def order(self):
        """Rows in the order of an epoch, int32 (rows,)."""
        return self._random(4).permutation(self.rows).astype(np.int32)

    @staticmethod
    def _random(purpose):
        return np.random.default_rng([SEED, purpose])
