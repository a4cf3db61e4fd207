"""The files to begin with: tables of the tests, arrays, and a model of every kind."""

import gzip
import io
import tempfile
from pathlib import Path

import numpy as np

ODDITIES = Path(__file__).parents[2] / "tests" / "data" / "oddities"
_ALGOS = ("bp", "ff", "mf", "wp", "perceptron")
_TABLES = ("missing_category.csv", "wild.csv")


def tables():
    """Bytes of text tables: every oddity, one of them gzipped, one long."""
    found = [path.read_bytes() for path in sorted(ODDITIES.iterdir())]
    head, *lines = (ODDITIES / "missing_category.csv").read_bytes().splitlines(keepends=True)
    long = head + b"".join(lines) * 20_000
    return [*found, gzip.compress(found[0], mtime=0), long]


def arrays():
    """Bytes of IDX and NPZ files."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (20, 4, 4)).astype(np.uint8)
    header = b"\0\0\x08\x03" + np.array(images.shape, ">u4").tobytes()
    idx = header + images.tobytes()
    found = [idx, gzip.compress(idx, mtime=0)]
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, x=rng.normal(size=(20, 5)).astype(np.float32), y=np.arange(20) % 3)
        found.append(file.getvalue())
    return found


def models():
    """Bytes of model files: each rule, in float and int8, of tables with words, gaps and bounds."""
    import lwnn  # noqa: PLC0415
    from lwnn import modelfile  # noqa: PLC0415
    from lwnn.quantization import quantize  # noqa: PLC0415

    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        for algo in _ALGOS:
            data = lwnn.load(ODDITIES / _TABLES[algo != "bp"])
            shape = {} if algo == "perceptron" else {"hidden": (3,)}
            options = lwnn.Options(algo=algo, **shape, epochs=1, val=0.0, test=0.0)
            model = lwnn.train(data, options).model
            for saved in (model, quantize(model, data.x)):
                modelfile.save(saved, path)
                found.append(path.read_bytes())
    return found
