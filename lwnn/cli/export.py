"""`lwnn export`: a model as C for a small device."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Annotated

import typer

from lwnn.cli import outcome, paths, progress
from lwnn.cli.arguments import Json, ModelFile, Quiet, among, boards_there_are
from lwnn.cli.console import Console
from lwnn.errors import GateError, UsageError

_FORMATS = ("c", "arduino", "zip")


def export(
    model: ModelFile,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Folder to write into.", show_default=False
        ),
    ],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="c|arduino|zip",
            help="C files, or a library, or that zipped.",
            autocompletion=among(*_FORMATS),
        ),
    ] = "c",
    target: Annotated[
        str | None,
        typer.Option(
            metavar="portable|m0|m4|m55|avr",
            autocompletion=among("portable", "m0", "m4", "m55", "avr"),
            help="Core to lay the weights out for. [default: the board's]",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="What symbols begin with. [default: MODEL's]", show_default=False
        ),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Tell what it takes of uno, pico, …",
            show_default=False,
            autocompletion=boards_there_are,
        ),
    ] = None,
    fit: Annotated[bool, typer.Option("--fit", help="Fail if --board cannot hold it.")] = False,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DATA",
            help="Rows like those to come: are zeros worth skipping? May be repeated.",
            show_default=False,
            readable=False,
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
    from lwnn.export import boards, columns, csource  # noqa: PLC0415
    from lwnn.export.names import identifier  # noqa: PLC0415
    from lwnn.export.targets import target_of  # noqa: PLC0415

    console = Console("export", json=json, quiet=quiet)
    _check(form, board, fit, data, self_test)
    chosen = None if board is None else boards.board_of(board)
    target = target or (chosen.target if chosen else "portable")
    name = identifier(paths.stem(model)) if name is None else name
    trained = modelfile.load(model)
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    rows = gaps = None
    nonzero = 1.0
    if data:
        schema = outcome.schema(trained)
        dataset = progress.load(console, data, schema=schema, need_labels=False)
        nonzero = csource.share_nonzero(trained, dataset.x)
        rows, gaps = (dataset.x, dataset.gaps) if self_test else (None, None)
    program = csource.program_of(trained, target_of(target), nonzero)
    if fit:
        _check_constants(program, name, chosen)
    files = csource.export_c(trained, name, sha256, target, rows, nonzero, gaps=gaps)
    size = None
    if chosen is not None:
        readings = len(columns.names(trained))
        size = _measure(program, readings, files, name, chosen, fit)
    written = _arranged(files, form, name, sha256, trained)
    _write(written, output)
    for file in written:
        console.say(f"{output / file}")
    _tell(console, size, chosen)
    console.result(
        model=model,
        output=output,
        name=name,
        target=target,
        files=sorted(written),
        board=board,
        size=None if size is None else dataclasses.asdict(size),
    )


def _check(form, board, fit, data, self_test):
    if form not in _FORMATS:
        raise UsageError(f"--format {form}: choose from {', '.join(_FORMATS)}")
    if fit and board is None:
        raise UsageError("--fit goes with --board; say which one")
    if self_test and not data:
        raise UsageError("--self-test takes its rows from --data; give that too")


def _check_constants(program, name, board):
    """Refuse what cannot fit before a compiler does, who would say it in other words."""
    if program.rom > board.flash:
        raise GateError(
            f"{name} takes {program.rom:,} bytes for constants alone of {board.flash:,} bytes of "
            f"flash of {board.words}; train with fewer hidden units"
        )


def _measure(program, readings, files, name, board, fit):
    """Return the size on the board; nothing is written where it must fit and does not."""
    from lwnn.export import size  # noqa: PLC0415

    found = size.size_of(program, readings, files, name, board)
    if fit and not size.fits(found, board):
        raise GateError(
            f"{name} takes {found.flash:,} of {board.flash:,} bytes of flash and {found.ram:,} of "
            f"{board.ram:,} bytes of memory of {board.words}; train with fewer hidden units"
        )
    return found


def _tell(console, found, board):
    if found is not None:
        from lwnn.export import size  # noqa: PLC0415

        for line in size.report(found, board):
            console.say(line)


def _arranged(files, form, name, sha256, model):
    """Return path to content, as bytes, of what the format consists of."""
    from lwnn.export.arduino import arduino, zipped  # noqa: PLC0415

    if form != "c":
        files = arduino(files, name, sha256, model)
    if form == "zip":
        return {f"{name}.zip": zipped(files, name)}
    return {path: text.encode() for path, text in files.items()}


def _write(files, folder):
    """Write all files, or none when one is in the way."""
    from lwnn.files import replacing  # noqa: PLC0415

    inside = {parent for path in files for parent in Path(path).parents}
    # Folders before those in them.
    for path in sorted(inside, key=lambda path: len(path.parts)):
        _make_folder(folder / path)
    for file in files:
        _check_ours(folder / file)
    for path, content in files.items():
        with replacing(folder / path) as file:
            file.write(content)


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
    if path.suffix not in (".c", ".h", ".properties") or not path.exists():
        return
    with open(path, "rb") as file:
        start = file.read(400)
    if b"lwnn" not in start:
        raise UsageError(
            f"{path}: is there already and not from lwnn export; choose another folder or --name"
        )
