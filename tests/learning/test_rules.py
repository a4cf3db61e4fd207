"""What every learning rule does, run over all of them."""

import itertools

import numpy as np
import pytest

from lwnn.errors import UsageError
from lwnn.learning import RULES, fit
from lwnn.learning.forward_forward import GOODNESS
from lwnn.learning.optimizers import OPTIMIZERS, Optimizer
from lwnn.learning.rule import Rows
from lwnn.network import ACTIVATIONS, PAIRS, Network
from lwnn.options import about

#: Forward-Forward's loss is steep: with larger plain steps its layers die.
RATES = {
    "ff": dict.fromkeys(("sgd", "gd"), 0.05)
    | dict.fromkeys(("momentum", "nesterov", "rmsprop"), 0.005)
    | {"adam": 0.02, "adagrad": 0.02},
    "bp": dict.fromkeys(("sgd", "gd"), 0.2)
    | dict.fromkeys(("momentum", "nesterov", "adam", "rmsprop"), 0.02)
    | {"adagrad": 0.1},
}
RATES["wp"] = RATES["mf"] = RATES["bp"]
#: The perceptron rule knows no optimizers, hidden layers or mini-batches.
RATES["perceptron"] = {"sgd": 0.2}
BATCHED = [algo for algo in RULES if algo != "perceptron"]
SCALER = np.array([[0.6] * 5, [0.8] * 5], np.float32)
NO_ROWS = Rows(np.zeros((0, 5), np.float32), np.zeros(0, np.int32))
OUTPUT_CASES = [{"cost": cost, "output": output} for cost, output in PAIRS]
#: Steps learn nothing below the output, so they need more units to choose from.
ACTIVATION_CASES = [{"activation": a} for a in ACTIVATIONS if a != "step"]
FORMS = [
    {"loss": "softplus", "negatives": "hard"},
    {"loss": "softplus", "goodness": "sum", "sharpness": 1.0},
    {"loss": "softplus", "goodness": "absolute"},
    {"loss": "symba", "goodness": "mean", "negatives": "random", "sharpness": 4.0},
    {"loss": "swish", "sharpness": 6.0},
    {"loss": "swish", "sharpness": 6.0, "negatives": "hard"},
    {"loss": "labels"},
]
CASES = [
    ("perceptron", "sgd", (), {}),
    *itertools.product(["ff"], ["adam"], [(12,), (12, 12)], FORMS),
    *itertools.product(["ff"], OPTIMIZERS, [(12,), (12, 12)], [{}, {"readout": "head"}]),
    *itertools.product(["mf"], OPTIMIZERS, [(12,), (12, 12)], [{}, {"readout": "last"}]),
    *itertools.product(["bp", "wp"], OPTIMIZERS, [(), (12,)], OUTPUT_CASES),
    *itertools.product(["bp", "wp"], ["adam"], [(8, 8)], ACTIVATION_CASES),
    *itertools.product(["bp", "wp"], ["adam"], [(40,)], [{"activation": "step"}]),
]


def make_rule(algo, rows, *, hidden=(12,), optimizer="adam", seed=0, threads=1, **extra):
    cls = RULES[algo]
    shape = {name: extra.pop(name) for name in ("cost", "output", "activation") if name in extra}
    if "goodness" in extra:
        shape["goodness"] = GOODNESS[extra["goodness"]]
    network = Network(cls.kind, 5, hidden if algo in BATCHED else (), 3, **shape)
    init, draws = np.random.default_rng(seed).spawn(2)
    return cls(
        *(network, rows, SCALER, 10.0, Optimizer(optimizer, network.size)),
        batch=16,
        init=init,
        draws=draws,
        threads=threads,
        **extra,
    )


def train(rule, rate=0.02, epochs=40):
    shuffle = np.random.default_rng(9)
    return fit(rule, NO_ROWS, epochs=epochs, rate=rate, patience=9, shuffle=shuffle)


def accuracy(rule, rows):
    return (rule.scores(rows.x).argmax(axis=1) == rows.y).mean()


@pytest.mark.parametrize(("algo", "optimizer", "hidden", "extra"), CASES)
def test_a_separable_problem_is_learnt(blobs, algo, optimizer, hidden, extra):
    rule = make_rule(algo, blobs, hidden=hidden, optimizer=optimizer, **extra)
    steep = extra.get("output") == "linear" and optimizer not in ("adam", "adagrad")
    result = train(rule, RATES[algo][optimizer] * (3 if "output" in extra and not steep else 1))
    assert accuracy(rule, blobs) >= 0.97
    assert result.history[-1]["loss"] < result.history[0]["loss"]


def test_every_rule_cost_and_activation_is_among_the_cases():
    assert {case[0] for case in CASES} == set(RULES)
    assert {(case[3]["cost"], case[3]["output"]) for case in CASES if "cost" in case[3]} == set(
        PAIRS
    )
    assert {case[3].get("activation", "relu") for case in CASES} == set(ACTIVATIONS)
    for name in ("loss", "goodness", "negatives"):
        values = {case[3][name] for case in CASES if name in case[3]}
        assert values == set(about(name).allowed("ff")), name


@pytest.mark.parametrize("algo", RULES)
def test_labels_that_say_nothing_are_not_learnt(blobs, algo):
    """So the accuracies above are of what was learnt, not of how it is measured."""
    shuffled = Rows(blobs.x, np.random.default_rng(2).permutation(blobs.y))
    rule = make_rule(algo, shuffled)
    train(rule, epochs=5)
    assert accuracy(rule, blobs) < 0.8


@pytest.mark.parametrize("algo", RULES)
def test_the_seed_decides_and_threads_do_not(blobs, algo):
    def learnt(**options):
        rule = make_rule(algo, blobs, hidden=(30, 20), **options)
        train(rule, epochs=2)
        return rule.params.vector.tobytes()

    assert learnt() == learnt() == learnt(threads=2)
    assert learnt() != learnt(seed=1)


@pytest.mark.parametrize("algo", RULES)
def test_bytes_become_the_same_net_as_their_numbers(blobs, algo):
    """Images are read as bytes; a table of the same numbers must teach the same."""
    pixels = np.clip(blobs.x * 40 + 60, 0, 255).astype(np.uint8)
    vectors = []
    for x in (pixels, pixels.astype(np.float32)):
        rule = make_rule(algo, Rows(x, blobs.y))
        rule.scaler = np.array([[80] * 5, [0.02] * 5], np.float32)
        train(rule, epochs=2)
        vectors.append(rule.params.vector.tobytes())
    assert vectors[0] == vectors[1]


@pytest.mark.parametrize("algo", RULES)
def test_starting_weights_differ_and_biases_are_zero(blobs, algo):
    """Equal units would stay equal for ever."""
    params = make_rule(algo, blobs, hidden=(12, 9)).params
    first = next(iter(params.views.values()))
    assert len({row.tobytes() for row in first}) == len(first)
    assert not any(params[name].any() for name in params.views if name.endswith("bias"))


@pytest.mark.parametrize("algo", BATCHED)
def test_a_batch_larger_than_the_rows_is_one_batch(blobs, algo):
    few = Rows(blobs.x[::10].copy(), blobs.y[::10].copy())
    rule = make_rule(algo, few)
    assert rule.batch == len(few) == 9
    train(rule, epochs=2)
    assert rule.optimizer.step == 2


@pytest.mark.parametrize("algo", BATCHED)
def test_steps_are_counted_over_all_epochs(blobs, algo):
    """Adam's correction needs the count; 90 rows by 16 are 6 mini-batches."""
    rule = make_rule(algo, blobs)
    train(rule, epochs=3)
    assert rule.optimizer.step == 18


def test_negatives_are_drawn_anew_for_every_epoch(blobs):
    rule = make_rule("ff", blobs)
    drawn = []
    for _ in range(3):
        rule.begin_epoch()
        drawn.append(rule.wrong.tobytes())
        assert (rule.wrong != blobs.y).all()
    assert len(set(drawn)) == 3


def test_places_of_hard_negatives_are_drawn_anew_for_every_epoch(blobs):
    rule = make_rule("ff", blobs, negatives="hard")
    drawn = []
    for _ in range(3):
        rule.begin_epoch()
        drawn.append(rule.places.tobytes())
        assert ((rule.places >= 0) & (rule.places < 1)).all()
        assert len(set(rule.places)) > 80
    assert len(set(drawn)) == 3


def test_an_update_costs_forward_passes(blobs):
    rules = {algo: make_rule(algo, blobs, hidden=(4,)) for algo in RULES}
    size = 5 * 4 + 4 + 4 * 3 + 3
    assert rules["bp"].forward_passes == 1
    assert rules["mf"].forward_passes == 1
    assert rules["ff"].forward_passes == 3
    # Under every label, and under none.
    assert make_rule("ff", blobs, loss="labels").forward_passes == 4
    assert rules["wp"].forward_passes == size + 1


@pytest.mark.parametrize("delta", [0, 1e-9, 2, np.nan])
def test_a_delta_out_of_range_is_refused(blobs, delta):
    with pytest.raises(UsageError, match=r"--delta .*; expected between 1e-6 and 1"):
        make_rule("wp", blobs, delta=delta)


@pytest.mark.parametrize(("algo", "known"), [("ff", "both, goodness, head"), ("mf", "last, sum")])
def test_an_unknown_readout_is_refused(blobs, algo, known):
    with pytest.raises(UsageError, match=f"'best'; choose from {known}"):
        make_rule(algo, blobs, readout="best")
