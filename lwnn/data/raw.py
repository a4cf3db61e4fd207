"""A table as it was read: numbers where there are numbers, words where there are words."""

from dataclasses import dataclass, field, replace

import numpy as np

from lwnn.data.columns import Columns
from lwnn.data.dialect import Dialect
from lwnn.data.labels import LabelCodes

NUMBER, MISSING = -2, -1


@dataclass
class Words:
    """The cells of a column that are no numbers.

    Parameters
    ----------
    codes : ndarray, shape (n,), int32
        Per row: the word as an index into `texts`, or `NUMBER`, or `MISSING`.
    texts : tuple of str
    lines : tuple of int
        Where each word stands first, from 1.
    missing_line : int or None
        Where a value is missing first.
    many : bool
        Whether there were more words than are kept; those have the code `MISSING`.
    kind : str or None
        What the file says that the column is: ``category``, ``date`` or ``text``.
    """

    codes: np.ndarray
    texts: tuple[str, ...]
    lines: tuple[int, ...]
    missing_line: int | None = None
    many: bool = False
    kind: str | None = None

    @property
    def missing(self):
        """Rows whose value is missing, int64."""
        return np.flatnonzero(self.codes == MISSING)


@dataclass
class Raw:
    """A table.

    Parameters
    ----------
    path : str
    dialect : Dialect
    columns : Columns
    x : ndarray, shape (n, f), float32
        Not a number where a cell holds none.
    words : dict of int to Words
        By feature; those that have numbers only are not there.
    y : ndarray, shape (n,), or None
        Codes of `labels`, int32, or values, float32.
    labels : LabelCodes or None
    """

    path: str
    dialect: Dialect
    columns: Columns
    x: np.ndarray
    words: dict[int, Words] = field(default_factory=dict)
    y: np.ndarray | None = None
    labels: LabelCodes | None = None

    def name_of(self, feature):
        """Return what a message calls a feature: its name, or the index of its column."""
        return self.dialect.name_of(self.columns.features[feature])

    def take(self, rows):
        """Return the table with some rows only."""
        words = {i: replace(found, codes=found.codes[rows]) for i, found in self.words.items()}
        y = None if self.y is None else self.y[rows]
        return replace(self, x=self.x[rows], words=words, y=y)


def joined(tables):
    """Return several tables of the same columns as one, in that order.

    Lines, in messages, are those of the file in which something was found first.
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    x = np.concatenate([table.x for table in tables])
    found = sorted({feature for table in tables for feature in table.words})
    words = {feature: _joined_words(tables, feature) for feature in found}
    y, labels = None, first.labels
    if first.y is not None:
        if labels is not None:
            parts = [_recoded(labels, table) for table in tables]
        else:
            parts = [table.y for table in tables]
        y = np.concatenate(parts)
    return replace(first, x=x, words=words, y=y, labels=labels)


def _recoded(labels, table):
    codes = np.array([labels[name] for name in table.labels.names], np.int32)
    return codes[table.y.astype(np.int32)]


def _joined_words(tables, feature):
    texts, lines, parts, kept = {}, [], [], []
    for table in tables:
        words = table.words.get(feature)
        if words is None:
            parts.append(np.full(len(table.x), NUMBER, np.int32))
            continue
        kept.append(words)
        for text, line in zip(words.texts, words.lines, strict=True):
            if texts.setdefault(text, len(texts)) == len(lines):
                lines.append(line)
        # The last two places are reached by the codes of what is no word.
        table_of = np.array([texts[text] for text in words.texts] + [NUMBER, MISSING], np.int32)
        parts.append(table_of[words.codes])
    missing = next((words.missing_line for words in kept if words.missing_line), None)
    codes, many = np.concatenate(parts), any(words.many for words in kept)
    return Words(codes, tuple(texts), tuple(lines), missing, many, kept[0].kind)
