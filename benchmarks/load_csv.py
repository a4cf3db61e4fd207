"""Claim: lwnn reads MNIST as CSV within 1.2 times the time of numpy.loadtxt on the same file.

    python benchmarks/load_csv.py [IMAGES] [--rounds N]

IMAGES is MNIST's train-images-idx3-ubyte[.gz] with its labels file beside it, or the folder of
both; by default the folder that the environment variable LWNN_MNIST names. The CSV (60,000 rows
of 785 columns, 110 MB) is written to a temporary folder. Ends with 1 when the claim fails.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from lwnn.data import load

LIMIT = 1.2


def find_images(given):
    """Return the path of MNIST's training images, or None."""
    if given is None:
        return None
    path = Path(given)
    names = ("train-images-idx3-ubyte.gz", "train-images-idx3-ubyte")
    candidates = [path / name for name in names] if path.is_dir() else [path]
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def write_csv(images, path):
    """Write MNIST as CSV: a header, the pixels, the label last."""
    with open(path, "w") as file:
        file.write(",".join([*images.features, "label"]) + "\n")
        for pixels, code in zip(images.x, images.y, strict=True):
            file.write(",".join(map(str, pixels.tolist())) + f",{images.labels[code]}\n")


def with_numpy(path):
    return np.loadtxt(path, delimiter=",", dtype=np.float32, skiprows=1)


def seconds(function, path):
    """Time one call; what it returns is freed within the time, as for the other side."""
    start = time.perf_counter()
    function(path)
    return time.perf_counter() - start


def check(path):
    """Both readers must give the same numbers, or their times say nothing."""
    ours, theirs = load(path), with_numpy(path)
    assert ours.x.shape == (len(theirs), theirs.shape[1] - 1)
    assert np.array_equal(ours.x, theirs[:, :-1])
    assert np.array_equal(np.array(ours.labels, float)[ours.y], theirs[:, -1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", nargs="?", default=os.environ.get("LWNN_MNIST"))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    images = find_images(options.images)
    if images is None:
        print("skipped: MNIST is not there; name its folder, or set LWNN_MNIST", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "mnist.csv")
        write_csv(load(images), path)
        print(f"{path}: {os.path.getsize(path) / 1e6:.0f} MB")
        check(path)
        times = {"lwnn.data.load": [], "numpy.loadtxt": []}
        for _ in range(options.rounds):
            times["lwnn.data.load"].append(seconds(load, path))
            times["numpy.loadtxt"].append(seconds(with_numpy, path))
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, median in medians.items():
        print(f"{name:15} {median:6.2f} s  (of {', '.join(f'{t:.2f}' for t in times[name])})")
    ratio = medians["lwnn.data.load"] / medians["numpy.loadtxt"]
    print(f"ratio {ratio:.2f}, limit {LIMIT}")
    print(f"{platform.platform()}, {os.cpu_count()} processors, {platform.processor() or 'cpu ?'}")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
