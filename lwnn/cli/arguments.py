"""Arguments and options that several subcommands share."""

import csv
import inspect
from pathlib import Path
from typing import Annotated, Any

import typer

from lwnn.errors import UsageError
from lwnn.options import Options, about, all_values, declared, flag, help_text


def among(*values):
    """Values that a shell offers for an option, as Typer's ``autocompletion`` takes them."""
    return lambda: values


# Not `readable`: the readers of files say themselves what is wrong with one.
DATA_HELP = (
    "Table (CSV, TSV, blanks, ARFF, Parquet), IDX images or NPZ with x and y; .gz too; - is stdin."
)
DataFiles = Annotated[
    list[Path],
    typer.Argument(
        metavar="DATA...",
        help=f"{DATA_HELP} Several tables of the same columns are read as one.",
        show_default=False,
        readable=False,
    ),
]
Missing = Annotated[
    str,
    typer.Option(
        metavar="indicate|mean|drop|error",
        autocompletion=among("indicate", "mean", "drop", "error"),
        help="Missing values: the mean and a column more that tells them, the mean alone, leave "
        "the row out, or refuse.",
    ),
]
Features = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|INDEX|N-N,...|all",
        help="Columns to use. [default: all but constant ones, identifiers, dates and free text]",
        show_default=False,
    ),
]
Drop = Annotated[
    str | None,
    typer.Option(metavar="NAME|INDEX|N-N,...", help="Columns to leave out.", show_default=False),
]
ModelFile = Annotated[
    Path, typer.Argument(metavar="MODEL", help="Model file.", show_default=False, readable=False)
]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|INDEX",
        help="Label column: its name, or its index from 0, -1 being the last.",
        show_default=False,
    ),
]
Exit = Annotated[
    float | None,
    typer.Option(
        "--exit",
        metavar="SHARE",
        help="For models of --algo mf: a row leaves at the first layer that gives a class so much.",
        show_default=False,
    ),
]


def boards_there_are():
    """Names that a shell offers for ``--board``."""
    from lwnn.export.boards import BOARDS  # noqa: PLC0415

    return list(BOARDS)


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes, no progress.")]


def columns(text):
    """Return what ``--features`` or ``--drop`` says as a tuple of names; quotes keep a comma."""
    if text is None:
        return ()
    names = next(csv.reader([text], skipinitialspace=True), [])
    return tuple(name.strip() for name in names if name.strip())


def widths(text):
    """Return what ``--hidden`` says as a tuple; None when it says nothing."""
    if text is None:
        return None
    if text.strip().lower() == "none":
        return ()
    try:
        return tuple(int(width) for width in text.split(","))
    except ValueError:
        raise UsageError(f"--hidden {text}: expected widths such as 128,64, or none") from None


def image_size(text):
    """Return what ``--image`` says, such as 28x28, as (height, width); None when nothing."""
    if text is None:
        return None
    height, _, width = text.lower().partition("x")
    if not (height.isdecimal() and width.isdecimal()):
        raise UsageError(f"--image {text}: expected height and width, such as 28x28")
    return int(height), int(width)


def share_or_file(option, text):
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


def weights_of_classes(text):
    """Return what ``--class-weight`` says: ``balanced``, or a dict; None when nothing."""
    if text in (None, "balanced"):
        return text
    weights = {}
    for part in columns(text):
        name, _, weight = part.rpartition("=")
        try:
            weights[name.strip()] = float(weight)
        except ValueError:
            name = ""
        if not name:
            raise UsageError(f"--class-weight {text}: expected balanced, or such as yes=5,no=1")
    return weights


# ---------------------------------------------------------------- options of training


_METAVARS = {"widths": "N,N,...", "part": "SHARE|FILE", "image": "HxW"}
_METAVARS["weights"] = "balanced|NAME=X,..."


def training_options(command):
    """Give a command every option of training in place of its ``**chosen``."""
    signature = inspect.signature(command)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    added = [_parameter(name) for name, _ in declared()]
    command.__signature__ = signature.replace(parameters=[*own, *added])
    hints = {parameter.name: parameter.annotation for parameter in (*own, *added)}
    command.__annotations__ = hints
    return command


def _parameter(name):
    """One option as Typer reads it from a signature."""
    told = about(name)
    kind = told.kind if told.kind in (int, float, bool) else str
    option = typer.Option(
        f"--{flag(name)}",
        metavar=None if told.kind is bool else _metavar(told),
        autocompletion=among(*all_values(told)) if told.values else None,
        help=help_text(name),
        show_default=False,
        rich_help_panel=told.panel,
    )
    start = False if told.kind is bool else None
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=start,
        annotation=Annotated[kind if told.kind is bool else kind | None, option],
    )


def _metavar(told):
    if told.kind in _METAVARS:
        return _METAVARS[told.kind]
    return {int: "N", float: "X", str: "NAME"}[told.kind]


def options_from(chosen):
    """The `Options` that a command line says; what it does not say is left to the defaults."""
    given: dict[str, Any] = {}
    for name, told in declared():
        value = chosen[name]
        if told.kind == "widths":
            value = widths(value)
        elif told.kind == "image":
            value = image_size(value)
        elif told.kind == "weights":
            value = weights_of_classes(value)
        elif told.kind == "part":
            value = share_or_file(f"--{flag(name)}", value)
        if value is not None:
            given[name] = value
    return Options(**given)
