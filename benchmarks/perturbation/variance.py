"""How far each form of perturbation is from the gradient, against what an update costs.

    python -m benchmarks.perturbation.variance [--repeats N]

A 64-32-10 net at its start and 32 rows of the bundled digits; the figure is the root mean square
of |estimate - gradient| / |gradient| over N seeds of signs (seed 0 for weights and rows). Nothing
is timed.
"""

import argparse

import numpy as np

import lwnn
from lwnn._kernels import variant
from lwnn.learning.backprop import Backprop
from lwnn.learning.optimizers import Optimizer
from lwnn.learning.perturbation import Perturbation
from lwnn.learning.rule import Rows
from lwnn.network import Network

CASES = (
    ("weight", 1),
    ("node", 1),
    *(("fan-in", draws) for draws in (1, 10, 100)),
    *(("simultaneous", draws) for draws in (1, 10, 100, 1000)),
)


def rule_of(kind, rows, seed=0, **options):
    """A rule over a mini-batch of all rows, from the same starting weights."""
    network = Network("dense", rows.x.shape[1], (32,), int(rows.y.max()) + 1)
    scaler = np.stack([rows.x.mean(axis=0), np.full(rows.x.shape[1], 1 / 6)]).astype(np.float32)
    return kind(
        *(network, rows, scaler, 10.0, Optimizer("sgd", network.size)),
        batch=len(rows),
        init=np.random.default_rng(0),
        draws=np.random.default_rng(seed),
        **options,
    )


def gradient(rule):
    """What one plain step of rate 1 takes off the parameters."""
    start = rule.params.vector.copy()
    rule.learn(np.arange(len(rule.rows)), 1.0)
    return start - rule.params.vector


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    digits = lwnn.load(lwnn.sample_path())
    chosen = np.random.default_rng(0).permutation(len(digits.x))[:32]
    rows = Rows(digits.x[chosen], digits.y[chosen])
    exact = gradient(rule_of(Backprop, rows))
    print(f"64-32-10, 32 digits, {options.repeats} seeds, kernels {variant}")
    print("| --perturb | --draws | passes per update | multiply-accumulates | relative error |")
    print("|---|---|---|---|---|")
    for form, draws in CASES:
        how = {"perturb": form, "repeats": draws}
        if form == "simultaneous":
            how |= {"differences": "central", "delta": 1e-2}
        errors = []
        for seed in range(options.repeats):
            rule = rule_of(Perturbation, rows, seed, **how)
            errors.append(np.sum((gradient(rule) - exact) ** 2) / np.sum(exact**2))
        print(
            f"| {form} | {draws} | {rule.forward_passes:,} | {rule.work * rule.batch:,} "
            f"| {np.sqrt(np.mean(errors)):.2g} |"
        )


if __name__ == "__main__":
    main()
