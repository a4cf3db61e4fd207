"""What can go wrong for a user, each kind with the exit code that the command line gives it.

Every message names the thing, what was expected, what was found, and what to do about it.
"""


class LwnnError(Exception):
    """Base of every error that lwnn raises on purpose.

    The message is one line for the person at the keyboard. ``exit_code`` is the status with
    which the command line ends.
    """

    exit_code = 2


class UsageError(LwnnError):
    """An option or argument does not fit: unknown algorithm, impossible share, bad hidden sizes."""


class DataError(LwnnError):
    """A data file cannot be used.

    Parameters
    ----------
    problem : str
        What was found and what was expected, e.g. ``'n/a' is not a number``.
    path : str or os.PathLike, optional
        The file.
    line : int, optional
        Line in the file, counted from 1.
    column : str or int, optional
        Name of the column, or its index counted from 0 where the file has no header.
    remedy : str, optional
        What to do about it, e.g. ``try --target 0``.
    """

    def __init__(self, problem, *, path=None, line=None, column=None, remedy=None):
        where = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        which = "" if column is None else f"column {column!r}: "
        advice = "" if remedy is None else f"; {remedy}"
        super().__init__(f"{where}{which}{problem}{advice}")


class MeasurementError(DataError):
    """What is to be the class of a row looks like a number to be predicted."""


class ModelFileError(LwnnError):
    """A model file is damaged, from a newer version, or not a model at all."""


class TrainingError(LwnnError):
    """Training cannot go on, e.g. the loss is no longer a number."""


class GateError(LwnnError):
    """A limit that the user set was not met, e.g. ``--max-drop``."""

    exit_code = 1


class MissingToolError(LwnnError):
    """A program or optional package that this command needs is not installed."""

    exit_code = 3
