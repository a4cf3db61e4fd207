"""A second training on training and validation rows, once the best epoch is known."""

import dataclasses

import numpy as np
import pytest

import lwnn
from lwnn.data import Dataset
from lwnn.errors import UsageError
from lwnn.learning import RULES
from lwnn.learning.backprop import Backprop
from lwnn.options import MANY_ROWS, resolve
from lwnn.training import train

EPOCHS = 4
#: Every rule, and each form that an option makes of one.
WAYS = {
    **{algo: {"algo": algo} for algo in RULES},
    "hybrid": {"negatives": "hybrid", "head_epochs": EPOCHS},
    "top-down": {"top_down": True},
    "gd": {"algo": "bp", "optimizer": "gd"},
    "recurrent": {"algo": "bp", "recurrent": True, "timesteps": 2},
}


def make_dataset(rows=100, inputs=6, classes=2):
    """Classes about corners of their own, with a column of noise each."""
    random = np.random.default_rng(0)
    y = np.arange(rows, dtype=np.int32) % classes
    x = np.eye(inputs, dtype=np.float32)[y] * 6 + random.standard_normal((rows, inputs), np.float32)
    return Dataset(
        x=x,
        y=y,
        labels=tuple("ab"[:classes]),
        features=tuple(f"x{i}" for i in range(inputs)),
        target="kind",
        image_shape=None,
        source="some.csv",
        sha256="0" * 64,
    )


@pytest.fixture(scope="module")
def dataset():
    return make_dataset()


def options(way, **more):
    gradient = way.get("algo") != "perceptron"
    batch = {} if "optimizer" in way or not gradient else {"batch": 16}
    hidden = {"hidden": (8,)} if gradient else {}
    # As long as there are epochs, the last is the best: no row is worth a difference.
    return lwnn.Options(**{"epochs": EPOCHS, "patience": 99, **batch, **hidden, **way, **more})


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def way(request):
    return request.param


def test_a_refit_learns_from_all_but_the_test_rows_as_if_none_had_been_held_out(dataset, way):
    """After as many epochs it is the same net, to the last bit, as without validation rows."""
    run = train(dataset, options(way))
    assert run.best_epoch == run.epochs_run
    assert (run.refit_rows, len(run.parts.train), len(run.parts.test)) == (80, 80, 20)
    assert len(run.parts.validation) == 0
    whole = train(dataset, options(way, val=0.0, l2=run.options.get("l2")))
    assert run.model.params.vector.tobytes() == whole.model.params.vector.tobytes()
    assert run.model.scale.tobytes() == whole.model.scale.tobytes()
    assert run.metrics["test"] == whole.metrics["test"]


def test_validation_rows_are_judged_by_the_net_that_has_not_learnt_from_them(dataset, way):
    refit, plain = (train(dataset, options(way, refit=asked)) for asked in ("yes", "no"))
    assert refit.metrics["validation"] == plain.metrics["validation"]
    assert refit.metrics["train"] == plain.metrics["train"]
    assert refit.history == plain.history
    assert (plain.refit_rows, len(plain.parts.validation)) == (0, 10)
    assert refit.model.params.vector.tobytes() != plain.model.params.vector.tobytes()


def test_it_has_the_epochs_that_proved_best_and_says_so(dataset):
    seen = []
    # The same hits in every epoch, but for one; so that one is the best.
    run = train(
        dataset, options({"algo": "bp"}, epochs=9, patience=1, l2=0.1), seen.append, rule=_Best
    )
    assert run.best_epoch == 3
    assert [event.epoch for event in seen if event.refit and event.finished] == [1, 2, 3]
    assert {event.rows_total for event in seen if event.refit} == {80}
    assert all(event.validation_accuracy is None for event in seen if event.refit)
    assert len(run.history) == run.epochs_run > 3


class _Best(Backprop):
    """Right on the validation rows in the third epoch and wrong in all others."""

    epoch = 0

    def begin_epoch(self):
        self.epoch += 1

    def scores(self, x):
        found = super().scores(x)
        return found if self.epoch == 3 else -found


def test_rows_with_a_file_of_their_own_stay_out(dataset):
    other = make_dataset(30)
    run = train(dataset, options({}, val=other))
    assert (run.refit_rows, run.options["refit"]) == (0, "no")
    with pytest.raises(UsageError, match="--refit yes does not go with validation rows of their"):
        train(dataset, options({}, val=other, refit="yes"))
    with pytest.raises(UsageError, match="--val 0 holds no rows out; leave some, such as --val"):
        train(dataset, options({}, val=0.0, refit="yes"))


@pytest.mark.parametrize(
    ("rows", "val", "asked", "settled"),
    [
        (100, 0.1, None, "yes"),
        (MANY_ROWS - 1, 0.1, None, "yes"),
        (MANY_ROWS, 0.1, None, "no"),
        (MANY_ROWS, 0.1, "yes", "yes"),
        (100, 0.1, "no", "no"),
        (100, 0.0, None, "no"),
    ],
)
def test_it_is_for_few_rows_unless_it_is_asked_for(rows, val, asked, settled):
    assert resolve(lwnn.Options(val=val, refit=asked), rows, 5)["refit"] == settled


@pytest.mark.parametrize("epoch", [1, 3])
def test_an_interrupt_leaves_the_net_that_is_there(dataset, epoch):
    def on_epoch(event):
        if event.refit and event.epoch == epoch:
            raise KeyboardInterrupt

    plain = train(dataset, options({}, refit="no"))
    run = train(dataset, options({}), on_epoch)
    assert (run.stopped, run.refit_rows) == ("interrupted", 0)
    assert run.model.params.vector.tobytes() == plain.model.params.vector.tobytes()
    assert run.metrics == plain.metrics


def test_no_refit_follows_an_interrupt(dataset):
    def on_epoch(event):
        assert not event.refit
        if event.epoch == 3:
            raise KeyboardInterrupt

    run = train(dataset, options({}), on_epoch)
    assert (run.stopped, run.refit_rows) == ("interrupted", 0)


def test_a_refit_that_fails_leaves_the_net_that_is_there(dataset):
    plain = train(dataset, options({"algo": "bp"}, refit="no"))
    run = train(dataset, options({"algo": "bp"}), rule=_Fails)
    assert (run.stopped, run.refit_rows) == ("finished", 0)
    assert run.warnings == [
        "trained anew on all rows the loss is no longer a number; the model has learnt from the "
        "training rows alone; try a smaller --lr"
    ]
    assert run.model.params.vector.tobytes() == plain.model.params.vector.tobytes()


class _Fails(Backprop):
    """Its loss is no number on more than 70 rows."""

    def learn(self, order, rate):
        return super().learn(order, rate) if len(order) <= 70 else np.nan


def test_numbers_are_learnt_anew_too():
    data = make_dataset()
    data = dataclasses.replace(data, y=data.x[:, 0].copy(), labels=())
    run = train(data, options({"algo": "bp", "task": "regression"}))
    whole = train(data, options({"algo": "bp", "task": "regression"}, val=0.0, epochs=EPOCHS))
    assert run.refit_rows == 80
    if run.best_epoch == EPOCHS:
        assert run.model.predict(data.x).tobytes() == whole.model.predict(data.x).tobytes()
    assert run.model.response == whole.model.response
