"""A confusion matrix as a heat map, or the pairs confused most where there are too many classes."""

import numpy as np

from lwnn.report.markup import element, table

#: Classes up to which cells hold numbers, up to which there are cells, and letters of a label.
_NUMBERED, _MOST = 30, 60
_LETTERS = 12
_PAIRS = 20
_CELL, _TEXT = 30, 7
#: Pixels up to which two maps stand side by side.
_NARROW = 440


def heat_map(title, matrix, labels):
    """Draw a matrix: a row for each true class, a column for each predicted one.

    Parameters
    ----------
    title : str
    matrix : ndarray of int, shape (classes, classes)
    labels : sequence of str
    """
    if len(labels) > _MOST:
        return _pairs(title, matrix, labels)
    short = [_short(label) for label in labels]
    cell = _CELL if len(labels) <= _NUMBERED else _CELL // 2
    room = 14 + _TEXT * max(map(len, short))
    size = room + cell * len(labels) + 2
    turned = max(map(len, short)) * _TEXT > cell
    above = room if turned else 34
    drawn = [
        element("text", "predicted", x=room + cell * len(labels) / 2, y=11, text_anchor="middle")
    ]
    for place, label in enumerate(short):
        at = above + cell * place + cell / 2 + 4
        drawn.append(element("text", label, x=room - 5, y=at, text_anchor="end"))
        drawn.append(_above(label, room + cell * place + cell / 2, above - 5, turned))
    shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    for true, predicted in np.ndindex(matrix.shape):
        where = (room + cell * predicted, above + cell * true)
        told = f"{labels[true]} taken for {labels[predicted]}: {matrix[true, predicted]:,} rows"
        drawn += _cell(where, cell, matrix[true, predicted], shares[true, predicted], told)
    box = f"0 0 {size} {above + cell * len(labels) + 2}"
    picture = element("svg", *drawn, viewBox=box, role="img", aria_label=title, width=size)
    kind = "matrix" if size <= _NARROW else "matrix wide"
    caption = element("figcaption", title, element("span", "rows: true classes", class_="legend"))
    return element("figure", caption, element("div", picture, class_="scroll"), class_=kind)


def _above(label, x, y, turned):
    if turned:
        return element("text", label, transform=f"translate({x + 4},{y}) rotate(-90)")
    return element("text", label, x=x, y=y, text_anchor="middle")


def _cell(where, size, count, share, told):
    x, y = where
    box = {"x": x, "y": y, "width": size - 1, "height": size - 1}
    yield element("rect", **box, class_="back")
    if count:
        # What is rare is to be seen too.
        opacity = round(0.12 + 0.88 * float(share), 3)
        yield element("rect", **box, class_="cell", fill_opacity=opacity)
    if count and size == _CELL:
        kind = "strong" if share > 0.45 else None
        at = {"x": x + (size - 1) / 2, "y": y + size / 2 + 4, "text_anchor": "middle"}
        yield element("text", _number(count), class_=kind, **at)
    yield element("rect", element("title", told), **box, class_="over")


def _number(count):
    return f"{count}" if count < 10_000 else f"{count / 1000:.0f}k"


def _short(label):
    return label if len(label) <= _LETTERS else label[: _LETTERS - 1] + "…"


def _pairs(title, matrix, labels):
    """The pairs of classes confused most often, as a table."""
    wrong = np.array(matrix)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS]
    rows = [
        (labels[true], labels[predicted], f"{wrong[true, predicted]:,}")
        for true, predicted in zip(*np.unravel_index(order, wrong.shape), strict=True)
        if wrong[true, predicted]
    ]
    shown = table(("true class", "taken for", "rows"), rows, numeric_from=2)
    caption = element("figcaption", f"{title}: what is confused most")
    return element("figure", caption, shown, class_="matrix")
