"""The data that rows learn from, in parts: to train on, and to test with.

To choose settings, the last rows of the training part stand in for the test part, which is not
read then.
"""

import dataclasses
from pathlib import Path

import numpy as np

import lwnn

#: Rows of MNIST's and letter-recognition's training part held out while settings are chosen.
HELD_OUT = {"mnist": 10_000, "letter": 4_000}
#: Letter-recognition has no parts of its own; the custom is to train on the first 16,000 rows.
LETTER_ROWS = 16_000


@dataclasses.dataclass(frozen=True)
class Folders:
    """Where the files are; None where they are not to be had."""

    mnist: Path | None = None
    tables: Path | None = None


class MissingDataError(Exception):
    """A row's data is not there; says which option names it."""


def parts(name, folders, choosing):
    """Training and test rows of a data set.

    Parameters
    ----------
    name : {'mnist', 'letter', 'digits'}
    folders : Folders
    choosing : bool
        Whether the test rows are the last of the training part.

    Returns
    -------
    train, test : lwnn.Dataset or None
        No test rows for digits, which each seed splits for itself.
    """
    train, test = {"mnist": _mnist, "letter": _letter, "digits": _digits}[name](folders)
    if not choosing or name not in HELD_OUT:
        return train, test
    count = len(train.y) - HELD_OUT[name]
    return train.take(np.arange(count)), train.take(np.arange(count, len(train.y)))


def _file(folder, option, *names):
    if folder is None:
        raise MissingDataError(f"needs {option} FOLDER")
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise MissingDataError(f"{folder} has no {names[0]}")


def _mnist(folders):
    names = ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte")
    files = [_file(folders.mnist, "--mnist", f"{name}.gz", name) for name in names]
    train = lwnn.load(files[0])
    return train, lwnn.load(files[1], schema=train.schema)


def _letter(folders):
    file = _file(folders.tables, "--tables", "letter-recognition.data")
    whole = lwnn.load(file, target="0")
    rows = np.arange(len(whole.y))
    return whole.take(rows[:LETTER_ROWS]), whole.take(rows[LETTER_ROWS:])


def _digits(folders):
    return lwnn.load(lwnn.sample_path()), None
