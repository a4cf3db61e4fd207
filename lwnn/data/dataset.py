"""What a data file becomes, and what a trained model expects of the next one."""

from dataclasses import dataclass, field, replace

import numpy as np

from lwnn.data.recipe import Recipe


@dataclass(frozen=True)
class Found:
    """What a column of a file was taken for.

    Parameters
    ----------
    name : str or int
        From the header, or the index from 0.
    kind : str
        ``number``, ``category``, ``label``, or why it was left out: ``constant``, ``identifier``,
        ``dates``, ``text``, ``empty``, ``row names``, ``dropped``.
    used : bool
        Whether it is a feature.
    missing : int
        Rows without a value.
    low, high : float or None
        Least and greatest number.
    levels : tuple of str
        Of a category, those that became features.
    leaks : bool
        Whether each of its values goes with one class only.
    """

    name: str | int
    kind: str
    used: bool = True
    missing: int = 0
    low: float | None = None
    high: float | None = None
    levels: tuple[str, ...] = ()
    leaks: bool = False


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
    recipe : Recipe or None
        How the columns of a file become features; None where each is one as it stands.
    row_shape : tuple of (int, int), or None
        How a row has to lie, in steps and features, where the file says how it does.
    """

    features: tuple[str, ...]
    target: str | None
    labels: tuple[str, ...]
    named: bool
    numeric: bool = False
    recipe: Recipe | None = None
    row_shape: tuple[int, int] | None = None

    @property
    def columns(self):
        """Names of the columns of a file that are read."""
        if self.recipe is None:
            return self.features
        return tuple(column.name for column in self.recipe.columns)

    @property
    def width(self):
        """Number of columns that a file without a header has beside the label."""
        return len(self.features) if self.recipe is None else self.recipe.width

    @property
    def places(self):
        """Of each column that is read, among those beside the label."""
        if self.recipe is None:
            return tuple(range(len(self.features)))
        return tuple(column.place for column in self.recipe.columns)


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
        Names from the header, else ``x0``, ``x1``, ...; of a category ``colour=red`` for each
        level, and ``colour=?`` for whether the value was missing.
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
    recipe : Recipe or None
        How the columns of the file became features.
    gaps : dict of int to ndarray of int64
        By feature: the rows whose value was missing and is a stand-in.
    found : tuple of Found
        What each column of the file was taken for.
    notes : tuple of str
        What was done to the columns, in words, for the user.
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
    recipe: Recipe | None = None
    gaps: dict[int, np.ndarray] = field(default_factory=dict)
    found: tuple[Found, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def numeric(self):
        """Whether `y` holds values, not classes."""
        return self.y is not None and self.y.dtype.kind == "f"

    @property
    def schema(self):
        """What a model trained on this data expects of a file (`Schema`)."""
        return Schema(
            self.features, self.target, self.labels, self.named, self.numeric, self.recipe
        )

    def take(self, rows):
        """Return a `Dataset` of the given rows (index array), in the given order."""
        y = None if self.y is None else self.y[rows]
        gaps = {}
        for feature, missing in self.gaps.items():
            empty = np.zeros(len(self.x), bool)
            empty[missing] = True
            gaps[feature] = np.flatnonzero(empty[rows])
        return replace(self, x=np.ascontiguousarray(self.x[rows]), y=y, gaps=gaps)


def numbered(count):
    """Return the feature names of a file without a header: ``x0``, ``x1``, ..."""
    return tuple(f"x{i}" for i in range(count))
