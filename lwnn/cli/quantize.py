"""`lwnn quantize`: a model in int8, and what that costs."""

import os
from pathlib import Path
from typing import Annotated

import typer

from lwnn.cli import outcome, paths, progress
from lwnn.cli.arguments import Json, ModelFile, Quiet, Target, among
from lwnn.cli.console import Console, percent
from lwnn.errors import DataError, GateError, UsageError


def quantize(
    model: ModelFile,
    *,
    calibrate: Annotated[
        list[Path],
        typer.Option(
            metavar="DATA",
            help="Rows like those to come; they set the ranges of the integers. May be repeated.",
            show_default=False,
            readable=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Model file to write. [default: MODEL.int8.safetensors]",
            show_default=False,
        ),
    ] = None,
    rounding: Annotated[
        str,
        typer.Option(
            metavar="single|double",
            autocompletion=among("single", "double"),
            help="How often a sum is rounded: once, as in LiteRT and ONNX Runtime, or twice, as in "
            "TensorFlow Lite for Microcontrollers and CMSIS-NN.",
        ),
    ] = "single",
    max_drop: Annotated[
        float | None,
        typer.Option(
            metavar="POINTS",
            help="Fail, and write nothing, if accuracy, or R² of numbers, on DATA drops by more "
            "points of 100.",
            show_default=False,
        ),
    ] = None,
    target: Target = None,
    json: Json = False,
    quiet: Quiet = False,
):
    """Turn a model into int8.

    Then compare the two on DATA, in accuracy, or R², where it has labels.
    """
    from lwnn import modelfile, quantization  # noqa: PLC0415

    console = Console("quantize", json=json, quiet=quiet)
    if rounding not in quantization.ROUNDINGS:
        raise UsageError(f"--rounding {rounding}: choose from {', '.join(quantization.ROUNDINGS)}")
    if max_drop is not None and not 0 <= max_drop <= 100:
        raise UsageError(f"--max-drop {max_drop:g}; expected points from 0 to 100")
    output = output or Path(f"{paths.stem(model)}.int8{paths.MODEL}")
    paths.check_output(output, (model, *calibrate))
    before = modelfile.load(model)
    if isinstance(before, quantization.QuantizedModel):
        raise UsageError(f"{model}: is int8 already; give the model that lwnn train made")
    dataset = _load(console, before, calibrate, target, needed=max_drop is not None)
    after = quantization.quantize(before, dataset.x, rounding)
    compared = _compare(before, after, dataset)
    _hold_gate(compared, max_drop, output)
    modelfile.save(after, output)
    sizes = {"before": os.path.getsize(model), "after": os.path.getsize(output)}
    _show(console, compared, sizes, rounding, output)
    facts = {"data": paths.told(calibrate), "output": output, "rounding": rounding, "bytes": sizes}
    console.result(model=model, **facts, **compared)


def _load(console, model, files, target, needed):
    """Read the rows, with labels where there are any."""
    schema = outcome.schema(model)
    try:
        return progress.load(console, files, target=target, schema=schema)
    except DataError as error:
        if needed or target is not None:
            raise
        dataset = progress.load(console, files, schema=schema, need_labels=False)
        what = "R²" if schema.numeric else "accuracy"
        console.note(f"{what} is not measured: {error}")
        return dataset


def _compare(before, after, dataset):
    """Return what the model before and after quantization answer, as measures."""
    if before.response:
        return _compare_values(before, after, dataset)
    y, rows = dataset.y, len(dataset.x)
    old, new = (model.predict_index(dataset.x, outcome.processors()) for model in (before, after))
    changed = int((old != new).sum())
    compared = {"rows": rows, "changed": changed, "changed_share": changed / rows}
    if y is None:
        return {**compared, "accuracy": None, "drop": None}
    hits = {"before": int((old == y).sum()), "after": int((new == y).sum())}
    return {
        **compared,
        "accuracy": {name: count / rows for name, count in hits.items()},
        "drop": 100 * (hits["before"] - hits["after"]) / rows,
    }


def _compare_values(before, after, dataset):
    """Likewise for values: how far apart they are, and R² of both."""
    from lwnn import metrics  # noqa: PLC0415

    old, new = (model.predict(dataset.x, outcome.processors()) for model in (before, after))
    apart = metrics.regression_summary(old, new)["rmse"]
    compared = {"rows": len(dataset.x), "difference_rmse": apart, "r2": None, "drop": None}
    if dataset.y is None:
        return compared
    found = [metrics.regression_summary(dataset.y, values) for values in (old, new)]
    r2 = dict(zip(("before", "after"), (one["r2"] for one in found), strict=True))
    rmse = dict(zip(("before", "after"), (one["rmse"] for one in found), strict=True))
    if None in r2.values():
        return compared | {"rmse": rmse}
    return compared | {"r2": r2, "rmse": rmse, "drop": 100 * (r2["before"] - r2["after"])}


def _hold_gate(compared, max_drop, output):
    if max_drop is None:
        return
    if compared["drop"] is None:
        raise DataError("all values are the same, so --max-drop has no R² to go by")
    if compared["drop"] > max_drop:
        name = "R²" if "r2" in compared else "accuracy"
        before, after = compared.get("r2", compared.get("accuracy")).values()
        before, after = (
            (f"{before:.4f}", f"{after:.4f}")
            if "r2" in compared
            else (percent(before), percent(after))
        )
        raise GateError(
            f"{name} drops by {compared['drop']:.2f} points, from {before} to {after}; "
            f"--max-drop allows {max_drop:g}; {output} is not written"
        )


def _show(console, compared, sizes, rounding, output):
    if "r2" in compared:
        _show_values(console, compared, sizes)
    else:
        _show_classes(console, compared, sizes)
    console.say(f"rounding: {rounding}")
    console.say(f"model: {output}")


def _show_classes(console, compared, sizes):
    accuracy = compared["accuracy"] or {}
    console.table(
        ("", "accuracy", "bytes"),
        [
            (name, percent(accuracy[key]) if accuracy else "-", f"{sizes[key]:,}")
            for name, key in (("float32", "before"), ("int8", "after"))
        ],
    )
    changed, rows = compared["changed"], compared["rows"]
    share = percent(compared["changed_share"])
    console.say(f"predictions changed: {share} ({changed:,} of {rows:,})")


def _show_values(console, compared, sizes):
    r2, rmse = compared["r2"] or {}, compared.get("rmse") or {}
    console.table(
        ("", "R²", "RMSE", "bytes"),
        [
            (
                name,
                f"{r2[key]:.4f}" if r2 else "-",
                f"{rmse[key]:.6g}" if rmse else "-",
                f"{sizes[key]:,}",
            )
            for name, key in (("float32", "before"), ("int8", "after"))
        ],
    )
    console.say(f"predictions differ by {compared['difference_rmse']:.6g} (RMSE)")
