"""All kernels that are checked: one entry each."""

import dataclasses
from collections.abc import Callable

import numpy as np

from lwnn.autodiff import central_differences
from lwnn.differentiable import FF_LOSSES, output_scores, tensors
from lwnn.gradcheck import referees
from lwnn.gradcheck.problems import Shape
from lwnn.network import ACTIVATIONS, PAIRS

#: The first of each goes through the kernels for few rows and is checked by differences as well;
#: the second fills the register tiles and leaves a remainder in every direction.
DENSE = (Shape(3, 5, (6, 4), 3, differences=True), Shape(37, 11, (30, 21), 7))
FORWARD = (Shape(3, 5, (7, 6), 3, differences=True), Shape(37, 11, (30, 21), 7))
#: Of three steps.
SEQUENCES = (Shape(3, 6, (5, 4), 3, differences=True), Shape(37, 33, (30, 21), 7))
#: The perceptron rule takes one row at a time, in a single layer.
SINGLE = (Shape(1, 5, (), 3, differences=True), Shape(1, 37, (), 7))
#: Relative errors that float32 explains, with room: a few units of its last place.
ROUNDING = 5e-6
#: How far `wp` moves what it moves one way, and the error against the gradient that this explains.
ONE_WAY, ONE_WAY_BOUND = 1e-5, 1e-4
#: The same on both sides, where the error is of second order.
BOTH_WAYS, BOTH_WAYS_BOUND = 1e-3, 1e-5
#: And where whole costs are subtracted, in float32.
WHOLE_COSTS, WHOLE_COSTS_BOUND = 3e-3, 1e-2


def forward_differences(f, x):
    """What perturbation estimates: (f(x + δ) - f(x)) / δ for one number after the other."""
    start, moved = f(x), x.copy()
    slope = x.copy()
    for n in range(x.size):
        moved[n] = x[n] + ONE_WAY
        slope[n] = (f(moved) - start) / ONE_WAY
        moved[n] = x[n]
    return slope


def wide_differences(f, x):
    """The same on both sides."""
    return central_differences(f, x, BOTH_WAYS)


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A kernel and its referee.

    Parameters
    ----------
    name : str
        As the table that people read has it.
    algo : str
        The rule that runs the kernel, in `lwnn.learning.RULES`.
    cases : tuple of dict
        What `Network` takes beside sizes, names or booleans, one dict per case.
    shapes : tuple of Shape
    loss : callable, optional
        ``loss(problem)`` gives the loss as a function of the parameter vector.
    scores : callable, optional
        ``scores(problem)`` gives the scores, for a kernel that has no gradient.
    readout : str
        For scores: how the net is read.
    options : dict
        What the rule takes beside the usual.
    tensors : callable
        Which parameters, by name, this kernel moves.
    says_loss : bool
        Whether the rule's loss is that of this kernel.
    differences : callable, optional
        ``differences(f, x)``: the gradient from values of the loss alone.
    estimate : callable, optional
        ``estimate(network, slope, got)``: what a kernel computes in place of the gradient, as far
        as the signs of what it did compute tell.
    stage : int
        Of training, for a rule that learns in several.
    bound, autodiff_bound : float
        Largest relative error allowed; the second against autodiff's gradient, where the kernel
        estimates a gradient rather than computes it.
    """

    name: str
    algo: str
    cases: tuple[dict, ...]
    shapes: tuple[Shape, ...]
    loss: Callable | None = None
    scores: Callable | None = None
    readout: str = "output"
    options: dict = dataclasses.field(default_factory=dict)
    tensors: Callable = lambda name: True
    says_loss: bool = True
    differences: Callable | None = central_differences
    estimate: Callable | None = None
    stage: int = 0
    bound: float = ROUNDING
    autodiff_bound: float = ROUNDING


def _of_layers(name):
    return not name.startswith("head.")


def _of_head(name):
    return name.startswith("head.")


def _scores(problem):
    held = tensors(problem.network, problem.start.astype(np.float64))
    return output_scores(problem.network, held, problem.x)


_ACTIVATIONS = tuple({"activation": name} for name in ACTIVATIONS)
_DENSE_CASES = tuple(
    {**case, "cost": cost, "output": output} for cost, output in PAIRS for case in _ACTIVATIONS
)
#: For what a kernel of many activations and costs does in further ways; smooth, as it moves far.
_SOME_CASES = tuple(
    {"activation": activation, "cost": cost, "output": output}
    for activation, (cost, output) in zip(("tanh", "sigmoid") * 2, PAIRS, strict=True)
)
_FF_CASES = (
    *({"goodness": "squares", "level": level} for level in (True, False)),
    {"goodness": "absolute"},
    *({"goodness": "squares", "embed": "overwrite", "level": level} for level in (True, False)),
)
_LEVELS = ({"level": True}, {"level": False})


def _over_time(cases):
    """The same for nets that read sequences."""
    return tuple({**case, "timesteps": 3} for case in cases)


def _by_gradient(bp, wp, shapes, cases, some):
    """Backprop and perturbation in every form, under the names of their rules."""

    def perturbed(name, cases, moved, **more):
        return Kernel(*(name, wp, cases, shapes), loss=referees.output_loss, options=moved, **more)

    one_way = {"autodiff_bound": ONE_WAY_BOUND}
    return (
        Kernel(bp, bp, cases, shapes, loss=referees.output_loss),
        perturbed(wp, cases, {"delta": ONE_WAY}, differences=forward_differences, **one_way),
        perturbed(
            *(f"{wp}, central", some, {"delta": BOTH_WAYS, "differences": "central"}),
            differences=wide_differences,
            autodiff_bound=BOTH_WAYS_BOUND,
        ),
        perturbed(
            *(f"{wp}, node", some, {"delta": ONE_WAY, "perturb": "node"}),
            differences=None,
            **one_way,
        ),
        perturbed(
            *(f"{wp}, fan-in", some, {"delta": ONE_WAY, "perturb": "fan-in"}),
            differences=None,
            estimate=referees.along_fans,
            **one_way,
        ),
        perturbed(
            *(f"{wp}, simultaneous", some),
            {"delta": WHOLE_COSTS, "differences": "central", "perturb": "simultaneous"},
            differences=None,
            estimate=referees.along_signs,
            autodiff_bound=WHOLE_COSTS_BOUND,
        ),
    )


KERNELS = (
    *_by_gradient("bp", "wp", DENSE, _DENSE_CASES, _SOME_CASES),
    *_by_gradient(
        *("bp, recurrent", "wp, recurrent", SEQUENCES),
        *(_over_time(cases) for cases in (_DENSE_CASES, _SOME_CASES)),
    ),
    *(
        Kernel(
            *(f"ff, {name}", "ff", _FF_CASES, FORWARD),
            loss=referees.ff_loss(name),
            options={"loss": name},
            tensors=_of_layers,
        )
        for name in FF_LOSSES
    ),
    Kernel(
        *("ff, hard negatives", "ff", _FF_CASES[:1], FORWARD),
        loss=referees.ff_loss("softplus"),
        options={"negatives": "hard"},
        tensors=_of_layers,
    ),
    Kernel(
        *("ff, head", "ff", _FF_CASES, FORWARD),
        loss=referees.head_loss,
        tensors=_of_head,
        says_loss=False,
    ),
    Kernel("scores", "bp", _ACTIVATIONS, DENSE, scores=_scores),
    Kernel(
        *("scores, recurrent", "bp, recurrent", _over_time(_ACTIVATIONS), SEQUENCES),
        scores=_scores,
    ),
    Kernel(
        *("ff scores, goodness", "ff", _FF_CASES, FORWARD),
        scores=referees.goodness_scores,
        readout="goodness",
    ),
    Kernel(
        *("ff scores, head", "ff", _FF_CASES, FORWARD),
        scores=referees.head_scores,
        readout="head",
    ),
    Kernel("mf", "mf", _LEVELS, FORWARD, loss=referees.mf_loss),
    Kernel("ff, hybrids", "un", _LEVELS, FORWARD, loss=referees.un_loss, tensors=_of_layers),
    Kernel(
        *("ff, hybrids' head", "un", _LEVELS, FORWARD),
        loss=referees.un_head_loss,
        tensors=_of_head,
        stage=1,
    ),
    Kernel(
        *("ff scores, hybrids' head", "un", _LEVELS, FORWARD),
        scores=referees.un_scores,
        readout="head",
    ),
    Kernel("ff, top-down", "td", _LEVELS, FORWARD, loss=referees.td_loss, tensors=_of_layers),
    Kernel(
        *("ff, top-down, head", "td", _LEVELS, FORWARD),
        loss=referees.td_head_loss,
        tensors=_of_head,
        says_loss=False,
    ),
    Kernel(
        *("ff scores, top-down", "td", _LEVELS, FORWARD),
        scores=referees.td_goodness_scores,
        readout="goodness",
    ),
    Kernel(
        *("ff scores, top-down head", "td", _LEVELS, FORWARD),
        scores=referees.td_head_scores,
        readout="head",
    ),
    Kernel("perceptron", "perceptron", ({},), SINGLE, loss=referees.perceptron_loss),
    *(
        Kernel(f"mf scores, {name}", "mf", _LEVELS, FORWARD, scores=scores, readout=name)
        for name, scores in (("last", referees.mf_last), ("sum", referees.mf_sum))
    ),
)
