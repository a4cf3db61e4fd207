"""Numbers as targets: one linear output under squared error."""

import dataclasses

import numpy as np
import pytest
from kernel_problems import (
    assert_close,
    assert_same_steps,
    gradient,
    learn,
    make_problem,
    numeric_gradient,
)

from lwnn._kernels import reference
from lwnn.learning.optimizers import OPTIMIZERS
from lwnn.network import ACTIVATIONS


@pytest.fixture(params=["bp", "wp"])
def algo(request):
    return request.param


def some_problem(hidden=(6, 5), rows=11, batch=11, activation="tanh"):
    """Like a problem of classes, but every row has a value."""
    net = {"classes": 1, "cost": "mse", "activation": activation}
    problem = make_problem("dense", hidden, rows=rows, batch=batch, **net)
    values = np.random.default_rng(4).standard_normal(rows).astype(np.float32)
    return dataclasses.replace(problem, y=values)


def mean_cost(problem, views):
    a = problem.scaled()
    for name, _, _ in problem.network.layers:
        a = a @ views[f"{name}.weight"].T + views[f"{name}.bias"]
        a = a if name == "output" else np.tanh(a)
    return 0.5 * ((a[:, 0] - problem.y) ** 2).mean()


@pytest.mark.parametrize("hidden", [(), (6,), (6, 5)], ids=len)
def test_a_step_goes_down_the_gradient_of_the_cost(kernels, hidden):
    problem = some_problem(hidden)
    vector = problem.start.astype(np.float64)
    views = problem.views(vector)
    slope = numeric_gradient(lambda: mean_cost(problem, views), vector)
    assert_close(gradient(kernels, "bp", problem), slope, 1e-5)
    assert_close(gradient(kernels, "wp", problem, delta=1e-4), slope, 1e-3)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch", [3, 9], ids=["few", "many"])
def test_an_epoch_matches_the_twin(kernels, algo, optimizer, activation, batch):
    problem = some_problem(rows=24, batch=batch, activation=activation)
    options = {"optimizer": optimizer, "rate": 0.02, "epsilon": 0.1}
    got, want = (learn(build, algo, problem, **options) for build in (kernels, reference))
    assert_same_steps(problem, got.params, want.params, 1e-3)
    assert_close(got.losses, want.losses, 1e-5)


@pytest.mark.parametrize("form", ["node", "fan-in", "simultaneous"])
def test_relatives_match_the_twin(kernels, form):
    problem = some_problem(rows=24, batch=9)
    got, want = (
        learn(build, "wp", problem, form=form, delta=0.01) for build in (kernels, reference)
    )
    assert_same_steps(problem, got.params, want.params, 1e-2)


def test_threads_change_no_bit(kernels, algo):
    problem = some_problem(hidden=(40, 27), rows=45, batch=10)
    bits = {learn(kernels, algo, problem, threads=n).params.tobytes() for n in (1, 2, 3)}
    assert len(bits) == 1
