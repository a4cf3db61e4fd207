"""Validation rows choose the weight decay of small tables."""

import numpy as np
import pytest

import lwnn
from lwnn.errors import TrainingError
from lwnn.learning.backprop import Backprop
from lwnn.options import DECAYS, resolve
from lwnn.training import train

ROWS, COLUMNS = 240, 8
TRIED = ("bp", "ff", "mf")


def table(noise, seed=0):
    """Rows whose class is whether two numbers have one sign, but for a share that luck has."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((ROWS, COLUMNS)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int32)
    lucky = random.random(ROWS) < noise
    y[lucky] = random.integers(0, 2, lucky.sum())
    return lwnn.Dataset(
        x=x,
        y=y,
        labels=("no", "yes"),
        features=tuple(f"x{place}" for place in range(COLUMNS)),
        target="kind",
        image_shape=None,
        source="some.csv",
        sha256="0" * 64,
    )


def options(algo="bp", **more):
    return lwnn.Options(
        **{"algo": algo, "hidden": (32,), "epochs": 80, "threads": 1, "refit": "no", **more}
    )


def mildest(algo="bp"):
    return resolve(options(algo), ROWS, COLUMNS)["l2"]


def validation_loss(algo, dataset, l2):
    return train(dataset, options(algo, l2=l2)).metrics["validation"]["loss"]


@pytest.mark.parametrize("algo", TRIED)
@pytest.mark.parametrize("noise", [0, 0.9])
def test_the_decay_is_the_one_that_is_least_wrong_on_validation_rows(algo, noise):
    dataset = table(noise)
    run = train(dataset, options(algo))
    losses = {
        factor * mildest(algo): validation_loss(algo, dataset, factor * mildest(algo))
        for factor in DECAYS
    }
    assert run.options["l2"] == pytest.approx(min(losses, key=losses.get))
    assert run.metrics["validation"]["loss"] == min(losses.values())
    assert len(set(losses.values())) == len(DECAYS)


def test_noisy_tables_get_more_than_clean_ones():
    clean, noisy = (train(table(noise), options()).options["l2"] for noise in (0, 0.9))
    assert (clean, noisy) == (mildest(), DECAYS[-1] * mildest())


@pytest.mark.parametrize("algo", TRIED)
def test_a_run_with_the_decay_that_was_chosen_is_the_same(algo):
    dataset = table(0.9)
    first = train(dataset, options(algo, refit="yes"))
    again = train(dataset, options(algo, refit="yes", l2=first.options["l2"]))
    assert again.model.params.vector.tobytes() == first.model.params.vector.tobytes()
    assert again.history == first.history


@pytest.mark.parametrize(
    "more",
    [
        {"l2": 0.3},
        {"l2": 0.0},
        {"val": 0.0, "refit": None},
        {"algo": "wp", "epochs": 2},
        {"optimizer": "sgd"},
    ],
    ids=str,
)
def test_nothing_is_tried_where_there_is_no_choice(more, monkeypatch):
    fits = []
    monkeypatch.setattr("lwnn.training.run.fit", counting(fits))
    run = train(table(0.9), options(**more))
    assert len(fits) == 1
    expected = resolve(options(**more), len(run.parts.train), COLUMNS).get("l2")
    assert run.options.get("l2") == expected


def test_trials_tell_nobody_of_their_epochs_but_take_time(monkeypatch):
    fits, seen = [], []
    monkeypatch.setattr("lwnn.training.run.fit", counting(fits))
    run = train(table(0.9), options(), on_epoch=seen.append)
    assert len(fits) == len(DECAYS) + 1
    assert [event.epoch for event in seen if event.finished] == list(range(1, run.epochs_run + 1))
    assert run.seconds == sum(one.seconds for one in fits)


def test_trials_take_no_more_than_the_usual_epochs(monkeypatch):
    fits = []
    monkeypatch.setattr("lwnn.training.run.fit", counting(fits))
    train(table(0.9), options(epochs=230, patience=1000))
    assert [len(one.history) for one in fits] == [200, 200, 230]


def counting(fits):
    from lwnn.learning import fit  # noqa: PLC0415

    def counted(*given, **more):
        fits.append(fit(*given, **more))
        return fits[-1]

    return counted


def test_what_counts_more_counts_more_in_the_choice():
    """Of two classes one is all noise, the other clean: the choice follows the weights."""
    dataset = table(0.9)
    run = train(dataset, options(class_weight={"no": 1.0, "yes": 0.0}))
    # A net that knows one class is never wrong, the less the less its weights decay.
    assert run.options["l2"] == mildest()


class Failing(Backprop):
    """Fails where weights decay more than it is used to."""

    most, failure = 0.0, TrainingError("too much")

    def learn(self, order, rate):
        if self.optimizer.l2 > self.most:
            raise self.failure
        return super().learn(order, rate)


def test_a_decay_that_fails_is_not_chosen_and_an_interrupt_ends_it_all():
    dataset = table(0.9)
    rule = type("Mild", (Failing,), {"most": mildest()})
    assert train(dataset, options(), rule=rule).options["l2"] == mildest()
    rule = type("Rude", (Failing,), {"most": mildest(), "failure": KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        train(dataset, options(), rule=rule)
