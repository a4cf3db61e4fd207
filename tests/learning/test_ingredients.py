"""What training is made of: each ingredient stands in the documentation's table and has a property.

An optimizer, schedule, penalty, noise, activation, cost or start that is new is found here without
one, and fails. Optimizers and penalties walk a path that is written out by hand; noise adds to a
quadratic cost what it must on average; gradients are held to autodiff.
"""

import dataclasses
import functools
import re
from pathlib import Path

import numpy as np
import pytest
import test_optimizers
import test_schedules
import test_starts

import lwnn
from lwnn._kernels import kernels
from lwnn.autodiff import grad
from lwnn.gradcheck import referees
from lwnn.gradcheck.problems import Problem, Shape
from lwnn.learning.augment import Silences
from lwnn.learning.optimizers import Optimizer
from lwnn.network import ACTIVATIONS, PAIRS, Network
from lwnn.options import about, flag

PAGE = Path(__file__).parents[2] / "docs" / "training.md"
#: Options whose every value is an ingredient, and panels of which every option is one.
NAMED, PANELS = ("optimizer", "schedule", "activation", "weights"), ("Penalties and noise",)
#: Ingredients in other panels, and options that only say how much of another one.
OTHERS, AMOUNTS = (
    ("warmup", "average", "input_dropout"),
    ("momentum", "decay", "decay_every", "noise_decay"),
)

OPTIONS = [field.name for field in dataclasses.fields(lwnn.Options)]
ENTRIES = [
    *((option, value) for option in NAMED for value in about(option).values),
    *(("cost", pair) for pair in PAIRS),
    *((name, None) for name in OPTIONS if about(name).panel in PANELS and name not in AMOUNTS),
    *((name, None) for name in OTHERS),
]
PROPERTIES = {}


def property_of(option, *values):
    """Make a function the property of an option, or of these values of it, which it then takes."""

    def keep(function):
        for value in values or (None,):
            chosen = functools.partial(function, value) if values else function
            assert PROPERTIES.setdefault((option, value), chosen) is chosen
        return function

    return keep


# ---------------------------------------------------------------- the guard


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_every_ingredient_has_its_property(entry):
    assert entry in PROPERTIES, f"{entry} has no property here: write one"
    PROPERTIES[entry]()


def test_no_property_is_of_what_is_gone():
    assert set(PROPERTIES) == set(ENTRIES)
    assert len(ENTRIES) > 30


def rows():
    """Section and option of every row of the table."""
    section, found = "", []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 4 or set(line) <= set("|-"):
            continue
        title = re.match(r"\*\*(.+?)\*\*", cells[0])
        if title:
            section = title[1].partition(" ")[0].lower()
        found.append((section, " ".join(cells)))
    return found


SECTIONS = {
    "optimizer": "optimizers",
    "schedule": "schedules",
    "activation": "activations",
    "weights": "starts",
}


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_every_ingredient_stands_once_in_the_table(entry):
    option, value = entry
    if value is None:
        assert sum(f"`--{flag(option)} " in row for _, row in rows()) == 1
    elif option == "cost":
        words = [("squared error" if value[0] == "mse" else "cross-entropy"), value[1]]
        name = ", ".join(words)
        assert sum(row.startswith(name) for _, row in rows()) == 1
    else:
        own = [row for section, row in rows() if section == SECTIONS[option]]
        assert sum(f"`{value}`" in row for row in own) == 1
        assert any(f"`--{flag(option)}`" in row for row in own)


@pytest.mark.parametrize("option", AMOUNTS)
def test_what_says_how_much_is_told_beside_it(option):
    assert any(f"`--{flag(option)}`" in row for _, row in rows())


# ---------------------------------------------------------------- steps


@property_of("optimizer", *test_optimizers.BY_HAND)
def path_of_an_optimizer(name):
    got = test_optimizers.path_by_kernel(name, 1)
    assert got == pytest.approx(test_optimizers.path_by_hand(name), abs=2e-5)


@property_of("l1")
def path_with_l1():
    path_with(l1=0.2)


@property_of("l2")
def path_with_l2():
    path_with(l2=0.3)


@property_of("clip_gradient")
def path_with_clipping():
    path_with(clip_gradient=0.2)


def path_with(**penalty):
    got = test_optimizers.path_by_kernel("sgd", 1, **penalty)
    assert got == pytest.approx(test_optimizers.path_by_hand("sgd", **penalty), abs=2e-5)
    assert np.abs(got - test_optimizers.path_by_hand("sgd")).max() > 0.01


def rates(**options):
    """Of every epoch of a run."""
    chosen = lwnn.Options(algo="bp", hidden=(), epochs=7, rate=0.1, patience=7, **options)
    return [epoch["rate"] for epoch in lwnn.train(lwnn.load(lwnn.sample_path()), chosen).history]


@property_of("schedule", *test_schedules.BY_HAND)
def rates_of_a_run(name):
    options = {"step": {"decay": 0.7, "decay_every": 3}, "exponential": {"decay": 0.7}}
    want = [0.1 * test_schedules.BY_HAND[name](epoch, 7, 0.7, 3) for epoch in range(1, 8)]
    assert rates(schedule=name, **options.get(name, {})) == pytest.approx(want, rel=1e-12)


@property_of("warmup")
def rates_rise_to_their_height():
    want = [0.1 * min(1, epoch / 4) for epoch in range(1, 8)]
    assert rates(schedule="constant", warmup=3) == pytest.approx(want, rel=1e-12)


@property_of("average")
def weights_are_the_mean_of_those_after_each_epoch():
    """Shorter runs end where a longer one passes; with a span of 2 the second epoch counts half."""

    def weights(epochs, **options):
        chosen = {"algo": "bp", "hidden": (), "rate": 0.01, "val": 0.0, "schedule": "constant"}
        chosen = lwnn.Options(**chosen, epochs=epochs, **options)
        return lwnn.train(lwnn.load(lwnn.sample_path()), chosen).model.params.vector

    first, second, third = (weights(epochs) for epochs in (1, 2, 3))
    want = (first + second) / 4 + third / 2
    assert weights(3, average=2) == pytest.approx(want, abs=1e-6)
    assert np.abs(want - third).max() > 1e-3


@property_of("weights", *test_starts.SPREAD)
def spread_of_a_start(name):
    test_starts.test_weights_are_normal_of_the_promised_variance(name)


# ---------------------------------------------------------------- gradients


def against_autodiff(**network):
    """The kernel's gradient, and its cost, against autodiff's."""
    problem = Problem("bp", Shape(9, 5, (7, 6), 4), network, {})
    got, loss = problem.step()
    said = referees.output_loss(problem)
    vector = problem.start.astype(np.float64)
    want = grad(said)(vector)
    assert got == pytest.approx(want, abs=5e-6 * np.abs(want).max())
    assert loss == pytest.approx(float(said(vector)), rel=5e-6)


@property_of("activation", *ACTIVATIONS)
def slope_of_an_activation(name):
    against_autodiff(activation=name)


@property_of("cost", *PAIRS)
def slope_of_a_cost(pair):
    against_autodiff(cost=pair[0], output=pair[1], activation="tanh")


@property_of("label_smoothing")
def smoothed_targets():
    """Of two classes, 0.2 of the target goes to both alike: it is 0.9 and 0.1."""
    z = test_optimizers.START[:2] + test_optimizers.START[2:]
    want = np.exp(z) / np.exp(z).sum() - [0.9, 0.1]
    got = test_optimizers.path_by_kernel("sgd", 1, label_smoothing=0.2)[0]
    step = (test_optimizers.START - got) / test_optimizers.RATE
    assert step == pytest.approx(np.tile(want, 2), abs=1e-6)


# ---------------------------------------------------------------- noise


INPUTS, ROWS = 40, 4000


class Line:
    """A linear net under squared error, ½ (w · x + b - t)², which sees one row again and again."""

    def __init__(self, hidden=()):
        random = np.random.default_rng(0)
        self.net = Network("dense", INPUTS, hidden, 1, "linear", cost="mse")
        self.vector = (random.standard_normal(self.net.size) / 8).astype(np.float32)
        self.x = np.tile(random.standard_normal(INPUTS).astype(np.float32), (ROWS, 1))

    def cost(self, batch=ROWS, x=None, **noise):
        """Mean over the rows."""
        return self.learn(batch, 1e-30, x, **noise)[0] / ROWS

    def learn(self, batch, rate, x=None, step=0, **noise):
        optimizer = Optimizer("sgd", self.net.size, seed=5, **noise)
        optimizer.step = step
        vector, table = self.vector.copy(), self.net.table
        scaler = np.stack([np.zeros(INPUTS), np.ones(INPUTS)]).astype(np.float32)
        data = (self.x if x is None else x, scaler, 1e6, np.full(ROWS, 0.3, np.float32))
        how = (np.arange(ROWS, dtype=np.int32), batch, *optimizer.arguments(rate))
        workspace = np.empty(kernels.dense_workspace(table, batch, True, 1), np.float32)
        loss = kernels.bp_epoch(vector, table, self.net.cost_code, *data, *how, workspace, 1)
        return loss, vector


@property_of("input_noise")
def input_noise_is_a_penalty_on_the_weights():
    """Bishop 1995: it adds ½ σ² |w|²."""
    line = Line()
    added = line.cost(input_noise=0.8) - line.cost()
    assert added == pytest.approx(0.5 * 0.8**2 * (line.vector[:-1] ** 2).sum(), rel=0.1)


@property_of("weight_noise")
def weight_noise_is_a_penalty_on_the_inputs():
    """It adds ½ σ² |x|², over enough mini-batches."""
    line = Line()
    added = line.cost(batch=4, weight_noise=0.4) - line.cost()
    assert added == pytest.approx(0.5 * 0.4**2 * (line.x[0] ** 2).sum(), rel=0.2)


@property_of("dropout")
def dropout_is_a_penalty_on_the_parts_of_a_sum():
    """Srivastava et al. 2014, section 9.1: it adds ½ p / (1 - p) Σ (v a)²."""
    line = Line(hidden=(300,))
    views = lwnn.network.Params(line.net, line.vector).views
    a = line.x[0] @ views["layer1.weight"].T + views["layer1.bias"]
    want = 0.5 * 0.25 / 0.75 * ((views["output.weight"][0] * a) ** 2).sum()
    assert line.cost(dropout=0.25) - line.cost() == pytest.approx(want, rel=0.1)


@property_of("input_dropout")
def input_dropout_is_one_too():
    line = Line()
    silences = Silences(line.x, 0.25, np.zeros(INPUTS), np.random.default_rng(1))
    silences.draw()
    want = 0.5 * 0.25 / 0.75 * ((line.vector[:-1] * line.x[0]) ** 2).sum()
    added = line.cost(x=silences.moved * np.float32(silences.gain)) - line.cost()
    assert added == pytest.approx(want, rel=0.1)


@property_of("gradient_noise")
def gradient_noise_fades_as_promised():
    """The variance is a / (1 + t) ^ decay, in every component."""
    line = Line(hidden=(300,))
    for step, decay in ((0, 0.55), (9, 0.55), (9, 1.0)):
        noise = {"gradient_noise": 0.04, "noise_decay": decay}
        _, quiet = line.learn(ROWS, 0.1, step=step)
        _, loud = line.learn(ROWS, 0.1, step=step, **noise)
        found = (quiet - loud) / 0.1
        assert found.std() == pytest.approx(np.sqrt(0.04 / (1 + step) ** decay), rel=0.03)
        assert abs(found.mean()) < 0.01
