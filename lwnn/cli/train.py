"""`lwnn train`: from a data file to a model file."""

import dataclasses
import shlex
from pathlib import Path
from typing import Annotated

import typer

from lwnn.cli import config, epochlog, paths, progress
from lwnn.cli import report as reporting
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
from lwnn.errors import UsageError
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
    settings: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="TOML file of options, and of data; what the command line says goes before. The "
            "options of every run are written beside its model.",
            show_default=False,
            is_eager=True,
            callback=config.given,
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a line of JSON for every epoch.", show_default=False
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a page that shows it all: HTML.", show_default=False
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    **chosen,
):
    """Train a net on DATA.

    Options that are left out take the defaults of the learning rule.
    """
    from lwnn import files, modelfile, training  # noqa: PLC0415

    console = Console("train", json=json, quiet=quiet)
    options = options_from(chosen)
    check(options)
    output = output or Path(f"{paths.stem(data[0])}-{options.algo}{paths.MODEL}")
    record = output.with_suffix(".toml")
    parts = [part for part in (options.val, options.test) if isinstance(part, Path)]
    sources = [*data, *parts, *([settings] if settings else [])]
    paths.check_output(output, sources)
    config.check_place(record)
    taken = [*sources, output, record]
    for name, wanted in (("log", log), ("report", report)):
        if wanted is None:
            continue
        if wanted in taken[len(sources) :]:
            raise UsageError(f"--{name} {wanted}: is the name of another output; choose another")
        paths.check_output(wanted, taken)
        taken.append(wanted)
    chosen_columns = {"features": columns(features), "drop": columns(drop), "missing": missing}
    if (options.image or options.recurrent) and not features:
        # The place of a pixel, or of a step, counts, even where it is always dark.
        chosen_columns["features"] = ("all",)
    numeric = options.task == "regression"
    dataset = progress.load(console, data, target=target, numeric=numeric, **chosen_columns)
    _tell_assumptions(console, dataset, target)
    loaded = _with_parts(console, options, dataset)
    with progress.epochs(console) as show, epochlog.epochs(log) as note:
        run = training.train(dataset, loaded, _both(show, note), _teller(console))
    modelfile.save(run.model, output)
    said = {"target": dataset.target, "missing": missing, "features": features, "drop": drop}
    files.write_text(record, config.text_of(record, data, said, options, run.options))
    if report is not None:
        reporting.write(report, reporting.about_run(run, output, loaded.image))
    _report(console, run, data, (output, record, report), dataset.notes)
    _end(run, output)


def _both(first, second):
    """A function that calls two, the first if it is one."""

    def call(epoch):
        if first:
            first(epoch)
        second(epoch)

    return call


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


def _teller(console):
    """A function that says what is trained, on how many rows, before it begins."""

    def tell(rule, settings, parts):
        note, network = console.note, rule.network
        sizes = ", ".join(f"{len(rows):,} {name}" for name, rows in parts.existing())
        note(f"rows: {sizes}; net {network.describe()}, {network.size:,} parameters")
        note(listed(settings, "training with "))
        threads = "1 thread" if rule.threads == 1 else f"{rule.threads} threads"
        note(f"memory beside the rows: {rule.working_bytes:,} bytes; {threads}")

    return tell


def _report(console, run, data, written, notes):
    output, record, report = written
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
    if run.refit_rows:
        console.say(f"the test is of the net that learnt anew from {run.refit_rows:,} rows")
    console.say(f"options: {record}")
    console.say(f"model: {output}")
    if report is not None:
        console.say(f"report: {report}")
    model, source = shlex.quote(str(output)), shlex.quote(str(data[0]))
    console.note(f"next: lwnn quantize {model} --calibrate {source}")
    console.note(f"      lwnn predict {model} DATA")
    console.result(
        data=paths.told(data),
        model=output,
        config=record,
        report=report,
        notes=notes,
        metrics=run.metrics,
        options=run.options,
        network=network,
        parameters=run.model.size,
        saturation=run.history[run.best_epoch - 1]["saturation"],
        best_epoch=run.best_epoch,
        epochs_run=run.epochs_run,
        refit_rows=run.refit_rows,
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
