"""A line of JSON for every epoch, while training goes on."""

import contextlib
import json
import math

from lwnn.errors import UsageError

_LEFT_OUT = ("rows_done", "finished")


@contextlib.contextmanager
def epochs(path):
    """Give the function to call with each `lwnn.learning.Epoch`; it writes the finished ones.

    Parameters
    ----------
    path : Path or None
        The file, which is made at the first epoch; None: nothing is written.

    Raises
    ------
    UsageError
        When it cannot be written.
    """
    if path is None:
        yield lambda epoch: None
        return
    with contextlib.ExitStack() as opened:
        file = None

        def note(epoch):
            nonlocal file
            if not epoch.finished:
                return
            try:
                file = file or opened.enter_context(open(path, "w", encoding="utf-8"))
                file.write(f"{_line(epoch)}\n")
                # Whoever follows the file sees an epoch when it is over.
                file.flush()
            except OSError as error:
                raise UsageError(f"{path}: cannot write: {error.strerror}") from error

        yield note


def _line(epoch):
    entries = {
        name: value
        for name, value in vars(epoch).items()
        if name not in _LEFT_OUT and value is not None
    }
    return json.dumps(_finite(entries), allow_nan=False)


def _finite(value):
    """The same with null for what is no number."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
