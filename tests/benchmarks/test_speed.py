"""The speed benchmarks count rightly and refuse to time what differs; no test measures time."""

import dataclasses
import math

import numpy as np
import pytest
from speed_fakes import fake_case, run, small

from benchmarks.speed import report
from benchmarks.speed.case import Side
from benchmarks.speed.cases import all_cases
from benchmarks.speed.distances import TOLERANCES, moved_apart
from benchmarks.speed.measure import SideError
from benchmarks.speed.problem import Problem
from benchmarks.speed.worker import make_side

CASES = {case.name: case for case in all_cases()}
WORKED = [case for case in CASES.values() if case.problem]
PAIRS = [(case, peer) for case in WORKED for peer in case.peers if not peer.slow]


# ---------------------------------------------------------------- counting


@pytest.mark.parametrize(
    ("problem", "per_row"),
    [
        # W1 forward and back; 500 x 500 three times forward, twice back; the head once each.
        (Problem("ff", 784, (500, 500), 100, 100), 2 * (2 * 392_000 + 5 * 250_000 + 2 * 5_000)),
        # The head reads the one hidden layer there is.
        (Problem("ff", 64, (32,), 1, 1), 2 * (2 * 2_048 + 2 * 320)),
        # It reads all layers but the first.
        (
            Problem("ff", 784, (2000,) * 4, 100, 100),
            2 * (2 * 1_568_000 + 5 * 12_000_000 + 2 * 60_000),
        ),
        # No error goes back into the rows.
        (Problem("dense", 784, (128,), 32, 32), 2 * (2 * 100_352 + 3 * 1_280)),
    ],
)
def test_operations_of_training_are_those_of_the_products(problem, per_row):
    assert problem.operations == per_row


def test_operations_of_prediction_are_a_multiply_add_a_weight():
    problem = Problem("dense", 784, (500, 500), 1, 1)
    assert problem.scoring_operations == 2 * (392_000 + 250_000 + 5_000)


@pytest.mark.parametrize("case", WORKED, ids=lambda case: case.name)
def test_a_unit_of_work_is_whole_mini_batches_enough_for_the_check(case):
    assert case.problem.rows % case.problem.batch == 0
    assert case.apart is not moved_apart or case.problem.rows >= 3 * case.problem.batch
    assert case.targets.keys() <= {peer.name for peer in case.peers}


# ---------------------------------------------------------------- the sides agree


@pytest.mark.parametrize(
    ("case", "peer"), PAIRS, ids=lambda part: part.name.replace(" ", "-").lower()
)
def test_both_sides_of_a_case_compute_the_same(case, peer):
    for package in peer.packages:
        pytest.importorskip(package, reason=f"{package} is not installed")
    case = dataclasses.replace(case, problem=small(case.problem))
    ours = make_side(case.ours.work, case.problem, 1)
    theirs = make_side(peer.work, case.problem, 1)
    for side in (ours, theirs):
        side.reset()
        side.unit()
    assert case.apart(case, ours.outcome(), theirs.outcome()) <= case.tolerance


@pytest.mark.parametrize("kind", ["ff", "dense"])
@pytest.mark.parametrize("optimizer", TOLERANCES)
@pytest.mark.parametrize("changed", ["rate", "y", "wrong", "scaler", "order"])
def test_the_check_notices_a_slightly_different_rule(kind, optimizer, changed):
    if kind == "dense" and changed == "wrong":
        pytest.skip("backprop has no wrong labels")
    problem = Problem(kind, 64, (20, 20), 20, rows=60, optimizer=optimizer)
    case = dataclasses.replace(CASES["ff-64-32"], problem=problem)
    other = dataclasses.replace(problem)
    if changed == "rate":
        other = dataclasses.replace(problem, rate=problem.rate * 1.01)
    elif changed == "order":
        other.order[:] = other.order[::-1].copy()
    elif changed == "scaler":
        other.scaler[1] *= 0.99
        other.scaler[0, 0] = 0.1
    elif changed == "y":
        other.y[0] = 3 + 5 * (other.y[0] == 3)
    else:
        other.wrong[:] = (2 * other.y - other.wrong) % 10
    found = [make_side("lwnn_sides:Training", each, 1).outcome() for each in (problem, other)]
    assert moved_apart(case, found[0], found[0]) == 0
    assert moved_apart(case, *found) > TOLERANCES[optimizer]


def test_scores_that_differ_by_a_hundredth_are_another_prediction():
    case = CASES["predict-1"]
    scores = np.random.default_rng(0).standard_normal((5, 10), np.float32)
    assert case.apart(case, {"scores": scores}, {"scores": scores}) == 0
    assert case.apart(case, {"scores": scores * 1.01}, {"scores": scores}) > case.tolerance


# ---------------------------------------------------------------- rounds


def test_sides_are_timed_in_turn_and_closed():
    log = []
    run(fake_case(log))
    assert log == ["lwnn", "same", "lwnn", "same", "lwnn closed", "same closed"]


@pytest.mark.parametrize("far", [1.0, math.nan, math.inf])
def test_a_peer_that_computes_something_else_is_not_timed(far):
    log = []
    result = run(fake_case(log, ("same", "other"), {"other": far}))
    assert "other" not in log
    assert result.peers.keys() == {"same"}
    assert result.failed
    assert "something else" in result.problems[0]


def test_what_is_missing_is_said_and_the_others_go_on():
    peers = (Side("absent", packages=("no_such_package",)), Side("slow", slow=True), Side("same"))
    result = run(fake_case([], peers))
    assert result.peers.keys() == {"same"}
    assert not result.failed
    (problem,) = result.problems
    assert "no_such_package" in problem
    assert '".[bench]"' in problem


def test_a_side_that_fails_is_said_and_the_others_go_on():
    result = run(fake_case([], ("broken", "same"), {"broken": SideError("out of order")}))
    assert result.peers.keys() == {"same"}
    assert result.failed
    assert result.problems == ["broken: out of order"]


def test_without_our_side_nothing_is_timed():
    log = []
    result = run(fake_case(log, outcomes={"lwnn": SideError("out of order")}))
    assert result.ours is None
    assert log == []
    assert result.failed
    assert report.table([report.case_of(result)]).count("\n") == 1


def test_without_a_peer_our_side_is_timed_unless_peers_disagreed():
    alone = run(fake_case([], ()))
    assert len(report.table([report.case_of(alone)]).splitlines()) == 3
    assert alone.share == pytest.approx(0.25)
    assert run(fake_case([], ("other",), {"other": 1.0})).ours is None


def test_one_thread_is_judged_by_processor_time_and_two_by_the_wall():
    one, two = run(fake_case([])), run(fake_case([]), threads=2)
    # 10 units of 5 rows in 0.2 and 1 s, or 0.4 and 1.2 s.
    assert one.ours.seconds() == pytest.approx(0.2 / 50)
    assert one.ratio("same") == pytest.approx(5)
    assert two.ratio("same") == pytest.approx(3)
    assert one.gflops == pytest.approx(1e6 * 50 / 0.2 / 1e9)
    assert one.share == pytest.approx(0.25)


def test_missed_targets_are_named_where_they_are_meant():
    one, two = run(fake_case([])), run(fake_case([]), threads=2)
    assert one.missed() == ["25% of the FMA limit, target 50%"]
    assert two.missed() == []
    slower = run(fake_case([], targets={"same": 6.0}, share=None))
    assert slower.missed() == ["5.00 x same, target 6 x"]
