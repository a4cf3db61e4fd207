"""Writing files so that a reader never meets half of one."""

import contextlib
import os
import secrets
from pathlib import Path

from lwnn.errors import UsageError


@contextlib.contextmanager
def replacing(path):
    """Give a binary file to write; it becomes `path` in one step, or not at all.

    The new content is written beside `path`, flushed to the disk and renamed over it. When the
    block raises, what stood at `path` before stands there still.

    Parameters
    ----------
    path : str or os.PathLike
        The file to create or replace.

    Raises
    ------
    UsageError
        When the folder is missing or not writable, or the disk is full.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(beside, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # Not os.rename: that refuses to replace on Windows.
        os.replace(beside, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{path}: cannot write: {reason}; choose another place") from error
    finally:
        beside.unlink(missing_ok=True)


def write_text(path, text):
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    with replacing(path) as file:
        file.write(text.encode("utf-8"))
