"""Rows with their scores, for a device to compute once more."""

import csv
import dataclasses
import io

import numpy as np

from lwnn.errors import DataError
from lwnn.export import columns
from lwnn.export.program import Array
from lwnn.quantization import QuantizedModel

#: As many rows as there is room for in these bytes, between the bounds.
_ROOM = 4096
_LEAST, _MOST = 2, 16
#: How the scores of a float model may differ, of the greater of 1 and the score.
FLOAT_TOLERANCE = 1e-5


@dataclasses.dataclass(frozen=True)
class Vectors:
    """Raw rows and what the model makes of them.

    Parameters
    ----------
    rows : ndarray, shape (n, readings)
        uint8 where all readings are whole numbers from 0 to 255, else float32.
    scores : ndarray, shape (n, classes)
        As the device computes them.
    index : ndarray of int64, shape (n,)
    """

    rows: np.ndarray
    scores: np.ndarray
    index: np.ndarray

    @property
    def arrays(self):
        """The constants of the C file."""
        kind = str(self.scores.dtype)
        ctype = "float" if kind == "float32" else f"{kind}_t"
        return (
            Array("selftest_rows", self.row_type, self.rows),
            Array("selftest_scores", ctype, self.scores),
        )

    @property
    def row_type(self):
        """C type of a reading."""
        return "uint8_t" if self.rows.dtype == np.uint8 else "float"


def vectors(model, x, gaps=None):
    """Choose rows, spread evenly over `x`; `gaps` as for `lwnn.export.columns.readings`.

    Raises
    ------
    DataError
        When there are no rows.
    """
    if not len(x):
        raise DataError("no rows for the self-test; give some of the training data")
    rows = columns.readings(model, x, gaps)
    if ((rows >= 0) & (rows <= 255) & (rows == np.floor(rows))).all():
        rows = rows.astype(np.uint8)
    count = int(np.clip(_ROOM // (rows.dtype.itemsize * rows.shape[1]), _LEAST, _MOST))
    chosen = np.unique(np.linspace(0, len(x) - 1, count).astype(np.int64))
    x = x[chosen]
    return Vectors(rows[chosen], device_scores(model, x), model.predict_index(x))


def device_scores(model, x, threads=1):
    """What the device computes: integers of an int8 model, floats of a float model."""
    if isinstance(model, QuantizedModel):
        return model.integer_scores(x, threads)
    return model.scores(x, threads)


def comparison(model):
    """Template of the C function that tells two scores apart."""
    return "exact.c" if isinstance(model, QuantizedModel) else "close.c"


def table(model, chosen):
    """The same rows as CSV: readings, index, label, a score per class."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    scores = (f"score_{label}" for label in model.labels)
    writer.writerow([*columns.names(model), "index", "label", *scores])
    for row, index, values in zip(chosen.rows, chosen.index, chosen.scores, strict=True):
        writer.writerow([*map(_shown, row), index, model.labels[index], *map(_shown, values)])
    return text.getvalue()


def _shown(value):
    return f"{value:.9g}" if value.dtype == np.float32 else str(value)
