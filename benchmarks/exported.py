"""Exported C against the PC, score by score, on whole test sets and for every kind of model.

    python -m benchmarks.exported --mnist FOLDER

trains each kind of net shortly, on digits in five folds, so that every row is a test row once, and
on MNIST; exports the float model and the int8 ones of both roundings, compiles them with this
machine's compiler, runs every test row and compares, as `lwnn verify` does: int8 to the bit, float
to 1e-5 and in every class. Prints a table with the accuracies. Ends with 1 when a row differs or
int8 costs more accuracy than it may, with 2 when MNIST is not in FOLDER.
"""

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path

import numpy as np

import lwnn
from benchmarks.accuracy.data import Folders, MissingDataError, parts
from lwnn.errors import LwnnError
from lwnn.export import export_c
from lwnn.export.csource import share_nonzero
from lwnn.export.verification import verify

_SHA256 = "0" * 64
_FOLDS = 5
#: Rows that calibrate.
_CALIBRATION = 2_000
ARITHMETICS = ("float", "single", "double")
HEAD = ("data", "model", "parameters", "rows", *(f"{a}, %" for a in ARITHMETICS), "different")


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of model.

    Attributes
    ----------
    options : dict
        What to train with.
    readouts : tuple of str
        All that the trained net has; those of it that are measured.
    most : float or None
        Points of accuracy that int8 may cost; None: no promise.
    """

    options: dict
    readouts: tuple = ("output",)
    most: float | None = None


#: A pass per weight takes too long for MNIST, so wp moves a unit at a time; what C has to compute
#: does not depend on how a net learnt. A number predicted is right where it rounds to the digit.
KINDS = {
    "ff": Kind({"algo": "ff"}, ("head", "goodness", "both"), 0.2),
    "ff hybrid": Kind({"algo": "ff", "negatives": "hybrid"}, ("head",)),
    "ff top-down": Kind({"algo": "ff", "top_down": True}, ("head", "goodness", "both")),
    "mf": Kind({"algo": "mf"}, ("sum", "last"), 0.2),
    "bp": Kind({"algo": "bp"}, most=0.2),
    "bp leaky-relu": Kind({"algo": "bp", "activation": "leaky-relu"}),
    "bp sigmoid": Kind({"algo": "bp", "activation": "sigmoid"}),
    "bp tanh": Kind({"algo": "bp", "activation": "tanh"}),
    "bp recurrent": Kind({"algo": "bp", "recurrent": True}),
    "bp number": Kind({"algo": "bp", "task": "regression"}),
    "wp": Kind({"algo": "wp", "perturb": "node"}),
    "perceptron": Kind({"algo": "perceptron"}),
}
#: Options that make training short, and a step of a recurrent net for each row of pixels.
SHORT = {"digits": {"hidden": (48, 32), "epochs": 30}, "mnist": {"hidden": (128, 64), "epochs": 3}}
STEPS = {"digits": 8, "mnist": 28}


@dataclasses.dataclass
class Tally:
    """What was counted of one model, or of one for every fold."""

    parameters: int = 0
    rows: int = 0
    hits: dict = dataclasses.field(default_factory=lambda: dict.fromkeys(ARITHMETICS, 0))
    different: dict = dataclasses.field(default_factory=lambda: dict.fromkeys(ARITHMETICS, 0))

    def accuracy(self, arithmetic):
        """Percent of the rows."""
        return 100 * self.hits[arithmetic] / self.rows

    def problems(self, most):
        """What does not hold, in words."""
        found = [f"{n} rows differ in {name}" for name, n in self.different.items() if n]
        if most is not None:
            drops = {name: self.accuracy("float") - self.accuracy(name) for name in ARITHMETICS[1:]}
            found += [
                f"{name} rounding costs {drop:.2f} points, more than {most}"
                for name, drop in drops.items()
                # A drop of just that is allowed, however its last bit was rounded.
                if round(drop, 6) > most
            ]
        return found


def main(arguments=None):
    """Run the comparison; returns the exit status."""
    asked = _parser().parse_args(arguments)
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}", flush=True)
    problems = []
    try:
        for data in asked.data:
            folds = list(_folds(data, asked.mnist))
            for name in asked.kind:
                problems += _measure(data, name, folds)
    except MissingDataError as error:
        print(error, file=sys.stderr)
        return 2
    except LwnnError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for problem in problems:
        print(problem, file=sys.stderr)
    return int(bool(problems))


def _folds(data, folder):
    """Training and test rows, once for MNIST."""
    train, test = parts(data, Folders(mnist=folder), choosing=False)
    if test is not None:
        yield train, test
        return
    order = np.random.default_rng(0).permutation(len(train.y))
    for fold in range(_FOLDS):
        tested = np.sort(order[fold::_FOLDS])
        yield train.take(np.setdiff1d(order, tested)), train.take(tested)


def _measure(data, name, folds):
    """Train a kind of model, compare, print a line for each readout; returns what does not hold."""
    kind = KINDS[name]
    tallies = {readout: Tally() for readout in kind.readouts}
    for fold in folds:
        train, test = map(_as_numbers, fold) if "task" in kind.options else fold
        model = lwnn.train(train, lwnn.Options(**_options(kind, data), test=test)).model
        for readout, tally in tallies.items():
            _add(tally, dataclasses.replace(model, readout=readout), train, test)
    problems = []
    for readout, tally in tallies.items():
        title = name if len(tallies) == 1 else f"{name}, {readout}"
        accuracies = [f"{tally.accuracy(a):.2f}" for a in ARITHMETICS]
        line = [data, title, f"{tally.parameters:,}", f"{tally.rows:,}", *accuracies]
        print(f"| {' | '.join(line)} | {sum(tally.different.values())} |", flush=True)
        problems += [f"{data}, {title}: {text}" for text in tally.problems(kind.most)]
    return problems


def _as_numbers(rows):
    """The same rows with their digits as numbers instead of classes."""
    values = np.array(rows.labels, np.float32)[rows.y]
    return dataclasses.replace(rows, y=values, labels=())


def _right(model, test):
    """How many rows get the right digit."""
    predict = model.predict if model.response else model.predict_index
    return int((np.rint(predict(test.x)) == test.y).sum())


def _options(kind, data):
    options = {**SHORT[data], **kind.options}
    if options["algo"] == "perceptron":
        # It has no layers to choose.
        del options["hidden"]
    if options.get("recurrent"):
        options["timesteps"] = STEPS[data]
    return options


def _add(tally, model, train, test):
    """Count what a float model and its int8 ones do with the test rows."""
    tally.parameters = model.size
    tally.rows += len(test.y)
    for arithmetic in ARITHMETICS:
        one = model
        if arithmetic != "float":
            one = lwnn.quantize(model, train.x[:_CALIBRATION], arithmetic)
        tally.hits[arithmetic] += _right(one, test)
        tally.different[arithmetic] += _different(one, test.x)


def _different(model, x):
    """Rows of which the exported C computes something else."""
    files = export_c(model, "net", _SHA256, nonzero=share_nonzero(model, x))
    with tempfile.TemporaryDirectory() as folder:
        for file, text in files.items():
            Path(folder, file).write_text(text, encoding="utf-8")
        return len(verify(model, Path(folder, "net"), x).different)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.exported",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--mnist", type=Path, metavar="FOLDER", help="where MNIST's four IDX files are")
    add("--data", nargs="+", choices=list(SHORT), default=list(SHORT))
    add("--kind", nargs="+", choices=list(KINDS), default=list(KINDS))
    return parser


if __name__ == "__main__":
    sys.exit(main())
