"""One door for all files: looks at the first bytes and hands them to the right reader."""

import contextlib
import csv
import gzip
import hashlib
import os
import zlib
from dataclasses import replace
from functools import partial

import numpy as np

from lwnn.data import arff, encoding, idx, npz, parquet, text
from lwnn.data.dataset import Dataset, Schema, numbered
from lwnn.data.labels import check_classes, check_values
from lwnn.data.raw import joined
from lwnn.data.recipe import Column, Recipe
from lwnn.data.request import Request
from lwnn.data.source import STDIN, Source, spooled
from lwnn.errors import DataError, UsageError


def load(
    path,
    *,
    target=None,
    schema=None,
    need_labels=True,
    numeric=False,
    missing="indicate",
    features=(),
    drop=(),
    progress=None,
):
    """Read data: delimited text, ARFF, Parquet, IDX or NPZ; text and IDX gzipped or not.

    The format is found by content. In text, the delimiter (comma, semicolon, tab, ``|``, blanks),
    the sign before decimals, remarks, where the table begins and whether there is a header are
    found by looking. Columns of words become categories; constant columns, dates, identifiers and
    free text are left out; `Dataset.notes` says so.

    Parameters
    ----------
    path : str or os.PathLike, or sequence of such
        ``-`` is stdin. Several files are read as one, which must have the same columns.
    target : str or int, optional
        The label column: a name, or an index from 0 (negative from the end; digits in a string
        are an index unless a column has that name). Default: a column whose name is label,
        class, target or y, in any case; else the last.
    schema : Schema, optional
        What a model expects. Columns are matched by name where both sides have a header, in
        any order, and columns that the model does not know are left out; else by position.
        Labels are coded by `schema.labels`, columns turned into features by `schema.recipe`.
    need_labels : bool
        When False, labels are not read, the label column may be absent, and `y` is None.
    numeric : bool
        Whether the target is a number, for regression, and not a class. Where there is a schema,
        that says so.
    missing : {'indicate', 'mean', 'drop', 'error'}
        Missing values: mean and one more column that tells them, the mean alone, the row is left
        out, or refused. With a schema, its recipe says so.
    features : sequence of str
        Columns to use, by name, index or range of indices such as ``2-9``; ``all`` uses even
        constant columns and identifiers. Default: all that can be learnt from.
    drop : sequence of str
        Columns not to use, likewise.
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
    MissingToolError
        When a package is missing that reads this format.
    """
    numeric = numeric if schema is None else schema.numeric
    request = Request(target, schema, need_labels, numeric, missing, tuple(features), tuple(drop))
    paths = [path] if isinstance(path, (str, os.PathLike)) else list(path)
    if not paths:
        raise UsageError("no file to read; name one")
    parts = []
    for one in map(os.fspath, paths):
        with _told(one):
            parts.append(_read(one, _alike(request, parts), progress))
    dataset = parts[0] if isinstance(parts[0], Dataset) else _from_raw(parts, request)
    if len(parts) > 1 and isinstance(parts[0], Dataset):
        raise UsageError(f"{parts[0].source}: is no table; give it alone")
    if schema is None and dataset.numeric:
        check_values(dataset.y, dataset.source, dataset.target)
    elif schema is None and dataset.y is not None:
        check_classes(dataset.y, dataset.labels, dataset.source, dataset.target)
    return dataset


@contextlib.contextmanager
def _told(path):
    """Turn what libraries raise on damaged files into a `DataError`."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        problem = f"its gzip data is damaged or cut short ({error})"
        raise DataError(problem, path=path, remedy="download or copy it again") from error
    except csv.Error as error:
        raise DataError(f"cannot be read as a table: {error}", path=path) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", path=path) from error


def _alike(request, parts):
    """Return the request for a file that must have the columns of the first."""
    if not parts or request.schema is not None or isinstance(parts[0], Dataset):
        return request
    raw, _ = parts[0]
    columns, named = raw.columns, raw.dialect.header is not None
    width = raw.dialect.width - (columns.target is not None)
    pairs = zip(columns.feature_names, columns.places, strict=True)
    recipe = Recipe(tuple(Column(name, place) for name, place in pairs), width)
    label = columns.target_name
    schema = Schema(columns.feature_names, label, None, named, request.numeric, recipe)
    return replace(request, schema=schema, target=None)


def _read(path, request, progress):
    """Return the `Dataset` of images or arrays, or (`Raw`, running hash) of a table."""
    reopen = partial(Source, path)
    if path == STDIN:
        reopen = partial(Source, STDIN, file=spooled())
    with reopen(progress=progress) as source:
        start = source.peek()
        if not start:
            source.refuse("is empty", "give a file with rows")
        if start[:6] == b"\x93NUMPY":
            source.refuse("is a single NumPy array", "store both with numpy.savez(path, x=x, y=y)")
        if idx.is_idx(start) or npz.is_zip(start):
            return _read_arrays(source, idx if idx.is_idx(start) else npz, request)
        if parquet.is_parquet(start):
            raw = parquet.read(source, request)
        elif arff.is_arff(start):
            raw = arff.read(source, request)
        else:
            raw = text.read(source, reopen, request)
        return raw, source.hexdigest()


def _read_arrays(source, reader, request):
    schema = request.schema
    if request.target is not None:
        source.refuse("has no columns to choose a label from", "leave out --target")
    # All of them are what arrays give anyway.
    if request.drop or request.features not in ((), ("all",)):
        source.refuse("has no columns to choose from", "leave out --features and --drop")
    x, y, names, sha256 = reader.read(source, request.known, request.need_labels, request.numeric)
    x, image_shape = _flat(source, x)
    if schema is not None and x.shape[1] != len(schema.features):
        problem = f"has {x.shape[1]} features, the model expects {len(schema.features)}"
        source.refuse(problem, "give a file like the training data")
    if schema is not None and None not in (schema.row_shape, image_shape):
        found, expected = (" x ".join(map(str, shape)) for shape in (image_shape, schema.row_shape))
        if found != expected:
            remedy = "store x as (rows, steps, features), as the training data"
            source.refuse(f"has rows of {found}, the model reads {expected}", remedy)
    features = numbered(x.shape[1]) if schema is None else schema.features
    rest = {"recipe": request.recipe}
    return Dataset(x, y, names, features, None, image_shape, source.path, sha256, **rest)


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


def _from_raw(parts, request):
    """Make a `Dataset` of tables that were read."""
    raw = joined([raw for raw, _ in parts])
    names, schema = request.known or (), request.schema
    if raw.labels is not None:
        raw.y, names = raw.labels.ordered(raw.y)
    if schema is None:
        raw, recipe, kept, found, notes = encoding.understand(raw, request)
        x, recipe, gaps, _ = encoding.encode(raw, recipe, kept, request)
        features = raw.columns.feature_names if recipe is None else recipe.features
    else:
        recipe, features, found = schema.recipe, schema.features, ()
        kept = list(range(raw.x.shape[1]))
        x, _, gaps, notes = encoding.encode(raw, recipe, kept, request)
    y = raw.y
    sha256 = parts[0][1]
    if len(parts) > 1:
        sha256 = hashlib.sha256("".join(digest for _, digest in parts).encode()).hexdigest()
    named, path = raw.dialect.header is not None, raw.path
    told = {"recipe": recipe, "gaps": gaps, "found": found, "notes": tuple(notes)}
    label = raw.columns.target_name
    return Dataset(x, y, names, features, label, None, path, sha256, named, **told)
