"""Every elementary function of the table, against what values alone say of its derivatives."""

import inspect

import numpy as np
import pytest

from lwnn import autodiff
from lwnn.autodiff import TABLE, central_differences, complex_step, grad, hvp, jvp, pull, vjp
from lwnn.autodiff.table import Elementwise

ELEMENTWISE = [name for name, entry in TABLE.items() if isinstance(entry, Elementwise)]
LINEAR = [name for name in TABLE if name not in ELEMENTWISE]
#: Not smooth, or without a value for complex numbers.
REAL_ONLY = {
    *("absolute", "sigmoid", "softplus", "logaddexp", "relu", "leaky_relu", "step"),
    *("maximum", "minimum"),
}
#: Where logarithms, roots and real powers are defined.
POSITIVE = {"sqrt", "log", "log1p", "power"}
POINTS = np.array([-2.3, -0.7, 0.4, 1.1, 3.6])
OTHERS = np.array([0.9, -1.4, 2.2, 0.3, -0.8])

#: A call of every linear function, at arrays of these shapes.
CALLS = {
    "sum": (lambda x: autodiff.sum(x, axis=1), [(3, 4)]),
    "matmul": (autodiff.matmul, [(3, 4), (4, 2)]),
    "reshape": (lambda x: autodiff.reshape(x, (2, -1)), [(3, 4)]),
    "transpose": (lambda x: autodiff.transpose(x, (2, 0, 1)), [(2, 3, 4)]),
    "broadcast_to": (lambda x: autodiff.broadcast_to(x, (5, 3, 4)), [(3, 1)]),
    "getitem": (lambda x: x[[0, 2, 2], 1:], [(3, 4)]),
    "put_at": (lambda x: autodiff.vjp(lambda z: z[[0, 2, 2]], np.ones(5))[1](x)[0], [(3,)]),
    "concatenate": (lambda a, b: autodiff.concatenate([a, b], axis=1), [(3, 4), (3, 2)]),
}


def arguments_of(name):
    """Points where the function is smooth, one array per argument."""
    count = len(TABLE[name].slopes)
    if name == "where":
        return [np.array([1.0, 0, 1, 0, 0]), POINTS, OTHERS]
    points = [np.abs(POINTS) if name in POSITIVE else POINTS, OTHERS]
    return points[:count]


def of_one(name, k):
    """The sum of the function's values, as a function of argument k alone."""
    arguments = arguments_of(name)

    def total(x):
        changed = [x if n == k else a for n, a in enumerate(arguments)]
        return np.sum(getattr(autodiff, name)(*changed))

    return total, arguments[k]


CASES = [(name, k) for name in ELEMENTWISE for k in range(len(TABLE[name].slopes))]
#: Without the condition of a choice, which has no direction to be moved in.
SMOOTH = [case for case in CASES if case[0] not in REAL_ONLY and case != ("where", 0)]


def test_the_table_is_looked_at():
    assert {"exp", "sqrt", "sigmoid", "relu", "multiply", "power"} <= set(ELEMENTWISE)
    assert set(CALLS) == set(LINEAR)
    assert len(CASES) > len(ELEMENTWISE) > 20


@pytest.mark.parametrize(("name", "k"), CASES)
def test_a_slope_is_that_of_finite_differences(name, k):
    f, x = of_one(name, k)
    assert grad(f)(x) == pytest.approx(central_differences(f, x, 1e-5), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(("name", "k"), SMOOTH)
def test_a_slope_is_that_of_the_complex_step(name, k):
    f, x = of_one(name, k)
    assert grad(f)(x) == pytest.approx(complex_step(f, x), rel=1e-14, abs=1e-15)


@pytest.mark.parametrize(("name", "k"), CASES)
def test_a_second_derivative_is_that_of_finite_differences(name, k):
    f, x = of_one(name, k)
    got = hvp(f, (x,), (np.ones_like(x),))[0]
    want = central_differences(lambda x: grad(f)(x).sum(), x, 1e-5)
    assert got == pytest.approx(want, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("name", LINEAR)
def test_forward_and_reverse_mode_of_a_linear_function_are_adjoint(name):
    """⟨g, J t⟩ = ⟨Jᵀ g, t⟩, for each argument by itself."""
    random = np.random.default_rng(5)
    f, shapes = CALLS[name]
    arguments = [random.standard_normal(shape) for shape in shapes]
    if name == "put_at":
        entry = TABLE[name]
        settings = {"index": [0, 2, 2], "shape": (5,)}
        x, g = arguments[0], random.standard_normal(5)
        got = (entry.adjoint(0, g, x, **settings) * x).sum()
        assert got == pytest.approx((entry.value(x, **settings) * g).sum())
        return
    for k, shape in enumerate(shapes):
        tangents = [np.zeros(shape) for shape in shapes]
        tangents[k] = random.standard_normal(shape)
        value, moved = jvp(f, tuple(arguments), tuple(tangents))
        g = random.standard_normal(value.shape)
        back = vjp(f, *arguments)[1](g)[k]
        assert back.shape == shape
        assert (g * moved).sum() == pytest.approx((back * tangents[k]).sum())
        assert np.abs(moved).max() > 0


@pytest.mark.parametrize("name", [name for name in LINEAR if name != "put_at"])
def test_a_linear_function_has_the_gradient_of_finite_differences(name):
    random = np.random.default_rng(6)
    f, shapes = CALLS[name]
    arguments = [random.standard_normal(shape) for shape in shapes]
    for k in range(len(shapes)):

        def total(x, k=k):
            changed = [x if n == k else a for n, a in enumerate(arguments)]
            return np.sum(np.sin(f(*changed)))

        want = central_differences(total, arguments[k], 1e-5)
        assert grad(total)(arguments[k]) == pytest.approx(want, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_arrays_give_the_same_values_as_variables(name):
    arguments = arguments_of(name)
    function = getattr(autodiff, name)
    recorded = function(autodiff.Variable(arguments[0]), *arguments[1:])
    assert recorded.function == name
    assert np.array_equal(recorded.value, function(*arguments))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_broadcast_arguments_get_cotangents_of_their_own_shape(name):
    """Columns against rows: what was repeated is summed."""
    columns = [np.abs(a[:3]).reshape(3, 1) for a in arguments_of(name)]
    rows = [np.abs(a[:2]) for a in arguments_of(name)]
    arguments = [rows[k] if k % 2 else columns[k] for k in range(len(rows))]
    inputs = [autodiff.Variable(a) for a in arguments]
    y = np.sum(getattr(autodiff, name)(*inputs))
    for k, (got, x) in enumerate(zip(pull(y, inputs), arguments, strict=True)):
        assert got.shape == x.shape
        if name == "where" and k == 0:
            continue

        def total(x, k=k):
            changed = [x if n == k else a for n, a in enumerate(arguments)]
            return np.sum(getattr(autodiff, name)(*changed))

        assert got == pytest.approx(central_differences(total, x, 1e-5), rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("x", [-800.0, -40.0, 0.0, 40.0, 800.0])
def test_far_out_nothing_overflows_and_small_numbers_keep_their_digits(x):
    with np.errstate(over="raise", invalid="raise"):
        assert 0 <= autodiff.sigmoid(x) <= 1
        assert autodiff.softplus(x) >= max(x, 0)
        # The slope of the softplus is the sigmoid.
        assert grad(autodiff.softplus)(x) == pytest.approx(autodiff.sigmoid(x), rel=1e-12)
        assert np.isfinite(grad(autodiff.sigmoid)(x))
    assert autodiff.sigmoid(-40.0) == pytest.approx(np.exp(-40.0), rel=1e-12)


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (autodiff.relu, 0.0, 0.0),
        (autodiff.step, 0.0, 0.0),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: x**1, 0.0, 1.0),
        (lambda x: autodiff.max(x * np.array([1.0, 1.0])), 2.0, 1.0),
        (lambda x: np.maximum(x, x), 2.0, 1.0),
    ],
)
def test_at_a_kink_one_side_is_followed(f, x, slope):
    assert grad(f)(x) == slope


def test_public_functions_say_what_they_are():
    for name in autodiff.__all__:
        value = getattr(autodiff, name)
        if callable(value):
            assert inspect.getdoc(value), name
