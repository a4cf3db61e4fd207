"""A quantized model: like a `Model` from outside, integers inside."""

import dataclasses
import functools

import numpy as np

from lwnn.data import Recipe
from lwnn.errors import ModelFileError
from lwnn.network import Network
from lwnn.quantization import tensors as tensors_of
from lwnn.quantization.inference import (
    both_parts,
    dense_plan,
    dense_scores,
    elman_scores,
    integer_scores_until,
    layered_scores,
    quantized,
    real_scores,
)
from lwnn.scoring import READOUTS, Response, agreement, check_exit, check_rows, probabilities

#: Rows that are a batch, and rows in batches after which the weights are laid out for many.
_BATCH, _MANY = 64, 4096


@dataclasses.dataclass(frozen=True)
class QuantizedModel:
    """An int8 network, ready to predict from raw rows.

    Parameters
    ----------
    network : Network
    tensors : dict of str to ndarray
        See `lwnn.quantization.tensors.expected`.
    labels, features, target, named, readout, provenance, response, recipe
        As in `lwnn.model.Model`.
    rounding : {'single', 'double'}
        How sums become outputs: rounded once, as in LiteRT's reference kernels and ONNX Runtime,
        or twice, as in TensorFlow Lite for Microcontrollers and CMSIS-NN.

    Raises
    ------
    ModelFileError
        When the tensors are not those that such a network needs, or hold values that the
        arithmetic does not allow.
    """

    network: Network
    tensors: dict[str, np.ndarray]
    labels: tuple[str, ...]
    features: tuple[str, ...]
    target: str | None = None
    named: bool = False
    readout: str = "output"
    rounding: str = "single"
    provenance: dict = dataclasses.field(default_factory=dict)
    response: Response | None = None
    recipe: Recipe | None = None

    def __post_init__(self):
        readouts = READOUTS[self.network.kind]
        for what, value, known in (
            ("readout", self.readout, readouts),
            ("rounding", self.rounding, tensors_of.ROUNDINGS),
        ):
            if value not in known:
                raise ModelFileError(f"{what} {value!r}; expected {' or '.join(known)}")
        tensors_of.check(self.network, self.readout, self.tensors)

    @property
    def twice(self):
        """Whether sums are rounded twice."""
        return self.rounding == "double"

    @property
    def size(self):
        """Number of parameters of the network."""
        return self.network.size

    @property
    def weight_bytes(self):
        """Bytes that a device stores: all tensors but the scales, which only people read."""
        return sum(
            tensor.nbytes for name, tensor in self.tensors.items() if not name.endswith("scale")
        )

    @functools.cached_property
    def _plan_for_few(self):
        return dense_plan(self, many=False)

    @functools.cached_property
    def _plan_for_many(self):
        return dense_plan(self, many=True)

    @functools.cached_property
    def _batched(self):
        """Rows scored in batches so far, in a list of one, as the fields are frozen."""
        return [0]

    def _plan(self, rows):
        if rows < _BATCH:
            return self._plan_for_few
        self._batched[0] += rows
        return self._plan_for_few if self._batched[0] < _MANY else self._plan_for_many

    @functools.cached_property
    def _values(self):
        """What each integer score stands for, float32 (256,): 0 … 127, then -128 … -1."""
        name = self.readout
        integers = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.float64)
        steps = integers - self.tensors[f"{name}.zero_point"][0]
        return (steps * np.float64(self.tensors[f"{name}.scale"][0])).astype(np.float32)

    def _clipped(self, x):
        """Rows as the kernels take them, within the bounds of the recipe."""
        x = check_rows(x, self.network.inputs)
        return x if self.recipe is None else check_rows(self.recipe.clipped(x), x.shape[1])

    def quantized(self, x):
        """Raw rows as the first layer reads them, int8 (n, inputs)."""
        return quantized(self.tensors, self._clipped(x))

    def integer_scores(self, x, threads=1):
        """Score of every class as the device computes it; the highest is the prediction.

        Parameters
        ----------
        x : ndarray of float32 or uint8, shape (n, inputs)
            Raw rows, as in the training file.
        threads : int
            How many to compute with; the result does not depend on it.

        Returns
        -------
        ndarray, shape (n, classes)
            int64 for the goodness readout and for both, int32 for the sum of heads, else int8.

        Raises
        ------
        DataError
            When the rows do not have as many features as the network has inputs.
        """
        x = self._clipped(x)
        if self.network.kind == "elman":
            return elman_scores(self, x, threads)
        if self.readout == "output":
            return dense_scores(self._plan(len(x)), x, threads)
        return layered_scores(self, x, threads)

    def scores(self, x, threads=1):
        """What the integer scores stand for, float32 (n, classes)."""
        integers = self.integer_scores(x, threads)
        if self.network.kind == "mf":
            return self._real(integers.astype(np.float64), len(self.network.hidden))
        if self.readout in ("output", "head"):
            # Those below 0 count from the end, as they do in the table.
            return self._values.take(integers)
        return (integers * np.float64(self.tensors["readout.scale"][0])).astype(np.float32)

    def scores_until(self, x, sure, threads=1):
        """As `lwnn.model.Model.scores_until`; only whether a row is sure is computed in float."""
        check_exit(self.network, sure)
        integers, depth = integer_scores_until(self, self._clipped(x), sure, threads)
        return self._real(integers, depth), depth

    def _real(self, integers, depth):
        return real_scores(self.tensors, self.readout, integers, depth).astype(np.float32)

    def agreement(self, x, threads=1):
        """As `lwnn.model.Model.agreement`."""
        if self.readout != "both":
            return None
        x = self.quantized(x)
        # Their mean is the score.
        unit = 2 * np.float64(self.tensors["readout.scale"][0])
        return agreement(*(unit * part for part in both_parts(self, x)))

    def predict_index(self, x, threads=1):
        """Index of the predicted class of every row, int64 (n,); of equal scores the first."""
        return self.integer_scores(x, threads).argmax(axis=1)

    def predict(self, x, threads=1):
        """What every row is: the name of its class, an array of str (n,), or its value, float64."""
        if self.response:
            return self.response.values(self.scores(x, threads))
        return np.array(self.labels)[self.predict_index(x, threads)]

    def predict_proba(self, x, threads=1):
        """Share of each class, float64 (n, classes); rows sum to 1.

        Computed in float from the scores, as for a float model.
        """
        return probabilities(self.scores(x, threads), self.network.output)
