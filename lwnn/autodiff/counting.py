"""How many floating-point operations a computation takes."""

from lwnn.autodiff.table import TABLE
from lwnn.autodiff.variable import variables


def flops(*outputs, given=(), reuse=True):
    """Floating-point operations that the outputs take.

    An elementary function such as exp or a square root counts as one, a sigmoid as the four it is
    made of, a product of matrices as its multiplications and additions; moving numbers is free.

    Parameters
    ----------
    *outputs : Variable
    given : sequence of Variable
        What is known already, with all that it was computed from.
    reuse : bool
        Count every intermediate variable once, as it is computed; else as often as it occurs when
        the formula is written out.

    Returns
    -------
    int

    Examples
    --------
    The function f(x) = √(x² + exp(x²)) takes five operations as it is written, and four when x²
    is computed once:

    >>> import numpy as np
    >>> from lwnn.autodiff import Variable
    >>> x = Variable(1.5)
    >>> a = x * x
    >>> b = np.exp(a)
    >>> f = np.sqrt(a + b)
    >>> flops(f, reuse=False), flops(f)
    (5, 4)

    Its derivative takes ten as it is written, and five with a and b known:

    >>> flops(x * (1 + np.exp(x * x)) / np.sqrt(x * x + np.exp(x * x)), reuse=False)
    10
    >>> flops(x * (1 + b) / np.sqrt(a + b), given=[b])
    5
    """
    known = {variable.number for variable in variables(*given)}
    counts = {}
    for variable in variables(*outputs):
        own = 0 if variable.number in known else _own(variable)
        if not reuse:
            own += sum(counts[parent.number] for parent in variable.parents)
        counts[variable.number] = own
    if reuse:
        return sum(counts.values())
    return sum(counts[output.number] for output in outputs)


def _own(variable):
    if variable.function is None:
        return 0
    entry = TABLE[variable.function]
    return entry.count(variable, *variable.arguments, **variable.settings)
