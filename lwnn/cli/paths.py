"""Names of files that are written, and the checks to make before the work begins."""

import os
import re
from pathlib import Path

from lwnn.errors import UsageError

MODEL = ".safetensors"
# What says how a file is packed, not what is in it: train-images-idx3-ubyte.gz is `train`.
_ENDING = re.compile(
    r"(([-.]images)?[-.]idx\d-ubyte|\.(csv|tsv|txt|dat|data|arff|parquet|npz|safetensors))?(\.gz)?$",
    re.IGNORECASE,
)


def stem(path):
    """Return the file's name without folder and endings.

    >>> stem("data/train-images-idx3-ubyte.gz"), stem("digits.csv"), stem("v1.2.csv")
    ('train', 'digits', 'v1.2')
    """
    name = "stdin" if str(path) == "-" else Path(path).name
    return name[: _ENDING.search(name).start()] or name


def told(files):
    """Return the file, or a list of several, for the JSON object."""
    return files[0] if len(files) == 1 else files


def check_output(path, inputs):
    """Refuse a place where nothing can be written, before the time is spent.

    Parameters
    ----------
    path : Path
        The file to write.
    inputs : iterable of Path
        Files that are read, and so must not be replaced.

    Raises
    ------
    UsageError
    """
    folder = path.parent
    if not os.path.isdir(folder):
        raise UsageError(f"{path}: there is no folder {folder}; make it or choose another place")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{path}: no permission to write in {folder}; choose another place")
    if not os.path.exists(path):
        return
    if not os.path.isfile(path):
        raise UsageError(f"{path}: is not a regular file; choose another name for the output")
    for source in inputs:
        if os.path.exists(source) and os.path.samefile(path, source):
            raise UsageError(f"{path}: would replace its own input; choose another output")
