"""Arguments and options that several subcommands share."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="Table (CSV, TSV, blanks), IDX images or NPZ with x and y; .gz too.",
        show_default=False,
    ),
]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="Model file.", show_default=False)]
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
