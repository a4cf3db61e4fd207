"""A confusion matrix in the terminal: a heat map, or what is confused most where it is too wide."""

import numpy as np

from lwnn.cli.console import percent, printable

#: Longest name over a column, and most pairs that are listed.
_NAME, _PAIRS = 8, 10
#: Colours of a full cell: right answers, wrong ones.
_RIGHT, _WRONG = (33, 102, 172), (178, 24, 43)


def show(console, matrix, labels):
    """Write the matrix as part of the result.

    Parameters
    ----------
    console : Console
    matrix : ndarray of int, shape (classes, classes)
        As from `lwnn.metrics.confusion`.
    labels : sequence of str
    """
    if console.json:
        return
    names = [_cut(printable(label)) for label in labels]
    widths = [
        max(len(name), *(len(f"{count:,}") for count in column)) + 1
        for name, column in zip(names, matrix.T, strict=True)
    ]
    if len("true class") + max(map(len, names)) + sum(widths) > console.width:
        _list(console, matrix, labels)
    else:
        console.draw(_table(matrix, names))


def _cut(name):
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def _table(matrix, names):
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 0, 0, 1),
        pad_edge=False,
        header_style="bold",
    )
    table.add_column("true as", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    for true, (name, row) in enumerate(zip(names, matrix, strict=True)):
        cells = [
            Text(f"{count:,}", style=_style(shares[true, column], true == column))
            if count
            else Text("·", style="dim")
            for column, count in enumerate(row)
        ]
        table.add_row(name, *cells)
    return table


def _style(share, right):
    """White to the full colour, with the writing that can be read on it."""
    full = _RIGHT if right else _WRONG
    red, green, blue = (round(255 + (end - 255) * share**0.5) for end in full)
    dark = 0.3 * red + 0.6 * green + 0.1 * blue < 140
    return f"{'white' if dark else 'black'} on rgb({red},{green},{blue})"


def _list(console, matrix, labels):
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS]
    pairs = [np.unravel_index(place, wrong.shape) for place in order]
    rows = matrix.sum(axis=1)
    console.table(
        ("true class", "taken for", "rows", "of the class"),
        [
            (labels[a], labels[b], f"{wrong[a, b]:,}", percent(wrong[a, b] / rows[a]))
            for a, b in pairs
            if wrong[a, b]
        ],
    )
