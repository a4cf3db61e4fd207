"""Reverse mode, forward mode, and forward over reverse.

Reverse mode goes from the last variable to the first and gives every x_i its cotangent

    df/dx_i = sum over the x_j that x_i is a parent of:  df/dx_j · dg_j/dx_i,

forward mode goes from the first to the last and gives every x_j its tangent, the sum over its
parents x_i of dg_j/dx_i · ẋ_i. (Baydin et al. 2018, Automatic differentiation in machine
learning: a survey, Journal of Machine Learning Research 18.)
"""

import numpy as np

from lwnn.autodiff.table import TABLE, Elementwise, sum_to
from lwnn.autodiff.variable import Variable, apply, variables


def pull(output, inputs, seed=None, *, differentiable=False):
    """Reverse mode: from a cotangent of the output to those of the inputs.

    Parameters
    ----------
    output : Variable
    inputs : sequence of Variable
        Need not be inputs of the function; intermediate variables do as well.
    seed : array_like, optional
        Cotangent of the output, of its shape; default 1 for every number.
    differentiable : bool
        Whether to give variables, which can be differentiated again, instead of arrays.

    Returns
    -------
    list of ndarray or Variable
        One per input, of its shape.

    Examples
    --------
    >>> x = Variable(3.0)
    >>> pull(x * x, [x])
    [array(6.)]
    """
    path = variables(output)
    wanted = _depending(path, inputs)
    seed = np.ones(output.shape) if seed is None else np.asarray(seed, np.float64)
    cotangents = {output.number: np.broadcast_to(seed, output.shape)}
    for variable in reversed(path):
        if variable.number in wanted and variable.number in cotangents:
            g = cotangents[variable.number]
            for k, parent in enumerate(variable.arguments):
                if isinstance(parent, Variable) and parent.number in wanted:
                    part = _pulled(variable, k, g, differentiable)
                    if part is not None:
                        _accumulate(cotangents, parent.number, part)
    return [_finished(cotangents.get(x.number), x.shape, differentiable) for x in inputs]


def push(outputs, inputs, tangents, *, differentiable=False):
    """Forward mode: from tangents of the inputs to those of the outputs.

    Parameters
    ----------
    outputs, inputs : sequence of Variable
    tangents : sequence of array_like
        One per input, of its shape. An intermediate variable among the inputs keeps the one that
        it is given.
    differentiable : bool
        As of `pull`.

    Returns
    -------
    list of ndarray or Variable
        One per output, of its shape.

    Examples
    --------
    >>> x = Variable(3.0)
    >>> push([x * x, x + 1], [x], [10.0])
    [array(60.), array(10.)]
    """
    moved = {}
    for x, tangent in zip(inputs, tangents, strict=True):
        if np.shape(tangent) != x.shape:
            raise ValueError(
                f"a tangent of shape {np.shape(tangent)} for an input of shape {x.shape}"
            )
        moved[x.number] = tangent if isinstance(tangent, Variable) else np.array(tangent, float)
    given = set(moved)
    for variable in variables(*outputs):
        if variable.number in given:
            continue
        for k, parent in enumerate(variable.arguments):
            if isinstance(parent, Variable) and parent.number in moved:
                part = _pushed(variable, k, moved[parent.number], differentiable)
                if part is not None:
                    _accumulate(moved, variable.number, part)
    return [_finished(moved.get(y.number), y.shape, differentiable) for y in outputs]


# ---------------------------------------------------------------- one step


def _known(variable, differentiable):
    """The result and the arguments of an elementary function, as variables or as values."""
    if differentiable:
        return variable, variable.arguments
    plain = (a.value if isinstance(a, Variable) else a for a in variable.arguments)
    return variable.value, tuple(plain)


def _pulled(variable, k, g, differentiable):
    """What the cotangent `g` of a variable means for its argument k; None for nothing."""
    entry = TABLE[variable.function]
    y, arguments = _known(variable, differentiable)
    if isinstance(entry, Elementwise):
        part = _times(g, entry.slopes[k], y, arguments)
        return None if part is None else sum_to(part, arguments[k].shape)
    return entry.adjoint(k, g, *arguments, **variable.settings)


def _pushed(variable, k, tangent, differentiable):
    """What the tangent of argument k means for a variable; None for nothing."""
    entry = TABLE[variable.function]
    y, arguments = _known(variable, differentiable)
    if isinstance(entry, Elementwise):
        part = _times(tangent, entry.slopes[k], y, arguments)
        return None if part is None else np.broadcast_to(part, variable.shape)
    others = [np.zeros(a.shape) for a in arguments] if entry.jointly else list(arguments)
    others[k] = tangent
    return apply(variable.function, *others, **variable.settings)


def _times(g, slope, y, arguments):
    """`g` times the slope; what is multiplied by 1 costs nothing."""
    if not callable(slope):
        return None if slope == 0 else g if slope == 1 else -g
    slope = slope(y, *arguments)
    if not isinstance(slope, Variable):
        # Comparisons give booleans, whose sum would not be a number.
        slope = np.asarray(slope, np.float64)
    is_one = not isinstance(g, Variable) and g.size == 1 and g.item() == 1
    return np.reshape(slope, g.shape) if is_one and np.size(y) == 1 else g * slope


# ---------------------------------------------------------------- sums


def _depending(path, inputs):
    """Numbers of the inputs and of all variables of the path that depend on them."""
    wanted = {x.number for x in inputs}
    for variable in path:
        if any(parent.number in wanted for parent in variable.parents):
            wanted.add(variable.number)
    return wanted


def _accumulate(sums, number, part):
    sums[number] = sums[number] + part if number in sums else part


def _finished(found, shape, differentiable):
    if found is None:
        found = np.zeros(shape)
    if differentiable:
        return found if isinstance(found, Variable) else Variable(found)
    return np.array(found)
