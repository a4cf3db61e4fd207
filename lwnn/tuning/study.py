"""Optuna's study: in memory, or in a store that several processes share."""

import contextlib
import time
import warnings

from lwnn.errors import MissingToolError, UsageError

#: Seconds that a process waits for others to be done with a SQLite file.
_PATIENCE = 120
#: Times that a store is opened, and seconds between: two processes that begin it at the same moment
#: are in each other's way, and the one that comes second finds it made when it tries again.
_TRIES, _BETWEEN = 5, 0.2


def optuna():
    """Import Optuna, which is an extra.

    Raises
    ------
    MissingToolError
    """
    try:
        import optuna  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingToolError(
            "the search needs Optuna, which is not installed; pip install 'lwnn[tune]'"
        ) from None
    return optuna


def quiet():
    """Keep Optuna from writing to the terminal what is no warning."""
    library = optuna()
    library.logging.set_verbosity(library.logging.WARNING)


def open_study(storage, name, facts):
    """Open a study, or begin it.

    Parameters
    ----------
    storage : str or None
        Address as SQLAlchemy takes it, such as ``sqlite:///study.db``; None: in memory.
    name : str
    facts : dict
        What all who share it must agree on: data, limits, seed, … Numbers and texts.

    Raises
    ------
    UsageError
        When the store cannot be used, or the study there is one of other data or limits.
    MissingToolError
        When Optuna or the driver of a database is not installed.
    """
    library = optuna()
    with told(storage):
        study = library.create_study(
            storage=None if storage is None else _store(storage),
            study_name=name,
            direction="maximize",
            load_if_exists=True,
        )
        # In this order: who begins a study says what it is of before its first trial.
        begun = bool(study.get_trials(deepcopy=False))
        theirs = study.user_attrs.get("lwnn", {} if begun else facts)
        study.set_user_attr("lwnn", theirs)
    if theirs != facts:
        other = [key for key in facts if facts[key] != theirs.get(key)] if theirs else []
        raise UsageError(
            f"--study {name}: was begun with another {' and '.join(other) or 'program'}; "
            "name another study"
        )
    return study


def sampler(seed, fixed):
    """What chooses the values of a trial: these ones, the others by experience.

    Starts are not handed to Optuna to be queued: two processes may take the same one out of a
    SQLite file.
    """
    library = optuna()
    chooser = library.samplers.TPESampler(seed=seed, multivariate=False)
    if not fixed:
        return chooser
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", library.exceptions.ExperimentalWarning)
        return library.samplers.PartialFixedSampler(fixed, chooser)


@contextlib.contextmanager
def told(storage):
    """Turn what a store raises into errors for the person who gave its address."""
    if storage is None:
        yield
        return
    # SQLAlchemy comes with Optuna.
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    try:
        yield
    except ImportError as error:
        raise MissingToolError(f"--storage: {_first_line(error)}") from error
    except (SQLAlchemyError, optuna().exceptions.StorageInternalError) as error:
        # An address may hold a password: it is not repeated here.
        raise UsageError(
            f"--storage: cannot be used: {_first_line(error)}; give one such as "
            "sqlite:///study.db, where this process may write"
        ) from error


def _store(address):
    from sqlalchemy.exc import IntegrityError, OperationalError  # noqa: PLC0415

    waits = {"connect_args": {"timeout": _PATIENCE}} if address.startswith("sqlite:") else {}
    for _ in range(_TRIES - 1):
        try:
            return optuna().storages.RDBStorage(address, engine_kwargs=waits)
        except (IntegrityError, OperationalError):
            time.sleep(_BETWEEN)
    return optuna().storages.RDBStorage(address, engine_kwargs=waits)


def _first_line(error):
    cause = getattr(error, "orig", None) or error.__cause__ or error
    return (str(cause).splitlines() or [type(cause).__name__])[0]
