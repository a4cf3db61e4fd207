"""Recurrent nets from a file of sequences to int8: what a user relies on."""

from pathlib import Path

import numpy as np
import pytest

import lwnn
from lwnn.errors import UsageError
from lwnn.learning import RECURRENT
from lwnn.learning.perturbation import FORMS
from lwnn.learning.saturation import saturation
from lwnn.quantization import quantize

EXAMPLES = Path(__file__).parents[1] / "examples"
WHOLE = {"recurrent": True, "val": 0.0, "test": 0.0}
#: What learns: backprop through time, and every form of perturbation.
RULES = {"bp": {"algo": "bp"}, **{form: {"algo": "wp", "perturb": form} for form in FORMS}}
DRAWN = {"fan-in": {"repeats": 4}, "simultaneous": {"repeats": 16}}


def train(data, **options):
    return lwnn.train(data, lwnn.Options(**{**WHOLE, **options}))


@pytest.fixture
def parity():
    return lwnn.load(EXAMPLES / "parity.npz")


def test_rules_without_a_recurrent_form_are_those_that_refuse(parity):
    assert set(RECURRENT) == {"bp", "wp"}
    for algo in ("ff", "mf", "perceptron"):
        with pytest.raises(UsageError, match="--recurrent goes with --algo bp or --algo wp"):
            train(parity, algo=algo)


@pytest.mark.parametrize("rule", RULES)
def test_parity_is_learnt_from_its_whole_table(parity, rule):
    run = train(parity, hidden=(8,), epochs=600, rate=0.03, **RULES[rule], **DRAWN.get(rule, {}))
    assert run.metrics["train"]["accuracy"] == 1
    assert run.options["timesteps"] == 3


def test_a_table_and_arrays_give_the_same_model(parity):
    options = {"algo": "bp", "hidden": (5,), "epochs": 3}
    table = lwnn.load(EXAMPLES / "parity.csv")
    one, other = train(parity, **options), train(table, timesteps=3, **options)
    np.testing.assert_array_equal(one.model.params.vector, other.model.params.vector)


@pytest.mark.parametrize("bytes_", [False, True])
def test_a_feature_has_one_scale_at_all_steps(bytes_):
    random = np.random.default_rng(0)
    x = random.integers(0, 255, (40, 4, 3)) * [1, 10, 100] + np.arange(4)[:, None] * 5
    x = (x % 256).astype(np.uint8) if bytes_ else x.astype(np.float32)
    model = train(rows(x), algo="bp", epochs=1).model
    for values in (model.offset, model.scale):
        steps = values.reshape(4, 3)
        assert (steps == steps[0]).all()
    if not bytes_:
        scaled = (x - model.offset.reshape(4, 3)) * model.scale.reshape(4, 3)
        np.testing.assert_allclose(scaled.mean((0, 1)), 0, atol=1e-4)
        np.testing.assert_allclose(scaled.std((0, 1)), 1, rtol=1e-4)


def rows(x, y=None):
    """A dataset of sequences."""
    flat = x.reshape(len(x), -1)
    y = np.arange(len(x), dtype=np.int32) % 2 if y is None else y
    labels = ("a", "b") if y.dtype == np.int32 else ()
    names = tuple(f"x{n}" for n in range(flat.shape[1]))
    return lwnn.data.Dataset(flat, y, labels, names, None, x.shape[1:], "rows", "")


def test_a_file_that_says_nothing_of_steps_is_asked_for_them():
    table = lwnn.load(EXAMPLES / "delayed_xor.csv")
    with pytest.raises(UsageError, match=r"delayed_xor.csv does not say .*add --timesteps T, .* 6"):
        train(table, algo="bp")
    with pytest.raises(UsageError, match=r"--timesteps 4: the 6 features of .* cannot be divided"):
        train(table, algo="bp", timesteps=4)
    with pytest.raises(UsageError, match="--timesteps goes with --recurrent"):
        lwnn.train(table, lwnn.Options(algo="bp", timesteps=6))


def test_what_does_not_go_with_it_is_refused(parity):
    with pytest.raises(UsageError, match=r"--dropout does not go with --recurrent$"):
        train(parity, algo="bp", dropout=0.2)
    with pytest.raises(UsageError, match="a recurrent net needs a hidden layer"):
        train(parity, algo="bp", hidden=())


@pytest.mark.parametrize("rule", RULES)
def test_passes_and_work_are_counted(parity, rule):
    """Of a net of 3 steps, layers of 4 and 3 units and 2 outputs."""
    run = train(parity, hidden=(4, 3), epochs=1, **RULES[rule])
    size = 4 * (1 + 4 + 1) + 3 * (4 + 3 + 1) + 2 * (3 + 1)
    assert run.model.size == size
    moved = {"bp": 0, "weight": size, "node": 3 * 7 + 2, "fan-in": 7 + 2, "simultaneous": 2}
    assert run.forward_passes == 1 + moved[rule]
    once = 3 * (size - 8) + 8
    assert run.update_work >= 8 * once * (3 if rule in ("bp", "simultaneous") else 2)


def test_numbers_are_predicted_from_sequences():
    random = np.random.default_rng(0)
    x = random.standard_normal((400, 5, 2)).astype(np.float32)
    y = (x[:, 0, 0] - 2 * x[:, 3, 1] + 10).astype(np.float32)
    options = {"algo": "bp", "task": "regression", "hidden": (24,), "epochs": 120}
    run = train(rows(x, y), **options, test=0.2)
    assert run.metrics["test"]["r2"] > 0.9
    flat = x.reshape(len(x), -1)
    drift = quantize(run.model, flat[:200]).predict(flat) - run.model.predict(flat)
    assert np.abs(drift).mean() < 0.1 * y.std()


def test_int8_sees_the_same_answers():
    data = lwnn.load(lwnn.sample_path())
    run = train(data, algo="bp", timesteps=8, hidden=(24,), epochs=10, test=0.2)
    assert run.metrics["test"]["accuracy"] > 0.85
    model, small = run.model, quantize(run.model, data.x[:300])
    assert (small.predict_index(data.x) == model.predict_index(data.x)).mean() > 0.97


def test_saturation_is_that_of_all_steps(parity):
    """Units with a large bias are saturated whatever they read."""
    rule, state = train(parity, algo="bp", hidden=(6,), epochs=1), []
    model = rule.model
    for bias in (0.0, 100.0):
        model.params["layer1.weight"][:] = 0
        model.params["layer1.bias"][:3] = bias
        scaling = (np.stack([model.offset, model.scale]), model.clip)
        state += saturation(model.params, (parity.x, *scaling))
    assert state == [0, 0.5]
