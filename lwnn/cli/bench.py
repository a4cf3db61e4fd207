"""`lwnn bench`: the learning rules side by side."""

import csv
import io
from pathlib import Path
from typing import Annotated

import typer

from lwnn.cli import paths, progress
from lwnn.cli.arguments import Drop, Features, Json, Missing, Quiet, Target, columns, widths
from lwnn.cli.console import Console, listed
from lwnn.errors import UsageError
from lwnn.options import ALGOS, Options

#: Rules that are compared unless others are named.
_USUAL, _OVER_TIME = "ff,bp,wp", "bp,wp"
_COUNT = {"metavar": "N", "min": 1, "show_default": False}


def bench(
    data: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DATA...]",
            help="Data file, or several tables as one. [default: the bundled digits]",
            show_default=False,
            readable=False,
        ),
    ] = None,
    *,
    target: Target = None,
    missing: Missing = "indicate",
    features: Features = None,
    drop: Drop = None,
    algos: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help=f"Rules to compare, of {', '.join(ALGOS)}. [default: {_USUAL}; {_OVER_TIME} for "
            "recurrent nets]",
            show_default=False,
        ),
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="Units per hidden layer. [default: 64, or 32 for recurrent nets]",
            show_default=False,
        ),
    ] = None,
    recurrent: Annotated[
        bool, typer.Option("--recurrent", help="Compare recurrent nets, on sequences.")
    ] = False,
    timesteps: Annotated[
        int | None,
        typer.Option(help="Steps of a sequence, where the file does not say.", **_COUNT),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the rows.", **_COUNT)] = None,
    seeds: Annotated[
        int, typer.Option(metavar="N", min=1, help="Runs of each rule: seeds 0, 1, …")
    ] = 3,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Cores to use.")] = 1,
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write a row per rule.", show_default=False),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
):
    """Train with several rules on the same rows of DATA and compare.

    Every seed splits the rows anew, into the same parts for every rule.
    """
    from lwnn.comparison import compare  # noqa: PLC0415
    from lwnn.data import sample_path  # noqa: PLC0415

    console = Console("bench", json=json, quiet=quiet)
    net = {"hidden": widths(hidden), "recurrent": recurrent, "timesteps": timesteps}
    options = Options(**net, epochs=epochs, threads=threads)
    rules = _rules(algos or (_OVER_TIME if recurrent else _USUAL))
    source = data or [sample_path()]
    if csv_file:
        paths.check_output(csv_file, source)
    chosen = {"features": columns(features), "drop": columns(drop), "missing": missing}
    if recurrent and not features:
        # Every step has the same columns, even those that never change.
        chosen["features"] = ("all",)
    dataset = progress.load(console, source, target=target, **chosen)
    with progress.runs(console, len(rules) * seeds) as (on_run, on_epoch):
        results = compare(
            dataset,
            options,
            algos=rules,
            seeds=tuple(range(seeds)),
            on_run=on_run,
            on_epoch=on_epoch,
        )
    records = [result.as_dict() for result in results]
    if csv_file:
        _write_csv(records, csv_file)
    name = ", ".join(map(str, data)) if data else "bundled digits"
    _report(console, records, name, dataset, seeds)
    console.result(data=name, rows=len(dataset.x), seeds=list(range(seeds)), results=records)


def _rules(text):
    """Return the rules that ``--algos`` names, in its order."""
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in ALGOS:
            raise UsageError(f"--algos: unknown rule {name!r}; choose from {', '.join(ALGOS)}")
    if len(set(names)) < len(names):
        raise UsageError(f"--algos {text}: name each rule once")
    return names


def _report(console, records, name, dataset, seeds):
    count = "1 seed" if seeds == 1 else f"{seeds} seeds"
    console.say(f"{name}: {len(dataset.x):,} rows, {len(dataset.labels)} classes, {count}")
    console.table(
        ("", *(record["algo"] for record in records)),
        [(label, *(show(record) for record in records)) for label, show in _ROWS],
    )
    for record in records:
        console.say(listed(record["options"]))


def _with_spread(record, measure):
    mean, spread = record[f"{measure}_mean"], record[f"{measure}_sd"]
    return f"{100 * mean:.2f}" + ("" if spread is None else f" ± {100 * spread:.2f}")


_ROWS = (
    ("parameters", lambda r: f"{r['parameters']:,}"),
    ("test accuracy, %", lambda r: _with_spread(r, "test_accuracy")),
    ("int8 test accuracy, %", lambda r: _with_spread(r, "int8_accuracy")),
    ("training time, s (median)", lambda r: f"{r['seconds_median']:.2f}"),
    ("samples/s (median)", lambda r: f"{r['samples_per_second_median']:,.0f}"),
    ("forward passes per update", lambda r: f"{r['forward_passes']:,}"),
    ("multiply-accumulates per update", lambda r: f"{r['update_work']:,}"),
    ("training memory, bytes", lambda r: f"{r['working_bytes']:,}"),
    ("int8 model, bytes", lambda r: f"{r['int8_bytes']:,}"),
)


def _write_csv(records, path):
    """A row per rule; what is a list or a dict goes to JSON, not here."""
    from lwnn.files import write_text  # noqa: PLC0415

    names = [name for name, value in records[0].items() if not isinstance(value, (list, dict))]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    write_text(path, text.getvalue())
