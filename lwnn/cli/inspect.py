"""`lwnn inspect`: what is in a model file."""

import json as json_format
import os

from lwnn.cli.arguments import Json, ModelFile
from lwnn.cli.console import Console, printable

_MOST = 12


def inspect(model: ModelFile, json: Json = False):
    """Show what is in a model file.

    The net, how it came to be, and its tensors.
    """
    from lwnn import modelfile  # noqa: PLC0415
    from lwnn.quantization import QuantizedModel  # noqa: PLC0415

    console = Console("inspect", json=json)
    trained = modelfile.load(model)
    tensors = modelfile.named_tensors(trained)
    size = os.path.getsize(model)
    int8 = isinstance(trained, QuantizedModel)
    facts = {
        "kind": trained.network.kind,
        "arithmetic": "int8" if int8 else "float32",
        **({"rounding": trained.rounding} if int8 else {}),
        "network": trained.network.describe(),
        "parameters": trained.size,
        "activation": trained.network.activation,
        "cost": trained.network.cost,
        "readout": trained.readout,
        "labels": trained.labels,
        "features": trained.features,
        "target": trained.target,
    }
    _show(console, {**facts, **trained.provenance}, f"{model}: {size:,} bytes", tensors)
    console.result(
        model=model,
        bytes=size,
        **facts,
        named=trained.named,
        provenance=trained.provenance,
        tensors=[
            {"name": name, "dtype": str(tensor.dtype), "shape": tensor.shape}
            for name, tensor in tensors.items()
        ],
    )


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
