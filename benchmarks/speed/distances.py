"""How far apart what two sides computed is, and how far apart it may be."""

import math

import numpy as np

#: Distances from `moved_apart` that rounding explains. Adam turns the smallest difference of a
#: gradient near 0 into a step of another sign; of plain SGD only the sums' order is left.
TOLERANCES = {"sgd": 1e-4, "adam": 2e-3}
#: Relative root mean square of scores: float32 rounding, and two ways to round to 8 bits.
SCORES, INT8_SCORES = 1e-5, 0.05
#: Two programs that draw their own random numbers, on MNIST, after one epoch or more.
ACCURACY = 0.015


def moved_apart(case, ours, theirs):
    """Largest distance of a tensor between the sides, relative to how far learning moved it."""
    start = case.problem.start.views
    if ours.keys() != theirs.keys():
        return math.inf
    return max(_distance(ours[name], theirs[name], start[name]) for name in ours)


def _distance(ours, theirs, start):
    moved = np.linalg.norm(theirs - start)
    return float(np.linalg.norm(ours - theirs) / moved) if moved else math.inf


def scores_apart(case, ours, theirs):
    """Root mean square of the difference, relative to that of the scores."""
    ours, theirs = ours["scores"], theirs["scores"]
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def bits_apart(case, ours, theirs):
    """0 for the same bits, else infinity."""
    same = all(np.array_equal(ours[name], theirs[name]) for name in ours)
    return 0.0 if same and ours else math.inf
