"""Automatic differentiation over NumPy arrays, in float64: the referee of the kernels.

Forward and reverse mode, and Hessian-vector products by forward over reverse. A function is
written with operators, NumPy's functions and those of this package; `grad`, `jvp` and `hvp`
differentiate it. Underneath, a `Variable` knows its parents, and one table, `TABLE`, holds the
elementary functions with their derivatives.

>>> import numpy as np
>>> from lwnn import autodiff
>>> f = lambda x: np.sqrt(x**2 + np.exp(x**2))
>>> autodiff.grad(f)(1.0)
array(1.92828...)

It is meant to be right and readable, not fast.
"""

from lwnn.autodiff import functions
from lwnn.autodiff.calls import grad, hvp, jvp, value_and_grad, vjp
from lwnn.autodiff.counting import flops
from lwnn.autodiff.differences import central_differences, complex_step
from lwnn.autodiff.functions import *  # noqa: F403
from lwnn.autodiff.modes import pull, push
from lwnn.autodiff.table import TABLE
from lwnn.autodiff.variable import Variable, variables

__all__ = ["TABLE", "Variable", "central_differences", "complex_step", "flops", "grad", "hvp"]
__all__ += ["jvp", "pull", "push", "value_and_grad", "variables", "vjp"]
__all__ += functions.__all__
