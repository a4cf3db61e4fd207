"""``python -m benchmarks.accuracy.decay``: what the choice of weight decay is worth.

Tables are made by rule, half of them clean, in half luck has a say in the classes; 300 rows each,
and 2,000 more to test on. Nets of 64 units learn with the usual decay, with four times as much, and
with the one of the two that the validation rows choose, which is the default.
"""

import argparse
import statistics
import sys

import numpy as np

import lwnn
from lwnn.options import DECAYS, resolve

_KNOWN, _TEST, _HIDDEN = 300, 2000, (64,)
ALGOS = ("ff", "mf", "bp")


def _moons(random, rows):
    y = random.integers(0, 2, rows)
    turn = random.uniform(0, np.pi, rows)
    x = np.stack([np.cos(turn) * (1 - 2 * y) + y, np.sin(turn) * (1 - 2 * y) + y / 2], axis=1)
    return x + 0.15 * random.standard_normal(x.shape), y


def _shells(random, rows):
    """Three classes by distance from the middle, as many of each."""
    x = random.standard_normal((rows, 4))
    return x, np.digitize((x**2).sum(axis=1), [2.37, 4.1])


def _products(random, rows):
    x = random.uniform(-1, 1, (rows, 4))
    return x, (x[:, 0] * x[:, 1] > 0).astype(int)


def _scales(random, rows):
    """A beam with a weight on either side: left, right, or level."""
    x = random.integers(1, 6, (rows, 4))
    return x, np.sign(x[:, 0] * x[:, 1] - x[:, 2] * x[:, 3]) + 1


def _sum(random, rows):
    x = random.standard_normal((rows, 15))
    odds = x[:, 0] - x[:, 1] + 0.7 * x[:, 2] + 0.5 * x[:, 3]
    return x, (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)


def _waves(random, rows):
    """Breiman et al. 1984: mixtures of two of three waves, at 21 places."""
    waves = np.maximum(6 - abs(np.arange(1, 22) - np.array([[11], [15], [7]])), 0)
    y, share = random.integers(0, 3, rows), random.random((rows, 1))
    first, second = waves[[0, 0, 1]][y], waves[[1, 2, 2]][y]
    return share * first + (1 - share) * second + random.standard_normal((rows, 21)), y


def _ratings(random, rows):
    """Answers from 1 to 5 to twelve questions that have three causes."""
    causes = random.standard_normal((rows, 3))
    x = causes @ random.standard_normal((3, 12)) * 0.7 + 0.8 * random.standard_normal((rows, 12))
    found = causes[:, 0] + causes[:, 1] * causes[:, 2] / 2 + random.standard_normal(rows) / 2
    return np.clip(np.round(3 + x), 1, 5), np.digitize(found, [-0.6, 0.6])


def _rules(random, rows):
    x = random.random((rows, 8)).round(2)
    y = np.where(x[:, 0] > 0.5, x[:, 1] > 0.4, np.where(x[:, 2] > 0.6, 2, x[:, 3] > 0.3)).astype(
        int
    )
    return x, np.where(random.random(rows) < 0.1, random.integers(0, 3, rows), y)


CLEAN = {"moons": _moons, "shells": _shells, "products": _products, "scales": _scales}
NOISY = {"sum": _sum, "waves": _waves, "ratings": _ratings, "rules": _rules}


def table(make, seed):
    """Rows to learn from, and rows to test on."""
    random = np.random.default_rng(seed)
    x, y = make(random, _KNOWN + _TEST)
    whole = lwnn.Dataset(
        x=np.asarray(x, np.float32),
        y=y.astype(np.int32),
        labels=tuple(str(label) for label in range(y.max() + 1)),
        features=tuple(f"x{place}" for place in range(x.shape[1])),
        target="class",
        image_shape=None,
        source=make.__name__,
        sha256="0" * 64,
    )
    return whole.take(np.arange(_KNOWN)), whole.take(np.arange(_KNOWN, _KNOWN + _TEST))


def outcome(make, algo, seed):
    """Test accuracy in percent with each decay, and with the one that is chosen."""
    known, test = table(make, seed)
    chosen = lwnn.Options(algo=algo, hidden=_HIDDEN, seed=seed, test=test, threads=1)
    usual = resolve(chosen, round(len(known.x) * (1 - chosen.val)), known.x.shape[1])["l2"]
    runs = [_train(known, chosen, l2=factor * usual) for factor in DECAYS]
    return [100 * run.metrics["test"]["accuracy"] for run in [*runs, _train(known, chosen)]]


def _train(known, options, **more):
    return lwnn.train(known, lwnn.Options(**{**vars(options), **more}))


def main(arguments=None):
    """Print a table of means for people to read."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.decay")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], metavar="N")
    asked = parser.parse_args(arguments)
    heads = ["usual", f"{DECAYS[-1]} times", "chosen"]
    print(f"| tables | rule | {' | '.join(heads)} |\n|---|---|{'--:|' * len(heads)}")
    for kind, tables in (("clean", CLEAN), ("noisy", NOISY)):
        for algo in ALGOS:
            found = [outcome(make, algo, seed) for make in tables.values() for seed in asked.seeds]
            means = [f"{statistics.fmean(column):.2f}" for column in zip(*found, strict=True)]
            print(f"| {kind} | `{algo}` | {' | '.join(means)} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
