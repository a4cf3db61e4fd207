"""Which column of a table is which: the label, the features, and in what order."""

import re
from dataclasses import dataclass

from lwnn.data.dialect import LABEL_NAMES
from lwnn.data.numbers import plain, shown, undecodable
from lwnn.errors import DataError

_INDEX = re.compile(r"-?[0-9]{1,9}")
_RANGE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")


@dataclass(frozen=True)
class Columns:
    """The columns of a file, by their index in it.

    Parameters
    ----------
    features : tuple of int
        In the order in which the data set, or the model, wants them.
    target : int or None
        The label column, whether its labels are read or not.
    feature_names : tuple of str
    target_name : str or None
        The name, or the index as digits where the file has no header.
    places : tuple of int
        Of each feature among the columns that are not the label.
    asked_for : tuple of int
        The features that were asked for by name, by their index in the file.
    """

    features: tuple[int, ...]
    target: int | None
    feature_names: tuple[str, ...]
    target_name: str | None
    places: tuple[int, ...] = ()
    asked_for: tuple[int, ...] = ()


def assign(path, dialect, request):
    """Decide what each column is; see `lwnn.data.load` for the rules.

    Parameters
    ----------
    path : str
    dialect : Dialect
    request : Request

    Raises
    ------
    DataError
        When a column is unknown, missing, twice there or without a name.
    """
    target, schema, need_labels = request.target, request.schema, request.need_labels
    _check_names(path, dialect.header)
    explicit = None if target is None else _find(path, dialect, target)
    if schema is None:
        return _assign_fresh(path, dialect, explicit, request)
    if schema.named and dialect.header is not None:
        return _assign_by_name(path, dialect, explicit, schema, need_labels)
    return _assign_by_position(path, dialect, explicit, schema, need_labels)


def _check_names(path, names):
    seen = set()
    for index, name in enumerate(names or ()):
        if problem := undecodable(name):
            raise DataError(f"in the header: {problem}", path=path, column=index)
        if not name:
            remedy = "name it in the header, or remove it if it only counts the rows"
            raise DataError("has no name", path=path, column=index, remedy=remedy)
        if name in seen:
            raise DataError("stands in the header twice", path=path, column=name, remedy="rename")
        seen.add(name)


def _find(path, dialect, target):
    """Return the index of the column that the user named."""
    if dialect.header is not None and target in dialect.header:
        return dialect.header.index(target)
    width = dialect.width
    if not isinstance(target, str) or _INDEX.fullmatch(target):
        index = int(target)
        if -width <= index < width:
            return index % width
        problem = f"there is no column {index}"
        raise DataError(problem, path=path, remedy=f"columns are counted from 0 to {width - 1}")
    if dialect.header is None:
        remedy = f"the file has no header; give an index from 0 to {width - 1}"
    else:
        remedy = f"its columns are {_listed(dialect.header)}"
    raise DataError(f"there is no column {target!r}", path=path, remedy=remedy)


def _listed(names, most=12):
    names = [plain(name) for name in names]
    if len(names) > most:
        names[most - 1 : -1] = ["..."]
    return ", ".join(names)


def _guess(dialect):
    """Return the index of a column whose name says that it is the label, or None."""
    lowered = [name.lower() for name in dialect.header or ()]
    return next((lowered.index(name) for name in LABEL_NAMES if name in lowered), None)


def _assign_fresh(path, dialect, target, request):
    if target is None:
        target = _guess(dialect)
    if target is None and request.need_labels:
        target = dialect.width - 1
    others = _without(dialect.width, target)
    if not others:
        remedy = "give a table with features and a label, columns parted by commas, tabs or blanks"
        raise DataError("has only one column", path=path, remedy=remedy)
    chosen = () if request.keep_all else _listed_columns(path, dialect, request.features)
    dropped = _listed_columns(path, dialect, request.drop)
    features = tuple(i for i in chosen or others if i not in dropped and i != target)
    if not features:
        raise DataError("has no features left", path=path, remedy="name fewer with --drop")
    places = tuple(map(others.index, features))
    if dialect.header is None:
        names = tuple(f"x{place}" for place in places)
        target_name = None if target is None else str(target)
    else:
        names = tuple(dialect.header[i] for i in features)
        target_name = None if target is None else dialect.header[target]
    return Columns(features, target, names, target_name, places, tuple(chosen))


def _listed_columns(path, dialect, texts):
    """Return the indices of columns given by name, by index, or by a range such as 2-9."""
    found = []
    for text in texts:
        span = None if text in (dialect.header or ()) else _RANGE.fullmatch(text)
        if span:
            first, last = (_find(path, dialect, end) for end in span.groups())
            found += range(first, last + 1)
        else:
            found.append(_find(path, dialect, text))
    return sorted(set(found))


def _without(width, target):
    return tuple(i for i in range(width) if i != target)


def _assign_by_name(path, dialect, target, schema, need_labels):
    header = dialect.header
    missing = [name for name in schema.columns if name not in header]
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        problem = f"has no column {missing[0]!r}{more}, which the model expects"
        raise DataError(problem, path=path, remedy=f"its columns are {_listed(header)}")
    if target is None and schema.target in header:
        target = header.index(schema.target)
    if target is None and need_labels:
        problem = f"has no column {schema.target!r}, which holds the labels"
        raise DataError(problem, path=path, remedy=f"its columns are {_listed(header)}")
    if target is not None and header[target] in schema.columns:
        problem = "is a feature of the model and cannot be the label"
        raise DataError(problem, path=path, column=header[target])
    features = tuple(header.index(name) for name in schema.columns)
    return Columns(features, target, schema.columns, schema.target)


def _assign_by_position(path, dialect, target, schema, need_labels):
    width, expected = dialect.width, schema.width
    if target is None and (width != expected or need_labels):
        target = _position_of_label(path, dialect, schema)
    features = _without(width, target)
    if width == expected and need_labels:
        problem = f"has {width} columns, the model expects {expected} features and a label"
        raise DataError(problem, path=path, remedy="add the label column")
    if len(features) != expected:
        count = len(features)
        remedy = "give a file with the columns of the training data"
        problem = f"has {_plural(count, 'feature')}, the model expects {expected}"
        raise DataError(problem, path=path, remedy=remedy)
    features = tuple(features[place] for place in schema.places)
    return Columns(features, target, schema.columns, schema.target)


def _plural(count, noun):
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _position_of_label(path, dialect, schema):
    """Return the index of the label column in a file that is matched by position."""
    guessed = _guess(dialect)
    last = dialect.width - 1
    if schema.target is None or dialect.width != schema.width + 1:
        return last if guessed is None else guessed
    if not schema.named:
        return int(schema.target)
    # The model knows the label by a name only; a wrong guess would shift every feature.
    problem = f"has no header, so the label column {shown(schema.target)} cannot be told"
    raise DataError(problem, path=path, remedy="give it the header of the training data")
