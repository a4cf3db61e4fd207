"""What is timed against what, and how much faster lwnn has to be."""

import dataclasses
import importlib.util
import math
from collections.abc import Callable

import numpy as np

from benchmarks.speed import commands
from benchmarks.speed.measure import MissingError
from benchmarks.speed.problem import Problem
from benchmarks.speed.worker import Worker

#: Distances from `moved_apart` that rounding explains. Adam turns the smallest difference of a
#: gradient near 0 into a step of another sign; of plain SGD only the sums' order is left.
TOLERANCES = {"sgd": 1e-4, "adam": 2e-3}
#: Relative root mean square of scores: float32 rounding, and two ways to round to 8 bits.
SCORES, INT8_SCORES = 1e-5, 0.05
#: Two programs that draw their own random numbers, on MNIST, after one epoch or more.
ACCURACY = 0.015


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


# ---------------------------------------------------------------- distances


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


# ---------------------------------------------------------------- the cases


def _training(name, title, problem, targets, *, ff=False, share=None):
    kind = "ForwardForward" if ff else "Backprop"
    peers = [
        Side("PyTorch", f"torch_sides:{kind}", ("torch",)),
        Side("PyTorch compiled", f"torch_sides:Compiled{kind}", ("torch",), slow=True),
    ]
    if not ff:
        peers.append(Side("scikit-learn", "sklearn_sides:Backprop", ("sklearn",)))
    return _worked(
        Case(
            name,
            title,
            Side("lwnn", "lwnn_sides:Training"),
            tuple(peers),
            targets,
            share,
            problem,
            problem.operations,
            tolerance=TOLERANCES[problem.optimizer],
            apart=moved_apart,
        )
    )


def _prediction(batch, targets):
    problem = Problem("dense", 784, (500, 500), batch, rows=max(batch, 100))
    onnx = ("onnx", "onnxruntime")
    return _worked(
        Case(
            f"predict-{batch}",
            f"prediction, 784-500-500-10, batch {batch}",
            Side("lwnn", "lwnn_sides:Prediction"),
            (
                Side("PyTorch", "torch_sides:Prediction", ("torch",)),
                Side("PyTorch compiled", "torch_sides:CompiledPrediction", ("torch",), slow=True),
                Side("ONNX Runtime", "onnx_sides:Prediction", onnx),
                Side("NumPy", "numpy_sides:Prediction"),
            ),
            targets,
            problem=problem,
            operations=problem.scoring_operations,
            tolerance=SCORES,
            apart=scores_apart,
        )
    )


def _int8(batch, targets):
    problem = Problem("dense", 784, (500, 500), batch, rows=max(batch, 100))
    return _worked(
        Case(
            f"int8-{batch}",
            f"int8 prediction, 784-500-500-10, batch {batch}",
            Side("lwnn", "lwnn_sides:Int8Prediction"),
            (Side("ONNX Runtime", "onnx_sides:Int8Prediction", ("onnx", "onnxruntime")),),
            targets,
            problem=problem,
            operations=problem.scoring_operations,
            float_work=False,
            tolerance=INT8_SCORES,
            apart=scores_apart,
        )
    )


def _scaling(problem, target):
    work = "lwnn_sides:Training"
    return _worked(
        Case(
            "threads",
            "two threads, FF 784-4x2000",
            Side("lwnn", work),
            (Side("one thread", work, threads=1),),
            {"one thread": target},
            problem=problem,
            operations=problem.operations,
            apart=bits_apart,
            threads=(2,),
            judged_threads=2,
        )
    )


def _worked(case):
    """The case with its sides in workers."""

    def start(side, threads, settings):
        return Worker(side.work, case.problem, threads, settings.seconds)

    return dataclasses.replace(case, start=start)


def _command(name, title, peer, target, start, **settings):
    return Case(
        name,
        title,
        Side("lwnn"),
        (peer,),
        {peer.name: target},
        float_work=False,
        start=start,
        processor_time=False,
        **settings,
    )


def all_cases():
    """Every case, in the order of the table."""
    deep = Problem("ff", 784, (2000,) * 4, 100, rows=300, optimizer="adam", rate=1e-3)
    wide = Problem("ff", 784, (500, 500), 100, rows=1000, optimizer="adam", rate=1e-3)
    return (
        _training(
            "ff-784-4x2000",
            "FF step, 784-4x2000, batch 100, Adam",
            deep,
            {"PyTorch": 3},
            ff=True,
            share=0.65,
        ),
        _training(
            "ff-784-500-500",
            "FF step, 784-500-500, batch 100, Adam",
            wide,
            {"PyTorch": 4.5},
            ff=True,
        ),
        _training(
            "ff-784-128-64",
            "FF step, 784-128-64, batch 32, SGD",
            Problem("ff", 784, (128, 64), 32, rows=1600),
            {"PyTorch": 7},
            ff=True,
        ),
        _training(
            "ff-64-32",
            "FF step, 64-32, batch 1, SGD",
            Problem("ff", 64, (32,), 1, rows=1000, rate=1e-3),
            {"PyTorch": 150},
            ff=True,
        ),
        _training(
            "bp-784-128",
            "backprop, 784-128-10, batch 32, SGD",
            Problem("dense", 784, (128,), 32, rows=3200),
            {"PyTorch": 4, "scikit-learn": 5},
        ),
        _training(
            "bp-64-32",
            "backprop, 64-32-10, batch 1, SGD",
            Problem("dense", 64, (32,), 1, rows=1000),
            {"PyTorch": 100, "scikit-learn": 100},
        ),
        _prediction(1, {"PyTorch": 2.5, "ONNX Runtime": 1.5}),
        _prediction(1000, {"PyTorch": 2.5, "ONNX Runtime": 1.1}),
        _int8(1, {"ONNX Runtime": 3}),
        _int8(1000, {"ONNX Runtime": 1.3}),
        _scaling(deep, 1.7),
        _command(
            "mnist",
            "lwnn train --algo ff, 784-500-500, MNIST",
            Side("PyTorch", packages=("torch",)),
            3,
            commands.mnist,
            apart=commands.accuracies_apart,
            tolerance=ACCURACY,
            threads=(2,),
            judged_threads=2,
        ),
        _command(
            "startup",
            "lwnn --help",
            Side("import typer, rich"),
            0.5,
            commands.start_up,
            apart=commands.both_ran,
            threads=(1,),
        ),
    )
