"""The kernels are right, and a kernel that is wrong is found out."""

import inspect

import numpy as np
import pytest

from lwnn._kernels import available, kernels, variant
from lwnn.differentiable import FF_LOSSES, activation
from lwnn.gradcheck import check, check_build, referees
from lwnn.gradcheck.table import KERNELS
from lwnn.learning import FORMS, RECURRENT, RULES
from lwnn.learning.forward_forward import LOSSES
from lwnn.network import ACTIVATIONS, ELEMENTS, PAIRS

#: Every kernel that computes gradients or scores.
DOORS = [name for name in dir(kernels) if name.endswith(("_epoch", "_scores"))]


#: The rule that runs a door, where its name does not say so.
RULE_OF = {
    "dense_scores": "bp",
    "bptt_epoch": "bp, recurrent",
    "elman_scores": "bp, recurrent",
    "elman_wp_epoch": "wp, recurrent",
}


@pytest.fixture(scope="module")
def findings():
    return check()


def test_all_kernels_are_within_their_bounds(findings):
    assert findings
    assert [finding for finding in findings if not finding.ok] == []


def test_every_rule_activation_and_cost_is_checked(findings):
    recurrent = {f"{name}, recurrent" for name in RECURRENT}
    assert {kernel.algo for kernel in KERNELS} >= set(RULES) | set(FORMS) | recurrent
    for kernel in ("bp", "wp", *recurrent):
        cases = {finding.case for finding in findings if finding.kernel == kernel}
        steps = ", 3 timesteps" if kernel in recurrent else ""
        assert cases == {f"{a}, {c}, {o}{steps}" for a in ACTIVATIONS for c, o in PAIRS}
    assert {f.case for f in findings if f.kernel == "scores"} == set(ACTIVATIONS)


def test_every_activation_and_cost_has_its_referee():
    for name in ACTIVATIONS:
        assert callable(activation(name)), name
    assert set(referees.COSTS) == set(PAIRS)
    assert set(FF_LOSSES) == set(LOSSES)
    layers = [kernel for kernel in KERNELS if kernel.name == "ff, softplus"]
    assert {case["goodness"] for kernel in layers for case in kernel.cases} == set(ELEMENTS)


def test_bounds_are_tight_enough_to_mean_something(findings):
    """Of the order of float32's rounding; what a perturbation leaves out is beside it."""
    assert all(finding.bound <= 1e-5 for finding in findings)
    for finding in findings:
        assert finding.autodiff_bound <= (1e-4 if "simultaneous" not in finding.kernel else 1e-2)
    gradients = [finding for finding in findings if finding.autodiff is not None]
    assert len(gradients) > len(ACTIVATIONS) * len(PAIRS)
    # A kernel that moved nothing would be as far off as can be, not as near.
    assert all(finding.autodiff > 0 for finding in gradients)
    compared = [finding for finding in gradients if finding.differences is not None]
    assert {finding.kernel for finding in compared} >= {"bp", "wp", "ff, head", "mf"}


@pytest.mark.parametrize("door", DOORS)
def test_a_broken_kernel_is_found_out(monkeypatch, door):
    """What it writes is off by a thirtieth; that of other kernels is not."""
    right = getattr(kernels, door)

    def epoch(params, *arguments):
        before = params.copy()
        loss = right(params, *arguments)
        params[:] = before + (params - before) * 1.03
        return loss

    def scores(*arguments):
        right(*arguments)
        for name, array in zip(inspect.signature(right).parameters, arguments, strict=True):
            if name in ("out", "goodness", "head"):
                np.multiply(array, np.float32(1.03), out=array)

    learns = door.endswith("_epoch")
    monkeypatch.setattr(kernels, door, epoch if learns else scores)
    algo = RULE_OF.get(door, door.partition("_")[0])
    touched = [kernel for kernel in KERNELS if kernel.algo == algo]
    wrong = {finding.kernel for finding in check(touched) if not finding.ok}
    moved = {kernel.name for kernel in touched if (kernel.scores is None) == learns}
    assert wrong <= moved
    assert wrong
    if door not in ("un_epoch", "un_head_epoch"):
        # Those two share the rule's kernels between them.
        assert wrong == moved


def test_a_wrong_loss_is_found_out(monkeypatch):
    right = kernels.bp_epoch
    monkeypatch.setattr(kernels, "bp_epoch", lambda *arguments: right(*arguments) * 1.0001)
    bp = [kernel for kernel in KERNELS if kernel.name == "bp"]
    wrong = [finding for finding in check(bp) if not finding.ok]
    assert {finding.kernel for finding in wrong} == {"bp"}
    assert all(finding.value > 9e-5 and finding.autodiff < 1e-5 for finding in wrong)


def test_another_build_is_checked_in_a_process_of_its_own(monkeypatch):
    other = next(name for name in available() if name != variant)
    # What is broken here is not broken there.
    monkeypatch.setattr(kernels, "bp_epoch", lambda *arguments: 0.0)
    monkeypatch.setenv("LWNN_KERNELS", variant)
    found = check_build(other)
    assert len(found) == sum(len(kernel.cases) for kernel in KERNELS)
    assert {finding.build for finding in found} == {other}
    assert all(finding.ok for finding in found)
