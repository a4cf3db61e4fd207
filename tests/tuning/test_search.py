"""The search itself: what it tries fits, what it keeps is the best, and processes agree."""

import dataclasses
import types

import numpy as np
import pytest

import lwnn
from lwnn.errors import UsageError
from lwnn.learning.loop import Epoch
from lwnn.tuning import Budget, Trial, search
from lwnn.tuning.search import front

optuna = pytest.importorskip("optuna", reason="Optuna is not installed; the extra is lwnn[tune]")

OPTIONS = lwnn.Options(epochs=2, val=0.2, test=0.2)
#: Kinds of budget: weights and constants, working memory, and all of a board with and without a
#: compiler of its own.
BUDGETS = {
    "flash": {"max_flash": 2_048},
    "memory": {"max_ram": 400},
    "both": {"max_flash": 6_000, "max_ram": 380},
    "uno": {"board": "uno", "max_flash": 9_000},
    "esp32": {"board": "esp32", "max_flash": 6_000},
}


@pytest.fixture(scope="module")
def digits():
    """A few hundred rows of the bundled digits."""
    dataset = lwnn.load(lwnn.sample_path())
    return dataset.take(np.arange(0, len(dataset.x), 3))


@pytest.mark.parametrize("limits", BUDGETS.values(), ids=BUDGETS)
def test_every_net_that_is_tried_fits_and_the_best_is_told(digits, limits):
    tried = []
    tuned = lwnn.tune(
        digits, OPTIONS, trials=6, **limits, on_trial=lambda trial, _: tried.append(trial)
    )
    budget = Budget.of(limits.get("max_flash"), limits.get("max_ram"), limits.get("board"))
    complete = [trial for trial in tried if trial.complete]
    assert len(tried) == 6
    assert len(complete) >= 3
    assert {trial.algo for trial in tried[:3]} == {"bp", "mf", "ff"}
    for trial in complete:
        assert trial.flash <= budget.limits.flash
        assert trial.memory <= budget.limits.memory
    best = max(complete, key=lambda trial: (trial.accuracy, -trial.flash, -trial.number))
    assert tuned.best == best
    assert tuned.model.network.hidden == best.hidden
    assert tuned.need == budget.need(tuned.model)
    assert (tuned.need.flash, tuned.need.memory) == (best.flash, best.memory)
    assert tuned.counts == {"complete": len(complete), "pruned": 6 - len(complete), "failed": 0}


def test_the_first_trials_take_what_there_is(digits):
    """One unit more than that of each rule's first trial would not fit."""
    tried = []
    lwnn.tune(digits, OPTIONS, max_flash=3_000, trials=3, on_trial=lambda t, _: tried.append(t))
    parts, scaler = lwnn.training.share_out(digits, OPTIONS)
    for trial in tried:
        assert trial.flash <= 3_000
        wider = dataclasses.replace(
            OPTIONS,
            algo=trial.algo,
            readout=trial.readout,
            hidden=tuple(width + 1 for width in trial.hidden),
        )
        rule, settings = lwnn.training.prepare(digits, parts, scaler, wider)
        model = lwnn.training.assemble(digits, rule, scaler, settings, None)
        assert Budget(3_000).need(lwnn.quantize(model, digits.x)).flash > 3_000


def test_the_test_rows_are_those_of_training_and_only_the_best_sees_them(digits, monkeypatch):
    looked = []
    judge = search.accuracy
    monkeypatch.setattr(search, "accuracy", lambda y, p: looked.append(len(y)) or judge(y, p))
    options = dataclasses.replace(OPTIONS, test=0.3)
    tuned = lwnn.tune(digits, options, max_flash=4_096, trials=4)
    parts, _ = lwnn.training.share_out(digits, options)
    assert len(parts.test) != len(parts.validation)
    assert looked.count(len(parts.test)) == 1
    assert looked[-1] == tuned.test_rows == len(parts.test)
    assert tuned.test_accuracy == judge(parts.test.y, tuned.model.predict_index(parts.test.x))
    assert tuned.best.accuracy == judge(
        parts.validation.y, tuned.model.predict_index(parts.validation.x)
    )


def test_the_same_seed_gives_the_same_search(digits):
    def tried(seed):
        trials = []
        options = dataclasses.replace(OPTIONS, seed=seed)
        tuned = lwnn.tune(
            digits, options, max_flash=4_096, trials=12, on_trial=lambda t, _: trials.append(t)
        )
        return trials, tuned.model.tensors

    trials, tensors = tried(1)
    again, same = tried(1)
    assert trials == again
    assert all(np.array_equal(tensors[name], same[name]) for name in tensors)
    # The first three are the same for every seed, but for the rows.
    assert [t.rate for t in tried(2)[0][3:]] != [t.rate for t in trials[3:]]


def test_whoever_shares_a_study_gets_the_best_of_all(digits, tmp_path):
    shared = {"max_flash": 4_096, "storage": f"sqlite:///{tmp_path / 'study.db'}", "study": "d"}
    first = lwnn.tune(digits, OPTIONS, trials=6, **shared)
    tried = []
    second = lwnn.tune(
        digits,
        OPTIONS,
        trials=1,
        algos=("bp", "mf", "ff"),
        **shared,
        on_trial=lambda trial, best: tried.append((trial, best)),
    )
    ((trial, best),) = tried
    assert trial.number == 6
    assert sum(second.counts.values()) == 7
    assert best == second.best
    if second.best.number < 6:
        assert second.best == first.best
        tensors = first.model.tensors
        assert all(np.array_equal(tensors[name], second.model.tensors[name]) for name in tensors)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"max_flash": 5_000}, "max-flash"),
        ({"max_ram": 5_000}, "max-ram"),
        ({"algos": ("bp",)}, "algos"),
        ({"options": lwnn.Options(epochs=2, val=0.2, test=0.2, seed=7)}, "seed"),
        ({"options": lwnn.Options(epochs=3, val=0.2, test=0.2)}, "epochs"),
        ({"options": lwnn.Options(epochs=2, val=0.1, test=0.2)}, "val"),
    ],
)
def test_a_study_of_something_else_is_not_joined(digits, tmp_path, changed, named):
    given = {"options": OPTIONS, "max_flash": 4_096, "trials": 1}
    given["storage"] = f"sqlite:///{tmp_path / 'study.db'}"
    lwnn.tune(digits, **given)
    with pytest.raises(UsageError, match=f"--study lwnn: was begun with another {named};"):
        lwnn.tune(digits, **{**given, **changed})


def test_a_study_of_another_program_is_not_joined(digits, tmp_path):
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    study = optuna.create_study(storage=storage, study_name="lwnn", direction="maximize")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(UsageError, match="begun with another program"):
        lwnn.tune(digits, OPTIONS, max_flash=4_096, trials=1, storage=storage)


def test_numbers_to_predict_are_refused(digits):
    values = dataclasses.replace(digits, y=digits.y.astype(np.float32), labels=())
    with pytest.raises(UsageError, match="numbers"):
        lwnn.tune(values, OPTIONS, max_flash=4_096, trials=1)


def test_an_interrupted_search_ends_with_the_best_so_far(digits):
    def stop(trial, best):
        if trial.number == 1:
            raise KeyboardInterrupt

    tuned = lwnn.tune(digits, OPTIONS, max_flash=4_096, trials=50, on_trial=stop)
    assert tuned.interrupted
    assert sum(tuned.counts.values()) == 2


def trial_of(number, accuracy, flash):
    return Trial(number, "complete", "bp", None, (4,), 0.01, accuracy, flash, 100)


def test_the_front_is_what_no_other_beats():
    trials = [
        trial_of(0, 0.9, 3_000),
        trial_of(1, 0.8, 1_000),
        trial_of(2, 0.7, 2_000),
        trial_of(3, 0.9, 2_500),
        trial_of(4, 0.75, 1_000),
        trial_of(5, 0.8, 900),
    ]
    assert [trial.number for trial in front(trials)] == [5, 3]


@pytest.mark.parametrize(
    ("reached", "others", "given_up"),
    [
        (0.4, [0.3, 0.5, 0.6], True),
        (0.5, [0.3, 0.5, 0.6], False),
        (0.1, [0.5, 0.6], False),
    ],
)
@pytest.mark.parametrize("larger", [False, True])
def test_a_trial_is_given_up_behind_nets_that_are_no_larger(reached, others, given_up, larger):
    done = [
        types.SimpleNamespace(user_attrs={"flash": 500}, intermediate_values={4: share})
        for share in others
    ]
    trial = types.SimpleNamespace(report=lambda *_: None)
    one = types.SimpleNamespace(complete=lambda: done)
    watch = search._Search.watcher(one, trial, 400 if larger else 500)
    rows = {"rows_done": 10, "rows_total": 10, "seconds": 1.0, "samples_per_second": 10.0}
    epoch = Epoch(4, 8, loss=0.5, finished=True, validation_accuracy=reached, **rows)
    if given_up and not larger:
        with pytest.raises(optuna.TrialPruned):
            watch(epoch)
    else:
        watch(epoch)
