"""Rounds: check that the sides agree, then time them in turn."""

import dataclasses
import statistics


class SideError(Exception):
    """A side cannot do its work, or does not compute what the other one computes."""


class MissingError(SideError):
    """A side needs what is not there: no fault of either side."""


@dataclasses.dataclass(frozen=True)
class Timing:
    """One round of one side.

    Parameters
    ----------
    units : int
        Times that the work was done.
    wall, processor : float
        Seconds by the clock on the wall, and of all its threads' processor time.
    """

    units: int
    wall: float
    processor: float


@dataclasses.dataclass
class Times:
    """All rounds of one side.

    Parameters
    ----------
    note : str
        In which way the side does the work, where there are several.
    clock : {'wall', 'processor'}
        Which one it is judged by.
    rows : int
        In one unit of work.
    """

    note: str
    clock: str
    rows: int
    rounds: list[Timing] = dataclasses.field(default_factory=list)

    def seconds(self, clock=None):
        """Median seconds a row by one clock."""
        values = [getattr(round_, clock or self.clock) / round_.units for round_ in self.rounds]
        return statistics.median(values) / self.rows

    @property
    def waited(self):
        """Wall clock by processor time, where a thread is judged by the latter; else 1."""
        return self.seconds("wall") / self.seconds() if self.clock == "processor" else 1.0


@dataclasses.dataclass
class Result:
    """What came of a case with a number of threads.

    Attributes
    ----------
    case : case.Case
    threads : int
    ours : Times or None
    peers : dict of str to Times
    checks : dict of str to float
        By peer: how far apart the two sides were.
    limits : list of float
        The FMA limit in every round, 10⁹ operations a second.
    problems : list of str
        What kept a side from being timed.
    failed : bool
        Whether a side that is there failed, or did not agree.
    """

    case: object
    threads: int
    ours: Times | None = None
    peers: dict = dataclasses.field(default_factory=dict)
    checks: dict = dataclasses.field(default_factory=dict)
    limits: list = dataclasses.field(default_factory=list)
    problems: list = dataclasses.field(default_factory=list)
    failed: bool = False

    @property
    def gflops(self):
        """lwnn's 10⁹ operations a second, where operations are counted."""
        if self.ours is None or not self.case.operations:
            return None
        return self.case.operations / self.ours.seconds() / 1e9

    @property
    def share(self):
        """lwnn's share of the FMA limit."""
        if self.gflops is None or not self.limits or not self.case.float_work:
            return None
        return self.gflops / statistics.median(self.limits)

    def ratio(self, peer):
        """How many times as fast as a peer lwnn is."""
        return self.peers[peer].seconds() / self.ours.seconds()

    def missed(self):
        """Targets that this result misses, as text."""
        found = []
        for peer, target in self.targets().items():
            if peer in self.peers and self.ratio(peer) < target:
                found.append(f"{self.ratio(peer):.2f} x {peer}, target {target:g} x")
        share = self.case.share if self.judged else None
        if share and self.share is not None and self.share < share:
            found.append(f"{self.share:.0%} of the FMA limit, target {share:.0%}")
        return found

    @property
    def judged(self):
        """Whether the targets are meant for this number of threads."""
        return self.threads == self.case.judged_threads

    def targets(self):
        """Least ratio by peer, where there is one."""
        return self.case.targets if self.judged else {}


def run(case, threads, settings, limit, tell):
    """Check and time a case.

    Parameters
    ----------
    case : case.Case
    threads : int
    settings : settings.Settings
    limit : FmaLimit or None
    tell : callable
        Takes a line on how it goes.

    Returns
    -------
    Result
    """
    result = Result(case, threads)
    sides = {}
    try:
        for side in case.sides(settings):
            _open(case, side, threads, settings, sides, result, tell)
            if side is case.ours and not sides:
                return result
        _compare(case, sides, result)
        # By itself lwnn still has a speed; but not when all that was there disagreed.
        if len(sides) > 1 or not result.failed:
            _rounds(case, sides, settings, limit, result, tell)
    finally:
        for runner in sides.values():
            runner.close()
    return result


def _open(case, side, threads, settings, sides, result, tell):
    tell(f"{side.name} gets ready")
    try:
        side.check_packages()
        sides[side.name] = case.start(side, side.threads or threads, settings)
    except SideError as error:
        result.problems.append(f"{side.name}: {error}")
        result.failed = result.failed or not isinstance(error, MissingError)


def _compare(case, sides, result):
    """Close and drop the peers that do not compute what lwnn computes."""
    ours = sides[case.ours.name].outcome()
    for name in [name for name in sides if name != case.ours.name]:
        try:
            apart = case.apart(case, ours, sides[name].outcome())
            result.checks[name] = apart
            # Written so that a distance that is not a number fails too.
            if not apart <= case.tolerance:
                raise SideError(
                    f"computes something else: {apart:.2g} apart, at most {case.tolerance:g}"
                )
        except SideError as error:
            sides.pop(name).close()
            result.problems.append(f"{name}: {error}; not timed")
            result.failed = True


def _rounds(case, sides, settings, limit, result, tell):
    clock = "processor" if case.processor_time and result.threads == 1 else "wall"
    times = {name: Times(side.note, clock, case.rows) for name, side in sides.items()}
    for number in range(settings.rounds):
        tell(f"round {number + 1} of {settings.rounds}")
        for name, side in sides.items():
            times[name].rounds.append(side.round())
        if limit is not None and case.float_work:
            result.limits.append(limit.gflops(result.threads, settings.seconds / 4))
    result.ours = times.pop(case.ours.name)
    result.peers = times
