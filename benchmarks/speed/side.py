"""What a side of a case offers the worker that runs it.

``reset()`` goes back to the start, ``unit()`` does the timed work once over all rows of the
problem, ``outcome()`` gives arrays by name to compare with the other side's, ``note`` says in
which way the work is done where the side chose among several.
"""

import abc
import math
import time

import numpy as np


class Predictor(abc.ABC):
    """A side that scores rows, `batch` at a time."""

    note = ""

    def __init__(self, problem):
        starts = range(0, problem.rows, problem.batch)
        self.parts = [self.rows(problem.scaled[at : at + problem.batch]) for at in starts]

    def rows(self, part):
        """Rows as the library likes them best; not timed."""
        return part

    @abc.abstractmethod
    def score(self, part):
        """Scores of a part, (rows, classes)."""

    def reset(self):  # noqa: B027 - scoring changes nothing
        """Nothing to go back from."""

    def unit(self):
        """Every row once."""
        for part in self.parts:
            self.score(part)

    def outcome(self):
        """All scores."""
        return {"scores": np.concatenate([np.asarray(self.score(part)) for part in self.parts])}


def fastest(ways, seconds=1.0):
    """Try the ways in turn, again and again, and return the one that was ever fastest.

    Parameters
    ----------
    ways : dict of object to callable
        What to do once, by what identifies the way.
    seconds : float
        How long to try, at least; every way is tried twice, and the first time does not count.
    """
    best = dict.fromkeys(ways, math.inf)
    for work in ways.values():
        work()
    end = time.perf_counter() + seconds
    while True:
        for way, work in ways.items():
            start = time.process_time()
            work()
            best[way] = min(best[way], time.process_time() - start)
        if time.perf_counter() > end:
            return min(best, key=best.get)
