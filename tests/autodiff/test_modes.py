"""What the derivatives of whole functions promise, the refusals included."""

import numpy as np
import pytest

from lwnn import autodiff
from lwnn.autodiff import (
    Variable,
    central_differences,
    grad,
    hvp,
    jvp,
    pull,
    push,
    value_and_grad,
    vjp,
)

RANDOM = np.random.default_rng(4)
W, V, X = (RANDOM.standard_normal(shape) for shape in [(4, 3), (2, 4), (5, 3)])
Y = np.array([0, 1, 1, 0, 1])


def net(w, v):
    """Cross-entropy of a small net, with whatever a net needs."""
    hidden = np.tanh(X @ np.transpose(w) + 0.1)
    hidden = hidden / np.sqrt(np.mean(hidden**2, axis=1, keepdims=True))
    scores = autodiff.concatenate([hidden @ v.T, autodiff.max(hidden, axis=1, keepdims=True)], 1)
    return -autodiff.mean(autodiff.log_softmax(scores)[np.arange(5), Y]) + 0.1 * (w * w).sum()


def test_a_net_has_the_gradient_of_finite_differences():
    value, (dw, dv) = value_and_grad(net, argnums=(0, 1))(W, V)
    assert value == net(W, V)
    assert dw == pytest.approx(central_differences(lambda w: net(w, V), W), rel=1e-6, abs=1e-8)
    assert dv == pytest.approx(central_differences(lambda v: net(W, v), V), rel=1e-6, abs=1e-8)


def test_a_net_has_the_hessian_vector_product_of_differences_of_its_gradient():
    direction = (RANDOM.standard_normal(W.shape), RANDOM.standard_normal(V.shape))

    def slopes(t):
        return np.concatenate(
            [g.ravel() for g in grad(net, (0, 1))(W + t * direction[0], V + t * direction[1])]
        )

    got = np.concatenate([h.ravel() for h in hvp(net, (W, V), direction)])
    assert got == pytest.approx((slopes(1e-5) - slopes(-1e-5)) / 2e-5, rel=1e-6, abs=1e-8)


def test_hessian_vector_products_make_a_symmetric_hessian():
    columns = [hvp(net, (W, V), (e.reshape(4, 3), np.zeros_like(V)))[0] for e in np.eye(12)]
    hessian = np.reshape(columns, (12, 12))
    assert hessian == pytest.approx(hessian.T, abs=1e-12)
    assert np.abs(hessian).max() > 0.1


def test_a_gradient_within_a_function_is_differentiated_too():
    """And what an inner function closes over is constant to the inner gradient."""
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(5.0) == 1
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(5.0) == 10
    assert grad(lambda x: jvp(lambda y: x * y**2, (x,), (1.0,))[1])(5.0) == 20
    assert grad(grad(grad(lambda x: x**4)))(2.0) == pytest.approx(48)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 0)])
def test_derivatives_have_the_shape_of_their_arguments(shape):
    x = np.ones(shape)
    value, slope = value_and_grad(lambda x: np.sum(x * x))(x)
    assert isinstance(value, float)
    assert slope.shape == shape
    assert slope.dtype == np.float64


def test_arguments_are_float64_whatever_they_were():
    assert grad(lambda x: x**2)(3).dtype == np.float64
    assert grad(lambda x: np.sum(x) ** 2)(np.ones(3, np.float32)).dtype == np.float64


def test_what_the_value_does_not_depend_on_has_derivative_0():
    assert grad(lambda x: 3.0)(1.0) == 0
    assert grad(lambda x, y: x, argnums=1)(1.0, np.ones(3)).tolist() == [0, 0, 0]
    assert jvp(lambda x: 3.0, (1.0,), (1.0,))[1] == 0
    assert hvp(lambda x: 2 * x, (1.0,), (1.0,))[0] == 0
    assert grad(lambda x: x * autodiff.stop_gradient(x))(3.0) == 3


def test_a_result_can_be_written_to():
    """It is the caller's, not a view of what was repeated."""
    slope = grad(np.sum)(np.ones(3))
    slope[0] = 7
    assert slope.tolist() == [7, 1, 1]


def test_a_variable_used_twice_has_the_sum_of_both():
    x = Variable(3.0)
    y = np.sin(x)
    assert pull(y * y + x, [x])[0] == pytest.approx(np.sin(6.0) + 1)


def test_derivatives_of_intermediate_variables_and_along_them():
    x = Variable(2.0)
    a = x**2
    y = a * x
    assert [g.item() for g in pull(y, [x, a])] == [12, 2]
    # Held at a tangent of its own, an intermediate variable counts as an input.
    assert push([y], [a], [1.0])[0] == 2
    assert push([y], [x, a], [1.0, 0.0])[0] == 4


def test_long_chains_do_not_end_in_a_recursion_error():
    x = y = Variable(1.0)
    for _ in range(5000):
        y = y + 1.0
    assert pull(y, [x])[0] == push([y], [x], [1.0])[0] == 1


def test_a_cotangent_chooses_a_row_of_the_jacobian():
    jacobian = [vjp(lambda x: W @ x, X[0])[1](row)[0] for row in np.eye(4)]
    assert np.allclose(jacobian, W)


@pytest.mark.parametrize(
    ("a", "b"),
    [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((4, 2, 3), (3, 2)), ((3,), (4, 3, 2))],
)
def test_products_follow_numpy_in_shape_and_have_their_gradients(a, b):
    a, b = RANDOM.standard_normal(a), RANDOM.standard_normal(b)
    assert (Variable(a) @ b).value == pytest.approx(a @ b)
    assert (a @ Variable(b)).shape == (a @ b).shape

    def of_a(a):
        return np.sum(np.sin(a @ b))

    def of_b(b):
        return np.sum(np.sin(a @ b))

    assert grad(of_a)(a) == pytest.approx(central_differences(of_a, a), rel=1e-6, abs=1e-8)
    assert grad(of_b)(b) == pytest.approx(central_differences(of_b, b), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("name", ["sum", "mean", "max"])
def test_reductions_are_numpys_by_function_and_by_method(name, axis, keepdims):
    settings = {"axis": axis, "keepdims": keepdims}
    want = getattr(np, name)(X, **settings)
    for got in (
        getattr(np, name)(Variable(X), **settings),
        getattr(Variable(X), name)(**settings),
        getattr(autodiff, name)(Variable(X), **settings),
    ):
        assert got.shape == want.shape
        assert got.value == pytest.approx(want)
    assert getattr(autodiff, name)(X, **settings) == pytest.approx(want)

    def total(x):
        return np.sum(getattr(autodiff, name)(x, **settings) ** 2)

    assert grad(total)(X) == pytest.approx(central_differences(total, X), rel=1e-6, abs=1e-8)


def test_log_sum_exp_does_not_overflow_and_its_gradient_is_the_softmax():
    z = np.array([[1000.0, 1001, 999], [-1000, -1000, -1000]])
    slope = grad(lambda z: np.sum(autodiff.logsumexp(z, axis=1)))(z)
    assert slope == pytest.approx(autodiff.softmax(z))
    assert slope.sum(axis=1) == pytest.approx([1, 1])
    assert autodiff.logsumexp(z) == pytest.approx(1001 + np.log1p(np.exp(-1) + np.exp(-2)))


def test_what_is_not_a_single_number_has_no_gradient():
    with pytest.raises(TypeError, match=r"shape \(3,\); a gradient needs a single number"):
        grad(lambda x: x * 2)(np.ones(3))


def test_a_tangent_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"tangent of shape \(2,\) for an input of shape \(3,\)"):
        jvp(np.sin, (np.ones(3),), (np.ones(2),))


@pytest.mark.parametrize("lose", [np.asarray, float, np.median, np.arctan, np.add.reduce])
def test_nothing_loses_derivatives_in_silence(lose):
    with pytest.raises(TypeError):
        lose(Variable([1.0, 2.0]))


def test_adding_in_place_makes_a_new_variable():
    x = y = Variable([1.0, 2.0])
    y += 1
    y *= y
    assert (x.value.tolist(), y.value.tolist()) == ([1, 2], [4, 9])
    assert pull(y, [x])[0].tolist() == [4, 6]
    array = np.ones(2)
    with pytest.raises(TypeError):
        array += x


def test_comparisons_are_of_values():
    x = Variable([1.0, -1.0])
    assert (x > 0).tolist() == [True, False]
    assert grad(lambda x: x * 2 if x > 0 else x * 3)(-1.0) == 3
