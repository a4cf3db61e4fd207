"""Arguments and options that several subcommands share."""

from pathlib import Path
from typing import Annotated

import typer

from lwnn.errors import UsageError

# Not `readable`: the readers of files say themselves what is wrong with one.
Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="Table (CSV, TSV, blanks), IDX images or NPZ with x and y; .gz too.",
        show_default=False,
        readable=False,
    ),
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
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes, no progress.")]


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
