"""IDX files, the format of MNIST: a header of sizes, then big-endian numbers.

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section
"The IDX file format": two zero bytes, a type code, the number of dimensions, each size as a
big-endian uint32, then the values in C order.
"""

import math
import os
import re
import struct

import numpy as np

from lwnn.data.labels import as_values, encode
from lwnn.data.source import CHUNK, MAX_DEFLATE_RATIO, Source

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def is_idx(start):
    """Tell whether a file that begins with these bytes is an IDX file."""
    return len(start) >= 4 and start[:2] == b"\0\0" and start[2] in _TYPES and start[3] > 0


def read(source, known, need_labels, numeric=False):
    """Read images and, from the file beside them, their labels.

    Parameters
    ----------
    source : Source
        The file of images: (n, f) or (n, h, w).
    known : tuple of str or None
        The classes of a trained model.
    need_labels : bool
    numeric : bool
        Whether the labels are values, not classes.

    Returns
    -------
    x : ndarray, shape (n, f) or (n, h, w)
    y : ndarray, shape (n,), int32 or float32, or None
    names : tuple of str
    sha256 : str
    """
    x = _read_array(source)
    if x.ndim not in (2, 3):
        what = "labels?" if x.ndim == 1 else "colour images?"
        problem = f"has {x.ndim} dimension{'s' if x.ndim > 1 else ''} ({what})"
        source.refuse(problem, "give the file of images: rows, or rows of height and width")
    digest = source.hexdigest()
    if not need_labels:
        return x, None, known or (), digest
    with Source(_labels_beside(source), after=source) as labels:
        values = _read_array(labels) if is_idx(labels.peek()) else None
        if values is None or values.ndim != 1:
            labels.refuse("is not an IDX file of labels", "give the labels that belong to the data")
        if len(values) != len(x):
            labels.refuse(f"has {len(values)} labels, {source.path} has {len(x)} images")
        if numeric:
            y, names = as_values(values, labels.path, "label"), ()
        else:
            y, names = encode(values, known, labels.path, "label")
        return x, y, names, labels.hexdigest()


def _labels_beside(source):
    folder, name = os.path.split(source.path)
    stem = name.removesuffix(".gz")
    wanted = re.sub(r"idx[23]", "idx1", stem.replace("images", "labels"))
    if wanted == stem:
        remedy = "name the files like train-images-idx3-ubyte and train-labels-idx1-ubyte"
        source.refuse("its labels cannot be found, there is no 'images' in its name", remedy)
    for ending in ("", ".gz"):
        path = os.path.join(folder, wanted + ending)
        if os.path.exists(path):
            return path
    source.refuse(f"there is no {wanted} or {wanted}.gz beside it", "put the labels there")


def _read_array(source):
    """Read one IDX array; sizes are checked before memory is taken."""
    shape, dtype, header_bytes = _read_header(source)
    count = math.prod(shape) * dtype.itemsize
    if source.gzipped:
        possible = source.stored_bytes * MAX_DEFLATE_RATIO
    else:
        possible = source.stored_bytes - header_bytes
    again = "download or copy it again"
    if count > possible:
        source.refuse(f"is cut short: its header announces {count} bytes of data", again)
    if count == 0:
        source.refuse(f"holds no values, its sizes are {shape}", "give data with rows")
    source.check_memory(count)
    values = np.empty(count, np.uint8)
    view, got = memoryview(values), 0
    while got < count:
        step = source.stream.readinto(view[got : got + CHUNK])
        if not step:
            source.refuse(f"is cut short: {got} bytes of data where {count} are announced", again)
        got += step
    if source.stream.read(1):
        source.refuse(f"is longer than the {count} bytes of data that its header announces", again)
    return values.view(dtype).reshape(shape)


def _read_header(source):
    start = source.stream.read(4)
    sizes = source.stream.read(4 * start[3])
    if len(sizes) < 4 * start[3]:
        source.refuse("is cut short within its header", "download or copy it again")
    shape = struct.unpack(f">{start[3]}I", sizes)
    return shape, np.dtype(_TYPES[start[2]]), 4 + len(sizes)
