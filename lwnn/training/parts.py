"""The rows of a dataset, shared out for training, validation and test."""

import dataclasses
import functools

import numpy as np

from lwnn.data import Dataset, Scaler, split
from lwnn.errors import UsageError
from lwnn.learning.rule import Rows
from lwnn.scoring import Response
from lwnn.training.shapes import time_steps
from lwnn.training.streams import stream


@dataclasses.dataclass(frozen=True)
class Parts:
    """The rows of a dataset, shared out."""

    train: Rows
    validation: Rows
    test: Rows

    @functools.cached_property
    def response(self):
        """What the output of a net stands for that learns from the training rows, or None."""
        return Response.of(self.train.y) if self.train.y.dtype.kind == "f" else None

    def existing(self):
        """Name and rows of the parts that have any."""
        parts = {name: getattr(self, name) for name in ("train", "validation", "test")}
        return [(name, rows) for name, rows in parts.items() if len(rows)]

    def known(self):
        """The same without the test rows."""
        return [(name, rows) for name, rows in self.existing() if name != "test"]


def share_out(dataset, options, refit=False):
    """Rows for training, validation and test, and the scaler learnt on the first.

    For a refit those of the share for validation are among the first.
    """
    val, test = options.val, options.test
    shares = [0.0 if isinstance(part, Dataset) else part for part in (val, test)]
    seed = int(stream(options.seed, "split").integers(2**63))
    # Values have no classes of which each part needs its share.
    strata = np.zeros(len(dataset.y), np.int32) if dataset.numeric else dataset.y
    train_rows, val_rows, test_rows = split(strata, *shares, seed)
    if refit:
        train_rows, val_rows = np.sort(np.concatenate([train_rows, val_rows])), val_rows[:0]
    scaler = Scaler.for_dataset(dataset, train_rows, time_steps(dataset, options))

    def rows_of(part, rows):
        if isinstance(part, Dataset):
            return Rows(scaler.prepared(part), part.y)
        part = dataset.take(rows)
        return Rows(scaler.prepared(part), part.y)

    parts = Parts(rows_of(None, train_rows), rows_of(val, val_rows), rows_of(test, test_rows))
    return parts, scaler


def check_refit(options):
    """Refuse to refit where no rows of the data are held out that could be learnt from."""
    if options.refit == "yes" and isinstance(options.val, Dataset):
        raise UsageError(
            "--refit yes does not go with validation rows of their own; give a share of the data, "
            "such as --val 0.1, or leave it out"
        )
    if options.refit == "yes" and not options.val:
        raise UsageError("--refit yes: --val 0 holds no rows out; leave some, such as --val 0.1")


def check_task(dataset, options):
    """Refuse a dataset whose targets are not those of the task."""
    if dataset.numeric != (options.task == "regression"):
        kind, numeric = ("numbers", True) if dataset.numeric else ("classes", False)
        task = "regression" if numeric else "classification"
        raise UsageError(
            f"the targets of {dataset.source} are {kind}; train with task {task!r}, or load it "
            f"with numeric={not numeric}"
        )


def class_weights(options, y, labels):
    """How much a row of each class counts, float64 (classes,); None where all count alike.

    ``balanced`` gives a class the weight n / (classes · its rows), as scikit-learn has it.

    Raises
    ------
    UsageError
        When a class is not one of the dataset's, or a weight is no weight.
    """
    given = options.class_weight
    if given is None:
        return None
    rows = np.bincount(y, minlength=len(labels))
    if given == "balanced":
        return len(y) / (len(labels) * np.maximum(rows, 1))
    if not isinstance(given, dict):
        raise UsageError(f"--class-weight {given}: expected balanced, or such as yes=5,no=1")
    if unknown := given.keys() - set(labels):
        known = ", ".join(labels[:12])
        raise UsageError(f"--class-weight: {min(unknown)!r} is no class; there are {known}")
    weights = np.array([float(given.get(label, 1)) for label in labels])
    if not (np.isfinite(weights) & (weights >= 0)).all() or not (rows @ weights) > 0:
        raise UsageError("--class-weight: expected numbers of 0 or more, not all of them 0")
    return weights


def outputs(rows, response):
    """The rows with what a net is to give for them."""
    return Rows(rows.x, response.outputs(rows.y)) if response else rows
