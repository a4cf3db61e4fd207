"""Learning curves in a terminal, in dots of Braille: loss, and the measure of validation."""

from lwnn.cli.console import percent

_HEIGHT, _WIDEST = 6, 80
#: Columns of a label and its gap, and fewest columns that are worth drawing in.
_LABEL, _LEAST = 9, 12
#: Bits of a Braille character by column and row of its dots (Unicode 15, U+2800).
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BLANK = 0x2800


class Curves:
    """What has been learnt so far, as text that is redrawn.

    Parameters
    ----------
    console : rich.console.Console
        Where it will be drawn: 80 columns are used, or fewer where there are not as many.
    """

    def __init__(self, console):
        self._width = min(_WIDEST, console.width)
        self._able = _can_say(console.encoding)
        self._loss, self._measure, self._r2 = [], [], False

    def add(self, epoch):
        """Take in a finished `lwnn.learning.Epoch`."""
        self._loss.append(epoch.loss)
        self._r2 = epoch.validation_r2 is not None
        value = epoch.validation_r2 if self._r2 else epoch.validation_accuracy
        if value is not None:
            self._measure.append(value)

    def lines(self):
        """The curves as lines of text; none before there are two epochs, or without room."""
        curves = [("loss", self._loss, _short)]
        if len(self._measure) > 1:
            name = "R²" if self._r2 else "accuracy"
            told = _short if self._r2 else percent
            curves.append((f"validation {name}", self._measure, told))
        width = (self._width - 2) // 2 - _LABEL
        if len(self._loss) < 2 or width < _LEAST or not self._able:
            return []
        blocks = [_block(*curve, width) for curve in curves]
        return ["  ".join(parts).rstrip() for parts in zip(*blocks, strict=True)]

    def __rich__(self):
        from rich.text import Text  # noqa: PLC0415

        return Text("\n".join(self.lines()), style="cyan", no_wrap=True)


def _block(name, values, told, width):
    """A curve under its name, with its highest and lowest value beside it."""
    labels = [""] * _HEIGHT
    labels[0], labels[-1] = told(max(values)), told(min(values))
    rows = [
        f"{label:>{_LABEL - 1}} {row}"
        for label, row in zip(labels, plot(values, width, _HEIGHT), strict=True)
    ]
    return [f"{'':{_LABEL}}{name:{width}}", *rows]


def plot(values, width, height):
    """Draw a curve from edge to edge.

    Parameters
    ----------
    values : sequence of float
        At least two.
    width, height : int
        In characters; each has two dots by four.

    Returns
    -------
    list of str
        `height` lines of `width` characters.
    """
    columns, rows = 2 * width, 4 * height
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    places = [round((high - value) / spread * (rows - 1)) for value in _stretched(values, columns)]
    cells = [[0] * width for _ in range(height)]
    before = places[0]
    for column, place in enumerate(places):
        # From where the last column ended, so that what is steep has no holes.
        first, last = sorted((place, before + (place > before) - (place < before)))
        for row in range(first, last + 1):
            cells[row // 4][column // 2] |= _DOTS[column % 2][row % 4]
        before = place
    return ["".join(chr(_BLANK + cell) for cell in line) for line in cells]


def _stretched(values, count):
    """As many values as there are columns, those between two epochs by a straight line."""
    step = (len(values) - 1) / (count - 1)
    for column in range(count):
        place = min(int(column * step), len(values) - 2)
        share = column * step - place
        yield values[place] * (1 - share) + values[place + 1] * share


def _short(value):
    return f"{value:.3g}" if abs(value) < 1e6 else f"{value:.1e}"


def _can_say(encoding):
    try:
        chr(_BLANK).encode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True
