"""A case whose sides only say what they are asked, and problems small enough for tests."""

import dataclasses

from benchmarks.speed import measure
from benchmarks.speed.case import Case, Side
from benchmarks.speed.measure import Timing
from benchmarks.speed.problem import Problem
from benchmarks.speed.settings import Settings

QUICK = Settings(rounds=2, seconds=0.001, slow=False)


def small(problem):
    """The same problem with narrow layers and few rows."""
    hidden = tuple(min(width, 40) for width in problem.hidden)
    batch = min(problem.batch, 20)
    return dataclasses.replace(problem, hidden=hidden, batch=batch, rows=3 * batch)


class FakeRunner:
    """A side that says what it is asked."""

    note = ""

    def __init__(self, name, outcome, log):
        self.name, self.value, self.log = name, outcome, log

    def outcome(self):
        return self.value

    def round(self):
        self.log.append(self.name)
        return Timing(10, 0.4 if self.name == "lwnn" else 1.2, 0.2 if self.name == "lwnn" else 1.0)

    def close(self):
        self.log.append(f"{self.name} closed")


def fake_case(log, peers=("same",), outcomes=None, **changes):
    """A case whose sides log their rounds; an outcome that is an error is raised at the start."""
    outcomes = outcomes or {}

    def start(side, threads, settings):
        outcome = outcomes.get(side.name, 0.0)
        if isinstance(outcome, Exception):
            raise outcome
        return FakeRunner(side.name, outcome, log)

    values = {
        "name": "fake",
        "title": "a fake",
        "ours": Side("lwnn"),
        "peers": tuple(Side(peer) if isinstance(peer, str) else peer for peer in peers),
        "targets": {"same": 4.0},
        "share": 0.5,
        "problem": Problem("dense", 64, (32,), 5, rows=5),
        "operations": 1_000_000,
        "tolerance": 0.1,
        "apart": lambda case, ours, theirs: abs(ours - theirs),
        "start": start,
    }
    return Case(**{**values, **changes})


class FakeLimit:
    operations = 192

    def gflops(self, threads, seconds):
        return 1.0


def run(case, threads=1):
    return measure.run(case, threads, QUICK, FakeLimit(), lambda text: None)
