"""The perceptron rule: against the twin, and against the rule by hand."""

import numpy as np
import pytest
from kernel_problems import Fenced, make_problem

from lwnn._kernels import reference

SHAPES = [(1, 2, 6), (7, 3, 20), (33, 10, 40), (64, 26, 15)]


def whole_numbers(inputs, classes, rows):
    """A problem whose every sum is exact in float32, so that no decision hangs on rounding."""
    problem = make_problem("dense", (), inputs=inputs, classes=classes, rows=rows, data="bytes")
    problem.scaler[:] = [[100.0], [1.0]]
    problem.start[:] = np.round(problem.start * 50)
    return problem


def learn(kernels, problem, order=None, rate=2.0, kind=np.float32):
    table = problem.network.table
    params = Fenced(problem.start.astype(kind))
    room = Fenced(np.full(kernels.perceptron_workspace(table), np.nan, np.float32))
    order = problem.order if order is None else order
    data = (problem.x, problem.scaler, 1000.0, problem.y, order)
    loss = kernels.perceptron_epoch(params.inside, table, *data, rate, room.inside)
    params.check()
    room.check()
    return params.inside, loss


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_an_epoch_matches_the_twin(kernels, shape):
    problem = whole_numbers(*shape)
    got, loss = learn(kernels, problem)
    want, expected = learn(reference, problem, kind=np.float64)
    assert not np.array_equal(got, problem.start)
    assert np.array_equal(got, want)
    assert loss == expected > 0


def test_float_rows_match_the_twin(kernels):
    problem = make_problem("dense", (), inputs=21, rows=30)
    got, loss = learn(kernels, problem, rate=0.5)
    want, expected = learn(reference, problem, rate=0.5, kind=np.float64)
    assert got == pytest.approx(want, abs=1e-5)
    assert loss == pytest.approx(expected, rel=1e-5)


def test_one_row_by_hand(kernels):
    """Class 1 does not fire and should, class 2 fires and should not, class 0 is right."""
    problem = whole_numbers(2, 3, 1)
    problem.x[:], problem.y[:] = [[103, 99]], 1
    problem.start[:] = [-1, 0, 1, 5, 2, 1, 0, 0, 0]
    got, loss = learn(kernels, problem)
    assert got.tolist() == [-1, 0, 7, 3, -4, 3, 0, 2, -2]
    assert loss == 2 + 5


def test_a_unit_on_the_plane_does_not_fire(kernels):
    problem = whole_numbers(2, 2, 1)
    problem.x[:], problem.y[:], problem.start[:] = 101, 1, 0
    got, loss = learn(kernels, problem, rate=1.0)
    assert got.tolist() == [0, 0, 1, 1, 0, 1]
    assert loss == 0


def test_no_rows_change_nothing(kernels):
    problem = whole_numbers(5, 3, 4)
    got, loss = learn(kernels, problem, order=problem.order[:0])
    assert np.array_equal(got, problem.start)
    assert loss == 0
