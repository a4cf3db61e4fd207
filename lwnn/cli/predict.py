"""`lwnn predict`: the class of every row, as CSV."""

import csv
import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from lwnn.cli import outcome, paths, progress
from lwnn.cli.arguments import DataFiles, Exit, Json, ModelFile, Quiet, Target
from lwnn.cli.console import Console, write_out
from lwnn.errors import UsageError

_CHUNK = 4096


def predict(
    model: ModelFile,
    data: DataFiles,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="CSV file to write.", show_default="stdout"
        ),
    ] = None,
    proba: Annotated[
        bool,
        typer.Option(
            "--proba",
            help="Add the probability of each class and, where goodness and head are both read, "
            "how far they agree.",
        ),
    ] = False,
    sure: Exit = None,
    target: Target = None,
    json: Json = False,
    quiet: Quiet = False,
):
    """Predict the class of every row, or its value.

    A label column in DATA is not needed and not used.
    """
    from lwnn import modelfile  # noqa: PLC0415

    console = Console("predict", json=json, quiet=quiet)
    if output is not None:
        paths.check_output(output, (model, *data))
    trained = modelfile.load(model)
    schema = outcome.schema(trained)
    dataset = progress.load(console, data, target=target, schema=schema, need_labels=False)
    if trained.response and (proba or sure is not None):
        option = "--proba" if proba else "--exit"
        raise UsageError(f"{option}: {model} predicts numbers, not classes; leave it out")
    found, names = _predicted(trained, dataset.x, sure)
    columns = _columns(trained.labels, found) if proba else {}
    if output is not None:
        _write_file(output, names, columns)
        console.say(f"{len(names):,} predictions in {output}")
    elif not json:
        if not sys.stdout.isatty():
            # Then it is a file, and the same bytes as with -o.
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        for text in _csv(names, columns):
            write_out(text)
    outcome.tell_layers(console.note, found)
    fields = {"output": output, **found.told}
    if output is None:
        fields = {"predictions": names, **found.told}
        if proba:
            fields |= {"labels": trained.labels, "probabilities": found.shares}
            if found.agreement is not None:
                fields["agreement"] = found.agreement
    console.result(
        model=model,
        data=paths.told(data),
        rows=len(names),
        notes=dataset.notes,
        **fields,
    )


def _columns(labels, found):
    """Name to values of the columns that stand behind the prediction."""
    columns = {f"proba_{label}": found.shares[:, n] for n, label in enumerate(labels)}
    return columns if found.agreement is None else {**columns, "agreement": found.agreement}


def _predicted(trained, x, sure):
    """What is known of the rows, and the name of each one's class, or its value."""
    if trained.response:
        return outcome.Answers(None, None), trained.predict(x, outcome.processors()).tolist()
    found = outcome.answers(trained, x, sure)
    return found, [trained.labels[code] for code in found.index]


def _write_file(path, names, columns):
    from lwnn.files import replacing  # noqa: PLC0415

    with replacing(path) as file:
        for text in _csv(names, columns):
            file.write(text.encode())


def _csv(names, columns):
    """Yield the CSV text in pieces: a header, then a row for each name.

    Parameters
    ----------
    names : list of str or float
        The predictions.
    columns : dict of str to ndarray of float64, shape (n,)
        What stands behind them.
    """
    yield _lines([("prediction", *columns)])
    for start in range(0, len(names), _CHUNK):
        part = slice(start, start + _CHUNK)
        values = zip(*(column[part].tolist() for column in columns.values()), strict=True)
        rows = values if columns else [()] * len(names[part])
        yield _lines(
            (f"{name:.9g}" if isinstance(name, float) else name, *(f"{value:.6g}" for value in row))
            for name, row in zip(names[part], rows, strict=True)
        )


def _lines(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
