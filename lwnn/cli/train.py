"""`lwnn train`: from a data file to a model file."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from lwnn.cli import paths, progress
from lwnn.cli.arguments import Data, Json, Quiet, Target, widths
from lwnn.cli.console import Console, complain, listed, percent, printable
from lwnn.errors import UsageError

_INTERRUPTED, _DIVERGED = 130, 2


def _option(*names, **settings):
    return typer.Option(*names, **{"show_default": False, **settings})


def train(
    data: Data,
    *,
    algo: Annotated[
        str, _option(metavar="ff|bp|wp", help="Learning rule.", show_default=True)
    ] = "ff",
    target: Target = None,
    hidden: Annotated[
        str | None,
        _option(metavar="N,N,...", help="Units per hidden layer, or none. [default: 64]"),
    ] = None,
    activation: Annotated[
        str | None, _option(metavar="relu|sigmoid|tanh|linear", help="Of hidden layers (bp, wp).")
    ] = None,
    cost: Annotated[
        str | None, _option(metavar="cross-entropy|mse", help="What bp and wp minimise.")
    ] = None,
    epochs: Annotated[int | None, _option(help="Passes over the rows, at most.")] = None,
    batch: Annotated[int | None, _option(help="Rows per update.")] = None,
    lr: Annotated[float | None, _option(metavar="RATE", help="Learning rate.")] = None,
    optimizer: Annotated[
        str | None, _option(metavar="adam|momentum|sgd", help="How steps are taken.")
    ] = None,
    momentum: Annotated[float | None, _option(help="For --optimizer momentum.")] = None,
    readout: Annotated[
        str | None, _option(metavar="goodness|head", help="How ff predicts.")
    ] = None,
    delta: Annotated[float | None, _option(help="How far wp moves a weight.")] = None,
    patience: Annotated[
        int | None, _option(metavar="EPOCHS", help="Stop after so many worse than the best.")
    ] = None,
    val: Annotated[
        str | None, _option(metavar="SHARE|FILE", help="Validation rows. [default: 0.1]")
    ] = None,
    test: Annotated[
        str | None, _option(metavar="SHARE|FILE", help="Test rows. [default: 0.2]")
    ] = None,
    seed: Annotated[int, _option(help="Same seed, same model.", show_default=True)] = 0,
    threads: Annotated[int | None, _option(help="Cores to use; changes no result.")] = None,
    output: Annotated[
        Path | None,
        _option(
            "--output", "-o", metavar="FILE", help="Model file. [default: DATA-ALGO.safetensors]"
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
):
    """Train a net on DATA.

    Options that are left out take the defaults of the learning rule.
    """
    from lwnn import modelfile, training  # noqa: PLC0415

    console = Console("train", json=json, quiet=quiet)
    val, test = _share_or_file("--val", val), _share_or_file("--test", test)
    options = training.Options(
        algo=algo,
        hidden=widths(hidden),
        activation=activation,
        cost=cost,
        epochs=epochs,
        batch=batch,
        rate=lr,
        optimizer=optimizer,
        momentum=momentum,
        readout=readout,
        delta=delta,
        patience=patience,
        seed=seed,
        threads=threads,
    )
    training.check(options)
    output = output or Path(f"{paths.stem(data)}-{algo}{paths.MODEL}")
    paths.check_output(output, [data, *(part for part in (val, test) if isinstance(part, Path))])
    dataset = progress.load(console, data, target=target)
    _tell_assumptions(console, dataset, target)
    options = _with_parts(console, options, dataset, val, test)
    with progress.epochs(console) as on_epoch:
        run = training.train(dataset, options, on_epoch, _starter(console))
    modelfile.save(run.model, output)
    _report(console, run, data, output)
    _end(run, output)


def _share_or_file(option, text):
    """Return a share as float, a file as Path, None for the default."""
    if text is None:
        return None
    try:
        share = float(text)
    except ValueError:
        return Path(text)
    if not 0 <= share < 1:
        raise UsageError(f"{option} {text}: expected a share from 0 to below 1, or a file")
    return share


def _with_parts(console, options, dataset, val, test):
    """Return the options with validation and test rows; files are read here."""
    import dataclasses  # noqa: PLC0415

    parts = {}
    for name, given in (("val", val), ("test", test)):
        if isinstance(given, Path):
            parts[name] = progress.load(console, given, schema=dataset.schema)
        elif given is not None:
            parts[name] = given
    return dataclasses.replace(options, **parts)


def _tell_assumptions(console, dataset, target):
    """Say what the file was taken for, so that a wrong guess is seen at once."""
    source = printable(dataset.source)
    rows, features, classes = len(dataset.x), len(dataset.features), len(dataset.labels)
    console.note(f"{source}: {rows:,} rows, {features:,} features, {classes:,} classes")
    if dataset.target is None:
        return
    which = printable(dataset.target) if dataset.named else f"{dataset.target}, counted from 0"
    guessed = "" if target is not None else " (assumed; --target names another)"
    header = "a header" if dataset.named else "no header"
    console.note(f"label: column {which}{guessed}; {header}")


def _starter(console):
    """Give the function that says what is trained, on how many rows, before it begins."""

    def on_start(rule, settings, parts):
        network = rule.network
        sizes = ", ".join(f"{len(rows):,} {name}" for name, rows in parts.existing())
        console.note(f"rows: {sizes}; net {network.describe()}, {network.size:,} parameters")
        console.note(f"training with {listed(settings)}")
        threads = "1 thread" if rule.threads == 1 else f"{rule.threads} threads"
        console.note(f"memory beside the rows: {rule.working_bytes:,} bytes; {threads}")

    return on_start


def _report(console, run, data, output):
    console.table(
        ("part", "rows", "accuracy", "loss"),
        [
            (name, f"{part['rows']:,}", percent(part["accuracy"]), f"{part['loss']:.4f}")
            for name, part in run.metrics.items()
        ],
    )
    network = run.model.network.describe()
    console.say(
        f"best epoch {run.best_epoch} of {run.epochs_run}; {run.seconds:.1f} s, "
        f"{run.samples_per_second:,.0f} samples/s"
    )
    console.say(f"model: {output}")
    model, source = shlex.quote(str(output)), shlex.quote(str(data))
    console.note(f"next: lwnn quantize {model} --calibrate {source}")
    console.note(f"      lwnn predict {model} DATA")
    console.result(
        data=data,
        model=output,
        metrics=run.metrics,
        options=run.options,
        network=network,
        parameters=run.model.size,
        best_epoch=run.best_epoch,
        epochs_run=run.epochs_run,
        stopped=run.stopped,
        training_seconds=run.seconds,
        samples_per_second=run.samples_per_second,
        forward_passes_per_update=run.forward_passes,
        working_bytes=run.working_bytes,
    )


def _end(run, output):
    """Leave with the exit code of a run that did not end by itself."""
    if run.stopped == "interrupted":
        complain(f"interrupted; the model of epoch {run.best_epoch} is in {output}")
        raise typer.Exit(_INTERRUPTED)
    if run.stopped == "diverged":
        complain(f"{run.message}; saved in {output}")
        raise typer.Exit(_DIVERGED)
