"""`lwnn report`: a page that shows what a model has learnt."""

from pathlib import Path
from typing import Annotated

import typer

from lwnn.cli import outcome, paths, progress
from lwnn.cli.arguments import DATA_HELP, Json, ModelFile, Quiet, Target, image_size
from lwnn.cli.console import Console
from lwnn.errors import LwnnError, UsageError

#: Rows that ranges of integers are learnt from.
_CALIBRATION = 2_000


def report(
    model: ModelFile,
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DATA]",
            help=f"Rows with labels, to judge the model by. {DATA_HELP}",
            show_default=False,
            readable=False,
        ),
    ] = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Page to write. [default: MODEL.html]",
            show_default=False,
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What lwnn train --log wrote: shows how the model learnt.",
            show_default=False,
            readable=False,
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(
            metavar="HxW",
            help="Height and width of the inputs, where the model does not say.",
            show_default=False,
        ),
    ] = None,
    target: Target = None,
    json: Json = False,
    quiet: Quiet = False,
):
    """Write a page that shows what a model has learnt.

    One HTML file with everything in it: confusion matrices in float and int8, goodness, first
    weights, size and cost, options and origin. lwnn train --report writes it after training.
    """
    from lwnn import modelfile  # noqa: PLC0415
    from lwnn.learning.rule import Rows  # noqa: PLC0415
    from lwnn.quantization import QuantizedModel  # noqa: PLC0415
    from lwnn.report import Subject, history  # noqa: PLC0415

    console = Console("report", json=json, quiet=quiet)
    output = output or Path(f"{paths.stem(model)}.html")
    paths.check_output(output, [path for path in (model, data, log) if path is not None])
    shape = image_size(image)
    trained = modelfile.load(model)
    if shape and shape[0] * shape[1] != trained.network.inputs:
        raise UsageError(f"--image {image}: the model reads {trained.network.inputs:,} inputs")
    rows = None
    if data is not None:
        dataset = progress.load(console, data, target=target, schema=outcome.schema(trained))
        x = dataset.x if trained.recipe is None else trained.recipe.clipped(dataset.x)
        rows = Rows(x, dataset.y)
    elif target is not None:
        raise UsageError("--target goes with DATA; give that too")
    learnt = () if log is None else history.read(log)
    int8, why = trained, None
    if not isinstance(trained, QuantizedModel):
        int8, why = in_int8(trained, None if rows is None else rows.x)
    write(
        output,
        Subject(
            name=model.name,
            model=trained,
            int8=int8,
            no_int8=why,
            rows=rows,
            part="" if data is None else data.name,
            history=learnt,
            image_shape=shape,
        ),
    )
    console.say(f"report: {output}")
    console.result(model=model, data=data, output=output)


def write(path, subject):
    """Write the page about a `lwnn.report.Subject`."""
    from lwnn.files import write_text  # noqa: PLC0415
    from lwnn.report import page  # noqa: PLC0415

    write_text(path, page(subject))


def in_int8(model, x):
    """Return the model in int8 and None, or None and why there is none."""
    from lwnn.quantization import quantize  # noqa: PLC0415

    if x is None:
        return None, "give DATA, whose rows set the ranges of the integers"
    try:
        return quantize(model, x[:_CALIBRATION]), None
    except LwnnError as error:
        return None, str(error)


def about_run(run, output, image):
    """Return the `lwnn.report.Subject` that a training run is.

    Parameters
    ----------
    run : lwnn.training.Run
        The page judges by its rows for the test, else for validation, else all.
    output : Path
        The model file.
    image : tuple of (int, int) or None
    """
    from lwnn.report import Subject  # noqa: PLC0415

    part, rows = run.parts.existing()[-1]
    int8, why = in_int8(run.model, run.parts.train.x)
    return Subject(
        name=output.name,
        model=run.model,
        int8=int8,
        no_int8=why,
        rows=rows,
        part=part,
        history=tuple(run.history),
        best_epoch=run.best_epoch,
        metrics=run.metrics,
        facts={
            "epochs": f"{run.epochs_run}, the best {run.best_epoch}; {run.stopped}{_refit(run)}",
            "training took": f"{run.seconds:.1f} s, {run.samples_per_second:,.0f} rows/s",
            "memory of training": f"{run.working_bytes:,} bytes beside the rows",
        },
        warnings=tuple(run.warnings),
        image_shape=image,
    )


def _refit(run):
    """What is to be said of learning from the validation rows as well."""
    return f"; then as many anew on {run.refit_rows:,} rows" if run.refit_rows else ""
