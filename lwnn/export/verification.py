"""Exported C, compiled and run over rows, against what the PC computes."""

import dataclasses
import re
import tempfile
from importlib import resources
from pathlib import Path

import numpy as np

from lwnn.errors import UsageError
from lwnn.export import columns, machines
from lwnn.export.selftest import FLOAT_TOLERANCE, device_scores
from lwnn.quantization import QuantizedModel

_MOST_HEADER = 1 << 20


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a comparison found.

    Parameters
    ----------
    rows : int
        How many were compared.
    different : ndarray of int64
        Those that differ, in order.
    what : str or None
        What differs in the first of them.
    self_test : int or None
        What NAME_selftest() returned; None when there is none.
    count_int8, count : ndarray of int64, shape (rows,), or None
        Instructions (cycles on AVR) of a prediction, from int8 input and from raw readings.
    stack : int or None
        Bytes of stack that one took, working memory apart.
    """

    rows: int
    different: np.ndarray
    what: str | None
    self_test: int | None
    count_int8: np.ndarray | None = None
    count: np.ndarray | None = None
    stack: int | None = None

    @property
    def good(self):
        """Whether nothing differs."""
        return not len(self.different) and self.self_test in (None, -1)


def find_export(folder, sha256):
    """Name of the model in `folder` that was exported from the model file with this hash.

    Raises
    ------
    UsageError
        When there is none.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UsageError(f"{folder}: is not a folder; give the one that lwnn export wrote")
    found = []
    for header in sorted((*folder.glob("*.h"), *folder.glob("src/*.h"))):
        text = header.read_bytes()[:_MOST_HEADER].decode("utf-8", "replace")
        made = re.search(r'^#define \w+_MODEL "([0-9a-f]{64})"$', text, re.MULTILINE)
        if made and made[1] == sha256:
            return header.with_suffix("")
        found += [header.name] if made else []
    if found:
        raise UsageError(
            f"{folder}: {found[0]} was exported from another model; export this one again"
        )
    raise UsageError(f"{folder}: holds no exported model; give the folder that lwnn export wrote")


def verify(model, export, x, machine="host", *, gaps=None):
    """Compile an exported model, run it over rows and compare.

    Parameters
    ----------
    model : Model or QuantizedModel
    export : Path
        As `find_export` returns it.
    x : ndarray of float32 or uint8, shape (n, inputs)
    machine : str
        See `lwnn.export.machines.MACHINES`.
    gaps : dict of int to ndarray of int64, optional
        By feature: the rows that hold a stand-in, which the C is to put there itself.

    Returns
    -------
    Verdict

    Raises
    ------
    MissingToolError
        When a compiler or emulator is not installed.
    UsageError
        When the C does not compile or run.
    """
    chosen = machines.MACHINES[machine]
    tested = export.with_name(f"{export.name}_selftest.c").exists()
    with tempfile.TemporaryDirectory() as work, harness_folder() as harness:
        job = machines.Job(
            export=export,
            harness=harness,
            work=Path(work),
            defines=_defines(model, export.name, tested),
            rows=columns.readings(model, x, gaps).astype(np.float32),
        )
        output = chosen.run(job)
    return _compare(model, x, output, tested, chosen)


def harness_folder():
    """Context with the folder of the C files that run a model."""
    return resources.as_file(resources.files("lwnn.export").joinpath("harness"))


def _defines(model, name, tested):
    defines = {
        "MODEL": name,
        "MODEL_HEADER": f'"{name}.h"',
        "FEATURES": len(columns.names(model)),
        "INPUTS": model.network.inputs,
        "CLASSES": model.network.classes,
    }
    if isinstance(model, QuantizedModel):
        defines["INT8"] = 1
    if tested:
        defines["SELF_TEST"] = 1
    return [f"-D{name}={value}" for name, value in defines.items()]


def _record(model):
    """What ``run.c`` writes for a row."""
    inputs, classes = model.network.inputs, model.network.classes
    fields = [(name, "<u4") for name in ("index", "agree", "int8", "whole", "stack")]
    fields.append(("scores", _score_type(model), (classes,)))
    if isinstance(model, QuantizedModel):
        fields.append(("input", "<i1", (inputs,)))
    return np.dtype(fields)


def _score_type(model):
    if not isinstance(model, QuantizedModel):
        return "<f4"
    return {"goodness": "<i8", "both": "<i8", "sum": "<i4"}.get(model.readout, "<i1")


def _compare(model, x, output, tested, machine):
    kind = _record(model)
    if (len(output) - 4) % kind.itemsize or len(output) < 4:
        raise UsageError("the exported C ended before its time; export the model again")
    self_test = int(np.frombuffer(output, "<i4", 1)[0]) if tested else None
    records = np.frombuffer(output, kind, offset=4)
    if len(records) != len(x):
        raise UsageError(
            f"the exported C predicted {len(records):,} of {len(x):,} rows; export the model again"
        )
    checks = _checks(model, x, records)
    wrong = np.stack(list(checks.values()))
    different = np.flatnonzero(wrong.any(axis=0))
    what = None
    if len(different):
        what = next(name for name, rows in checks.items() if rows[different[0]])
    return Verdict(len(records), different, what, self_test, **_counts(records, machine))


def _counts(records, machine):
    if machine.unit is None:
        return {}
    counts = {
        name: np.rint(records[field] / machine.ticks).astype(np.int64)
        for name, field in (("count_int8", "int8"), ("count", "whole"))
        if name == "count" or "input" in records.dtype.names
    }
    return {**counts, "stack": int(records["stack"].max(initial=0))}


def _checks(model, x, records):
    """What may differ, and in which rows it does."""
    scores, found = device_scores(model, x), records["scores"]
    if isinstance(model, QuantizedModel):
        off = (scores != found).any(axis=1)
        first = {"the quantized input": (model.quantized(x) != records["input"]).any(axis=1)}
    else:
        most = np.maximum(np.abs(scores).max(axis=1, keepdims=True), 1)
        # Written so that what is not a number differs.
        off = ~(np.abs(scores - found) <= FLOAT_TOLERANCE * most).all(axis=1)
        first = {}
    return {
        **first,
        "the scores": off,
        "the class": model.predict_index(x) != records["index"],
        "what the other functions return": records["agree"] != 1,
    }
