"""The tasks: sequences of which the last step alone does not tell the answer.

``python -m benchmarks.recurrent.cases DIR`` writes them as files, a CSV and an NPZ each.
"""

import csv
import itertools
import sys
from pathlib import Path

import numpy as np


def delayed_xor(steps=6):
    """XOR of two bits, given at any two steps; at the others, as after them, there is nothing.

    Returns
    -------
    x : ndarray of float32, shape (2 · steps · (steps - 1), steps, 1)
        -1 and 1 are the bits, 0 is nothing.
    y : ndarray of int64, shape (n,)
        1 where the bits differ.
    """
    rows = []
    for first, second in itertools.combinations(range(steps), 2):
        for bits in itertools.product((-1, 1), repeat=2):
            row = np.zeros(steps)
            row[[first, second]] = bits
            rows.append(row)
    x = np.array(rows, np.float32)[:, :, None]
    return x, (x.sum(axis=(1, 2)) == 0).astype(np.int64)


def parity(bits=3):
    """Whether the number of ones among some bits, given one after the other, is odd.

    Returns
    -------
    x : ndarray of float32, shape (2 ** bits, bits, 1)
        0 and 1.
    y : ndarray of int64, shape (n,)
    """
    x = np.array(list(itertools.product((0, 1), repeat=bits)), np.float32)[:, :, None]
    return x, (x.sum(axis=(1, 2)) % 2).astype(np.int64)


#: Name of the files to what makes the task.
CASES = {"delayed_xor": delayed_xor, "parity": parity}


def write(folder):
    """Write ``NAME.csv`` and ``NAME.npz`` for each task: a row of a table has step after step."""
    folder = Path(folder)
    for name, make in CASES.items():
        x, y = make()
        np.savez(folder / f"{name}.npz", x=x, y=y)
        with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow([*(f"step{t}" for t in range(x.shape[1])), "label"])
            lines.writerows(
                [*map(int, row.ravel()), label] for row, label in zip(x, y, strict=True)
            )


if __name__ == "__main__":
    write(sys.argv[1])
