"""The elementary functions: what each computes, its derivatives, and what it costs.

Everything that `lwnn.autodiff` can differentiate is an entry of `TABLE`. Two kinds cover all:

`Elementwise`
    y = g(a, b, …) number by number, with NumPy's broadcasting. Its derivatives are the slopes
    dy/da, dy/db, …
`Linear`
    y is linear in each argument: sums, products of matrices, reordering. Forward mode applies the
    function itself to a tangent; reverse mode applies its adjoint to a cotangent.

Derivatives are written in NumPy and called with arrays or with variables. The latter record what
is done to them, so that a derivative can be differentiated again.
"""

import dataclasses
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True)
class Elementwise:
    """A function of numbers.

    Parameters
    ----------
    value : callable
        ``value(*arrays)``.
    slopes : tuple
        One per argument: ``slope(y, *arguments)``, or the number -1, 0 or 1.
    flops : int
        Floating-point operations per number of the result; an elementary function counts as one.
    """

    value: Callable
    slopes: tuple
    flops: int = 1

    def count(self, y, *arguments, **settings):
        """Floating-point operations for the result `y`."""
        return self.flops * y.size


@dataclasses.dataclass(frozen=True)
class Linear:
    """A function that is linear in each of its arguments.

    Parameters
    ----------
    value : callable
        ``value(*arrays, **settings)``.
    adjoint : callable
        ``adjoint(k, g, *arguments, **settings)``: the transposed map of argument k, applied to g.
    flops : callable
        ``flops(y, *arguments, **settings)``; nothing where numbers are only moved.
    jointly : bool
        Whether it is a sum of maps, one per argument, rather than a product.
    """

    value: Callable
    adjoint: Callable
    flops: Callable = lambda y, *arguments, **settings: 0
    jointly: bool = False

    def count(self, y, *arguments, **settings):
        """Floating-point operations for the result `y`."""
        return self.flops(y, *arguments, **settings)


# ---------------------------------------------------------------- values


def _sigmoid(x):
    # No overflow on either side, and relative accuracy far below 0.
    return np.exp(-np.logaddexp(0, -x))


def _softplus(x):
    return np.logaddexp(0, x)


def _leaky_relu(x):
    return np.where(x > 0, x, LEAK * x)


def _put_at(x, index, shape):
    """Zeros of `shape` with `x` added at `index`; what reads `index` has this as its adjoint."""
    if not isinstance(x, np.ndarray | np.generic):
        return x.put_at(index, shape)
    out = np.zeros(shape)
    np.add.at(out, index, x)
    return out


#: Slope of the leaky ReLU below 0 (Maas, Hannun & Ng 2013).
LEAK = 0.01


# ---------------------------------------------------------------- adjoints


def sum_to(g, shape):
    """Undo broadcasting: `g` summed over what was repeated to reach its shape from `shape`."""
    if g.shape == shape:
        return g
    extra = g.ndim - len(shape)
    axes = [n + extra for n, size in enumerate(shape) if size == 1 and g.shape[n + extra] != 1]
    return np.reshape(np.sum(g, axis=(*range(extra), *axes)), shape)


def _spread(k, g, x, axis, keepdims):
    """Give every number of `x` the cotangent of the sum that it went into."""
    kept = [1 if n in axis else size for n, size in enumerate(x.shape)]
    return np.broadcast_to(np.reshape(g, kept), x.shape)


def _matmul_adjoint(k, g, a, b):
    if k == 0:
        return sum_to(np.matmul(g, _turned(b)), a.shape)
    return sum_to(np.matmul(_turned(a), g), b.shape)


def _turned(a):
    """`a` with its last two axes exchanged."""
    return np.transpose(a, (*range(a.ndim - 2), a.ndim - 1, a.ndim - 2))


def _part(k, g, *arguments, axis):
    """Cut out of `g` what argument k put into it."""
    start = sum(x.shape[axis] for x in arguments[:k])
    return g[(*[slice(None)] * axis, slice(start, start + arguments[k].shape[axis]))]


# ---------------------------------------------------------------- the table

TABLE = {
    # One argument.
    "positive": Elementwise(np.positive, (1,), flops=0),
    "negative": Elementwise(np.negative, (-1,)),
    "absolute": Elementwise(np.absolute, (lambda y, x: np.sign(x),)),
    "square": Elementwise(np.square, (lambda y, x: 2 * x,)),
    "sqrt": Elementwise(np.sqrt, (lambda y, x: 0.5 / y,)),
    "exp": Elementwise(np.exp, (lambda y, x: y,)),
    "expm1": Elementwise(np.expm1, (lambda y, x: y + 1,)),
    "log": Elementwise(np.log, (lambda y, x: 1 / x,)),
    "log1p": Elementwise(np.log1p, (lambda y, x: 1 / (1 + x),)),
    "sin": Elementwise(np.sin, (lambda y, x: np.cos(x),)),
    "cos": Elementwise(np.cos, (lambda y, x: -np.sin(x),)),
    "tanh": Elementwise(np.tanh, (lambda y, x: 1 - y * y,)),
    "sigmoid": Elementwise(_sigmoid, (lambda y, x: y * (1 - y),), flops=4),
    "softplus": Elementwise(_softplus, (lambda y, x: np.exp(x - y),), flops=3),
    "relu": Elementwise(lambda x: np.maximum(x, 0), (lambda y, x: x > 0,)),
    "leaky_relu": Elementwise(_leaky_relu, (lambda y, x: np.where(x > 0, 1.0, LEAK),), flops=2),
    "step": Elementwise(lambda x: np.heaviside(x, 0), (0,)),
    # Two arguments; of equal ones `maximum` and `minimum` follow the first.
    "add": Elementwise(np.add, (1, 1)),
    "subtract": Elementwise(np.subtract, (1, -1)),
    "multiply": Elementwise(np.multiply, (lambda y, a, b: b, lambda y, a, b: a)),
    "divide": Elementwise(np.divide, (lambda y, a, b: 1 / b, lambda y, a, b: -y / b)),
    "power": Elementwise(
        np.power,
        (
            # x⁰ is constant, at 0 too.
            lambda y, a, b: b * a ** np.where(b == 0, 1, b - 1),
            lambda y, a, b: y * np.log(a),
        ),
    ),
    "maximum": Elementwise(np.maximum, (lambda y, a, b: a >= b, lambda y, a, b: a < b)),
    "minimum": Elementwise(np.minimum, (lambda y, a, b: a <= b, lambda y, a, b: a > b)),
    "logaddexp": Elementwise(
        np.logaddexp, (lambda y, a, b: np.exp(a - y), lambda y, a, b: np.exp(b - y)), flops=4
    ),
    # Where the first argument is not 0 the second, elsewhere the third.
    "where": Elementwise(np.where, (0, lambda y, c, a, b: c != 0, lambda y, c, a, b: c == 0)),
    # Whole arrays.
    "sum": Linear(np.sum, _spread, lambda y, x, **settings: x.size - y.size),
    "matmul": Linear(np.matmul, _matmul_adjoint, lambda y, a, b: y.size * (2 * a.shape[-1] - 1)),
    "reshape": Linear(np.reshape, lambda k, g, x, shape: np.reshape(g, x.shape)),
    "transpose": Linear(
        np.transpose, lambda k, g, x, axes: np.transpose(g, [axes.index(n) for n in range(x.ndim)])
    ),
    "broadcast_to": Linear(np.broadcast_to, lambda k, g, x, shape: sum_to(g, x.shape)),
    "getitem": Linear(lambda x, index: x[index], lambda k, g, x, index: _put_at(g, index, x.shape)),
    "put_at": Linear(_put_at, lambda k, g, x, index, shape: g[index]),
    "concatenate": Linear(lambda *arrays, axis: np.concatenate(arrays, axis), _part, jointly=True),
}
