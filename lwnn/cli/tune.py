"""`lwnn tune`: the best int8 net that fits a device."""

import re
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
    boards_there_are,
    columns,
    share_or_file,
)
from lwnn.cli.console import Console, complain, percent
from lwnn.errors import UsageError
from lwnn.options import Options

_INTERRUPTED = 130
_BYTES = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([km]?)i?b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20}


def _size(metavar_help):
    return typer.Option(metavar="BYTES", help=metavar_help, show_default=False)


def tune(
    data: DataFiles,
    *,
    target: Target = None,
    missing: Missing = "indicate",
    features: Features = None,
    drop: Drop = None,
    max_flash: Annotated[
        str | None,
        _size(
            "Flash that the model may take, such as 32k: weights and constants, or with "
            "--board all of it."
        ),
    ] = None,
    max_ram: Annotated[
        str | None,
        _size("Memory that it may take: readings and working memory, or with --board all of it."),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Fit this board (uno, pico, …); counts code and stack too.",
            show_default=False,
            autocompletion=boards_there_are,
        ),
    ] = None,
    trials: Annotated[
        int, typer.Option(metavar="N", min=1, help="Nets to try, in this process.")
    ] = 50,
    algos: Annotated[
        str, typer.Option(metavar="NAME,...", help="Rules to try, of bp, mf, ff.")
    ] = "bp,mf,ff",
    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Passes over the rows, at most. [default: as train]",
            show_default=False,
        ),
    ] = None,
    val: Annotated[
        str, typer.Option(metavar="SHARE|FILE", help="Rows that nets are chosen by.")
    ] = "0.2",
    test: Annotated[
        str, typer.Option(metavar="SHARE|FILE", help="Rows that the best net is tested on.")
    ] = "0.2",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Same seed, same search.")] = 0,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Keep the study there, so that processes share it: sqlite:///study.db.",
            show_default=False,
        ),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Study within --storage. [default: DATA]", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Model file. [default: DATA-tuned.int8.safetensors]",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
):
    """Search the best int8 net for DATA that fits.

    Hidden sizes, rule, readout and rate, by accuracy on the validation rows.
    """
    from lwnn import modelfile, tuning  # noqa: PLC0415
    from lwnn.tuning.study import quiet as quieted  # noqa: PLC0415

    console = Console("tune", json=json, quiet=quiet)
    if study is not None and storage is None:
        raise UsageError("--study goes with --storage; say where the study is")
    limits = {
        "max_flash": _bytes("--max-flash", max_flash),
        "max_ram": _bytes("--max-ram", max_ram),
    }
    tuning.Budget.of(*limits.values(), board)
    quieted()
    name = paths.stem(data[0])
    output = output or Path(f"{name}-tuned.int8{paths.MODEL}")
    parts = {"val": share_or_file("--val", val), "test": share_or_file("--test", test)}
    files = [part for part in parts.values() if isinstance(part, Path)]
    paths.check_output(output, [*data, *files])
    chosen = {"features": columns(features), "drop": columns(drop), "missing": missing}
    dataset = progress.load(console, data, target=target, **chosen)
    for part, path in parts.items():
        if isinstance(path, Path):
            parts[part] = progress.load(console, path, schema=dataset.schema)
    with progress.trials(console, trials) as on_trial:
        tuned = tuning.tune(
            dataset,
            Options(epochs=epochs, seed=seed, **parts),
            **limits,
            board=board,
            trials=trials,
            algos=_names(algos),
            storage=storage,
            study=study or name,
            on_trial=on_trial,
        )
    modelfile.save(tuned.model, output)
    _show(console, tuned, output)
    console.result(data=data[0] if len(data) == 1 else data, output=output, **_fields(tuned))
    if tuned.interrupted:
        complain(f"interrupted; the best model so far is in {output}")
        raise typer.Exit(_INTERRUPTED)


def _bytes(option, text):
    """Return what a size such as 32k says, in bytes; None when it says nothing."""
    if text is None:
        return None
    found = _BYTES.fullmatch(text.strip())
    size = round(float(found[1]) * _UNITS[found[2].lower()]) if found else 0
    if size < 1:
        raise UsageError(f"{option} {text}: expected bytes, such as 32k, 2k or 1500")
    return size


def _names(text):
    names = tuple(name.strip() for name in text.split(","))
    if len(set(names)) < len(names):
        raise UsageError(f"--algos {text}: name each rule once")
    return names


# ---------------------------------------------------------------- result


def _show(console, tuned, output):
    counts = ", ".join(f"{count} {state}" for state, count in tuned.counts.items() if count)
    console.say(f"trials: {counts}; accuracy against flash:")
    console.table(
        ("rule", "hidden", "readout", "rate", "flash", "memory", "validation", "trial"),
        [_line(trial) for trial in tuned.front],
    )
    best, need, limits = tuned.best, tuned.need, tuned.budget.limits
    console.say(f"best: trial {best.number}, {_net(best)}, rate {best.rate:.2g}")
    console.say(
        f"takes {_of(need.flash, limits.flash)} bytes of flash, "
        f"{_of(need.memory, limits.memory)} of memory"
    )
    console.say(_counted(tuned.budget))
    if tuned.test_accuracy is not None:
        rows = f"{tuned.test_rows:,} test rows, looked at once"
        console.say(f"int8 test accuracy {percent(tuned.test_accuracy)} ({rows})")
    console.say(f"model: {output}")
    console.note(f"next: lwnn export {output} -o DIR")


def _line(trial):
    return (
        trial.algo,
        _hidden(trial),
        trial.readout or "-",
        f"{trial.rate:.2g}",
        f"{trial.flash:,}",
        f"{trial.memory:,}",
        percent(trial.accuracy),
        str(trial.number),
    )


def _hidden(trial):
    return ",".join(map(str, trial.hidden)) or "none"


def _net(trial):
    readout = f", readout {trial.readout}" if trial.readout else ""
    return f"{trial.algo}, hidden {_hidden(trial)}{readout}"


def _of(part, whole):
    return f"{part:,}" if whole == float("inf") else f"{part:,} of {whole:,}"


def _counted(budget):
    if budget.board is None:
        return "counted: weights, constants, a row, working memory; --board adds code and stack"
    whole = f"counted: all that a firmware for {budget.board.words} takes for this model"
    return f"{whole};\n{budget.how}"


def _fields(tuned):
    limits = {
        name: None if bound == float("inf") else bound
        for name, bound in vars(tuned.budget.limits).items()
    }
    test = {"accuracy": tuned.test_accuracy, "rows": tuned.test_rows}
    return {
        "trials": tuned.counts,
        "limits": limits,
        "takes": vars(tuned.need),
        "measured": tuned.budget.measured,
        "best": vars(tuned.best),
        "front": [vars(trial) for trial in tuned.front],
        "metrics": {"test": test if tuned.test_rows else None},
        "options": tuned.model.provenance["options"],
        "network": tuned.model.network.describe(),
        "parameters": tuned.model.size,
    }
