"""What a data file becomes, and what a trained model expects of the next one."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Schema:
    """What a trained model expects of a data file.

    Parameters
    ----------
    features : tuple of str
        Names of the features, in the order in which the model takes them.
    target : str or None
        Name of the label column; its index as digits where the file had no header; None where
        labels do not come from a column (IDX, NPZ).
    labels : tuple of str
        Class names; the code of a class is its place here.
    named : bool
        Whether the feature names stood in a header. Only then are columns matched by name.
    numeric : bool
        Whether the target is a number and not a class.
    """

    features: tuple[str, ...]
    target: str | None
    labels: tuple[str, ...]
    named: bool
    numeric: bool = False


@dataclass(frozen=True)
class Dataset:
    """Rows of numbers, and the class of each, or its value.

    Parameters
    ----------
    x : ndarray, shape (n, f), float32 or uint8
        C-contiguous. uint8 where the file holds bytes (IDX, NPZ), else float32; all finite.
    y : ndarray, shape (n,), int32 or float32, or None
        Codes into `labels`, or values, finite; None when labels were not asked for.
    labels : tuple of str
        Class names, sorted (as numbers where all are numbers); empty where `y` holds values.
    features : tuple of str
        Names from the header, else ``x0``, ``x1``, ...
    target : str or None
        Name of the label column, see `Schema`.
    image_shape : tuple of (int, int), or None
        Height and width where the file stores images.
    source : str
        The path as given.
    sha256 : str
        Hex digest over the bytes of the file as stored; for an IDX pair over images, then labels.
    named : bool
        Whether `features` stood in a header.
    """

    x: np.ndarray
    y: np.ndarray | None
    labels: tuple[str, ...]
    features: tuple[str, ...]
    target: str | None
    image_shape: tuple[int, int] | None
    source: str
    sha256: str
    named: bool = False

    @property
    def numeric(self):
        """Whether `y` holds values, not classes."""
        return self.y is not None and self.y.dtype.kind == "f"

    @property
    def schema(self):
        """What a model trained on this data expects of a file (`Schema`)."""
        return Schema(self.features, self.target, self.labels, self.named, self.numeric)

    def take(self, rows):
        """Return a `Dataset` of the given rows (index array), in the given order."""
        y = None if self.y is None else self.y[rows]
        return replace(self, x=np.ascontiguousarray(self.x[rows]), y=y)


def numbered(count):
    """Return the feature names of a file without a header: ``x0``, ``x1``, ..."""
    return tuple(f"x{i}" for i in range(count))
