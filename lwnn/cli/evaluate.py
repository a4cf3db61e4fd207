"""`lwnn evaluate`: how good a model is on labelled data."""

from pathlib import Path
from typing import Annotated

import typer

from lwnn.cli import outcome, paths, progress
from lwnn.cli.arguments import DataFiles, Exit, Json, ModelFile, Quiet, Target
from lwnn.cli.console import Console, percent
from lwnn.errors import UsageError

_MEASURES = ("precision", "recall", "f1")


def evaluate(
    model: ModelFile,
    data: DataFiles,
    *,
    sure: Exit = None,
    target: Target = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw the confusion matrix: .svg or .png, by Matplotlib (lwnn[plot]).",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
):
    """Measure a model on labelled data.

    Accuracy of all rows and balanced over the classes, loss, precision, recall and F1 of each
    class, and what is taken for what; of a model that predicts numbers, R² and RMSE.
    """
    from lwnn import files, metrics, modelfile, pictures  # noqa: PLC0415
    from lwnn.cli import heatmap  # noqa: PLC0415

    console = Console("evaluate", json=json, quiet=quiet)
    kind = plot and pictures.kind_of(plot)
    if plot:
        paths.check_output(plot, [model, *data])
    trained = modelfile.load(model)
    schema = outcome.schema(trained)
    dataset = progress.load(console, data, target=target, schema=schema)
    if trained.response:
        if plot:
            raise UsageError(f"--plot {plot}: {model} predicts numbers, which are not confused")
        _evaluate_values(console, trained, dataset, model, data)
        return
    found = outcome.answers(trained, dataset.x, sure)
    matrix = metrics.confusion(dataset.y, found.index, len(trained.labels))
    measures = dict(zip(_MEASURES, metrics.per_class(matrix), strict=True))
    means = {name: metrics.macro(values, matrix) for name, values in measures.items()}
    summary = metrics.summary(dataset.y, found.index, found.shares)
    summary["balanced_accuracy"] = metrics.balanced_accuracy(matrix)
    classes = [
        {"label": label, **{name: measures[name][code] for name in _MEASURES}, "rows": rows}
        for code, (label, rows) in enumerate(zip(trained.labels, matrix.sum(axis=1), strict=True))
    ]
    _show(console, classes, means, len(dataset.x))
    console.say("")
    heatmap.show(console, matrix, trained.labels)
    _sum_up(console, summary, len(dataset.x))
    outcome.tell_layers(console.say, found)
    if plot:
        with files.replacing(plot) as file:
            file.write(pictures.confusion(matrix, trained.labels, kind))
    console.result(
        model=model,
        data=paths.told(data),
        rows=len(dataset.x),
        notes=dataset.notes,
        metrics={"test": {**summary, **means}},
        classes=classes,
        confusion=matrix,
        plot=plot,
        **found.told,
    )


def _evaluate_values(console, trained, dataset, model, data):
    from lwnn import metrics  # noqa: PLC0415

    predicted, rows = trained.predict(dataset.x, outcome.processors()), len(dataset.x)
    summary = metrics.regression_summary(dataset.y, predicted)
    r2 = "-" if summary["r2"] is None else f"{summary['r2']:.4f}"
    console.say(f"R² {r2}, RMSE {summary['rmse']:.6g}, {rows:,} rows")
    told = {"data": paths.told(data), "rows": rows, "notes": dataset.notes}
    console.result(model=model, **told, metrics={"test": summary})


def _show(console, classes, means, rows):
    lines = [*classes, {"label": "mean of the classes", **means, "rows": rows}]
    console.table(
        ("class", "precision", "recall", "F1", "rows"),
        [
            (line["label"], *(percent(line[name]) for name in _MEASURES), f"{line['rows']:,}")
            for line in lines
        ],
    )


def _sum_up(console, summary, rows):
    accuracy, balanced = percent(summary["accuracy"]), percent(summary["balanced_accuracy"])
    shown = f"accuracy {accuracy}, balanced {balanced}, loss {summary['loss']:.4f}"
    console.say(f"{shown}, {rows:,} rows")
