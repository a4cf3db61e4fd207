"""Functions of variables and arrays: the table's, and what nets are made of besides.

All take arrays as well as variables, and of arrays they give arrays, so that one function serves
for training, for finite differences and for the complex step.
"""

import numpy as np

from lwnn.autodiff.table import TABLE, Elementwise
from lwnn.autodiff.variable import Variable, apply, namesake


def _elementwise(name):
    def function(*arguments):
        return apply(name, *arguments)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The elementary function ``{name}`` of `lwnn.autodiff.TABLE`."
    return function


_FROM_THE_TABLE = [name for name, entry in TABLE.items() if isinstance(entry, Elementwise)]
globals().update({name: _elementwise(name) for name in _FROM_THE_TABLE})
namesake(globals()["where"])

__all__ = [  # noqa: PLE0604 - the linter does not see that the table's names are text
    *_FROM_THE_TABLE,
    *("sum", "mean", "max", "matmul", "reshape", "transpose", "broadcast_to", "concatenate"),
    *("take", "logsumexp", "log_softmax", "softmax", "stop_gradient"),
]


def _axes(x, axis):
    """The axes meant, counted from the front."""
    if axis is None:
        return tuple(range(x.ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return tuple(n % x.ndim for n in axes)


@namesake
def sum(x, axis=None, keepdims=False):
    """Sum over all numbers, or over `axis`.

    Parameters
    ----------
    x : Variable or array_like
    axis : int or tuple of int, optional
    keepdims : bool
    """
    x = _array(x)
    return apply("sum", x, axis=_axes(x, axis), keepdims=bool(keepdims))


@namesake
def mean(x, axis=None, keepdims=False):
    """Mean over all numbers, or over `axis`; arguments as of `sum`."""
    x = _array(x)
    total = sum(x, axis, keepdims)
    return total / (x.size / total.size)


@namesake
def max(x, axis=None, keepdims=False):
    """Largest number of all, or along one axis; the first one of equals has the slope.

    Parameters
    ----------
    x : Variable or array_like
    axis : int, optional
    keepdims : bool
    """
    x = _array(x)
    values = _value(x)
    if axis is None:
        best = x[np.unravel_index(values.argmax(), values.shape)]
        return reshape(best, (1,) * values.ndim) if keepdims else best
    index = list(np.ogrid[tuple(slice(n) for n in values.shape)])
    index[axis] = values.argmax(axis=axis, keepdims=True)
    best = x[tuple(index)]
    return best if keepdims else reshape(best, values.max(axis=axis).shape)


@namesake
def matmul(a, b):
    """Product of matrices, or of stacks of them, as ``a @ b``.

    Parameters
    ----------
    a, b : Variable or array_like
        Of one dimension or more; a vector is a row on the left and a column on the right.
    """
    a, b = _array(a), _array(b)
    left = reshape(a, (1, *a.shape)) if a.ndim == 1 else a
    right = reshape(b, (*b.shape, 1)) if b.ndim == 1 else b
    product = apply("matmul", left, right)
    shape = list(product.shape)
    if b.ndim == 1:
        shape.pop()
    if a.ndim == 1:
        shape.pop(-1 if b.ndim == 1 else -2)
    return reshape(product, tuple(shape))


@namesake
def reshape(x, shape):
    """The same numbers in another shape, in C order; one size may be -1."""
    x = _array(x)
    shape = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    return x if shape == x.shape else apply("reshape", x, shape=shape)


@namesake
def transpose(x, axes=None):
    """Axes in another order, by default the reverse one."""
    x = _array(x)
    axes = range(x.ndim)[::-1] if axes is None else [n % x.ndim for n in axes]
    return apply("transpose", x, axes=tuple(axes))


@namesake
def broadcast_to(x, shape):
    """Numbers repeated as NumPy's broadcasting does."""
    x = _array(x)
    return x if tuple(shape) == x.shape else apply("broadcast_to", x, shape=tuple(shape))


@namesake
def concatenate(arrays, axis=0):
    """Several arrays, one behind the other along an axis."""
    arrays = [_array(x) for x in arrays]
    return apply("concatenate", *arrays, axis=axis % arrays[0].ndim)


def take(x, index):
    """``x[index]`` with any index of NumPy's: the gathering of rows, or of a class per row.

    Parameters
    ----------
    x : Variable or array_like
    index : int, slice, array of int or bool, or a tuple of them
    """
    return _array(x)[index]


def logsumexp(x, axis=None, keepdims=False):
    """log Σ exp(x), without overflow; arguments as of `sum`."""
    x = _array(x)
    axes = _axes(x, axis)
    # The maximum is a constant here: what it adds it takes away again.
    top = np.max(np.real(_value(x)), axis=axes, keepdims=True)
    total = np.log(np.sum(np.exp(x - top), axis=axes, keepdims=True)) + top
    return total if keepdims else np.sum(total, axis=axes)


def log_softmax(x, axis=-1):
    """Logarithm of `softmax`."""
    return _array(x) - logsumexp(x, axis, keepdims=True)


def softmax(x, axis=-1):
    """exp(x) / Σ exp(x) along an axis."""
    return np.exp(log_softmax(x, axis))


def stop_gradient(x):
    """The value alone: what comes after sees a constant."""
    return _value(_array(x))


def _array(x):
    return x if isinstance(x, Variable) else np.asarray(x)


def _value(x):
    return x.value if isinstance(x, Variable) else x
