"""What a model expects of data, and what it may compute with."""

import os


def schema(model):
    """Return what the model expects of a data file (`lwnn.data.Schema`)."""
    from lwnn.data import Schema  # noqa: PLC0415

    return Schema(model.features, model.target, model.labels, model.named)


def processors():
    """Return how many threads may compute at once; no prediction depends on it."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
