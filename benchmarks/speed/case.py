"""What a case is made of."""

import dataclasses
import importlib.util
from collections.abc import Callable

from benchmarks.speed.measure import MissingError
from benchmarks.speed.problem import Problem


@dataclasses.dataclass(frozen=True)
class Side:
    """Who does the work.

    Parameters
    ----------
    name : str
        As the table has it.
    work : str
        ``module:class`` of the side in this package; empty for commands.
    packages : tuple of str
        What has to be installed.
    threads : int, optional
        Its own number, whatever the case has.
    slow : bool
        Takes long to get ready: left out of a quick run.
    """

    name: str
    work: str = ""
    packages: tuple[str, ...] = ()
    threads: int | None = None
    slow: bool = False

    def check_packages(self):
        """Raise `MissingError` when a package is not installed."""
        missing = [name for name in self.packages if importlib.util.find_spec(name) is None]
        if missing:
            raise MissingError(f'{", ".join(missing)} not installed; pip install -e ".[bench]"')


@dataclasses.dataclass(frozen=True)
class Case:
    """One line of claims.

    Parameters
    ----------
    name : str
        For the command line.
    title : str
        For the table.
    ours : Side
    peers : tuple of Side
    targets : dict of str to float
        By peer: how many times as fast lwnn has to be.
    share : float, optional
        Share of the FMA limit that it has to reach.
    problem : Problem, optional
        For all but commands.
    operations : int
        Of floating point a row, or of integers; 0 where none are counted.
    float_work : bool
        Whether the FMA limit bounds it.
    tolerance : float
        How far apart outcomes may be, as `apart` measures.
    apart : callable
        Takes case, our outcome and theirs.
    start : callable
        Takes side, threads and settings, returns what runs the side.
    threads : tuple of int
        Numbers of its own; empty: those asked for.
    judged_threads : int
        For which the targets are meant.
    processor_time : bool
        Whether one thread is judged by its processor time.
    """

    name: str
    title: str
    ours: Side
    peers: tuple[Side, ...]
    targets: dict[str, float]
    share: float | None = None
    problem: Problem | None = None
    operations: int = 0
    float_work: bool = True
    tolerance: float = 0.0
    apart: Callable = None
    start: Callable = None
    threads: tuple[int, ...] = ()
    judged_threads: int = 1
    processor_time: bool = True

    @property
    def rows(self):
        """Rows in a unit of work; a command counts as one."""
        return self.problem.rows if self.problem else 1

    def sides(self, settings):
        """Ours, then those of the peers that the run has time for."""
        return (self.ours, *(peer for peer in self.peers if settings.slow or not peer.slow))
