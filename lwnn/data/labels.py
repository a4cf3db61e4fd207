"""Class names, one spelling for each and codes for all, or values; and what makes them such."""

import re

import numpy as np

from lwnn.data.numbers import is_missing, parse, plain, shown, undecodable
from lwnn.errors import DataError, MeasurementError

_INTEGER = re.compile(r"[+-]?[0-9]+")
_MANY = 20


def canonical(text):
    """Return the one spelling of a class name: ``5``, ``5.0`` and ``+5.00`` are all ``5``."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        # Quotes after a blank are not quotes to a CSV reader, but were meant as such.
        text = text[1:-1].replace('""', '"').strip()
    if len(text) < 300 and _INTEGER.fullmatch(text):
        return str(int(text))
    value = parse(text)
    if value is None or not np.isfinite(value):
        return text
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def named(classes):
    """Return the names of classes as `canonical` spells them, if that tells all of them apart.

    Parameters
    ----------
    classes : iterable
        Different values.
    """
    texts = tuple(map(str, classes))
    names = tuple(map(canonical, texts))
    return names if len(set(names)) == len(names) else texts


class LabelCodes(dict):
    """Text of a label, as it stands in the file → code; learns new labels as it meets them.

    Parameters
    ----------
    known : tuple of str, optional
        The classes of a trained model. Any other label is then a ValueError, whose text is the
        problem in words.
    """

    def __init__(self, known=None):
        super().__init__()
        self._closed = known is not None
        self._codes = {name: code for code, name in enumerate(known or ())}

    def __missing__(self, text):
        if is_missing(text):
            raise ValueError("the label is missing")
        if problem := undecodable(text):
            raise ValueError(problem)
        name = canonical(text)
        if name not in self._codes:
            if self._closed:
                raise ValueError(f"label {shown(name)} is unknown to the model: {_some(self)}")
            self._codes[name] = len(self._codes)
        code = self[text] = self._codes[name]
        return code

    @property
    def names(self):
        """The class names, by code."""
        return tuple(self._codes)

    def ordered(self, y):
        """Return ``(y, names)`` with the classes sorted; a model's classes stay as they are.

        Parameters
        ----------
        y : ndarray, shape (n,)
            Codes, of any numeric dtype.
        """
        y = np.asarray(y).astype(np.int32)
        if self._closed:
            return y, self.names
        values = [parse(name) for name in self.names]
        keys = self.names if None in values else values
        order = sorted(range(len(keys)), key=keys.__getitem__)
        ranks = np.empty(len(order), np.int32)
        ranks[order] = np.arange(len(order), dtype=np.int32)
        return ranks[y], tuple(self.names[i] for i in order)


def _some(codes, most=12):
    names = [plain(name) for name in codes.names]
    dots = ", ..." if len(names) > most else ""
    return f"it knows {', '.join(names[:most])}{dots}"


def encode(values, known, path, what):
    """Code an array of labels from an IDX or NPZ file.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Numbers or text.
    known : tuple of str or None
        The classes of a trained model.
    path : str
        The file, for messages.
    what : str
        What the file calls the labels, for messages.

    Returns
    -------
    y : ndarray, shape (n,), int32
    names : tuple of str
    """
    unique, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    codes = LabelCodes(known)
    table = []
    for value, row in zip(unique.tolist(), first.tolist(), strict=True):
        try:
            text = value.decode() if isinstance(value, bytes) else str(value)
            table.append(codes[text])
        except ValueError as error:
            problem = str(error)
            raise DataError(f"{what}[{row}]: {problem}", path=path) from error
    return codes.ordered(np.array(table, np.int32)[inverse.reshape(-1)])


def as_values(values, path, what):
    """Targets of a regression from an IDX or NPZ file as float32.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Numbers; text is refused.
    path, what : str
        As for `encode`.
    """
    if values.dtype.kind not in "biuf":
        raise DataError(f"{what} holds text; a regression needs numbers", path=path)
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        problem = f"{what}[{row}] is missing, infinite or too large"
        raise DataError(problem, path=path, remedy="fill in or remove the row")
    return values


def check_values(y, path, column):
    """Refuse targets from which nothing can be learnt.

    Parameters
    ----------
    y : ndarray, shape (n,), float32
    path : str
    column : str or None
        As for `check_classes`.
    """
    if y.min() == y.max():
        remedy = "give data in which it varies"
        if column is not None:
            remedy = "if another column is the target, name it with --target"
        _refuse(f"all {len(y)} values are {y[0]:g}", path, column, remedy)


def check_classes(y, names, path, column):
    """Refuse labels from which nothing can be learnt.

    Parameters
    ----------
    y : ndarray, shape (n,), int32
    names : tuple of str
        All occur in `y`.
    path : str
    column : str or None
        Name of the label column; None where labels do not come from one.
    """
    remedy = "give data with two classes or more"
    if column is not None:
        remedy = "if another column is the label, name it with --target"
    rows, classes = len(y), len(names)
    if classes == 1:
        _refuse(f"there is only one class, {shown(names[0])}", path, column, remedy)
    if _measured(names, rows):
        problem = f"{classes} different labels in {rows} rows look like a measurement or a name, "
        if None in map(parse, names):
            _refuse(f"{problem}not a class", path, column, remedy)
        remedy = f"lwnn train --algo bp --task regression predicts numbers; {remedy}"
        raise MeasurementError(f"{problem}not a class", path=path, column=column, remedy=remedy)
    if rows < 2 * classes:
        problem = f"{rows} rows are too few for {classes} classes, each needs two or more"
        _refuse(problem, path, column, f"add rows; {remedy}" if column is not None else "add rows")


def _measured(names, rows):
    if len(names) <= _MANY:
        return False
    values = [parse(name) for name in names]
    fractions = None not in values and not all(value.is_integer() for value in values)
    return fractions or 2 * len(names) > rows


def _refuse(problem, path, column, remedy):
    raise DataError(problem, path=path, column=column, remedy=remedy)
