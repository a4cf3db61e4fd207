"""Penalties, bounds and noise: every training kernel does to its update what the twin does."""

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
from lwnn._kernels.reference.steps import Training
from lwnn.learning.optimizers import OPTIMIZERS
from lwnn.network import PAIRS

KINDS = {
    "bp": "dense",
    "ff": "ff",
    "mf": "mf",
    "wp": "dense",
    "un": "un",
    "un-head": "un",
    "td": "td",
    "bptt": "elman",
    "elman-wp": "elman",
}
SEED = 2.0**53 - 1
SQUARES = {"cost": "mse", "output": "linear"}
#: Entries of `hyper` behind epsilon: l1, l2, bound, gradient noise and its decay, weight noise,
#: input noise, seed, dropout, smoothing.
SHAPING = {
    "l1": (0.02,),
    "l2": (0, 0.3),
    "bound": (0, 0, 0.01),
    "gradient noise": (0, 0, 0, 0.1, 0.55, 0, 0, SEED),
    "weight noise": (0, 0, 0, 0, 0, 0.1, 0, SEED),
    "input noise": (0, 0, 0, 0, 0, 0, 0.3, SEED),
    "dropout": (0, 0, 0, 0, 0, 0, 0, SEED, 0.3),
    "smoothing": (0, 0, 0, 0, 0, 0, 0, 0, 0, 0.2),
    "all": (0.02, 0.3, 0.01, 0.1, 0.55, 0.1, 0.3, 7.0, 0.25, 0.1),
}
#: What not every rule has.
FOR = {"dropout": {"bp", "ff", "mf"}, "smoothing": {"bp", "wp", "bptt", "elman-wp"}}


@pytest.fixture(params=list(KINDS))
def algo(request):
    return request.param


def some_problem(algo, batch, rows=20):
    sizes = {"inputs": 9, "rows": rows, "batch": batch}
    if KINDS[algo] == "elman":
        return make_problem("elman", (4, 3), timesteps=3, activation="tanh", **sizes)
    return make_problem(KINDS[algo], (12, 7), **sizes)


#: Each alone with some optimizer, and all at once with every one.
CASES = [
    *((name, OPTIMIZERS[n % len(OPTIMIZERS)]) for n, name in enumerate(SHAPING)),
    *(("all", optimizer) for optimizer in OPTIMIZERS),
]


@pytest.mark.parametrize("batch", [3, 8], ids=["few", "many"])
@pytest.mark.parametrize(("name", "optimizer"), dict.fromkeys(CASES), ids="-".join)
def test_an_epoch_matches_the_twin(kernels, algo, name, optimizer, batch):
    if algo not in FOR.get(name, KINDS):
        name = "all"
    problem = some_problem(algo, batch)
    options = {"optimizer": optimizer, "rate": 0.05, "epsilon": 0.1}
    shaping = SHAPING[name]
    got, want = (
        learn(build, algo, problem, shaping=shaping, **options) for build in (kernels, reference)
    )
    assert_same_steps(problem, got.params, want.params, 1e-3)
    assert_close(got.losses, want.losses, 1e-4)
    plain = learn(kernels, algo, problem, **options)
    assert np.abs(got.params - plain.params).max() > 1e-4


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_threads_and_calls_change_no_bit(kernels, algo, optimizer):
    problem = some_problem(algo, 8, rows=45)
    options = {"optimizer": optimizer, "rate": 0.05, "shaping": SHAPING["all"]}
    one = learn(kernels, algo, problem, **options)
    for more in ({"threads": 2}, {"threads": 3}, {"calls": 4}):
        assert (
            one.params.tobytes()
            == learn(kernels, algo, problem, **options, **more).params.tobytes()
        )


def test_a_large_layer_shares_out_its_noise_without_a_trace(kernels):
    problem = make_problem("dense", (300, 20), inputs=256, rows=40, batch=20)
    options = {"optimizer": "sgd", "rate": 0.05, "shaping": SHAPING["all"]}
    bits = {learn(kernels, "bp", problem, threads=n, **options).params.tobytes() for n in (1, 2, 3)}
    assert len(bits) == 1


def noise_of(kernels, problem, shaping, rate=1.0, **options):
    """What noise adds to a plain step, in units of the rate."""
    quiet = learn(kernels, "bp", problem, rate=rate, **options)
    loud = learn(kernels, "bp", problem, rate=rate, shaping=shaping, **options)
    return (quiet.params - loud.params) / rate


def test_gradient_noise_is_normal_of_the_promised_width(kernels):
    problem = make_problem("dense", (60,), inputs=80, rows=8, batch=8)
    noise = noise_of(kernels, problem, (0, 0, 0, 0.04, 0.55, 0, 0, 5.0)) / 0.2
    assert noise.size > 5000
    assert np.abs(noise.mean()) < 0.05
    assert noise.std() == pytest.approx(1, abs=0.04)
    # A normal number lies beyond 2 in 4.6 of 100 cases; kurtosis 3.
    assert (np.abs(noise) > 2).mean() == pytest.approx(0.0455, abs=0.012)
    assert (noise**4).mean() == pytest.approx(3, abs=0.4)
    assert np.abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 0.05


def test_seed_and_step_each_give_other_noise(kernels):
    problem = make_problem("dense", (60,), inputs=80, rows=8, batch=8)

    def noise(seed):
        return noise_of(kernels, problem, (0, 0, 0, 0.04, 0.55, 0, 0, seed))

    assert np.array_equal(noise(5.0), noise(5.0))
    assert np.abs(np.corrcoef(noise(5.0), noise(6.0))[0, 1]) < 0.05
    twice = make_problem("dense", (60,), inputs=80, rows=16, batch=8)
    # The rate is so small that both steps have the same gradient but for rounding.
    both = noise_of(kernels, twice, (0, 0, 0, 0.04, 0.0, 0, 0, 5.0), rate=1e-3)
    assert both.std() == pytest.approx(0.2 * np.sqrt(2), rel=0.05)


def test_weight_noise_leaves_no_trace_but_the_gradient_s(kernels, algo):
    """With no rate to speak of, the weights after the epoch are those before it."""
    problem = some_problem(algo, 8)
    got = learn(kernels, algo, problem, rate=1e-30, shaping=(0, 0, 0, 0, 0, 0.5, 0, 3.0))
    assert np.abs(got.params - problem.start).max() < 1e-6
    assert got.losses != pytest.approx(learn(kernels, algo, problem, rate=1e-30).losses, rel=1e-3)


def learns(algo, name):
    """Whether this tensor is learnt by this kernel: layers and head have one each in ``un``."""
    return {"un": name.startswith("layer"), "un-head": name.startswith("head")}.get(algo, True)


def test_penalties_spare_biases(kernels, algo):
    problem = some_problem(algo, 8)
    got = learn(kernels, algo, problem, rate=1e-12, shaping=(1e10, 1e11))
    before, after = problem.views(problem.start), problem.views(got.params)
    assert any(name.endswith("label") for name in after) == (algo in ("ff", "td"))
    for name in after:
        if name.endswith("bias") or not learns(algo, name):
            assert np.abs(after[name] - before[name]).max() < 1e-6
        else:
            assert np.abs(after[name]).sum() < 0.8 * np.abs(before[name]).sum()


def test_l1_gives_exact_zeros(kernels, algo):
    problem = some_problem(algo, 8)
    got = learn(kernels, algo, problem, rate=0.05, shaping=(1.0,), optimizer="adam")
    views = problem.views(got.params)
    weights = [view for name, view in views.items() if "weight" in name and learns(algo, name)]
    assert weights
    assert all((view == 0).mean() > 0.05 for view in weights)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "leaky-relu"])
@pytest.mark.parametrize("batch", [3, 8], ids=["few", "many"])
def test_dropout_matches_the_twin_with_every_slope(kernels, activation, batch):
    problem = make_problem("dense", (12, 7), rows=20, batch=batch, activation=activation)
    shaping = SHAPING["dropout"]
    got, want = (learn(build, "bp", problem, shaping=shaping) for build in (kernels, reference))
    assert_same_steps(problem, got.params, want.params)


def test_dropout_silences_its_share_of_units_and_keeps_the_mean(kernels):
    """With every output weight 1 and no slope, a linear net's loss tells the mean of its units."""
    problem = make_problem("dense", (400,), rows=50, batch=50, activation="linear", **SQUARES)
    problem.start[...] = 0
    views = problem.views(problem.start)
    views["layer1.bias"][...] = 1
    views["output.weight"][...] = 1 / 400
    shaping = (0, 0, 0, 0, 0, 0, 0, 11.0, 0.25)
    # The outputs are the mean of the units, about 1: C = ½ (3 · 1 + 0).
    got = learn(kernels, "bp", problem, rate=1e-30, shaping=shaping).losses[0] / 50
    assert got == pytest.approx(1.5, abs=0.05)
    moved = learn(kernels, "bp", problem, rate=1.0, shaping=shaping)
    dropped = learn(kernels, "bp", problem, rate=1.0)
    assert np.abs(moved.params - dropped.params).max() > 1e-3


def test_a_share_of_the_units_is_silent_and_their_mean_is_kept():
    """In the twin, which the kernels match; anew in every step, apart in every layer."""
    problem = make_problem("dense", (300, 300), rows=40, batch=40)
    hyper = np.array([0.1, 0.9, 0.99, 1e-8, 0, 0, 0, 0, 0, 0, 0, 11.0, 0.25])
    steps = [
        Training(problem.network.table, 0, hyper, np.zeros((0, 1)), step).masks(40, 2)
        for step in (0, 1)
    ]
    masks = [mask for masks in steps for mask in masks]
    for mask in masks:
        assert set(np.unique(mask)) == {0, 1 / 0.75}
        assert (mask == 0).mean() == pytest.approx(0.25, abs=0.02)
        assert mask.mean() == pytest.approx(1, abs=0.02)
    apart = np.corrcoef([mask.ravel() for mask in masks]) - np.eye(4)
    assert np.abs(apart).max() < 0.05


@pytest.mark.parametrize("batch", [3, 8], ids=["few", "many"])
def test_forward_forward_drops_units_from_what_is_handed_on_only(kernels, batch):
    """Layer 1 reads no unit: its goodness, and with it its step, is that of all its units."""
    problem = some_problem("ff", batch)
    got, whole = (learn(kernels, "ff", problem, shaping=s) for s in (SHAPING["dropout"], ()))
    got, whole = problem.views(got.params), problem.views(whole.params)
    for name in got:
        same = np.array_equal(got[name], whole[name])
        assert same == name.startswith("layer1"), name


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_smoothed_target_is_one_that_is_nowhere_0_or_1(kernels, pair):
    """Against finite differences of the cost, written out."""
    problem = make_problem("dense", (), rows=11, batch=11, cost=pair[0], output=pair[1])
    target = 0.2 / 4 + 0.8 * np.eye(4)[problem.y]
    vector = problem.start.astype(np.float64)
    views = problem.views(vector)

    def cost():
        z = problem.scaled() @ views["output.weight"].T + views["output.bias"]
        a = 1 / (1 + np.exp(-z))
        rows = {
            PAIRS[0]: -(target * (z - np.log(np.exp(z).sum(axis=1, keepdims=True)))),
            PAIRS[1]: 0.5 * (a - target) ** 2,
            PAIRS[2]: -(target * np.log(a) + (1 - target) * np.log(1 - a)),
            PAIRS[3]: 0.5 * (z - target) ** 2,
        }[pair]
        return rows.sum(axis=1).mean()

    shaping = SHAPING["smoothing"]
    slope = numeric_gradient(cost, vector)
    assert_close(gradient(kernels, "bp", problem, shaping=shaping), slope, 1e-5)
    loss = learn(kernels, "bp", problem, shaping=shaping).losses[0] / 11
    assert loss == pytest.approx(cost(), rel=1e-6)
