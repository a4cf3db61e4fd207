"""What stands on the page, section by section; each gives None where there is nothing to show."""

import dataclasses
import json
import platform

import numpy as np

from lwnn import metrics
from lwnn._version import __version__
from lwnn.report import charts, costs, goodness, matrix, pictures
from lwnn.report.charts import Series
from lwnn.report.findings import first_weights
from lwnn.report.markup import element, table

#: Points of a scatter plot, and names in a list.
_POINTS, _NAMES = 500, 16
_KINDS = {
    "elman": "Elman net",
    "ff": "Forward-Forward",
    "mf": "Mono-Forward",
    "un": "Forward-Forward without labels",
    "td": "Forward-Forward, top-down",
}


def headline(subject, found):
    """Name of the model, and the figures that people look for first."""
    network = subject.model.network
    rule = _KINDS.get(network.kind) or _option(subject, "algo", "dense net")
    figures = []
    for one in found:
        name, value = next(iter(one.measures.items()))
        told = _share(value) if one.matrix is not None else _number(value)
        figures.append((told, f"{_measure(name)}, {one.name}"))
    if found:
        figures.append((f"{len(subject.rows):,}", f"rows: {subject.part}"))
    figures.append((f"{subject.model.size:,}", "parameters"))
    if subject.int8 is not None:
        figures.append((f"{subject.int8.weight_bytes:,}", "bytes in int8"))
    tiles = [
        element("div", element("strong", value), element("span", text)) for value, text in figures
    ]
    return element(
        "header",
        element("h1", subject.name),
        element("p", f"{network.describe()}, {rule}"),
        element("div", *tiles, class_="tiles"),
        *(element("p", text, class_="warning") for text in subject.warnings),
    )


def learning(subject):
    """Loss and validation measure by epoch."""
    history = subject.history
    mark = None
    if subject.best_epoch:
        mark = (subject.best_epoch, f"kept: epoch {subject.best_epoch}")
    drawn = []
    for key, title, percent in (
        ("loss", "Loss on the training rows", False),
        ("validation_accuracy", "Accuracy on the validation rows", True),
        ("validation_r2", "R² on the validation rows", False),
    ):
        points = _points(history, lambda entry, key=key: entry.get(key))
        if points:
            one = [Series("", points)]
            drawn.append(charts.lines(title, one, across="epoch", mark=mark, percent=percent))
    return _section("Learning", *drawn) if drawn else None


def layers(subject):
    """Goodness by epoch, and how it is spread over the rows."""
    drawn = {}
    for number in {one["layer"] for entry in subject.history for one in entry.get("layers", ())}:
        pair = [
            Series(name, _points(subject.history, _Layer(number, key)), colour)
            for key, name, colour in (
                ("positive", "right labels", "one"),
                ("negative", "wrong labels", "two"),
            )
        ]
        if all(one.points for one in pair):
            chart = charts.lines(f"Layer {number}: goodness", pair, across="epoch")
            drawn.setdefault(number, []).append(chart)
    if _knows_labels(subject):
        for layer in goodness.of_layers(subject.model, subject.rows):
            drawn.setdefault(layer.layer, []).append(_spread(layer))
    if not drawn:
        return None
    text = (
        "Goodness is what a layer learns to raise under a row's own label and to lower under "
        "others. By epoch: its mean over the training rows. Over the rows judged here: the own "
        "label against the best of the others."
    )
    pictures_of = (one for number in sorted(drawn) for one in drawn[number])
    return _section("Goodness", element("p", text, class_="note"), *pictures_of)


def _knows_labels(subject):
    """Whether goodness is known of every label: of a supervised net in float, with rows."""
    float_model = hasattr(subject.model, "params")
    return subject.model.network.kind == "ff" and float_model and subject.rows is not None


def _spread(layer):
    width = (layer.high - layer.low) / len(layer.positive)
    series = [
        Series(name, [(layer.low + n * width, y) for n, y in enumerate(shares)], colour)
        for name, shares, colour in (
            ("own label", layer.positive, "one"),
            ("best of the others", layer.negative, "two"),
        )
    ]
    title = f"Layer {layer.layer}: own label ahead for {_share(layer.right)} of {layer.rows:,} rows"
    return charts.histogram(title, series, across="goodness", low=layer.low, high=layer.high)


def answers(subject, found):
    """Confusion matrices and measures by class, or predicted against true values."""
    if not found:
        return None
    if found[0].matrix is None:
        return _values(subject, found)
    labels = subject.model.labels
    maps = [matrix.heat_map(_right(one), one.matrix, labels) for one in found]
    if len(found) > 1:
        changed = int((found[0].predicted != found[1].predicted).sum())
        rows = len(subject.rows)
        maps.append(
            element(
                "p",
                f"int8 answers differently for {changed:,} of {rows:,} rows.",
                class_="note wide",
            )
        )
    elif subject.no_int8:
        maps.append(element("p", f"No int8: {subject.no_int8}", class_="note wide"))
    return _section("Answers", *maps, _classes(labels, found))


def _right(one):
    shares = [_share(one.measures[name]) for name in ("accuracy", "balanced accuracy")]
    return f"{one.name}: {shares[0]} right, balanced accuracy {shares[1]}"


def _classes(labels, found):
    columns, cells = ["class", "rows"], []
    for one in found:
        columns += [f"{name}, {one.name}" for name in ("precision", "recall", "F1")]
    measures = [metrics.per_class(one.matrix) for one in found]
    rows = found[0].matrix.sum(axis=1)
    for code, label in enumerate(labels):
        values = [_share(values[code]) for three in measures for values in three]
        cells.append((label, f"{rows[code]:,}", *values))
    means = [
        _share(metrics.macro(values, one.matrix))
        for one, three in zip(found, measures, strict=True)
        for values in three
    ]
    cells.append(("mean of the classes", f"{rows.sum():,}", *means))
    return element("div", table(columns, cells), class_="wide")


def _values(subject, found):
    y = subject.rows.y
    chosen = np.linspace(0, len(y) - 1, min(_POINTS, len(y))).astype(int)
    drawn = []
    for one in found:
        points = [(float(y[row]), float(one.predicted[row])) for row in chosen]
        told = f"R² {_number(one.measures['r2'])}, RMSE {_number(one.measures['rmse'])}"
        title = f"{one.name}: predicted values; {told}"
        drawn.append(charts.scatter(title, [Series("", points)], across="true value"))
    return _section("Answers", *drawn)


def weights(subject):
    """The first layer's weights, where the inputs are an image."""
    if subject.model.network.kind == "elman":
        # Its first layer reads a step of a sequence, and itself.
        return None
    shape = pictures.shape_of(subject.model, subject.image_shape)
    if shape is None or max(shape) < pictures.LEAST or max(shape) > pictures.LARGEST:
        return None
    values = first_weights(subject.model)
    shown = f"the first {pictures.MOST} of " if len(values) > pictures.MOST else ""
    text = (
        f"Weights of {shown}{len(values):,} units on {shape[0]} x {shape[1]} pixels: blue above 0, "
        "orange below, each unit by its own largest."
    )
    images = pictures.first_layer(subject.model, values, shape)
    return _section("First layer", element("p", text, class_="note"), images)


def sizes(subject):
    """What the net costs and takes."""
    models = [("float32", subject.model)] if subject.model is not subject.int8 else []
    models += [("int8", subject.int8)] if subject.int8 is not None else []
    counts = [costs.multiply_accumulates(model) for _, model in models]
    needs = [costs.tables(model) for _, model in models]
    rows = [
        ("multiply-accumulates of a prediction", *(_count(count) for count in counts)),
        ("weights and constants, bytes", *(_count(need and need[0]) for need in needs)),
        ("working memory, bytes", *(_count(need and need[1]) for need in needs)),
    ]
    own = table(("", *(name for name, _ in models)), rows)
    return _section("Size and cost", element("div", own, class_="wide"), *_boards(*models[-1]))


def _boards(name, model):
    """What some boards would hold, and why others cannot."""
    fits = costs.on_boards(model)
    known = [fit for fit in fits if fit.size is not None]
    ways = {fit.size.measured for fit in known}
    how = {(True,): "measured", (False,): "estimated"}.get(tuple(ways), "measured or estimated")
    if known:
        text = f"All that a firmware holds for the {name} model; code and stack {how}."
        yield element("p", text, class_="note")
        yield element("div", table(_BOARD, map(_board, known)), class_="wide")
    problems = {}
    for fit in fits:
        if fit.problem:
            problems.setdefault(fit.problem, []).append(fit.board.words)
    for problem, boards in problems.items():
        yield element("p", f"Not for {', '.join(boards)}: {problem}.", class_="note")


_BOARD = ("board", "flash, bytes", "of the board's", "memory, bytes", "of the board's", "fits")


def _board(fit):
    flash, ram = fit.size.flash, fit.size.ram
    return (
        fit.board.words,
        f"{flash:,}",
        _percent(flash, fit.board.flash),
        f"{ram:,}",
        _percent(ram, fit.board.ram),
        "yes" if fit.fits else "no",
    )


def origin(subject):
    """Options, seed, data and versions."""
    provenance = subject.model.provenance
    data = provenance.get("data")
    data = data if isinstance(data, dict) else {}
    facts = {
        "data": data.get("name"),
        "SHA-256 of the data": data.get("sha256"),
        "features": _names(subject.model.features),
        "target": subject.model.target,
        "classes": _names(subject.model.labels),
        "trained by lwnn": provenance.get("lwnn"),
        "kernels": provenance.get("kernels"),
        **{name: provenance.get(name) for name in ("quantization", "tuning")},
        **subject.facts,
        "page made by": f"lwnn {__version__}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}",
    }
    options = provenance.get("options")
    options = options if isinstance(options, dict) else {}
    parts = {
        name: f"{_percent_of(part)} ({part['rows']:,} rows)"
        for name, part in subject.metrics.items()
    }
    return _section(
        "Origin",
        _facts("Options of training", options),
        _facts("Model", facts),
        _facts("Measured after training", parts) if parts else None,
    )


def _facts(title, facts):
    rows = [(name, _text(value)) for name, value in facts.items() if value not in (None, "")]
    caption = element("h3", title)
    return element("div", caption, table((), rows, numeric_from=9), class_="facts")


# ---------------------------------------------------------------- pieces


def _section(title, *children):
    return element("section", element("h2", title), element("div", *children, class_="parts"))


def _points(history, value):
    pairs = [(entry["epoch"], value(entry)) for entry in history]
    return [(epoch, at) for epoch, at in pairs if at is not None]


@dataclasses.dataclass(frozen=True)
class _Layer:
    """Finds a figure of a layer in an epoch's entry."""

    number: int
    key: str

    def __call__(self, entry):
        layers = entry.get("layers", ())
        return next((one.get(self.key) for one in layers if one["layer"] == self.number), None)


def _option(subject, name, other):
    options = subject.model.provenance.get("options")
    return str(options.get(name, other)) if isinstance(options, dict) else other


def _measure(name):
    return {"r2": "R²"}.get(name, name)


def _share(value):
    return f"{100 * value:.2f} %"


def _number(value):
    return "-" if value is None else f"{value:.4g}"


def _percent_of(part):
    if "accuracy" in part:
        return f"accuracy {_share(part['accuracy'])}, loss {part['loss']:.4f}"
    return f"R² {_number(part['r2'])}, RMSE {_number(part['rmse'])}"


def _count(value):
    return "-" if value is None else f"{value:,}"


def _percent(part, whole):
    return f"{-(-100 * part // whole):,} %"


def _names(names):
    if not names:
        return None
    more = f", … ({len(names):,})" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more


def _text(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
