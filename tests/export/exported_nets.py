"""Models of every kind that can be exported, made without training, and rows for them."""

import numpy as np

from lwnn.data import Column, Recipe
from lwnn.model import Model
from lwnn.network import Network, Params
from lwnn.quantization import quantize
from lwnn.scoring import Response

FEATURES, CLASSES = 9, 5
#: Kind, hidden layers, activation, readout: every way a model can compute. Widths that fill no
#: group of four outputs are among them.
KINDS = {
    "linear": ("dense", (), "relu", "output"),
    "linear-layer": ("dense", (24,), "linear", "output"),
    "relu": ("dense", (30, 23), "relu", "output"),
    "sigmoid": ("dense", (24, 17), "sigmoid", "output"),
    "tanh": ("dense", (7,), "tanh", "output"),
    "leaky-relu": ("dense", (24, 11), "leaky-relu", "output"),
    "step": ("dense", (40,), "step", "output"),
    "number": ("dense", (32, 17), "tanh", "output"),
    "recurrent": ("elman", (21, 13), "tanh", "output"),
    "recurrent-relu": ("elman", (30,), "relu", "output"),
    "goodness": ("ff", (32, 17), "relu", "goodness"),
    "goodness-of-one": ("ff", (21,), "relu", "goodness"),
    "head": ("ff", (24,), "relu", "head"),
    "head-of-two": ("ff", (30, 17, 11), "relu", "head"),
    "both": ("ff", (30, 17, 11), "relu", "both"),
    "both-of-one": ("ff", (24,), "relu", "both"),
    "unsupervised": ("un", (30, 17, 11), "relu", "head"),
    "top-down": ("td", (30, 17, 11), "relu", "goodness"),
    "top-down-of-one": ("td", (21,), "relu", "goodness"),
    "top-down-both": ("td", (30, 17, 11), "relu", "both"),
    "top-down-head": ("td", (30, 17, 11), "relu", "head"),
    "mono": ("mf", (21, 13), "relu", "last"),
    "mono-sum": ("mf", (30, 17, 11), "relu", "sum"),
    "table": ("dense", (21,), "relu", "output"),
    "table-both": ("ff", (24,), "relu", "both"),
    "table-recurrent": ("elman", (13,), "tanh", "output"),
    "table-number": ("dense", (17,), "sigmoid", "output"),
}
#: Arithmetic and kind: int8 rounds its sums once, twice is int8 that does so twice. That changes
#: one function, which these two kinds reach in both of its callers.
MODELS = [f"{number}-{kind}" for kind in KINDS for number in ("int8", "float")]
MODELS += [f"twice-{kind}" for kind in ("relu", "both")]
#: Columns of the kinds that read a table: 9 inputs.
TABLE = Recipe(
    (
        Column("size", 0, fill=6.5, indicator=True, low=-80.0, high=90.0),
        Column("colour", 1, "category", ("red", "green", "blue"), indicator=True),
        Column("shape", 2, "category", ("round", "long")),
        Column("weight", 3, fill=-1.0, low=-1e4, high=1e4),
    ),
    4,
)


def rows(count=300, features=FEATURES, seed=0):
    """Readings of very different units, some far beyond those seen in calibration."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, features)) * np.logspace(-2, 2, features) + 7
    x[: count // 10] *= 50
    return x.astype(np.float32)


def extreme_rows():
    """Random, extreme and constant readings, and those that are not numbers."""
    limits = np.float32([0, 1, -1, 1e-42, 3.4e38, -3.4e38, np.inf, -np.inf, np.nan])
    constant = np.repeat(limits[:, None], FEATURES, axis=1)
    mixed = np.random.default_rng(0).choice(limits, (50, FEATURES))
    return np.vstack([rows(50), constant, mixed]).astype(np.float32)


def rows_of(model, count=300, seed=0):
    """Inputs for a model, `rows` or what becomes of such a table's cells, gaps among them."""
    x = rows(count, model.network.inputs, seed)
    if model.recipe is None:
        return x
    rng = np.random.default_rng(seed)
    for column, start in zip(model.recipe.columns, model.recipe.starts, strict=False):
        absent = (rng.random(count) < 0.2) & column.indicator
        if column.kind == "category":
            # A level that was never seen is none of them.
            level = np.where(absent, -1, rng.integers(-1, len(column.levels), count))
            x[:, start : start + len(column.levels)] = level[:, None] == np.arange(
                len(column.levels)
            )
        else:
            x[absent, start] = column.fill
        if column.indicator:
            x[:, start + column.inputs - 1] = absent
    return x


def float_model(kind, features=FEATURES, seed=0, form=None, **changes):
    """A model with random parameters that takes such rows; `form` are fields of its network."""
    shape, hidden, activation, readout = KINDS[kind]
    if kind.startswith("table"):
        features, changes = TABLE.features, {"recipe": TABLE, **changes}
    names = tuple(f"f{i}" for i in range(features)) if isinstance(features, int) else features
    features, classes = len(names), 1 if kind.endswith("number") else CLASSES
    form = {**(form or {}), **({"cost": "mse"} if classes == 1 else {})}
    rng = np.random.default_rng(seed)
    form = {"timesteps": 3 if shape == "elman" else 1, **form}
    network = Network(shape, features, hidden, classes, activation, **form)
    params = Params(network)
    for name, inputs, outputs in network.layers:
        params[f"{name}.weight"][:] = rng.normal(0, 2 / inputs**0.5, (outputs, inputs))
        if f"{name}.bias" in params.views:
            params[f"{name}.bias"][:] = rng.normal(0, 0.3, outputs)
    for label in (name for name in network.shapes if name.endswith(".label")):
        params[label][:] = rng.normal(0, 2, network.shapes[label])
    goals = np.zeros((len(hidden) if shape == "ff" else 0, 3), np.float32)
    goals[:, 2] = rng.random(len(goals)) + 0.1
    x = rows(features=features)[30:]
    fields = {
        "network": network,
        "params": params,
        "offset": x.mean(axis=0),
        "scale": 1 / x.std(axis=0),
        "clip": 10.0,
        "labels": tuple(f"class {c}" for c in range(classes)) if classes > 1 else (),
        "response": Response(-40.5, 12.3) if classes == 1 else None,
        "features": names,
        "readout": readout,
        "goals": goals,
    }
    return Model(**{**fields, **changes})


def model_of(name, **changes):
    """The model of a name in `MODELS`."""
    number, _, kind = name.partition("-")
    model = float_model(kind, **changes)
    if number == "float":
        return model
    rounding = {"int8": "single", "twice": "double"}[number]
    return quantize(model, rows_of(model)[30:], rounding)
