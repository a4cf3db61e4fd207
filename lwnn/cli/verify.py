"""`lwnn verify`: exported C against what the PC computes."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from lwnn.cli import outcome, progress
from lwnn.cli.arguments import DataFiles, Json, ModelFile, Quiet, among
from lwnn.cli.console import Console
from lwnn.errors import DataError, GateError, UsageError


def verify(
    model: ModelFile,
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="What lwnn export wrote.", show_default=False),
    ],
    data: DataFiles,
    *,
    target: Annotated[
        str,
        typer.Option(
            metavar="host|m0|m4|m55|avr",
            help="What to run the C on.",
            autocompletion=among("host", "m0", "m4", "m55", "avr"),
        ),
    ] = "host",
    json: Json = False,
    quiet: Quiet = False,
):
    """Compile exported C, run it over DATA, compare.

    Every score of an int8 model must be the same, to the bit; those of a float model agree to
    1e-5, and every class is the same. Ends with 1 on a difference.
    """
    from lwnn import modelfile  # noqa: PLC0415
    from lwnn.export import machines, verification  # noqa: PLC0415

    console = Console("verify", json=json, quiet=quiet)
    if target not in machines.MACHINES:
        raise UsageError(f"--target {target}: choose from {', '.join(machines.MACHINES)}")
    trained = modelfile.load(model)
    export = verification.find_export(folder, hashlib.sha256(model.read_bytes()).hexdigest())
    dataset = progress.load(console, data, schema=outcome.schema(trained), need_labels=False)
    if not len(dataset.x):
        raise DataError("no rows", path=data[0], remedy="give some")
    verdict = verification.verify(trained, export, dataset.x, target, gaps=dataset.gaps)
    machine = machines.MACHINES[target]
    _show(console, verdict, machine)
    console.result(
        model=model,
        folder=folder,
        target=target,
        rows=verdict.rows,
        different=len(verdict.different),
        self_test=verdict.self_test,
        unit=machine.unit,
        count_int8=_mean(verdict.count_int8),
        count=_mean(verdict.count),
        stack=verdict.stack,
    )
    if not verdict.good:
        raise GateError(_complaint(folder, verdict))


def _mean(counts):
    return None if counts is None else float(counts.mean())


def _show(console, verdict, machine):
    console.say(f"{verdict.rows:,} rows on {machine.words}: {len(verdict.different):,} differ")
    if verdict.self_test is not None:
        console.say("self-test: " + ("passed" if verdict.self_test == -1 else "failed"))
    for what, counts in (("int8 input", verdict.count_int8), ("raw readings", verdict.count)):
        if counts is not None:
            console.say(f"{machine.unit} from {what}: {counts.mean():,.0f} a row")
    if verdict.stack is not None:
        console.say(f"stack: {verdict.stack:,} bytes, working memory apart")


def _complaint(folder, verdict):
    if not len(verdict.different):
        return f"{folder}: row {verdict.self_test} of the self-test differs; export the model again"
    return (
        f"{folder}: {verdict.what} of row {verdict.different[0]} differs, and "
        f"{len(verdict.different):,} of {verdict.rows:,} rows do; export the model again"
    )
