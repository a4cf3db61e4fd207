"""What a side of a case offers the worker that runs it.

``reset()`` goes back to the start, ``unit()`` does the timed work once over all rows of the
problem, ``outcome()`` gives arrays by name to compare with the other side's, ``note`` says in
which way the work is done where the side chose among several.
"""

import abc
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


def fastest(ways, seconds=0.05):
    """Try each way and return the one that took least processor time.

    Parameters
    ----------
    ways : dict of object to callable
        What to do once, by what identifies the way.
    seconds : float
        How long to try each, at least.
    """
    return min(ways, key=lambda way: _processor_time(ways[way], seconds))


def _processor_time(work, seconds):
    work()
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)
