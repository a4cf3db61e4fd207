"""From the options of training to the parameters of an estimator, and back.

An estimator has a parameter for every option that means something to its rule, under the name of
the field of `lwnn.Options`; ``seed`` is called ``random_state``. Nothing is declared here twice:
constructors and the lists in docstrings are made from what `lwnn.options` says.
"""

import dataclasses
import numbers
import re

import numpy as np
from sklearn.utils import check_random_state

from lwnn.options import Options, about, declared, flag, help_text

#: Options that are for files, or that scikit-learn's own tools stand for.
_NOT_HERE = ("algo", "task", "test", "seed")
_OTHERWISE = {
    "val": "Share of the rows to judge epochs by, so that the best is kept; 0: the last epoch is. "
    "Where a class has too few rows for it, all are learnt from.",
    "class_weight": "How much a row of a class counts: 'balanced', so that all classes count "
    "alike, or a number for some; others count 1. Its rows are learnt from so much more often.",
    "image": "Height and width, where the rows are images. Those of bytes are then divided by 255; "
    "other rows are standardised.",
}
_RANDOM_STATE = "Same seed, same model; an int is what ``seed`` is to `lwnn.Options`."
#: Option on the command line to name of the parameter.
_SPELT = {flag(name): name for name, _ in declared()} | {"seed": "random_state"}


def parameters(*rules, without=(), **fixed):
    """Give an estimator its constructor and the list of its parameters.

    Parameters
    ----------
    *rules : str
        Of `lwnn.options.RULES`; it gets the options of all of them.
    without : tuple of str
        Options that it does not have.
    **fixed
        Options that it does not have, as they are always this.

    Returns
    -------
    callable
        A decorator of classes.
    """
    left_out = {*_NOT_HERE, *without, *fixed}
    names = [
        name
        for name, told in declared()
        if name not in left_out and any(rule in told.algos for rule in rules)
    ]

    def decorate(cls):
        cls._fixed, cls._names = fixed, tuple(names)
        cls.__init__ = _constructor(cls, names)
        cls.__doc__ = cls.__doc__.replace("    PARAMETERS\n", _described(names, rules))
        return cls

    return decorate


def _constructor(cls, names):
    """An ``__init__`` that takes keywords and stores them, as scikit-learn wants it."""
    kept = [(name, object, dataclasses.field(default=getattr(Options, name))) for name in names]
    kept.append(("random_state", object, dataclasses.field(default=None)))
    # The class is left as it is: as a dataclass it would be compared and hashed by its parameters.
    made = dataclasses.make_dataclass(cls.__name__, kept, kw_only=True).__init__
    made.__annotations__ = {}
    made.__qualname__, made.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return made


def _described(names, rules):
    lines = ["    Parameters", "    ----------"]
    for name in names:
        told = _OTHERWISE.get(name) or help_text(name, rules)
        lines += [f"    {name} : {_kind_text(name)}", f"        {told}"]
    lines += ["    random_state : int, RandomState or None", f"        {_RANDOM_STATE}"]
    return "\n".join(lines) + "\n"


def _kind_text(name):
    told = about(name)
    text = {"widths": "tuple of int", "image": "tuple of (int, int)", "part": "float"}
    text["weights"] = "'balanced' or dict of class to float"
    return text.get(told.kind) or told.kind.__name__


def options_of(estimator, seed, **more):
    """The options that an estimator's parameters are.

    Parameters
    ----------
    estimator : BaseEstimator
    seed : int
    **more
        Options in place of the estimator's own.

    Returns
    -------
    Options

    Raises
    ------
    ValueError
        When a parameter is not of its kind.
    """
    given = {name: _plain(name, getattr(estimator, name)) for name in estimator._names}
    return Options(**{**given, **estimator._fixed, "test": 0.0, "seed": seed, **more})


def seed_of(random_state):
    """A seed for `lwnn.Options`: an int itself, else one drawn."""
    if isinstance(random_state, numbers.Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


_IS = {
    int: (lambda v: isinstance(v, numbers.Integral) and not isinstance(v, bool), "an int"),
    float: (lambda v: isinstance(v, numbers.Real) and not isinstance(v, bool), "a number"),
    str: (lambda v: isinstance(v, str), "a text"),
    bool: (lambda v: isinstance(v, bool | np.bool_), "True or False"),
}


def _plain(name, value):
    """The value as Python has it: searches draw NumPy's numbers, and lists stand for tuples."""
    if value is None:
        return None
    kind = about(name).kind
    if kind in ("widths", "image"):
        return _sizes(name, value)
    if kind == "weights":
        return _weights(name, value)
    kind = float if kind == "part" else kind
    fits, expected = _IS[kind]
    if not fits(value):
        raise ValueError(f"{name} {value!r}; expected {expected}")
    return kind(value)


def _sizes(name, value):
    fits, _ = _IS[int]
    sizes = tuple(np.ravel(np.asarray(value, dtype=object)))
    pair = about(name).kind == "image"
    if not all(map(fits, sizes)) or (pair and len(sizes) != 2):
        expected = "height and width" if pair else "a tuple of ints, one for each hidden layer"
        raise ValueError(f"{name} {value!r}; expected {expected}")
    return tuple(map(int, sizes))


def _weights(name, value):
    fits, _ = _IS[float]
    if value == "balanced":
        return value
    if not isinstance(value, dict) or not all(map(fits, value.values())):
        raise ValueError(f"{name} {value!r}; expected 'balanced' or a dict of class to number")
    return {label: float(weight) for label, weight in value.items()}


def spelt(message):
    """A message in which options are called as the parameters are."""
    return re.sub(r"--([a-z][a-z0-9-]*)", lambda found: _SPELT.get(found[1], found[0]), message)
