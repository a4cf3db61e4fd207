"""From a raw table to the features of a net, by a recipe: a new one, or that of a model."""

import math

import numpy as np

from lwnn.data import kinds
from lwnn.data.dataset import Found
from lwnn.data.numbers import plain
from lwnn.data.raw import NUMBER
from lwnn.data.recipe import Column, Recipe
from lwnn.errors import DataError

_NAMED = 6


def understand(raw, request):
    """Decide what becomes of each column.

    Parameters
    ----------
    raw : Raw
    request : Request

    Returns
    -------
    raw : Raw
        Without the rows that ``missing="drop"`` leaves out.
    recipe : Recipe or None
        None for rows that look like images: every column is one input as it stands.
    kept : list of int
        The features of `raw` that the recipe uses.
    found : tuple of Found
    notes : list of str
    """
    whole = not raw.words and (request.keep_all or kinds.pixels(raw.x))
    every = range(raw.x.shape[1])
    kind = ["number" if whole else kinds.kind_of(raw, i, request) for i in every]
    asked_for = [
        request.keep_all or raw.columns.features[i] in raw.columns.asked_for for i in every
    ]
    kept = [i for i in every if kind[i] in _KEPT or (asked_for[i] and kind[i] in _USABLE)]
    if not kept:
        kept = _last_resort(raw, kind)
    notes = [_skipped(raw), _left_out(raw, kind, kept)]
    raw, dropped = _without_gaps(raw, kept, request)
    notes.append(dropped)
    columns = [_column(raw, i, kind[i], request) for i in kept]
    notes += [_filled(raw, kept, columns, request), _categories(raw, kept, columns)]
    leaking = [] if whole else [i for i in kept if kinds.leaks(raw, i, kind[i])]
    notes += [_leaking(raw, leaking)]
    by_feature = dict(zip(kept, columns, strict=True))
    found = _found(raw, kind, by_feature, leaking)
    width = raw.dialect.width - (raw.columns.target is not None)
    recipe = None if whole and len(kept) == width else Recipe(tuple(columns), width)
    return raw, recipe, kept, found, [note for note in notes if note]


#: Kinds that are features, and those that can be when they are asked for.
_KEPT = ("number", "category")
_USABLE = ("identifier", "constant", "text", "dates", "row names")


def _last_resort(raw, kind):
    """Return an identifier where that is all there is: it may be a measurement after all."""
    kept = [i for i, name in enumerate(kind) if name == "identifier" and i not in raw.words]
    if not kept:
        why = ", ".join(f"{raw.name_of(i)} ({name})" for i, name in list(enumerate(kind))[:_NAMED])
        problem = f"no column can be learnt from: {why}"
        raise DataError(problem, path=raw.path, remedy="give a table with numbers or categories")
    return kept


def _column(raw, i, kind, request):
    words = raw.words.get(i)
    gaps = words is not None and len(words.missing) > 0
    name, place = raw.columns.feature_names[i], raw.columns.places[i]
    fill = None if request.missing == "error" else 0.0
    indicator = gaps and request.missing == "indicate"
    if kind == "category" or (words is not None and words.texts):
        levels = kinds.levels_of(raw, i)
        return Column(name, place, "category", levels, fill, indicator)
    return Column(name, place, "number", (), fill, indicator)


def _without_gaps(raw, kept, request):
    """Refuse missing values, or leave their rows out, where that is asked for."""
    gaps = [i for i in kept if i in raw.words and len(raw.words[i].missing)]
    if not gaps or request.missing not in ("drop", "error"):
        return raw, None
    if request.missing == "error":
        _refuse_gap(raw, gaps[0], "fill it in, or let --missing mean do so")
    rows = np.setdiff1d(np.arange(len(raw.x)), np.concatenate([raw.words[i].missing for i in gaps]))
    if not len(rows):
        problem = "a value is missing in every row"
        raise DataError(problem, path=raw.path, remedy="leave columns out with --drop")
    return raw.take(rows), f"{len(raw.x) - len(rows):,} rows with missing values left out"


def _refuse_gap(raw, i, remedy):
    line, name = raw.words[i].missing_line, raw.name_of(i)
    raise DataError("missing value", path=raw.path, line=line, column=name, remedy=remedy)


def _found(raw, kind, columns, leaking):
    # Of all columns at once, which is quick where a column by itself is not; words are no numbers.
    lows, highs = (reduce(raw.x, axis=0).tolist() for reduce in (np.fmin.reduce, np.fmax.reduce))
    found = []
    for i, (low, high) in enumerate(zip(lows, highs, strict=True)):
        words, column = raw.words.get(i), columns.get(i)
        missing = 0 if words is None else len(words.missing)
        levels = () if column is None else column.levels
        what = kind[i] if column is None else column.kind
        between = (None, None) if math.isnan(low) else (low, high)
        used = column is not None
        found.append(Found(raw.name_of(i), what, used, missing, *between, levels, i in leaking))
    return tuple(found)


# ---------------------------------------------------------------- what is said aloud


def _named(names, most=_NAMED):
    names = [plain(str(name)) for name in names]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _skipped(raw):
    if not raw.dialect.skipped:
        return None
    lines = "the first line is" if raw.dialect.skipped == 1 else f"{raw.dialect.skipped} lines are"
    return f"{lines} taken for words above the table"


def _left_out(raw, kind, kept):
    left = [f"{raw.name_of(i)} ({name})" for i, name in enumerate(kind) if i not in kept]
    if not left:
        return None
    which = "columns" if len(left) > 1 else "column"
    return f"{which} left out: {_named(left)}; --features names what to use"


def _filled(raw, kept, columns, request):
    gaps = {i: len(raw.words[i].missing) for i in kept if i in raw.words}
    gaps = {i: count for i, count in gaps.items() if count}
    if not gaps:
        return None
    count, names = sum(gaps.values()), _named(raw.name_of(i) for i in gaps)
    kinds_of = {column.kind for i, column in zip(kept, columns, strict=True) if i in gaps}
    how = ["the mean stands in"] if "number" in kinds_of else []
    how += ["no level is set"] if "category" in kinds_of else []
    how += ["one more column each tells it"] if request.missing == "indicate" else []
    values = "value" if count == 1 else "values"
    return f"{count:,} {values} missing in {names}: {', '.join(how)} (--missing says otherwise)"


def _categories(raw, kept, columns):
    found = [
        f"{raw.name_of(i)} ({len(column.levels)} levels)"
        for i, column in zip(kept, columns, strict=True)
        if column.kind == "category"
    ]
    if not found:
        return None
    return f"{'categories' if len(found) > 1 else 'category'}: {_named(found)}"


def _leaking(raw, leaking):
    if not leaking:
        return None
    names = _named(raw.name_of(i) for i in leaking)
    drop = ",".join(str(raw.name_of(i)) for i in leaking[:_NAMED])
    return (
        f"warning: each value of {names} goes with one class only; if it is known only after the "
        f"class is, leave it out with --drop {drop}"
    )


# ---------------------------------------------------------------- by the recipe


def encode(raw, recipe, kept, request):
    """Turn columns into features.

    Parameters
    ----------
    raw : Raw
    recipe : Recipe or None
    kept : list of int
        The feature of `raw` for each column of the recipe.
    request : Request
        With a schema, the recipe was learnt from other rows: its stand-ins and bounds count.

    Returns
    -------
    x : ndarray, shape (n, inputs), float32
    recipe : Recipe or None
        With stand-ins learnt from all rows, where it is new.
    gaps : dict of int to ndarray of int64
    notes : list of str

    Raises
    ------
    DataError
        When a number is a word, or missing where the recipe does not allow that.
    """
    as_it_is = not raw.words and len(kept) == raw.x.shape[1]
    if recipe is None and as_it_is:
        return raw.x, None, {}, []
    if recipe is None:
        recipe = Recipe(tuple(Column(str(raw.name_of(i)), i, fill=None) for i in kept), len(kept))
    if as_it_is and recipe.plain:
        return *_finished(raw.x, recipe, {}, request), []
    x = np.zeros((len(raw.x), recipe.inputs), np.float32)
    gaps, unseen, missing = {}, {}, {}
    for i, column, start in zip(kept, recipe.columns, recipe.starts, strict=False):
        absent = _absent(raw, i, column)
        if len(absent):
            missing[raw.name_of(i)] = len(absent)
        if column.kind == "number":
            x[:, start] = _numbers(raw, i, request)
            x[absent, start] = 0 if column.fill is None else column.fill
            if len(absent):
                gaps[start] = absent
        else:
            rows, places, strange = _levels(raw, i, column)
            x[rows, start + places] = 1
            if strange:
                unseen[raw.name_of(i)] = strange
        if column.indicator:
            x[absent, start + column.inputs - 1] = 1
    notes = [] if request.schema is None else _strange(unseen, missing)
    return *_finished(x, recipe, gaps, request), notes


def _finished(x, recipe, gaps, request):
    """Return features, recipe and gaps; a new recipe learns its stand-ins from these rows."""
    if request.schema is not None:
        return x, recipe, gaps
    recipe = recipe.with_means(x, gaps)
    for _, column, start in recipe.numbers():
        if start in gaps:
            x[gaps[start], start] = column.fill
    return x, recipe, gaps


def _absent(raw, i, column):
    words = raw.words.get(i)
    absent = np.zeros(0, np.int64) if words is None else words.missing
    if len(absent) and column.fill is None:
        _refuse_gap(raw, i, "fill it in; the model has learnt from rows without gaps")
    return absent


def _numbers(raw, i, request):
    words = raw.words.get(i)
    if words is not None and words.texts:
        kinds.refuse_word(raw, i, 0, request)
    return raw.x[:, i]


def _levels(raw, i, column):
    """Return (rows, places of their levels, {level that is not known: rows})."""
    words, values = raw.words.get(i), raw.x[:, i]
    known = {level: place for place, level in enumerate(column.levels)}
    codes = np.full(len(values), NUMBER, np.int32) if words is None else words.codes
    places, strange = np.full(len(values), -1, np.int64), {}
    for code, text in enumerate(() if words is None else words.texts):
        rows = codes == code
        if text in known:
            places[rows] = known[text]
        elif rows.any():
            strange[text] = int(rows.sum())
    numbers = np.flatnonzero(codes == NUMBER)
    for value in np.unique(values[numbers]):
        rows, text = numbers[values[numbers] == value], kinds.spelt(value)
        if text in known:
            places[rows] = known[text]
        else:
            strange[text] = len(rows)
    rows = np.flatnonzero(places >= 0)
    return rows, places[rows], strange


def _strange(unseen, missing):
    notes = []
    for name, levels in unseen.items():
        count = sum(levels.values())
        rows = "row" if count == 1 else "rows"
        notes.append(
            f"column {plain(str(name))}: {count:,} {rows} with levels that the model has not seen: "
            f"{_named(levels)}"
        )
    if missing:
        count = sum(missing.values())
        notes.append(f"{count:,} missing in {_named(missing)}: the model's means stand in")
    return notes
