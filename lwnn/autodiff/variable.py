"""A variable: a number or array that knows which variables it was computed from.

The inputs of a function are x_1 … x_d, its intermediate variables x_{d+1} … x_D, the last one its
value. Each intermediate is x_i = g_i(parents of x_i), with an elementary function g_i out of
`lwnn.autodiff.table.TABLE`. Computing with variables, by operators or NumPy's functions, records
just that.
"""

import itertools

import numpy as np

from lwnn.autodiff.table import TABLE

_numbers = itertools.count(1)
#: NumPy's functions that are constant almost everywhere: of variables they take the values.
_FLAT = {
    *("sign", "floor", "ceil", "rint", "isfinite", "isnan"),
    *("greater", "greater_equal", "less", "less_equal", "equal", "not_equal"),
}
#: NumPy's functions that ask about an array.
_QUESTIONS = {"shape", "ndim", "size"}
#: Those that compute with whole arrays, and their namesakes here.
_ARRAY_FUNCTIONS = {}


def namesake(function):
    """Let NumPy's function of the same name, called with variables, call this one."""
    _ARRAY_FUNCTIONS[function.__name__] = function
    return function


class Variable(np.lib.mixins.NDArrayOperatorsMixin):
    """A float64 array with its history.

    Parameters
    ----------
    value : array_like
        An input of the function to be differentiated.

    Attributes
    ----------
    value : ndarray of float64
    function : str or None
        Name of the elementary function that it comes from; None for an input.
    arguments : tuple of Variable or ndarray
        What that function was called with; constants are arrays.
    settings : dict
        Further arguments of that function, such as an axis.
    number : int
        Grows in the order in which variables are made: parents have smaller ones.

    Examples
    --------
    >>> x = Variable(3.0)
    >>> y = x * x + 1
    >>> y
    Variable(10., function='add')
    >>> y.parents
    (Variable(9., function='multiply'),)
    """

    __slots__ = ("arguments", "function", "number", "settings", "value")
    __hash__ = object.__hash__

    def __init__(self, value):
        self.value = np.asarray(_plain(value), dtype=np.float64)
        self.function, self.arguments, self.settings = None, (), {}
        self.number = next(_numbers)

    @property
    def parents(self):
        """The variables that this one was computed from, constants left out."""
        return tuple(argument for argument in self.arguments if isinstance(argument, Variable))

    @property
    def shape(self):
        """As of NumPy's arrays, like the next three."""
        return self.value.shape

    @property
    def ndim(self):
        return self.value.ndim

    @property
    def size(self):
        return self.value.size

    @property
    def T(self):  # noqa: N802 - NumPy's name
        return np.transpose(self)

    def __len__(self):
        return len(self.value)

    def __repr__(self):
        value = np.array2string(self.value, separator=", ")
        came = f", function={self.function!r}" if self.function else ""
        return f"Variable({value}{came})"

    def __getitem__(self, index):
        return apply("getitem", self, index=index)

    def put_at(self, index, shape):
        """Zeros of `shape` with this variable added at `index`."""
        return apply("put_at", self, index=index, shape=shape)

    def sum(self, axis=None, keepdims=False):
        """As NumPy's method, like the next three."""
        return np.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis=None, keepdims=False):
        return np.mean(self, axis=axis, keepdims=keepdims)

    def max(self, axis=None, keepdims=False):
        return np.max(self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape):
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def __bool__(self):
        return bool(self.value)

    def __array__(self, *arguments, **settings):
        raise TypeError(
            "a Variable does not become an array by itself, as its derivatives would be lost; "
            "use its .value, or a function of lwnn.autodiff"
        )

    def __array_ufunc__(self, ufunc, method, *arguments, **settings):
        """Called for NumPy's elementwise functions and for all operators."""
        name = ufunc.__name__
        out = settings.get("out")
        if out and out[0] is arguments[0] and isinstance(out[0], Variable):
            # x += y gives the name x to a new variable; those computed from the old one keep it.
            del settings["out"]
        if name in _FLAT and method == "__call__":
            return ufunc(*map(_plain, arguments), **settings)
        if method != "__call__" or settings or not (name in TABLE or name == "matmul"):
            return NotImplemented
        if name == "matmul":
            return _ARRAY_FUNCTIONS["matmul"](*arguments)
        if name == "power" and isinstance(arguments[1], int | float) and arguments[1] == 2:
            return apply("square", arguments[0])
        return apply(name, *arguments)

    def __array_function__(self, function, types, arguments, settings):
        """Called for NumPy's other functions."""
        if function.__name__ in _QUESTIONS:
            return function(*map(_plain, arguments), **settings)
        known = _ARRAY_FUNCTIONS.get(function.__name__)
        return NotImplemented if known is None else known(*arguments, **settings)


def _plain(argument):
    """The array that a variable holds; anything else as it is."""
    return argument.value if isinstance(argument, Variable) else argument


def apply(name, *arguments, **settings):
    """Apply an elementary function; of variables it becomes a variable.

    Parameters
    ----------
    name : str
        In `TABLE`.
    *arguments : Variable or array_like
    **settings
        What the function takes beside numbers.

    Returns
    -------
    Variable or ndarray
        An array when no argument is a variable; then complex numbers are allowed.
    """
    if not any(isinstance(argument, Variable) for argument in arguments):
        return TABLE[name].value(*map(np.asarray, arguments), **settings)
    arguments = [a if isinstance(a, Variable) else np.asarray(a, np.float64) for a in arguments]
    made = Variable(TABLE[name].value(*map(_plain, arguments), **settings))
    made.function, made.arguments, made.settings = name, tuple(arguments), settings
    return made


def variables(*outputs):
    """All variables that go into the outputs, these last: x_1 … x_D.

    Parameters
    ----------
    *outputs : Variable

    Returns
    -------
    list of Variable
        Every one after its parents.

    Examples
    --------
    >>> x = Variable(2.0)
    >>> [v.function for v in variables(np.exp(x * x))]
    [None, 'multiply', 'exp']
    """
    found = {}
    waiting = [output for output in outputs if isinstance(output, Variable)]
    while waiting:
        variable = waiting.pop()
        if variable.number not in found:
            found[variable.number] = variable
            waiting.extend(variable.parents)
    return [found[number] for number in sorted(found)]
