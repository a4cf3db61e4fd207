"""``python -m benchmarks.accuracy.reading``: by which factor goodness becomes a logit.

A net is trained with the defaults; then its goodness is read with other factors, on rows held out
of the training part. Per factor: how unlikely the goodness held the right labels to be (mean
negative log-likelihood), and the errors of goodness and head averaged, in percent.
"""

import argparse
import dataclasses
import functools
import sys
from pathlib import Path

import numpy as np

import lwnn
from benchmarks.accuracy import tables
from benchmarks.accuracy.data import Folders, MissingDataError, parts
from lwnn.options import about

FACTORS = (1, 2, 4, 6, 8, 12, 16)
_MNIST = {"hidden": (500, 500), "epochs": 10, "val": 0.0}


def reread(model, factor, readout):
    """The same net, its goodness multiplied by sharpness and `factor`, averaged over the layers."""
    goals = model.goals.copy()
    goals[:, 2] = factor * goals[:, 0] / len(goals)
    return dataclasses.replace(model, goals=goals, readout=readout)


def readings(model, rows):
    """Per factor the goodness's negative log-likelihood, and the errors of both in percent."""
    found, places = [], np.arange(len(rows.y))
    for factor in FACTORS:
        shares = reread(model, factor, "goodness").predict_proba(rows.x)[places, rows.y]
        wrong = reread(model, factor, "both").predict_index(rows.x) != rows.y
        likelihood = -np.log(np.maximum(shares, np.finfo(np.float32).tiny)).mean()
        found.append((likelihood, 100 * wrong.mean()))
    return np.array(found)


def of_table(path, target, options):
    """Read on the validation rows, from which the weights do not learn."""
    dataset = lwnn.load(path, target=target)
    run = lwnn.train(dataset, dataclasses.replace(options, refit="no"))
    return readings(run.model, run.parts.validation)


def of_mnist(folders, options):
    """Read on the last 10,000 training images."""
    train, held = parts("mnist", folders, choosing=True)
    run = lwnn.train(train, dataclasses.replace(options, **_MNIST, test=0.0))
    return readings(run.model, held)


def sources(folders):
    """Name of each data set, and what gives its readings with options."""
    if folders.tables is None:
        raise MissingDataError("needs --tables FOLDER")
    for name in (*tables.TABLES, "digits"):
        yield name, functools.partial(of_table, *tables.source(name, folders.tables))
    yield "mnist", functools.partial(of_mnist, folders)


def main(arguments=None):
    """Print a table of means over the seeds; 2 when data is missing."""
    asked = _parser().parse_args(arguments)
    print(f"| data | {' | '.join(map(str, FACTORS))} |\n|---|{'--:|' * len(FACTORS)}")
    try:
        for name, measure in sources(Folders(asked.mnist, asked.tables)):
            runs = [measure(lwnn.Options(seed=s, loss=asked.loss)) for s in asked.seeds]
            cells = (f"{nll:.3f}, {error:.2f}" for nll, error in np.mean(runs, axis=0))
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
    except MissingDataError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.reading")
    add = parser.add_argument
    add("--mnist", type=Path, metavar="FOLDER", help="with MNIST's IDX files")
    add("--tables", type=Path, metavar="FOLDER", help="with the tables' files")
    add("--loss", choices=about("loss").values, default="swish")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2], metavar="N")
    return parser


if __name__ == "__main__":
    sys.exit(main())
