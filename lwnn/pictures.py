"""Figures as SVG or PNG files, drawn by Matplotlib (extra ``lwnn[plot]``)."""

import io
import warnings

import numpy as np

from lwnn.errors import MissingToolError, UsageError

KINDS = ("svg", "png")
#: Classes up to which there is room for a number in every cell, and for a name at every row.
_NUMBERED, _NAMED = 30, 120
#: Text stays text, and the same matrix gives the same bytes.
_STYLE = {"svg.fonttype": "none", "svg.hashsalt": "lwnn", "font.size": 9}
_METADATA = {"svg": {"Date": None}, "png": {"Software": None}}


def kind_of(path):
    """The kind of picture that a file's name asks for, one of `KINDS`.

    Raises
    ------
    UsageError
        When it asks for none of them.
    MissingToolError
        Without Matplotlib.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise UsageError(f"{path}: expected a name that ends in .svg or .png")
    try:
        import matplotlib  # noqa: F401, PLC0415
    except ImportError as error:
        raise MissingToolError(
            f"{path}: pictures need Matplotlib; pip install 'lwnn[plot]'"
        ) from error
    return kind


def confusion(matrix, labels, kind):
    """A confusion matrix as a heat map.

    Parameters
    ----------
    matrix : ndarray of int, shape (classes, classes)
        As from `lwnn.metrics.confusion`.
    labels : sequence of str
    kind : str
        One of `KINDS`.

    Returns
    -------
    bytes
        Cells are as dark as their share of the rows of a class, and say how many rows they are.
    """
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # A font may lack a sign of a name; it is then drawn as a box.
        warnings.simplefilter("ignore")
        size = 2.5 + 0.34 * min(len(labels), _NAMED)
        figure = Figure(figsize=(size + 1, size), layout="constrained")
        _draw(figure, figure.add_subplot(), matrix, labels)
        file = io.BytesIO()
        figure.savefig(file, format=kind, dpi=150, metadata=_METADATA[kind])
    return file.getvalue()


def _draw(figure, axes, matrix, labels):
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    if len(labels) <= _NAMED:
        # A dollar sign would begin a formula.
        names = [label.replace("$", r"\$") for label in labels]
        axes.set_yticks(range(len(names)), names)
        axes.set_xticks(range(len(names)), names, rotation=90 if max(map(len, names)) > 3 else 0)
    if len(labels) <= _NUMBERED:
        for true, predicted in zip(*np.nonzero(matrix), strict=True):
            colour = "white" if shares[true, predicted] > 0.5 else "black"
            count = str(matrix[true, predicted])
            axes.text(predicted, true, count, ha="center", va="center", color=colour, size=8)
    figure.colorbar(image, label="share of the rows of a class", shrink=0.8)
