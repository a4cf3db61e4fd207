"""Goodness of each layer of a Forward-Forward net, under the own label and under others."""

import dataclasses

import numpy as np

from lwnn.differentiable import ff_outputs

#: Rows that are looked at, and bars of a histogram.
_ROWS, _BINS = 1_000, 32


@dataclasses.dataclass(frozen=True)
class LayerGoodness:
    """What a layer makes of rows.

    Attributes
    ----------
    layer : int
        From 1.
    low, high : float
        Ends of the bins.
    positive, negative : list of float
        Share of the rows in each bin, under the own label and under the best of the others.
    right : float
        Share of the rows that have more under their own label than under any other.
    rows : int
    """

    layer: int
    low: float
    high: float
    positive: list
    negative: list
    right: float
    rows: int


def of_layers(model, rows):
    """Goodness of every hidden layer, as the mean over its units.

    Parameters
    ----------
    model : Model
        Of a net of kind ``ff``.
    rows : Rows
        As `lwnn.training.share_out` prepares them; the first thousand are looked at.

    Returns
    -------
    list of LayerGoodness
    """
    network, y = model.network, rows.y[:_ROWS]
    x = _scaled(model, rows.x[:_ROWS])
    named = {name: view.astype(np.float64) for name, view in model.params.views.items()}
    labels = np.eye(network.classes)
    # (classes, layers, rows)
    goodness = np.array(
        [
            [_mean(network, outputs) for outputs in ff_outputs(network, named, named, x, label)]
            for label in labels[:, None, :]
        ]
    )
    return [_layer(number, goodness[:, number], y) for number in range(len(network.hidden))]


def _scaled(model, x):
    centred = x.astype(np.float64) - model.offset
    return np.clip(centred * model.scale, -model.clip, model.clip)


def _mean(network, outputs):
    values = outputs**2 if network.goodness == "squares" else np.abs(outputs)
    return values.mean(axis=1)


def _layer(number, goodness, y):
    own = np.arange(len(goodness))[:, None] == y
    positive = np.where(own, goodness, -np.inf).max(axis=0)
    negative = np.where(own, -np.inf, goodness).max(axis=0)
    low, high = 0.0, float(max(positive.max(), negative.max())) or 1.0
    counts = [
        (np.histogram(values, _BINS, (low, high))[0] / len(y)).tolist()
        for values in (positive, negative)
    ]
    return LayerGoodness(
        number + 1, low, high, *counts, float((positive > negative).mean()), len(y)
    )
