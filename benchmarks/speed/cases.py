"""What is timed against what, and how much faster lwnn has to be."""

import dataclasses

from benchmarks.speed import commands
from benchmarks.speed.case import Case, Side
from benchmarks.speed.distances import (
    ACCURACY,
    INT8_SCORES,
    SCORES,
    TOLERANCES,
    bits_apart,
    moved_apart,
    scores_apart,
)
from benchmarks.speed.problem import Problem
from benchmarks.speed.worker import Worker


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
