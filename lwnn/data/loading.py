"""One door for all files: looks at the first bytes and hands them to the right reader."""

import csv
import gzip
import os
import zlib
from functools import partial

import numpy as np

from lwnn.data import idx, npz, text
from lwnn.data.dataset import Dataset, numbered
from lwnn.data.labels import check_classes, check_values
from lwnn.data.source import Source
from lwnn.errors import DataError


def load(path, *, target=None, schema=None, need_labels=True, numeric=False, progress=None):
    """Read a data file: delimited text, IDX or NPZ, each gzipped or not.

    The format is found by content. In text, the delimiter (comma, semicolon, tab, blanks) and
    whether there is a header are found by looking.

    Parameters
    ----------
    path : str or os.PathLike
    target : str or int, optional
        The label column: a name, or an index from 0 (negative from the end; digits in a string
        are an index unless a column has that name). Default: a column whose name is label,
        class, target or y, in any case; else the last.
    schema : Schema, optional
        What a model expects. Columns are matched by name where both sides have a header, in
        any order, and columns that the model does not know are left out; else by position.
        Labels are coded by `schema.labels`.
    need_labels : bool
        When False, labels are not read, the label column may be absent, and `y` is None.
    numeric : bool
        Whether the target is a number, for regression, and not a class. Where there is a schema,
        that says so.
    progress : callable, optional
        Called as ``progress(bytes_read, bytes_total)`` now and then; both count stored bytes.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        When the file cannot be used. The message names file, line and column, what was found
        and what to do.
    """
    path = os.fspath(path)
    try:
        with Source(path, progress) as source:
            numeric = numeric if schema is None else schema.numeric
            dataset = _read(source, target, schema, need_labels, numeric)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        problem = f"its gzip data is damaged or cut short ({error})"
        raise DataError(problem, path=path, remedy="download or copy it again") from error
    except csv.Error as error:
        raise DataError(f"cannot be read as a table: {error}", path=path) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", path=path) from error
    if schema is None and dataset.numeric:
        check_values(dataset.y, path, dataset.target)
    elif schema is None and dataset.y is not None:
        check_classes(dataset.y, dataset.labels, path, dataset.target)
    return dataset


def _read(source, target, schema, need_labels, numeric):
    start = source.peek()
    if not start:
        source.refuse("is empty", "give a file with rows")
    if start[:6] == b"\x93NUMPY":
        source.refuse("is a single NumPy array", "store both with numpy.savez(path, x=x, y=y)")
    is_idx = idx.is_idx(start)
    if not is_idx and not npz.is_zip(start):
        return _read_text(source, target, schema, need_labels, numeric)
    if target is not None:
        source.refuse("has no columns to choose a label from", "leave out --target")
    reader = idx if is_idx else npz
    known = None if schema is None else schema.labels
    x, y, names, sha256 = reader.read(source, known, need_labels, numeric)
    x, image_shape = _flat(source, x)
    if schema is not None and x.shape[1] != len(schema.features):
        problem = f"has {x.shape[1]} features, the model expects {len(schema.features)}"
        source.refuse(problem, "give a file like the training data")
    features = numbered(x.shape[1]) if schema is None else schema.features
    return Dataset(x, y, names, features, None, image_shape, source.path, sha256)


def _flat(source, x):
    """Return (x as (n, f), uint8 or finite float32; height and width or None)."""
    image_shape = x.shape[1:] if x.ndim == 3 else None
    x = x.reshape(len(x), -1)
    if x.dtype != np.uint8:
        with np.errstate(over="ignore"):
            x = x.astype(np.float32)
        if not np.isfinite(x).all():
            row = int(np.flatnonzero(~np.isfinite(x).all(axis=1))[0])
            problem = f"row {row} (from 0) holds a value that is missing, infinite or too large"
            source.refuse(problem, "fill in or remove the row")
    return np.ascontiguousarray(x), image_shape


def _read_text(source, target, schema, need_labels, numeric):
    reopen = partial(Source, source.path)
    x, y, names, columns, named = text.read(source, reopen, target, schema, need_labels, numeric)
    sha256 = source.hexdigest()
    features, label = columns.feature_names, columns.target_name
    return Dataset(x, y, names, features, label, None, source.path, sha256, named)
