"""What is done with a file, and what must be true of the outcome."""

import contextlib
import io
import json
import os
import traceback
import unittest.mock
import warnings
from pathlib import Path

import numpy as np
import typer

import lwnn
from benchmarks.fuzz import samples
from benchmarks.fuzz.mutations import mutate, mutate_model
from lwnn import modelfile
from lwnn.cli import config
from lwnn.cli.app import app
from lwnn.errors import LwnnError
from lwnn.export import export_c
from lwnn.quantization import QuantizedModel
from lwnn.report import history

#: Made once, as that takes longer than most of them.
_COMMANDS = typer.main.get_command(app)
_HOME = Path(lwnn.__file__).parent
_OPTIONS = (
    *({}, {}, {"need_labels": False}, {"numeric": True}, {"target": 0}, {"target": "size"}),
    *({"missing": name} for name in ("mean", "drop", "error")),
    *({"features": ("all",)}, {"features": ("0-1",)}, {"drop": ("0",)}),
)


def read_data(path, rng):
    """Load a data file, and once more by what a model would expect of it."""
    data = lwnn.load(path, **rng.choice(_OPTIONS))
    assert data.x.ndim == 2, "rows are no table"
    assert data.x.shape[1] == len(data.features) == len(set(data.features)), "names of features"
    assert np.isfinite(data.x).all(), "a feature is not finite"
    if data.y is not None:
        assert len(data.y) == len(data.x), "labels and rows differ in number"
        again = lwnn.load(path, schema=data.schema)
        assert again.x.shape[1] == data.x.shape[1], "the same file has other features"


def read_model(path, rng):
    """Load a model file, predict, save, and write it as C."""
    model = modelfile.load(path)
    inputs = model.network.inputs
    # Nobody exports such a net; and its text would take its time.
    if inputs > 1000 or model.size > 100_000:
        return
    x = np.float32([[rng.choice((0, 1, -3.5, 1e30)) for _ in range(inputs)] for _ in range(3)])
    with np.errstate(all="ignore"):
        assert model.predict_index(x).shape == (3,), "a class for each row"
        assert model.predict(x).dtype.kind == ("f" if model.response else "U"), "a name, or a value"
    modelfile.save(model, path)
    if isinstance(model, QuantizedModel) or np.isfinite(model.params.vector).all():
        assert export_c(model, "net", "0" * 64), "nothing is exported"


def read_text(path, rng):
    """Read a configuration of `lwnn train`, or a log of it."""
    if rng.random() < 0.5:
        assert isinstance(config.read(path), dict)
    else:
        assert all(entry["epoch"] > 0 for entry in history.read(path))


def run_commands(path, rng):
    """Inspect a file and train on it; then judge and show what came of that."""
    model, page = path.with_name("model.safetensors"), path.with_name("page.html")
    algo = rng.choice(("bp", "ff", "mf"))
    said = _run("inspect", path, "--json")
    if not said or json.loads(said)["rows"] > 1000:
        return
    shape = ("--algo", algo, "--hidden", "3", "--epochs", "1")
    if _run("train", path, "-q", "-o", model, *shape):
        assert _run("evaluate", model, path, "-q"), "a model does not take its own table"
        assert _run("report", model, path, "-q", "-o", page), "nor is it shown with that"


def _run(*arguments):
    """What a command prints; nothing where it refused."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    # Without compilers a report estimates what nets take on boards, which is quick.
    streams = contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)
    with streams[0], streams[1], unittest.mock.patch.dict(os.environ, PATH=""):
        code = _COMMANDS.main([*map(str, arguments)], prog_name="lwnn", standalone_mode=False)
    said, complaint = (stream.seek(0) or stream.read() for stream in (out, err))
    assert "Traceback" not in complaint
    if code:
        assert code in (2, 3), f"exit code {code}"
        assert complaint.startswith("lwnn: ") and not said
    return said if not code else ""


#: Name to what makes its files, what changes them, and what reads them.
TARGETS = {
    "tables": (samples.tables, mutate, read_data),
    "arrays": (samples.arrays, mutate, read_data),
    "columns": (samples.columns, mutate, read_data),
    "texts": (samples.texts, mutate, read_text),
    "models": (samples.models, mutate_model, read_model),
    "commands": (samples.small, mutate, run_commands),
}


def trial(read, path, rng):
    """Read a file; returns what was wrong with that, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", ResourceWarning)
            read(path, rng)
    except LwnnError as error:
        return None if str(error).strip() else "an error without words"
    except Exception as error:
        return described(error)
    return None


def described(error):
    """One line: kind, words, and the innermost place, in lwnn if it came from there."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _HOME in Path(frame.filename).parents]
    frame = (own or frames)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return f"{type(error).__name__} at {place}: {' '.join(str(error).split())[:200]}"
