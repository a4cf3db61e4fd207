"""Every kernel has its slow twin, with the same name and the same arguments."""

import inspect

import pytest

from lwnn._kernels import VARIANTS, available, choose, load, reference
from lwnn.errors import MissingToolError, UsageError

#: A question about the processor, not a kernel.
NOT_KERNELS = {"processor_has"}


def public_functions(module):
    """Name to parameter names of what a build offers."""
    return {
        name: list(inspect.signature(value).parameters)
        for name, value in vars(module).items()
        if not name.startswith("_")
        and name not in NOT_KERNELS
        and callable(value)
        and str(getattr(value, "__module__", "")).startswith("lwnn._kernels")
    }


def test_the_plain_build_is_always_there():
    assert available()[:2] == ["reference", "baseline"]
    assert set(available()) <= set(VARIANTS)


def test_both_sides_have_the_same_functions_with_the_same_arguments(kernels):
    compiled, slow = public_functions(kernels), public_functions(reference)
    assert {"bp_epoch", "dense_scores", "ff_epoch", "ff_scores", "wp_epoch"} <= set(compiled)
    assert compiled == slow


def test_every_kernel_that_computes_says_what_it_takes(kernels):
    names = [name for name in public_functions(kernels) if name.endswith(("_epoch", "_scores"))]
    assert names
    for name in names:
        assert "Parameters\n" in inspect.getdoc(getattr(kernels, name)), name


def test_builds_are_compiled_for_what_they_are_named_after():
    widths = {name: load(name).width() for name in available()}
    expected = {"reference": 1, "baseline": 4, "avx2": 8, "avx512": 16, "avx512vnni": 16}
    assert widths == {name: expected[name] for name in widths}


def test_an_unknown_build_is_refused_with_those_to_be_had():
    with pytest.raises(UsageError, match=r"LWNN_KERNELS=fast: .*choose from reference, baseline"):
        load("fast")


def test_the_best_build_is_chosen_unless_another_is_wanted():
    assert choose(["reference", "baseline", "avx2"]) == "avx2"
    assert choose(["reference", "baseline", "avx2"], "baseline") == "baseline"


def test_the_slow_reference_is_used_only_when_asked_for():
    assert choose(["reference"], "reference") == "reference"
    with pytest.raises(MissingToolError, match="pip install -e"):
        choose(["reference"])
