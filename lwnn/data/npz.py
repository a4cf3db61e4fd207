"""NPZ files: a zip of NumPy arrays, of which `x` and `y` are taken. Never unpickles."""

import math
import struct
import zipfile
import zlib

import numpy as np

from lwnn.data.labels import as_values, encode
from lwnn.data.numbers import plain
from lwnn.data.source import MAX_DEFLATE_RATIO

_AGAIN = "write it again with numpy.savez(path, x=x, y=y)"
# What zipfile and numpy.lib.format raise on damaged files.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def is_zip(start):
    """Tell whether a file that begins with these bytes is a zip file."""
    return start[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def read(source, known, need_labels, numeric=False):
    """Read `x`, shape (n, f) or (n, h, w), numeric, and `y`, shape (n,), numbers or text.

    Parameters
    ----------
    source : Source
    known : tuple of str or None
        The classes of a trained model.
    need_labels : bool
    numeric : bool
        Whether `y` holds values, not classes.

    Returns
    -------
    x : ndarray
    y : ndarray, shape (n,), int32 or float32, or None
    names : tuple of str
    sha256 : str
    """
    try:
        with zipfile.ZipFile(source.stream) as archive:
            _check_sort(source, archive)
            x = _read_array(source, archive, "x")
            _check_x(source, x)
            values = _read_array(source, archive, "y") if need_labels else None
    except _DAMAGE as error:
        source.refuse(f"is damaged: {error}", _AGAIN)
    digest = source.hexdigest()
    if values is None:
        return x, None, known or (), digest
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or values.dtype.kind not in "biufSU":
        problem = f"'y' is {values.dtype} of shape {values.shape}, expected one label per row"
        source.refuse(problem, "store class numbers or names, shape (n,)")
    if len(values) != len(x):
        source.refuse(f"'y' has {len(values)} labels, 'x' has {len(x)} rows", _AGAIN)
    if numeric:
        return x, as_values(values, source.path, "y"), (), digest
    y, names = encode(values, known, source.path, "y")
    return x, y, names, digest


def _check_sort(source, archive):
    """Refuse other sorts of files that are zips as well: those of office programs."""
    if {"[Content_Types].xml", "mimetype"} & set(archive.namelist()):
        source.refuse("is a file of an office program", "save the table as CSV")


def _check_x(source, x):
    if x.dtype.kind not in "biuf":
        source.refuse(f"'x' is {x.dtype}, expected numbers", "store x as numbers")
    if x.ndim not in (2, 3) or x.size == 0:
        remedy = "store x as (rows, features) or (rows, height, width)"
        source.refuse(f"'x' has shape {x.shape}", remedy)


def _read_array(source, archive, key):
    """Read one member; its announced size is checked before memory is taken."""
    names = {name.lower(): name for name in archive.namelist()}
    if f"{key}.npy" not in names:
        found = ", ".join(plain(name.removesuffix(".npy")) for name in list(names.values())[:8])
        source.refuse(f"has no array {key!r}, only: {found or 'nothing'}", _AGAIN)
    info = archive.getinfo(names[f"{key}.npy"])
    # The other methods have no ceiling on how much they unpack to.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        source.refuse(f"{key!r} is packed in a way that NumPy does not write", _AGAIN)
    with archive.open(info) as member:
        try:
            shape, dtype = _read_header(member)
        except ValueError as error:
            source.refuse(f"{key!r} is no NumPy array: {error}", _AGAIN)
        if dtype.hasobject:
            source.refuse(f"{key!r} holds Python objects", "store numbers or fixed-width text")
        count = math.prod(shape) * dtype.itemsize
        ratio = 1 if info.compress_type == zipfile.ZIP_STORED else MAX_DEFLATE_RATIO
        if member.tell() + count != info.file_size or count > info.compress_size * ratio:
            problem = f"{key!r} announces {count} bytes of data, its member holds other than that"
            source.refuse(problem, _AGAIN)
        source.check_memory(count)
        member.seek(0)
        return np.lib.format.read_array(member, allow_pickle=False)


def _read_header(member):
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(member)
    else:
        raise ValueError(f"format version {version[0]}.{version[1]} is not known")
    if min(shape, default=0) < 0:
        raise ValueError(f"its shape is {shape}")
    return shape, dtype
