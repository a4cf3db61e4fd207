"""`lwnn export`: a model as C for a small device."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from lwnn.cli import outcome, paths, progress
from lwnn.cli.arguments import Json, ModelFile, Quiet
from lwnn.cli.console import Console
from lwnn.errors import UsageError


def export(
    model: ModelFile,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Folder to write into.", show_default=False
        ),
    ],
    form: Annotated[str, typer.Option("--format", metavar="c", help="What to write.")] = "c",
    target: Annotated[
        str,
        typer.Option(metavar="portable|m0|m4|m55|avr", help="Core to lay the weights out for."),
    ] = "portable",
    name: Annotated[
        str | None,
        typer.Option(help="What symbols begin with. [default: MODEL's]", show_default=False),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA", help="Rows like those to come.", show_default=False, readable=False
        ),
    ] = None,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Add rows of --data that the device checks.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
):
    """Write a model as C for a small device.

    NAME.h, NAME.c and the headers that they include: C99, which is also C++, without malloc,
    static memory or, in int8, a library.
    """
    from lwnn import modelfile  # noqa: PLC0415
    from lwnn.export import export_c  # noqa: PLC0415
    from lwnn.export.names import identifier  # noqa: PLC0415

    console = Console("export", json=json, quiet=quiet)
    if form != "c":
        raise UsageError(f"--format {form}: expected c")
    if self_test and data is None:
        raise UsageError("--self-test takes its rows from --data; give that too")
    name = identifier(paths.stem(model)) if name is None else name
    trained = modelfile.load(model)
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    rows = None
    if data is not None:
        schema = outcome.schema(trained)
        rows = progress.load(console, data, schema=schema, need_labels=False).x
    files = export_c(trained, name, sha256, target, self_test=rows if self_test else None)
    _write(files, output)
    for file in files:
        console.say(f"{output / file}")
    console.result(model=model, output=output, name=name, target=target, files=sorted(files))


def _write(files, folder):
    """Write all files, or none when one is in the way."""
    from lwnn.files import write_text  # noqa: PLC0415

    _make_folder(folder)
    for file in files:
        _check_ours(folder / file)
    for file, text in files.items():
        write_text(folder / file, text)


def _make_folder(folder):
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise UsageError(f"{folder}: is a file; choose another folder with -o") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{folder}: cannot be made: {reason}; choose another with -o") from error


def _check_ours(path):
    """Refuse to replace what lwnn did not write."""
    paths.check_output(path, ())
    if path.suffix == ".csv" or not path.exists():
        return
    with open(path, "rb") as file:
        start = file.read(400)
    if b"lwnn" not in start:
        raise UsageError(
            f"{path}: is there already and not from lwnn export; choose another folder or --name"
        )
