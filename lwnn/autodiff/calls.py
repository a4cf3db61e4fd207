"""Derivatives of Python functions, by the names that users know from JAX.

A function may use operators, NumPy's functions and those of `lwnn.autodiff` on its arguments. It
runs once, forwards, and is recorded while it runs.
"""

from lwnn.autodiff.modes import pull, push
from lwnn.autodiff.variable import Variable, apply


def value_and_grad(f, argnums=0):
    """The function that gives the value of `f` and its gradient, by reverse mode.

    Parameters
    ----------
    f : callable
        Takes arrays and gives one number.
    argnums : int or tuple of int
        Which arguments to differentiate with respect to.

    Returns
    -------
    callable
        With the arguments of `f`; gives ``(value, gradient)``. The gradient is an array of the
        argument's shape, or a tuple of them if `argnums` is a tuple. Called within a function
        that is itself being differentiated, it gives variables.

    Raises
    ------
    TypeError
        By the function returned, when `f` does not give a single number.

    Examples
    --------
    >>> import numpy as np
    >>> value_and_grad(lambda x: np.sum(x**2))([1.0, 2.0])
    (5.0, array([2., 4.]))
    """
    several = isinstance(argnums, tuple)

    def differentiated(*arguments, **settings):
        arguments = list(arguments)
        inputs = []
        for k in argnums if several else (argnums,):
            arguments[k] = _input(arguments[k])
            inputs.append(arguments[k])
        nested = any(x.function for x in inputs)
        y = _single_number(f(*arguments, **settings))
        slopes = pull(y, inputs, differentiable=nested)
        return y if nested else y.value.item(), tuple(slopes) if several else slopes[0]

    return differentiated


def grad(f, argnums=0):
    """The function that gives the gradient of `f`; see `value_and_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> grad(np.exp)(0.0)
    array(1.)
    >>> grad(grad(lambda x: x**3))(2.0)
    array(12.)
    """
    both = value_and_grad(f, argnums)

    def differentiated(*arguments, **settings):
        return both(*arguments, **settings)[1]

    return differentiated


def jvp(f, primals, tangents):
    """Value of `f` and its derivative along a direction, by forward mode.

    Parameters
    ----------
    f : callable
        Takes arrays and gives an array of any shape.
    primals, tangents : tuple of array_like
        Where, and in which direction; one per argument.

    Returns
    -------
    value, tangent : ndarray

    Examples
    --------
    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0))
    (array(12.), array(4.))
    """
    inputs = [_input(x) for x in primals]
    y = _variable(f(*inputs))
    nested = any(x.function for x in inputs)
    (tangent,) = push([y], inputs, tangents, differentiable=nested)
    return y if nested else y.value, tangent


def vjp(f, *primals):
    """Value of `f`, and the function from a cotangent of it to those of its arguments.

    Parameters
    ----------
    f : callable
        Takes arrays and gives an array of any shape.
    *primals : array_like

    Returns
    -------
    value : ndarray
    back : callable
        ``back(cotangent)`` gives a tuple of arrays, one per argument.

    Examples
    --------
    >>> value, back = vjp(lambda x: x**2, [1.0, 2.0])
    >>> back([10.0, 1.0])
    (array([20.,  4.]),)
    """
    inputs = [_input(x) for x in primals]
    y = _variable(f(*inputs))
    return y.value, lambda cotangent: tuple(pull(y, inputs, cotangent))


def hvp(f, primals, tangents):
    """Hessian of `f` times a vector: forward mode over the reverse mode's gradient.

    Parameters
    ----------
    f : callable
        Takes arrays and gives one number.
    primals, tangents : tuple of array_like
        Where, and the vector; one array per argument.

    Returns
    -------
    tuple of ndarray
        d/dt of the gradient at ``primals + t tangents``, one array per argument. It costs a small
        multiple of a gradient; the Hessian itself is never made (Pearlmutter 1994, Fast exact
        multiplication by the Hessian, Neural Computation 6).

    Examples
    --------
    >>> import numpy as np
    >>> hvp(lambda x: np.sum(x**3), ([1.0, 2.0],), ([1.0, 10.0],))
    (array([  6., 120.]),)
    """
    inputs = [_input(x) for x in primals]
    y = _single_number(f(*inputs))
    return tuple(push(pull(y, inputs, differentiable=True), inputs, tangents))


def _input(x):
    """An input of its own, even for what is a variable of a function around this one."""
    return apply("positive", x) if isinstance(x, Variable) else Variable(x)


def _variable(y):
    return y if isinstance(y, Variable) else Variable(y)


def _single_number(y):
    y = _variable(y)
    if y.size != 1:
        raise TypeError(
            f"the function gives an array of shape {y.shape}; a gradient needs a single number, "
            "such as its sum"
        )
    return y
