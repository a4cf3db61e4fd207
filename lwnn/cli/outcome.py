"""What a model expects of data, and what it may compute with."""

import dataclasses
import os
from typing import Any

from lwnn.cli.console import percent


def schema(model):
    """Return what the model expects of a data file (`lwnn.data.Schema`)."""
    from lwnn.data import Schema  # noqa: PLC0415

    names = model.features, model.target, model.labels
    numeric = model.response is not None
    # Turned round a sequence has as many numbers, but says something else.
    shape = model.provenance.get("image_shape") if model.network.kind == "elman" else None
    row_shape = tuple(shape) if isinstance(shape, list) else None
    return Schema(*names, model.named, numeric, recipe=model.recipe, row_shape=row_shape)


@dataclasses.dataclass(frozen=True)
class Answers:
    """What a model says of rows.

    Attributes
    ----------
    index : ndarray of int, shape (n,)
        Predicted classes.
    shares : ndarray of float64, shape (n, classes)
    agreement : ndarray of float64, shape (n,), or None
        How far the two readouts agree, of a model that is read by both.
    layers : float or None
        Share of the hidden layers that were computed, on average; None where that was not asked.
    """

    index: Any
    shares: Any
    agreement: Any = None
    layers: float | None = None

    @property
    def told(self):
        """Fields of the JSON object: what was computed, where that was asked."""
        return {} if self.layers is None else {"layers_computed": self.layers}


def answers(model, x, sure=None):
    """Predict rows, each from no more layers than it takes where `sure` says when it is sure."""
    if sure is None:
        # Not the largest share: different scores may have the same one, such as 1.0.
        threads = processors()
        told = model.predict_proba(x, threads), model.agreement(x, threads)
        return Answers(model.predict_index(x, threads), *told)
    from lwnn.scoring import probabilities  # noqa: PLC0415

    scores, depth = model.scores_until(x, sure, processors())
    layers = float(depth.mean()) / len(model.network.hidden)
    return Answers(scores.argmax(axis=1), probabilities(scores), layers=layers)


def tell_layers(tell, found):
    """Say how much was computed, where that was asked."""
    if found.layers is not None:
        tell(f"layers computed: {percent(found.layers)}")


def processors():
    """Return how many threads may compute at once; no prediction depends on it."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
