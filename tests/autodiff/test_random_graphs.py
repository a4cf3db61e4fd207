"""Properties of the modes over random functions: graphs of elementary functions, with sharing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwnn import autodiff
from lwnn.autodiff import Variable, flops, grad, hvp, pull, push, variables

SIZE = 4
MATRIX = np.random.default_rng(8).standard_normal((SIZE, SIZE)) / 2

#: All keep values within about ±3, and take complex numbers.
STEPS = {
    "add": lambda a, b: np.sin(a + b),
    "subtract": lambda a, b: np.cos(a - b),
    "multiply": lambda a, b: np.sin(a * b),
    "divide": lambda a, b: a / (3 + np.cos(b)),
    "square": lambda a, b: np.tanh(a) ** 2,
    "power": lambda a, b: (2 + np.sin(a)) ** (np.cos(b) / 2),
    "exp": lambda a, b: np.exp(np.sin(a)),
    "expm1": lambda a, b: np.expm1(np.cos(a)),
    "log": lambda a, b: np.log(2 + np.sin(a)),
    "log1p": lambda a, b: np.log1p(np.exp(np.cos(a))),
    "sqrt": lambda a, b: np.sqrt(2 + np.sin(a)) - b / 2,
    "matmul": lambda a, b: np.tanh(MATRIX @ a),
    "outer": lambda a, b: np.sin(autodiff.sum(a[:, None] * autodiff.reshape(b, (1, SIZE)), axis=1)),
    "gather": lambda a, b: a[[2, 0, 0, 3]] - 0.5 * b,
    "concatenate": lambda a, b: autodiff.concatenate([a[1:], b[:1]]),
    "mean": lambda a, b: a - autodiff.mean(b),
    "transpose": lambda a, b: autodiff.reshape(autodiff.reshape(a, (2, 2)).T, (SIZE,)) * b / 3,
    "softmax": lambda a, b: autodiff.softmax(a) - np.cos(b),
}
COMPLEX = [name for name in STEPS if name != "softmax"]

numbers = st.floats(-2, 2, width=32)
points = st.lists(numbers, min_size=SIZE, max_size=SIZE).map(np.array)


@st.composite
def functions(draw, names=tuple(STEPS)):
    """A function from an array to a number; every step reads any two results before it."""
    steps = draw(
        st.lists(
            st.tuples(st.sampled_from(names), st.integers(0, 99), st.integers(0, 99)),
            min_size=1,
            max_size=10,
        )
    )

    def f(x):
        results = [x]
        for name, first, second in steps:
            results.append(
                STEPS[name](results[-1 - first % len(results)], results[second % len(results)])
            )
        return autodiff.sum(results[-1]) + autodiff.sum(results[len(results) // 2]) / 2

    return f


@settings(max_examples=100, deadline=None)
@given(functions(), points, points)
def test_forward_mode_equals_reverse_mode(f, x, direction):
    inputs = [Variable(x)]
    y = f(*inputs)
    (slope,), (moved,) = pull(y, inputs), push([y], inputs, [direction])
    assert moved == pytest.approx(slope @ direction, rel=1e-10, abs=1e-10)


@settings(max_examples=100, deadline=None)
@given(functions(tuple(COMPLEX)), points)
def test_a_gradient_is_that_of_the_complex_step(f, x):
    assert grad(f)(x) == pytest.approx(autodiff.complex_step(f, x), rel=1e-9, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(functions(), points, points)
def test_a_hessian_vector_product_is_the_difference_of_two_gradients(f, x, direction):
    step = 1e-4
    above, below = (grad(f)(x + sign * step * direction) for sign in (1, -1))
    got = hvp(f, (x,), (direction,))[0]
    assert got == pytest.approx((above - below) / (2 * step), rel=1e-3, abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(functions(), points)
def test_the_order_of_variables_and_what_they_cost(f, x):
    """Parents come first; counted as written, no function is cheaper; reverse mode is bounded."""
    x = Variable(x)
    y = f(x)
    seen = set()
    for variable in variables(y):
        assert all(parent in seen for parent in variable.parents)
        seen.add(variable)
    assert seen >= {x, y} or x not in seen
    assert 0 < flops(y) <= flops(y, reuse=False)
    (slope,) = pull(y, [x], differentiable=True)
    # Baur & Strassen 1983 have at most 3 to 5 times the cost for +, -, ·, /.
    assert flops(slope, given=[y]) <= 6 * flops(y)
