"""What was understood of a data file, as a table and as JSON."""

from lwnn.cli import progress
from lwnn.cli.console import printable
from lwnn.errors import MeasurementError

_ROWS, _COLUMNS, _LEVELS, _CLASSES = 5, 40, 4, 20
_WIDE = 24
#: Characters of a line, and those of a column's value.
_LINE, _CELL = 80, 16


def show(console, path, options):
    """Read a data file and show its columns, classes and first rows.

    Parameters
    ----------
    console : Console
    path : Path
    options : dict
        Of `lwnn.data.load`.
    """
    dataset = _load(console, path, options)
    rows, inputs = dataset.x.shape
    console.say(printable(f"{path}: {rows:,} rows, {inputs:,} features"))
    _show_columns(console, dataset)
    classes = None if dataset.numeric else _classes(dataset)
    label = "" if dataset.target is None else f" (column {printable(dataset.target)})"
    console.say("")
    if dataset.numeric:
        low, high = dataset.y.min(), dataset.y.max()
        console.say(f"numbers to predict{label}: {low:.6g} to {high:.6g}")
    else:
        console.table((f"class{label}", "rows", "share"), _class_lines(classes, rows))
    console.say("")
    _show_rows(console, dataset)
    console.result(
        data=path,
        rows=rows,
        features=dataset.features,
        target=dataset.target,
        header=dataset.named,
        image_shape=dataset.image_shape,
        columns=[vars(found) for found in dataset.found],
        classes=classes,
        range=[dataset.y.min(), dataset.y.max()] if dataset.numeric else None,
        first_rows=dataset.x[:_ROWS],
        first_labels=_labels(dataset),
        notes=dataset.notes,
        sha256=dataset.sha256,
    )


def _load(console, path, options):
    """Load data with classes or, where the label looks like a measurement, with numbers."""
    try:
        return progress.load(console, path, **options)
    except MeasurementError as error:
        if str(path) == "-":
            # It is gone.
            raise
        console.note(str(error))
    return progress.load(console, path, numeric=True, **options)


def _show_columns(console, dataset):
    found = dataset.found
    if not found:
        return
    lines = [
        (
            _short(str(column.name), _WIDE),
            column.kind if column.used else f"left out: {column.kind}",
            f"{column.missing:,}" if column.missing else "",
            _values(column) + (" names the class" if column.leaks else ""),
        )
        for column in found[:_COLUMNS]
    ]
    console.table(("column", "kind", "missing", "values"), lines)
    if len(found) > _COLUMNS:
        console.say(f"and {len(found) - _COLUMNS:,} columns more")


def _values(column):
    if column.levels:
        shown = ", ".join(_short(level, _CELL) for level in column.levels[:_LEVELS])
        return shown + (f", ... {len(column.levels)}" if len(column.levels) > _LEVELS else "")
    return "" if column.low is None else f"{column.low:.6g} to {column.high:.6g}"


def _classes(dataset):
    counts = [int((dataset.y == code).sum()) for code in range(len(dataset.labels))]
    pairs = zip(dataset.labels, counts, strict=True)
    return [{"label": label, "rows": count} for label, count in pairs]


def _class_lines(classes, rows):
    lines = [
        (_short(one["label"], _WIDE), f"{one['rows']:,}", f"{100 * one['rows'] / rows:.1f} %")
        for one in classes[:_CLASSES]
    ]
    if len(classes) > _CLASSES:
        rest = sum(one["rows"] for one in classes[_CLASSES:])
        more = f"{len(classes) - _CLASSES:,} more"
        lines.append((more, f"{rest:,}", f"{100 * rest / rows:.1f} %"))
    return lines


def _labels(dataset):
    if dataset.numeric:
        return [f"{value:.6g}" for value in dataset.y[:_ROWS]]
    return [dataset.labels[code] for code in dataset.y[:_ROWS]]


def _show_rows(console, dataset):
    """The first rows as the net gets them, but for scaling; as many features as a line takes."""
    labels = [_short(label, _CELL) for label in _labels(dataset)]
    chosen, width = [], _CELL + 2
    for place, name in enumerate(dataset.features):
        values = [f"{value:.5g}" for value in dataset.x[:_ROWS, place]]
        cells = [_short(name, _CELL), *values]
        width += max(map(len, cells)) + 2
        if width > _LINE - 6:
            break
        chosen.append(cells)
    dots = ["..."] * (len(labels) + 1) if len(chosen) < len(dataset.features) else None
    last = ["number" if dataset.numeric else "class", *labels]
    lists = [*chosen, *([dots] if dots else []), last]
    header, *lines = zip(*lists, strict=True)
    console.table(header, lines)


def _short(text, most):
    text = printable(text)
    return text if len(text) <= most else text[: most - 3] + "..."
