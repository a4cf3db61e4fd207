"""Costs and goodnesses written by users: those that kernels know give what the kernels give."""

import numpy as np
import pytest

import lwnn
from lwnn import autodiff
from lwnn._kernels import kernels
from lwnn.errors import UsageError
from lwnn.learning import custom_cost, custom_goodness
from lwnn.learning.forward_forward import LOSSES
from lwnn.learning.optimizers import OPTIMIZERS, Optimizer
from lwnn.options import SHARPNESS


def half_square(scores, onehot):
    return 0.5 * autodiff.sum((autodiff.sigmoid(scores) - onehot) ** 2, axis=1)


def cross_entropy(scores, onehot):
    return -np.sum(onehot * autodiff.log_softmax(scores), axis=1)


def hinge(scores, onehot):
    return np.sum(np.maximum(0, 1 - (2 * onehot - 1) * scores), axis=1)


def loudness(y):
    return 10 * np.mean(y, axis=1)


@pytest.fixture(scope="module")
def digits():
    """The bundled digits, one in three."""
    return lwnn.load(lwnn.sample_path()).take(slice(None, None, 3))


def vectors(run):
    return run.model.params.vector


def both(data, options, rule):
    """A run with the kernels and one with the user's function, on the same rows and draws."""
    built_in = lwnn.train(data, options)
    own = lwnn.train(data, options, rule=rule)
    return built_in, own


def assert_same_learning(built_in, own):
    """Equal up to float32's rounding, which grows from step to step."""
    moved = float(np.abs(vectors(built_in)).max())
    assert vectors(own) == pytest.approx(vectors(built_in), abs=2e-4 * moved)
    losses = [[entry["loss"] for entry in run.history] for run in (built_in, own)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    assert own.model.network == built_in.model.network


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    ("name", "function"), [("mse", half_square), ("cross-entropy", cross_entropy)]
)
def test_a_known_cost_learns_what_the_kernel_learns(digits, name, function, optimizer):
    options = lwnn.Options(
        algo="bp", cost=name, hidden=(16,), activation="tanh", optimizer=optimizer, epochs=3
    )
    assert_same_learning(*both(digits, options, custom_cost(function)))


@pytest.mark.parametrize("negatives", ["random", "hard"])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_known_goodness_learns_what_the_kernel_learns(digits, loss, negatives):
    options = lwnn.Options(
        algo="ff",
        hidden=(24, 16),
        readout="head",
        loss=loss,
        negatives=None if loss == "labels" else negatives,
        optimizer="sgd",
        rate=0.02,
        epochs=2,
    )
    sharpness = SHARPNESS[loss]
    rule = custom_goodness(lambda y: sharpness * np.mean(y * y, axis=1), sharpness)
    assert_same_learning(*both(digits, options, rule))


def test_a_cost_that_no_kernel_knows_trains_a_model(digits):
    options = lwnn.Options(algo="bp", hidden=(32,), epochs=10)
    run = lwnn.train(digits, options, rule=custom_cost(hinge))
    assert run.metrics["test"]["accuracy"] > 0.88
    assert run.options["rule"] == "custom_cost(hinge)"
    # Not just cross-entropy under another name.
    assert np.abs(vectors(run) - vectors(lwnn.train(digits, options))).max() > 0.1


def test_a_goodness_that_no_kernel_knows_trains_layers(digits):
    shape = {"hidden": (32,), "epochs": 20, "rate": 0.01}
    options = lwnn.Options(algo="ff", readout="head", loss="softplus", **shape)
    run = lwnn.train(digits, options, rule=custom_goodness(loudness, threshold=5.0))
    assert run.metrics["test"]["accuracy"] > 0.88
    first, last = run.history[0]["loss"], run.history[-1]["loss"]
    assert last < 0.5 * first


def test_such_a_model_is_saved_and_loaded_like_any_other(digits, tmp_path):
    run = lwnn.train(digits, lwnn.Options(algo="bp", epochs=1), rule=custom_cost(hinge))
    path = tmp_path / "model.safetensors"
    lwnn.save_model(run.model, path)
    loaded = lwnn.load_model(path)
    assert np.array_equal(loaded.scores(digits.x), run.model.scores(digits.x))
    assert loaded.provenance["options"]["rule"] == "custom_cost(hinge)"


def test_the_same_seed_gives_the_same_bits(digits):
    options = lwnn.Options(algo="bp", epochs=2)
    runs = [lwnn.train(digits, options, rule=custom_cost(hinge)) for _ in range(2)]
    assert vectors(runs[0]).tobytes() == vectors(runs[1]).tobytes()


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (lambda scores, onehot: np.sum(scores), r"gives an array of shape \(\); expected a number"),
        (lambda scores, onehot: scores, r"shape \(32, 10\); expected a number for each of the 32"),
        (lambda scores, onehot: scores.value.sum(axis=1), "no function of its argument"),
    ],
)
def test_a_function_that_is_no_cost_is_refused(digits, function, problem):
    with pytest.raises(UsageError, match=problem):
        lwnn.train(digits, lwnn.Options(algo="bp", batch=32), rule=custom_cost(function))


def test_a_goodness_of_ones_own_cannot_be_read_by_the_kernels(digits):
    with pytest.raises(UsageError, match="give readout='head'"):
        lwnn.train(digits, lwnn.Options(algo="ff"), rule=custom_goodness(loudness, 5.0))


@pytest.mark.parametrize("option", [{"peer": 0.1}, {"head_rate": 0.1}, {"greedy": True}])
def test_what_only_the_kernel_does_is_refused(digits, option):
    options = lwnn.Options(algo="ff", readout="head", **option)
    with pytest.raises(UsageError, match="does not go with a goodness of your own"):
        lwnn.train(digits, options, rule=custom_goodness(loudness))


def test_the_softplus_loss_needs_a_threshold(digits):
    options = lwnn.Options(algo="ff", readout="head", loss="softplus")
    with pytest.raises(UsageError, match="compares goodness with a threshold; give"):
        lwnn.train(digits, options, rule=custom_goodness(loudness))


def test_a_rule_for_another_kind_of_net_is_refused(digits):
    with pytest.raises(UsageError, match=r"custom_cost\(hinge\) trains nets of the kind dense"):
        lwnn.train(digits, lwnn.Options(algo="ff"), rule=custom_cost(hinge))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_with_a_gradient_from_elsewhere_is_the_kernels_step(name):
    """Backprop of one softmax over an input of 1: gradient p - t for weights and biases."""
    net = lwnn.Network("dense", 1, (), 2)
    start = np.array([0.5, -0.25, 0.1, 0.4], np.float32)
    z = (start[:2] + start[2:]).astype(np.float64)
    gradient = np.tile(np.exp(z) / np.exp(z).sum() - [1, 0], 2).astype(np.float32)
    by_kernel, by_step = start.copy(), start.copy()
    optimizers = [Optimizer(name, 4, 0.8) for _ in range(2)]
    data = (np.ones((1, 1), np.float32), np.array([[0], [1]], np.float32), 10.0)
    rows = (np.zeros(1, np.int32), np.zeros(1, np.int32), 1)
    workspace = np.empty(kernels.dense_workspace(net.table, 1, True, 1), np.float32)
    how = optimizers[0].arguments(0.3)
    kernels.bp_epoch(by_kernel, net.table, 0, *data, *rows, *how, workspace, 1)
    kernels.optimizer_step(by_step, gradient, net.table, *optimizers[1].arguments(0.3))
    assert np.abs(by_kernel - start).max() > 0.05
    assert by_step == pytest.approx(by_kernel, abs=1e-6)
