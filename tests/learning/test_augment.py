"""Moved images and rows with gaps: how far, how often, and that the rows themselves stay."""

import numpy as np
import pytest

import lwnn
from lwnn.data import Scaler
from lwnn.errors import UsageError
from lwnn.learning.augment import Shifts, Silences
from lwnn.learning.saturation import saturation


def single_pixels(count, size=9):
    """Images that are dark but for one pixel in the middle."""
    x = np.zeros((count, size * size), np.uint8)
    x[:, size * size // 2] = 255
    return x


def test_every_move_comes_up_about_equally_and_no_other():
    count, most = 5000, 2
    x = single_pixels(count)
    shifts = Shifts(x, (9, 9), most, np.random.default_rng(1))
    shifts.draw()
    assert (shifts.moved.sum(axis=1) == 255).all()
    down, right = np.divmod(shifts.moved.argmax(axis=1), 9)
    counts = np.zeros((9, 9), int)
    np.add.at(counts, (down, right), 1)
    inside = counts[2:7, 2:7]
    assert inside.sum() == count
    expected = count / 25
    assert np.abs(inside - expected).max() <= 5 * np.sqrt(expected)


def test_rows_stay_and_every_draw_differs():
    x = single_pixels(50)
    before = x.copy()
    shifts = Shifts(x, (9, 9), 1, np.random.default_rng(1))
    draws = []
    for _ in range(3):
        shifts.draw()
        draws.append(shifts.moved.tobytes())
    assert len(set(draws)) == 3
    assert np.array_equal(x, before)
    assert shifts.nbytes == x.nbytes


def test_moves_that_leave_nothing_are_refused():
    with pytest.raises(UsageError, match="shift:8 moves images of 8x9 pixels away; try shift:1"):
        Shifts(np.zeros((3, 72), np.uint8), (8, 9), 8, np.random.default_rng(1))


def test_a_share_of_the_inputs_falls_silent_anew_and_the_rest_stays():
    x = np.random.default_rng(0).integers(1, 256, (2000, 50)).astype(np.uint8)
    before, draws = x.copy(), []
    silences = Silences(x, 0.2, np.zeros(50, np.float32), np.random.default_rng(1))
    for _ in range(3):
        silences.draw()
        silent = silences.moved == 0
        assert np.array_equal(silences.moved[~silent], x[~silent])
        assert abs(silent.mean() - 0.2) < 5 * 0.4 / np.sqrt(x.size)
        draws.append(silent.tobytes())
    assert len(set(draws)) == 3
    assert np.array_equal(x, before)
    assert silences.nbytes == x.nbytes


def test_what_is_silent_is_scaled_to_nothing_and_the_mean_of_the_rest_is_kept():
    x = np.random.default_rng(0).normal(50, 3, (4000, 6)).astype(np.float32)
    scaler = Scaler.standard(x)
    silences = Silences(x, 0.25, scaler.offset, np.random.default_rng(1))
    silences.draw()
    silent = silences.moved != x
    scaled = scaler.apply(silences.moved)
    assert silent.any()
    assert not scaled[silent].any()
    assert scaled.mean() * silences.gain == pytest.approx(scaler.apply(x).mean(), abs=0.05)
    assert silences.gain == pytest.approx(4 / 3)


def test_moved_images_have_gaps_too():
    x = single_pixels(400)
    shifts = Shifts(x, (9, 9), 2, np.random.default_rng(1))
    silences = Silences(x, 0.5, np.zeros(81), np.random.default_rng(2), shifts)
    silences.draw()
    lit = silences.moved.any(axis=1)
    assert 100 < lit.sum() < 300
    assert len(np.unique(silences.moved[lit].argmax(axis=1))) == 25
    assert silences.nbytes == 2 * x.nbytes


@pytest.mark.parametrize("algo", ["ff", "mf", "bp", "wp"])
def test_rows_are_judged_without_gaps(algo):
    table = lwnn.load(lwnn.sample_path())
    options = lwnn.Options(algo=algo, epochs=2, hidden=(8,), input_dropout=0.5, refit="no")
    rules = []
    run = lwnn.train(table, options, on_start=lambda rule, *_: rules.append(rule))
    rule = rules[0]
    assert np.array_equal(rule.scores(table.x), run.model.scores(table.x))
    assert (rule.scaler[1] == 2 * rule.plain_scaler[1]).all()
    assert run.options["input_dropout"] == 0.5


@pytest.mark.parametrize("algo", ["bp", "wp"])
def test_saturation_is_that_of_rows_without_gaps(algo):
    table, rules = lwnn.load(lwnn.sample_path()), []
    shape = {"epochs": 1, "hidden": (30,), "activation": "tanh", "weights": "normal"}
    options = lwnn.Options(algo=algo, input_dropout=0.5, **shape)
    lwnn.train(table, options, on_start=lambda rule, *_: rules.append(rule))
    rule = rules[0]
    plain, louder = (
        saturation(rule.params, (table.x, scaler, rule.clip))
        for scaler in (rule.plain_scaler, rule.scaler)
    )
    assert rule.saturation(table.x) == plain != louder
