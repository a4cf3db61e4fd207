"""`lwnn predict`: the class of every row, as CSV."""

import csv
import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from lwnn.cli import outcome, paths, progress
from lwnn.cli.arguments import Data, Exit, Json, ModelFile, Quiet, Target
from lwnn.cli.console import Console, write_out

_CHUNK = 4096


def predict(
    model: ModelFile,
    data: Data,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="CSV file to write.", show_default="stdout"
        ),
    ] = None,
    proba: Annotated[
        bool, typer.Option("--proba", help="Add the probability of each class.")
    ] = False,
    sure: Exit = None,
    target: Target = None,
    json: Json = False,
    quiet: Quiet = False,
):
    """Predict the class of every row.

    A label column in DATA is not needed and not used.
    """
    from lwnn import modelfile  # noqa: PLC0415

    console = Console("predict", json=json, quiet=quiet)
    if output is not None:
        paths.check_output(output, (model, data))
    trained = modelfile.load(model)
    schema = outcome.schema(trained)
    dataset = progress.load(console, data, target=target, schema=schema, need_labels=False)
    found = outcome.answers(trained, dataset.x, sure)
    names = [trained.labels[code] for code in found.index]
    shares = found.shares if proba else None
    if output is not None:
        _write_file(output, trained.labels, names, shares)
        console.say(f"{len(names):,} predictions in {output}")
    elif not json:
        if not sys.stdout.isatty():
            # Then it is a file, and the same bytes as with -o.
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        for text in _csv(trained.labels, names, shares):
            write_out(text)
    outcome.tell_layers(console.note, found)
    fields = {"output": output, **found.told}
    if output is None:
        fields = {"predictions": names, **found.told}
        if proba:
            fields |= {"labels": trained.labels, "probabilities": shares}
    console.result(model=model, data=data, rows=len(names), **fields)


def _write_file(path, labels, names, shares):
    from lwnn.files import replacing  # noqa: PLC0415

    with replacing(path) as file:
        for text in _csv(labels, names, shares):
            file.write(text.encode())


def _csv(labels, names, shares):
    """Yield the CSV text in pieces: a header, then a row for each name.

    Parameters
    ----------
    labels : tuple of str
    names : list of str
        The predictions.
    shares : ndarray, shape (n, classes), or None
    """
    added = () if shares is None else labels
    yield _lines([("prediction", *(f"proba_{label}" for label in added))])
    for start in range(0, len(names), _CHUNK):
        part = slice(start, start + _CHUNK)
        rows = [] if shares is None else shares[part].tolist()
        yield _lines(
            (name, *(f"{share:.6g}" for share in row))
            for name, row in zip(names[part], rows or [()] * len(names[part]), strict=True)
        )


def _lines(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
