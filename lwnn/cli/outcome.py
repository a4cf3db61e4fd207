"""What a model makes of a data set."""

import os


def schema(model):
    """Return what the model expects of a data file (`lwnn.data.Schema`)."""
    from lwnn.data import Schema  # noqa: PLC0415

    return Schema(model.features, model.target, model.labels, model.named)


def answers(model, x):
    """Let a model answer, with all processors.

    Parameters
    ----------
    model : Model or QuantizedModel
    x : ndarray, shape (n, inputs)

    Returns
    -------
    predicted : ndarray of int64, shape (n,)
        Class codes.
    probabilities : ndarray of float64, shape (n, classes)
    """
    from lwnn.scoring import probabilities  # noqa: PLC0415

    scores = model.scores(x, threads=_processors())
    # Not the largest probability: different scores may have equal ones, 1.0 and 1.0.
    return scores.argmax(axis=1), probabilities(scores, model.network.cost)


def _processors():
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
