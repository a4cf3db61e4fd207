"""Running a row: train once per seed, count the errors, keep how long it took."""

import dataclasses
import time

import numpy as np

import lwnn
from benchmarks.accuracy.data import parts
from lwnn.scoring import READOUTS


def outcome(row, seed, folders, *, choosing=False, threads=None, epochs=None, on_epoch=None):
    """Train a row's net and test it.

    Parameters
    ----------
    row : Row
    seed : int
    folders : Folders
    choosing : bool
        Whether to test on held-out training rows.
    threads : int, optional
    epochs : int, optional
        In place of the row's own, to see that everything runs.
    on_epoch : callable, optional
        See `lwnn.train`.

    Returns
    -------
    dict
        ``error``, the test error in percent; ``readouts``, that of every readout the model has,
        only while settings are chosen; ``rows`` and ``tested``, ``epochs``, ``seconds``,
        ``settings``.
    """
    train, test = parts(row.data, folders, choosing)
    options = {**row.options, "seed": seed, "threads": threads}
    if epochs:
        options["epochs"] = epochs
    if test is not None:
        # All training rows are learnt from, and the last epoch is kept: nothing is left to judge.
        options |= {"val": 0.0, "test": test}
    began = time.perf_counter()
    run = lwnn.train(train, lwnn.Options(**options), on_epoch)
    part = "validation" if choosing and test is None else "test"
    measured = run.metrics[part]
    found = {
        "error": _percent(1 - measured["accuracy"]),
        "tested": measured["rows"],
        "rows": run.metrics["train"]["rows"],
        "epochs": run.epochs_run,
        "seconds": round(time.perf_counter() - began, 1),
        "settings": run.options,
    }
    readouts = READOUTS[run.model.network.kind]
    if choosing and test is not None and len(readouts) > 1:
        found["readouts"] = _by_readout(run.model, test, readouts)
    return found


def _by_readout(model, test, readouts):
    errors = {}
    for readout in readouts:
        other = dataclasses.replace(model, readout=readout)
        errors[readout] = _percent(np.mean(other.predict_index(test.x) != test.y))
    return errors


def _percent(share):
    return round(100 * float(share), 3)
