"""The two examples with which automatic differentiation is taught, and what they cost."""

import numpy as np
import pytest

from lwnn.autodiff import Variable, central_differences, flops, grad, hvp, pull, push, variables


def f(x):
    """√(x² + exp(x²))."""
    return np.sqrt(x**2 + np.exp(x**2))


def slope(x):
    """df/dx as the chain rule gives it, simplified."""
    return x * (1 + np.exp(x**2)) / f(x)


def intermediates(x):
    """The same function by its intermediate variables a, b, c, d."""
    a = x**2
    b = np.exp(a)
    c = a + b
    return a, b, c, np.sqrt(c)


X = 1.3


def test_both_modes_give_the_derivative():
    x = Variable(X)
    y = f(x)
    assert y.value == pytest.approx(f(X))
    assert pull(y, [x])[0] == pytest.approx(slope(X), rel=1e-15)
    assert push([y], [x], [1.0])[0] == pytest.approx(slope(X), rel=1e-15)


def test_every_variable_has_its_function_and_its_parents():
    x = Variable(X)
    a, b, c, d = intermediates(x)
    assert variables(d) == [x, a, b, c, d]
    assert [v.function for v in (x, a, b, c, d)] == [None, "square", "exp", "add", "sqrt"]
    assert (x.parents, a.parents, b.parents, c.parents, d.parents) == ((), (x,), (a,), (a, b), (c,))


def test_every_intermediate_variable_has_its_derivative():
    a, b, c, d = intermediates(Variable(X))
    dd, dc, db, da = pull(d, [d, c, b, a])
    root = np.sqrt(c.value)
    assert dd == 1
    assert dc == pytest.approx(1 / (2 * root), rel=1e-15)
    assert db == pytest.approx(1 / (2 * root), rel=1e-15)
    assert da == pytest.approx((1 + np.exp(a.value)) / (2 * root), rel=1e-15)


def test_the_function_takes_5_flops_as_written_and_4_with_its_square_computed_once():
    x = Variable(X)
    assert flops(f(x), reuse=False) == 5
    assert flops(intermediates(x)[-1], reuse=False) == 5
    assert flops(intermediates(x)[-1]) == 4


def test_the_derivative_takes_10_flops_as_written():
    assert flops(slope(Variable(X)), reuse=False) == 10


def test_the_derivative_takes_5_flops_with_a_and_b_and_3_with_the_value_too():
    x = Variable(X)
    a, b, _, d = intermediates(x)
    for formula, count in ((x * (1 + b) / np.sqrt(a + b), 5), (x * (1 + b) / d, 3)):
        assert flops(formula, given=[d]) == flops(formula, given=[d], reuse=False) == count
        assert formula.value == pytest.approx(slope(X), rel=1e-15)


def test_reverse_mode_takes_5_flops_beside_those_of_the_value():
    x = Variable(X)
    d = intermediates(x)[-1]
    (derivative,) = pull(d, [x], differentiable=True)
    assert derivative.value == pytest.approx(slope(X), rel=1e-15)
    assert flops(derivative, given=[d]) == 5
    assert flops(d, derivative) == 9


def test_the_second_derivative():
    want = central_differences(slope, X, 1e-6)
    assert hvp(f, (X,), (1.0,))[0] == pytest.approx(want, rel=1e-8)
    assert grad(grad(f))(X) == pytest.approx(want, rel=1e-8)


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_a_net_with_one_weight_a_layer(depth):
    """C = ½ (t - y)², y = w_L ⋯ w_1 x: dC/dw_l = -(t - y) x times the other weights."""
    x, t = 0.7, 1.9
    w = np.array([0.5, -1.2, 0.8, 1.5, -0.4])[:depth]

    def cost(*weights):
        a = x
        for weight in weights:
            a = weight * a
        return (t - a) ** 2 / 2

    got = grad(cost, argnums=tuple(range(depth)))(*w)
    want = [-(t - w.prod() * x) * x * np.delete(w, layer).prod() for layer in range(depth)]
    assert got == pytest.approx(want, rel=1e-14)


def test_products_of_matrices_count_multiplications_and_additions():
    w, x = Variable(np.ones((3, 5))), np.ones((5, 7))
    assert flops(w @ x) == 3 * 7 * (5 + 4)
    assert flops((w @ x).sum()) == 3 * 7 * 9 + 20
    assert flops(w.T, w[1:], w.reshape(5, 3)) == 0
