"""What every training kernel promises alike."""

import dataclasses

import numpy as np
import pytest
from kernel_problems import SETTLING, learn, make_problem, scores, scratch, workspace_size

from lwnn.learning.optimizers import OPTIMIZERS

KINDS = {
    "bp": "dense",
    "ff": "ff",
    "wp": "dense",
    "mf": "mf",
    "un": "un",
    "un-head": "un",
    "td": "td",
    "bptt": "elman",
    "elman-wp": "elman",
}


@pytest.fixture(params=list(KINDS))
def algo(request):
    return request.param


def some_problem(algo, **changes):
    """Several tiles of rows, a smaller last mini-batch."""
    options = {"inputs": 30, "rows": 45, "batch": 10, "classes": 5, "data": "bytes", **changes}
    if KINDS[algo] == "elman":
        return make_problem("elman", (12, 9), timesteps=3, activation="tanh", **options)
    return make_problem(KINDS[algo], (40, 27), **options)


def same_bits(one, other):
    pairs = zip(vars(one).values(), vars(other).values(), strict=True)
    return all(a.tobytes() == b.tobytes() for a, b in pairs)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("threads", [2, 3])
def test_any_number_of_threads_gives_the_same_bits(kernels, algo, optimizer, threads):
    problem = some_problem(algo)
    one = learn(kernels, algo, problem, optimizer=optimizer, rate=0.1)
    assert not np.array_equal(one.params, problem.start)
    assert same_bits(
        one, learn(kernels, algo, problem, optimizer=optimizer, rate=0.1, threads=threads)
    )


@pytest.mark.parametrize("kind", ["dense", "ff", "mf", "un", "td"])
def test_large_layers_give_the_same_bits_with_any_number_of_threads(kernels, kind):
    """From some size on, the optimizer shares out its work as well; products go in pieces."""
    algo = "bp" if kind == "dense" else kind
    problem = make_problem(kind, (300, 20), inputs=256, rows=160, batch=150)
    runs = [learn(kernels, algo, problem, optimizer="adam", threads=n) for n in (1, 2, 3)]
    assert np.isfinite(runs[0].params).all()
    assert all(same_bits(runs[0], run) for run in runs[1:])
    for batch in (150, 40, 16):  # Two blocks of rows, some, and more than threads.
        one, *others = [scores(kernels, problem, batch=batch, threads=n) for n in (1, 2, 3)]
        assert all(np.isfinite(out).all() for out in one)
        for other in others:
            assert all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    "form",
    [
        {"loss": "labels", "embed": "overwrite"},
        {"loss": "swish", "peer": 0.3, "hard": True},
        {"goodness": "absolute", "only": 1, "head_layers": "later"},
    ],
    ids=["labels", "peers", "greedy"],
)
def test_the_passes_of_wide_forward_forward_nets_are_shared_out_without_a_trace(kernels, form):
    """Each of them is large enough for threads; dropout and a smaller last batch included."""
    sizes = {"inputs": 256, "rows": 190, "batch": 150, "data": "bytes"}
    problem = make_problem("ff", (130, 140), **sizes, **form)
    dropout = (0, 0, 0, 0, 0, 0, 0, 5, 0.3)
    one, *others = (
        learn(kernels, "ff", problem, optimizer="adam", shaping=dropout, rate=0.05, threads=n)
        for n in (1, 2, 3)
    )
    assert np.isfinite(one.params).all()
    assert not np.array_equal(one.params, problem.start)
    assert all(same_bits(one, other) for other in others)


def test_every_thread_that_scores_has_room_of_its_own(kernels):
    problem = make_problem("dense", (300, 20), inputs=256, rows=160, batch=16)
    table = problem.network.table
    size = kernels.dense_workspace(table, 16, False, 1)
    vector, rows = problem.start.astype(np.float32), (problem.x, problem.scaler, problem.clip)

    def score(room, threads):
        workspace, out = np.full(room, np.nan, np.float32), np.empty((160, 4), np.float32)
        kernels.dense_scores(vector, table, *rows, out, 16, workspace, threads)
        return workspace

    assert kernels.dense_workspace(table, 16, False, 3) == 3 * size
    for share in score(3 * size, 3).reshape(3, size):
        assert not np.isnan(share).all()
    with pytest.raises(ValueError, match="workspace"):
        score(3 * size - 1, 3)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("calls", [2, 5])
def test_an_epoch_in_several_calls_gives_the_same_bits(kernels, algo, optimizer, calls):
    problem = some_problem(algo)
    one = learn(kernels, algo, problem, optimizer=optimizer, rate=0.1)
    more = learn(kernels, algo, problem, optimizer=optimizer, rate=0.1, calls=calls)
    assert one.params.tobytes() == more.params.tobytes()
    assert one.state.tobytes() == more.state.tobytes()
    assert more.losses == pytest.approx(one.losses, rel=1e-12)


def test_an_epoch_twice_gives_the_same_bits(kernels, algo):
    problem = some_problem(algo, data="float")
    assert same_bits(*(learn(kernels, algo, problem, optimizer="adam") for _ in range(2)))


@pytest.mark.parametrize("stale", [0, 1e30, np.inf])
def test_what_the_workspace_held_before_does_not_matter(kernels, algo, stale):
    """Padding included: what is chosen by the size of a change must not see stale values."""
    problem = some_problem(algo)
    fresh = learn(kernels, algo, problem, optimizer="adam")
    assert same_bits(fresh, learn(kernels, algo, problem, optimizer="adam", stale=stale))


def test_an_empty_order_changes_nothing(kernels, algo):
    problem = some_problem(algo)
    idle = dataclasses.replace(problem, order=problem.order[:0])
    got = learn(kernels, algo, idle, optimizer="adam")
    assert np.array_equal(got.params, problem.start)
    assert not got.losses.any()
    assert not got.state.any()


def test_only_the_rows_named_count(kernels, algo):
    problem = some_problem(algo)
    few = dataclasses.replace(problem, order=problem.order[:12])
    others = dataclasses.replace(few, x=few.x.copy(), y=few.y.copy())
    others.x[problem.order[12:]] ^= 255
    others.y[problem.order[12:]] = 0
    assert not np.array_equal(learn(kernels, algo, problem).params, problem.start)
    assert same_bits(learn(kernels, algo, few), learn(kernels, algo, others))


@pytest.mark.parametrize("missing", [1, None], ids=["one short", "none at all"])
def test_a_workspace_too_small_is_refused(kernels, algo, missing):
    problem = some_problem(algo)
    size = workspace_size(kernels, algo, problem)
    with pytest.raises(ValueError, match="workspace is smaller than its size function says"):
        learn(kernels, algo, problem, room=size - missing if missing else 0)


def test_perturbation_needs_room_for_every_thread(kernels):
    problem = some_problem("wp")
    with pytest.raises(ValueError, match="workspace"):
        learn(kernels, "wp", problem, threads=3, room=workspace_size(kernels, "wp", problem, 2))


@pytest.mark.parametrize("kind", ["dense", "ff", "mf", "un", "td"])
def test_scores_refuse_a_workspace_too_small(kernels, kind):
    problem = make_problem(kind, (6,))
    net, out = problem.network, np.empty((9, 4), np.float32)
    data = (problem.x, problem.scaler, problem.clip)
    size = scratch(kernels, problem, 5, False)
    workspace = np.empty(size - 1, np.float32)
    with pytest.raises(ValueError, match="workspace"):
        if kind == "ff":
            settings = (problem.goals, problem.form)
            kernels.ff_scores(
                problem.start, net.table, *settings, *data, out, out.copy(), 5, workspace, 1
            )
        elif kind == "td":
            settings = (True, 1.0, *SETTLING)
            kernels.td_scores(
                problem.start, net.table, *settings, *data, out, out.copy(), 5, workspace, 1
            )
        elif kind == "un":
            none = np.empty((0, 6), np.float32)
            kernels.un_scores(problem.start, net.table, True, *data, none, out, 5, workspace, 1)
        elif kind == "mf":
            depth = np.empty(9, np.int32)
            kernels.mf_scores(
                problem.start, net.table, True, *data, True, 0.9, out, depth, 5, workspace, 1
            )
        else:
            kernels.dense_scores(problem.start, net.table, *data, out, 5, workspace, 1)
