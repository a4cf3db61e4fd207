"""Charts as SVG: lines over epochs, histograms, values against values. Colours are the page's."""

import dataclasses
import math

from lwnn.report.markup import element

_WIDTH, _HEIGHT = 400, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 38
#: Points up to which each says its value when it is pointed at.
_TOLD = 250
_TICKS = 5


@dataclasses.dataclass(frozen=True)
class Series:
    """Points that belong together.

    Parameters
    ----------
    name : str
    points : sequence of (float, float)
    colour : str
        Class of the style sheet: ``one``, ``two``, ``three`` or ``four``.
    """

    name: str
    points: list
    colour: str = "one"


@dataclasses.dataclass(frozen=True)
class _Scale:
    """From values to places on an axis."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value):
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.stop - self.start), 2)


def lines(title, series, *, across, mark=None, percent=False):
    """Lines over epochs.

    Parameters
    ----------
    title : str
        What the values are.
    series : sequence of Series
    across : str
        What stands along the bottom.
    mark : (float, str), optional
        A place on the bottom axis, and what it is called.
    percent : bool
        Whether values are shares.
    """
    xs, ys = _axes(series, percent)
    drawn = [*_grid(xs, ys, percent, across, least=1)]
    if mark:
        x = xs(mark[0])
        drawn.append(element("line", x1=x, y1=_TOP, x2=x, y2=_HEIGHT - _BOTTOM, class_="mark"))
    for one in series:
        places = [(xs(x), ys(y)) for x, y in one.points]
        path = " ".join(f"{x},{y}" for x, y in places)
        drawn.append(element("polyline", points=path, class_=f"line {one.colour}"))
        if len(places) <= _TOLD:
            drawn += [
                _dot(x, y, one, f"{across} {at:g}: {_value(value, percent)}", len(places) == 1)
                for (x, y), (at, value) in zip(places, one.points, strict=True)
            ]
    return _figure(title, series, drawn, mark and mark[1])


def histogram(title, series, *, across, low, high):
    """Steps that show how values are spread.

    Parameters
    ----------
    title, across : str
    series : sequence of Series
        Points are (start of a bin, share of the values in it), bins alike and side by side.
    low, high : float
        Ends of the bins.
    """
    top = max((y for one in series for _, y in one.points), default=0) or 1
    xs = _Scale(low, high, _LEFT, _WIDTH - _RIGHT)
    ys = _Scale(0, 1.05 * top, _HEIGHT - _BOTTOM, _TOP)
    drawn = [*_grid(xs, ys, True, across)]
    for one in series:
        width = (high - low) / len(one.points)
        path = [f"M{xs(low)},{ys(0)}"]
        for x, y in one.points:
            path.append(f"L{xs(x)},{ys(y)}L{xs(x + width)},{ys(y)}")
        path.append(f"L{xs(high)},{ys(0)}Z")
        drawn.append(element("path", d="".join(path), class_=f"area {one.colour}"))
    return _figure(title, series, drawn)


def scatter(title, series, *, across):
    """Values against values, with the line where both are the same."""
    every = [value for one in series for point in one.points for value in point]
    low, high = _room(min(every), max(every))
    xs = _Scale(low, high, _LEFT, _WIDTH - _RIGHT)
    ys = _Scale(low, high, _HEIGHT - _BOTTOM, _TOP)
    drawn = [*_grid(xs, ys, False, across)]
    ends = {"x1": xs(low), "y1": ys(low), "x2": xs(high), "y2": ys(high)}
    drawn.append(element("line", **ends, class_="mark"))
    for one in series:
        drawn += [
            _dot(xs(x), ys(y), one, f"true {x:.5g}, predicted {y:.5g}", True) for x, y in one.points
        ]
    return _figure(title, series, drawn)


# ---------------------------------------------------------------- parts


def _axes(series, percent):
    xs = [x for one in series for x, _ in one.points]
    ys = [y for one in series for _, y in one.points]
    first, last = min(xs), max(xs)
    if first == last:
        first, last = first - 1, last + 1
    low, high = _room(min(ys), max(ys))
    if percent:
        low, high = max(low, 0.0), min(high, 1.0)
    return (
        _Scale(first, last, _LEFT, _WIDTH - _RIGHT),
        _Scale(low, high, _HEIGHT - _BOTTOM, _TOP),
    )


def _room(low, high):
    """Ends of an axis a little beyond the values."""
    if low == high:
        more = abs(low) * 0.1 or 1.0
        return low - more, high + more
    more = 0.05 * (high - low)
    # An axis of what is never negative does not begin below 0.
    return (max(0.0, low - more) if low >= 0 else low - more), high + more


def _grid(xs, ys, percent, across, least=0.0):
    """Both axes; `least` is the smallest step along the bottom."""
    for value in _ticks(ys.low, ys.high):
        y = ys(value)
        yield element("line", x1=_LEFT, y1=y, x2=_WIDTH - _RIGHT, y2=y, class_="grid")
        label = _value(value, percent)
        yield element("text", label, x=_LEFT - 6, y=y + 4, text_anchor="end")
    for value in _ticks(xs.low, xs.high, least):
        label = f"{value:g}"
        yield element("text", label, x=xs(value), y=_HEIGHT - _BOTTOM + 16, text_anchor="middle")
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    yield element("text", across, x=middle, y=_HEIGHT - 5, text_anchor="middle")


def _ticks(low, high, least=0.0):
    """Round numbers from `low` to `high`, about as many as an axis has room for."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    step = max(step, least)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(f"{n * step:.10g}") for n in range(first, last + 1)]


def _dot(x, y, one, told, seen):
    kind = f"dot {one.colour}" if seen else "dot hidden"
    title = element("title", f"{one.name}, {told}" if one.name else told)
    return element("circle", title, cx=x, cy=y, r=3, class_=kind)


def _value(value, percent):
    return f"{100 * value:.4g} %" if percent else f"{value:.4g}"


def _figure(title, series, drawn, marked=None):
    box = f"0 0 {_WIDTH} {_HEIGHT}"
    names = ", ".join(one.name for one in series if one.name)
    label = f"{title}: {names}" if names else title
    picture = element("svg", *drawn, viewBox=box, role="img", aria_label=label)
    keys = [
        element("span", element("i", class_=f"key {one.colour}"), one.name, class_="legend")
        for one in series
        if one.name and len(series) > 1
    ]
    if marked:
        keys.append(element("span", element("i", class_="key dashed"), marked, class_="legend"))
    return element("figure", element("figcaption", title, " ", *keys), picture, class_="chart")
