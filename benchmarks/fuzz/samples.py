"""The files to begin with: tables of the tests, arrays, models of every kind, and small texts."""

import dataclasses
import gzip
import importlib.util
import io
import itertools
import tempfile
from pathlib import Path

import numpy as np

ODDITIES = Path(__file__).parents[2] / "tests" / "data" / "oddities"
EXAMPLES = Path(__file__).parents[2] / "examples"
#: What models are trained on, and how; beside that one epoch, and at most 3 hidden units.
NETS = (
    ("wild.csv", {"algo": "bp"}),
    *(("missing_category.csv", {"algo": algo}) for algo in ("ff", "mf", "wp", "perceptron")),
    *(("wild.csv", {"algo": "bp", "activation": name}) for name in ("tanh", "sigmoid", "step")),
    ("wild.csv", {"algo": "bp", "activation": "leaky-relu", "cost": "mse"}),
    ("wild.csv", {"algo": "wp", "task": "regression"}),
    ("wild.csv", {"algo": "ff", "negatives": "hybrid"}),
    ("missing_category.csv", {"algo": "ff", "top_down": True}),
    ("images", {"algo": "ff", "embed": "overwrite", "head_layers": "later", "level": "none"}),
    ("parity.npz", {"algo": "bp", "recurrent": True}),
)


def tables():
    """Bytes of text tables: every oddity, one of them gzipped, one long."""
    found = [path.read_bytes() for path in sorted(ODDITIES.iterdir())]
    head, *lines = (ODDITIES / "missing_category.csv").read_bytes().splitlines(keepends=True)
    long = head + b"".join(lines) * 20_000
    return [*found, gzip.compress(found[0], mtime=0), long]


def _images():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 4, 4))
    return pixels.astype(np.uint8)


def arrays():
    """Bytes of IDX and NPZ files: images, rows, and sequences."""
    rng, images = np.random.default_rng(0), _images()
    header = b"\0\0\x08\x03" + np.array(images.shape, ">u4").tobytes()
    idx = header + images.tobytes()
    found = [idx, gzip.compress(idx, mtime=0), (EXAMPLES / "parity.npz").read_bytes()]
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, x=rng.normal(size=(20, 5)).astype(np.float32), y=np.arange(20) % 3)
        found.append(file.getvalue())
    return found


def columns():
    """Bytes of Parquet files: none where pyarrow is not installed."""
    if importlib.util.find_spec("pyarrow") is None:
        return []
    import pyarrow  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    table = pyarrow.table(
        {
            "size": [1.5, None, 3.0, 4.0] * 5,
            "count": list(range(20)),
            "colour": pyarrow.array(["red", "blue", None, "red"] * 5).dictionary_encode(),
            "day": pyarrow.array([0, 1, 2, 3] * 5, pyarrow.date32()),
            "kind": ["a", "b"] * 10,
        }
    )
    found = []
    for compression in ("none", "snappy", "gzip"):
        file = io.BytesIO()
        parquet.write_table(table, file, compression=compression)
        found.append(file.getvalue())
    return found


def small():
    """Bytes of what is quickly trained on."""
    return [*tables()[:-1], *arrays(), *columns()]


def texts():
    """Bytes of configurations of `lwnn train`, and of its logs."""
    line = b'{"epoch": 1, "loss": 0.5, "layers": [{"layer": 1, "positive": 2.0}]}\n'
    return [
        b'data = ["a.csv", "b.csv"]\nalgo = "bp"\nhidden = [64, 32]\nval = 0.1\n',
        b'# Written\ntarget = "kind"\nimage = [8, 8]\nclass-weight = "a=1,b=2"\ngreedy = true\n',
        line + line.replace(b"1", b"2", 1),
    ]


def _loaded(source, numeric):
    import lwnn  # noqa: PLC0415

    if source == "images":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "images.npz")
            np.savez(path, x=_images(), y=np.arange(20) % 3)
            return lwnn.load(path)
    home = ODDITIES if (ODDITIES / source).exists() else EXAMPLES
    return lwnn.load(home / source, target="weight" if numeric else None, numeric=numeric)


def trained():
    """Models as `NETS` names them, in float and int8, for each readout.

    Yields
    ------
    Model or QuantizedModel
    """
    import lwnn  # noqa: PLC0415
    from lwnn.quantization import ROUNDINGS, quantize  # noqa: PLC0415
    from lwnn.scoring import READOUTS  # noqa: PLC0415

    roundings = itertools.cycle(ROUNDINGS)
    for source, chosen in NETS:
        numeric = chosen.get("task") == "regression"
        data = _loaded(source, numeric)
        shape = {} if chosen["algo"] == "perceptron" else {"hidden": (3, 2)}
        options = lwnn.Options(**chosen, **shape, epochs=1, val=0.0, test=0.0)
        model = lwnn.train(data, options).model
        for readout in READOUTS[model.network.kind]:
            read = dataclasses.replace(model, readout=readout)
            yield read
            yield quantize(read, data.x, next(roundings))


def models():
    """Bytes of model files, of all that is `trained`."""
    from lwnn import modelfile  # noqa: PLC0415

    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        for model in trained():
            modelfile.save(model, path)
            found.append(path.read_bytes())
    return found
