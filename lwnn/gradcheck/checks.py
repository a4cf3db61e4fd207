"""Runs the kernels in use and measures how far each is from its referee."""

import dataclasses

import numpy as np

from lwnn._kernels import variant
from lwnn.autodiff import value_and_grad
from lwnn.differentiable import tensors
from lwnn.gradcheck.problems import Problem
from lwnn.gradcheck.table import KERNELS

#: Least part of the largest gradient of any tensor that a tensor's errors are measured by: what
#: is 0 has no relative error.
_FLOOR = 1e-3


@dataclasses.dataclass(frozen=True)
class Finding:
    """How far a kernel is from its referee in one case.

    Attributes
    ----------
    build : str
        Name of the build of the kernels.
    kernel, case : str
    autodiff : float or None
        Largest relative error of the gradient against autodiff: in each tensor the largest
        difference, divided by the largest gradient. None for a kernel without a gradient.
    differences : float or None
        The same against finite differences of the loss.
    value : float or None
        Largest relative error of the loss, or of the scores.
    bound, autodiff_bound : float
        What none of them may exceed; the second holds for `autodiff`.
    """

    build: str
    kernel: str
    case: str
    autodiff: float | None
    differences: float | None
    value: float | None
    bound: float
    autodiff_bound: float

    @property
    def ok(self):
        """Whether all errors are within their bounds; one that is not a number is not."""
        return all(
            error is None or error <= bound
            for error, bound in (
                (self.autodiff, self.autodiff_bound),
                (self.differences, self.bound),
                (self.value, self.bound),
            )
        )


def check(kernels=KERNELS):
    """Check kernels of the build in use.

    Parameters
    ----------
    kernels : sequence of Kernel
        Entries of the table; by default all.

    Returns
    -------
    list of Finding
        One per kernel and case, in order.
    """
    return [_find(kernel, case) for kernel in kernels for case in kernel.cases]


def _find(kernel, case):
    measure = _gradient_errors if kernel.scores is None else _score_errors
    rows = [
        measure(kernel, Problem(kernel.algo, s, case, kernel.options), s) for s in kernel.shapes
    ]
    errors = {name: _worst(row.get(name) for row in rows) for name in _ERRORS}
    bounds = {"bound": kernel.bound, "autodiff_bound": kernel.autodiff_bound}
    return Finding(variant, kernel.name, _described(case), **errors, **bounds)


def _described(case):
    """``tanh, mse`` or ``not level``; a single layer has no cases."""
    return ", ".join(_word(name, value) for name, value in case.items()) or "single layer"


def _word(name, value):
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return f"{value} {name}"


_ERRORS = ("autodiff", "differences", "value")


def _worst(errors):
    """The largest error; NaN, which is not larger than anything, is the worst."""
    known = [error for error in errors if error is not None]
    return float(np.max(known)) if known else None


def _gradient_errors(kernel, problem, shape):
    got, said = problem.step(kernel.stage)
    loss, start = kernel.loss(problem), problem.start.astype(np.float64)
    value, slope = value_and_grad(loss)(start)
    if kernel.estimate:
        slope = kernel.estimate(problem.network, slope, got)
    errors = {"autodiff": _relative(kernel, problem, got, slope)}
    if shape.differences and kernel.differences:
        errors["differences"] = _relative(kernel, problem, got, kernel.differences(loss, start))
    if kernel.says_loss:
        errors["value"] = abs(said - value) / abs(value)
    return errors


def _relative(kernel, problem, got, want):
    """Largest relative error over the tensors that the kernel moves."""
    got, want = (tensors(problem.network, vector) for vector in (got, want))
    names = [name for name in want if kernel.tensors(name)]
    floor = _FLOOR * max(np.abs(want[name]).max() for name in names)
    return np.max(
        [np.abs(got[n] - want[n]).max() / max(np.abs(want[n]).max(), floor) for n in names]
    )


def _score_errors(kernel, problem, shape):
    got, want = problem.scores(kernel.readout), kernel.scores(problem)
    return {"value": np.abs(got - want).max() / np.abs(want).max()}
