"""What Forward-Forward tells of its layers, and learning one layer after the other."""

import numpy as np
import pytest

from lwnn import Options, load, sample_path, train
from lwnn.errors import UsageError
from lwnn.options import label_scale

QUICK = {"epochs": 4, "hidden": (24, 16)}


@pytest.fixture(scope="module")
def digits():
    return load(sample_path())


def layers_of(run):
    return [epoch["layers"] for epoch in run.history]


def test_the_history_tells_how_each_layer_fared(digits):
    run = train(digits, Options(**QUICK, rate=0.01))
    last = layers_of(run)[-1]
    assert [layer["layer"] for layer in last] == [1, 2]
    for layer in last:
        assert layer["positive"] > layer["negative"] > 0
        assert 0.8 < layer["right"] <= 1
        assert 0 <= layer["dead"] < 0.2
    assert run.warnings == []


def test_goodness_is_told_without_the_sharpness(digits):
    """Right after the start the mean of squares of half of all units at N(0, 2/inputs) is 1."""
    for sharpness in (0.5, 20.0):
        run = train(digits, Options(**QUICK, sharpness=sharpness, rate=1e-9))
        assert 0.5 < layers_of(run)[0][1]["positive"] < 2


@pytest.mark.parametrize("loss", ["softplus", "swish", "labels"])
def test_layers_that_separate_nothing_are_told_once_with_a_remedy(digits, loss):
    """A label too soft to be heard."""
    run = train(digits, Options(epochs=5, hidden=(24, 16), loss=loss, label_scale=1e-6, rate=1e-9))
    assert len(run.warnings) == 2
    for number, text in enumerate(run.warnings, start=1):
        assert text.startswith(f"layer {number} does not tell right labels from wrong ones")
        assert "--label-scale" in text


def test_dead_layers_are_told_with_a_remedy(digits, monkeypatch):
    from lwnn.learning import ForwardForward  # noqa: PLC0415

    def start(self, rng):
        for name, view in self.params.views.items():
            view[:] = -100 if name == "layer2.bias" else 0.1

    monkeypatch.setattr(ForwardForward, "start", start)
    run = train(digits, Options(**QUICK, rate=1e-6))
    assert layers_of(run)[-1][1]["dead"] == 1
    assert any(
        text.startswith("layer 2: no unit gives anything") and "--lr" in text
        for text in run.warnings
    )


def test_greedy_trains_layer_after_layer(digits):
    run = train(digits, Options(epochs=7, hidden=(24, 16), greedy=True, patience=50))
    learnt = [[layer["layer"] for layer in layers] for layers in layers_of(run)]
    assert learnt == [[1]] * 4 + [[2]] * 3
    rates = [epoch["rate"] for epoch in run.history]
    # Each layer has a cooldown of its own.
    assert rates[4] == rates[0] == max(rates)
    assert rates[3] < rates[0]
    assert run.best_epoch > 4
    assert run.metrics["test"]["accuracy"] > 0.85


def test_greedy_needs_an_epoch_for_each_layer(digits):
    with pytest.raises(UsageError, match="--greedy needs an epoch for each layer, so --epochs 2"):
        train(digits, Options(epochs=1, hidden=(24, 16), greedy=True))


@pytest.mark.parametrize(
    "form",
    [
        {"embed": "overwrite", "image": (8, 8), "level": "rows"},
        {"embed": "overwrite", "image": (8, 8), "goodness": "sum", "loss": "softplus"},
        {"peer": 0.03},
        {"head_rate": 0.002},
        {"goodness": "absolute"},
        {"loss": "labels"},
        {"negatives": "random"},
        {"readout": "both"},
        {"readout": "head"},
        {"level": "rows"},
    ],
    ids=str,
)
def test_every_form_learns_the_digits(digits, form):
    run = train(digits, Options(epochs=12, hidden=(48, 32), seed=1, **form))
    assert run.metrics["test"]["accuracy"] > 0.93
    two = train(digits, Options(epochs=2, hidden=(48, 32), seed=1, threads=2, **form))
    one = train(digits, Options(epochs=2, hidden=(48, 32), seed=1, threads=1, **form))
    assert one.model.params.vector.tobytes() == two.model.params.vector.tobytes()


def test_twenty_six_classes_stay_finite():
    random = np.random.default_rng(0)
    y = np.arange(260, dtype=np.int32) % 26
    from lwnn.data import Dataset  # noqa: PLC0415

    x = random.standard_normal((26, 8), np.float32)[y] * 1e4
    names = tuple(f"x{n}" for n in range(8)), "kind", None, "made.csv", "0" * 64
    dataset = Dataset(x, y, tuple(map(str, range(26))), *names)
    for loss in ("softplus", "swish", "labels"):
        run = train(dataset, Options(epochs=3, loss=loss, sharpness=1e4))
        assert np.isfinite(run.model.params.vector).all()


def test_pixels_are_overwritten_only_where_there_are_pixels(digits):
    with pytest.raises(UsageError, match="does not say that its rows are images"):
        train(digits, Options(embed="overwrite", **QUICK))


def test_labels_are_heard_among_many_inputs_and_do_not_drown_few():
    assert label_scale(4) == label_scale(16) == 1
    assert label_scale(784) == 5.6
