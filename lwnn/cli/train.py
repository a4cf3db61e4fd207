"""`lwnn train`: from a data file to a model file."""

import dataclasses
import shlex
from pathlib import Path
from typing import Annotated

import typer

from lwnn.cli import paths, progress
from lwnn.cli.arguments import (
    DataFiles,
    Drop,
    Features,
    Json,
    Missing,
    Quiet,
    Target,
    columns,
    options_from,
    training_options,
)
from lwnn.cli.console import Console, complain, listed, percent, printable
from lwnn.options import check

_INTERRUPTED, _DIVERGED = 130, 2


@training_options
def train(
    data: DataFiles,
    *,
    target: Target = None,
    missing: Missing = "indicate",
    features: Features = None,
    drop: Drop = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Model file. [default: DATA-ALGO.safetensors]",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    **chosen,
):
    """Train a net on DATA.

    Options that are left out take the defaults of the learning rule.
    """
    from lwnn import modelfile, training  # noqa: PLC0415

    console = Console("train", json=json, quiet=quiet)
    options = options_from(chosen)
    check(options)
    output = output or Path(f"{paths.stem(data[0])}-{options.algo}{paths.MODEL}")
    files = [part for part in (options.val, options.test) if isinstance(part, Path)]
    paths.check_output(output, [*data, *files])
    chosen_columns = {"features": columns(features), "drop": columns(drop), "missing": missing}
    if options.image and not features:
        # The place of a pixel counts, even where it is always dark.
        chosen_columns["features"] = ("all",)
    numeric = options.task == "regression"
    dataset = progress.load(console, data, target=target, numeric=numeric, **chosen_columns)
    _tell_assumptions(console, dataset, target)
    options = _with_parts(console, options, dataset)
    with progress.epochs(console) as on_epoch:
        run = training.train(dataset, options, on_epoch, _starter(console))
    modelfile.save(run.model, output)
    _report(console, run, data, output, dataset.notes)
    _end(run, output)


def _with_parts(console, options, dataset):
    """Return the options with the rows of validation and test files read in."""
    files = {name: getattr(options, name) for name in ("val", "test")}
    return dataclasses.replace(
        options,
        **{
            name: progress.load(console, path, schema=dataset.schema)
            for name, path in files.items()
            if isinstance(path, Path)
        },
    )


def _tell_assumptions(console, dataset, target):
    """Say what the file was taken for, so that a wrong guess is seen at once."""
    source = printable(dataset.source)
    rows, features = len(dataset.x), len(dataset.features)
    learnt, what = f"{len(dataset.labels):,} classes", "label"
    if dataset.numeric:
        learnt, what = f"values from {dataset.y.min():g} to {dataset.y.max():g}", "target"
    console.note(f"{source}: {rows:,} rows, {features:,} features, {learnt}")
    if dataset.target is None:
        return
    which = printable(dataset.target) if dataset.named else f"{dataset.target}, counted from 0"
    guessed = "" if target is not None else " (assumed; --target names another)"
    header = "a header" if dataset.named else "no header"
    console.note(f"{what}: column {which}{guessed}; {header}")


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


def _report(console, run, data, output, notes):
    regression = run.model.response is not None
    console.table(
        ("part", "rows", *(("R²", "RMSE") if regression else ("accuracy", "loss"))),
        [
            (name, f"{part['rows']:,}", *(_values(part) if regression else _classes(part)))
            for name, part in run.metrics.items()
        ],
    )
    network = run.model.network.describe()
    console.say(
        f"best epoch {run.best_epoch} of {run.epochs_run}; {run.seconds:.1f} s, "
        f"{run.samples_per_second:,.0f} samples/s"
    )
    console.say(f"model: {output}")
    model, source = shlex.quote(str(output)), shlex.quote(str(data[0]))
    console.note(f"next: lwnn quantize {model} --calibrate {source}")
    console.note(f"      lwnn predict {model} DATA")
    console.result(
        data=paths.told(data),
        model=output,
        notes=notes,
        metrics=run.metrics,
        options=run.options,
        network=network,
        parameters=run.model.size,
        saturation=run.history[run.best_epoch - 1]["saturation"],
        best_epoch=run.best_epoch,
        epochs_run=run.epochs_run,
        stopped=run.stopped,
        warnings=run.warnings,
        training_seconds=run.seconds,
        samples_per_second=run.samples_per_second,
        forward_passes_per_update=run.forward_passes,
        multiply_accumulates_per_update=run.update_work,
        working_bytes=run.working_bytes,
    )


def _classes(part):
    return percent(part["accuracy"]), f"{part['loss']:.4f}"


def _values(part):
    return "-" if part["r2"] is None else f"{part['r2']:.4f}", f"{part['rmse']:.6g}"


def _end(run, output):
    """Leave with the exit code of a run that did not end by itself."""
    if run.stopped == "interrupted":
        complain(f"interrupted; the model of epoch {run.best_epoch} is in {output}")
        raise typer.Exit(_INTERRUPTED)
    if run.stopped == "diverged":
        complain(f"{run.message}; saved in {output}")
        raise typer.Exit(_DIVERGED)
