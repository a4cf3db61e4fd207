"""`lwnn inspect`: what is in a model file, or what a data file is taken for."""

import json as json_format
import os
from pathlib import Path
from typing import Annotated

import typer

from lwnn.cli import table
from lwnn.cli.arguments import Drop, Features, Json, Missing, Quiet, Target, columns
from lwnn.cli.console import Console, printable

_MOST = 12


def inspect(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Model file or data.", show_default=False, readable=False
        ),
    ],
    *,
    target: Target = None,
    missing: Missing = "indicate",
    features: Features = None,
    drop: Drop = None,
    json: Json = False,
    quiet: Quiet = False,
):
    """Show what is in a model file, or what was understood of data.

    Of a model the net, how it came to be, and its tensors. Of data the columns, their kinds,
    missing values, classes and the first rows; the options are those of lwnn train.
    """
    if not _is_model(file):
        options = {"features": columns(features), "drop": columns(drop), "missing": missing}
        table.show(Console("inspect", json=json, quiet=quiet), file, {"target": target, **options})
        return
    _show_model(Console("inspect", json=json, quiet=quiet), file)


def _is_model(path):
    """Tell whether a file begins like safetensors: a length in 8 bytes, then JSON."""
    try:
        with open(path, "rb") as file:
            start = file.read(9)
    except OSError:
        # The readers say what is wrong; a name that ends like a model's is to be one.
        return path.suffix == ".safetensors"
    return path.suffix == ".safetensors" or (start[8:] == b"{" and start[5:8] == b"\0\0\0")


def _show_model(console, model):
    from lwnn import modelfile  # noqa: PLC0415
    from lwnn.quantization import QuantizedModel  # noqa: PLC0415

    trained = modelfile.load(model)
    tensors = modelfile.named_tensors(trained)
    size = os.path.getsize(model)
    int8 = isinstance(trained, QuantizedModel)
    facts = {
        "kind": trained.network.kind,
        "task": trained.network.task,
        "arithmetic": "int8" if int8 else "float32",
        **({"rounding": trained.rounding} if int8 else {}),
        "network": trained.network.describe(),
        "parameters": trained.size,
        "activation": trained.network.activation,
        "cost": trained.network.cost,
        "output": trained.network.output,
        "readout": trained.readout,
        **({"labels": trained.labels} if trained.labels else {}),
        "features": trained.features,
        "target": trained.target,
    }
    _show(console, {**facts, **trained.provenance}, f"{model}: {size:,} bytes", tensors)
    console.result(
        model=model,
        bytes=size,
        **facts,
        named=trained.named,
        columns=columns_of(trained),
        provenance=trained.provenance,
        tensors=[
            {"name": name, "dtype": str(tensor.dtype), "shape": tensor.shape}
            for name, tensor in tensors.items()
        ],
    )


def columns_of(model):
    """Return what a model does to the columns of a file, as JSON."""
    if model.recipe is None:
        return None
    return [
        {
            "name": column.name,
            "kind": column.kind,
            "levels": column.levels,
            "fill": column.fill,
            "indicator": column.indicator,
            "low": column.low,
            "high": column.high,
        }
        for column in model.recipe.columns
    ]


def _show(console, facts, title, tensors):
    console.say(printable(title))
    width = max(map(len, facts))
    for name, value in facts.items():
        console.say(f"  {printable(name):{width}}  {_shown(value)}")
    console.table(
        ("tensor", "dtype", "shape", "smallest", "largest"),
        [
            (
                name,
                str(tensor.dtype),
                " x ".join(map(str, tensor.shape)),
                f"{tensor.min():.4g}",
                f"{tensor.max():.4g}",
            )
            for name, tensor in tensors.items()
        ],
    )


def _shown(value):
    """Return a value as one line: the first of many names, anything nested as JSON."""
    if isinstance(value, tuple):
        dots = ", ..." if len(value) > _MOST else ""
        return f"{len(value):,}: {', '.join(map(printable, value[:_MOST]))}{dots}"
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return json_format.dumps(value)
