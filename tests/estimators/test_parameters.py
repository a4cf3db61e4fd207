"""Every option of training is a parameter of the estimators that it means something to."""

import inspect
import os
import threading

import pytest

pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn is not installed")

import numpy as np
from sklearn.base import clone

import lwnn
from lwnn import estimators, training
from lwnn.estimators import BackpropClassifier, FFClassifier, FFTransformer
from lwnn.estimators.parameters import options_of, seed_of
from lwnn.learning import RULES
from lwnn.network import Network
from lwnn.options import FORMS, about, declared

ALL = [getattr(estimators, name) for name in estimators.__all__]
LABELS = {"label_smoothing", "class_weight"}
#: The rules that an estimator stands for, and the options that it has no use for.
RULES_OF = {
    "FFClassifier": ({"ff", *FORMS}, set()),
    "MonoForwardClassifier": ({"mf"}, set()),
    "BackpropClassifier": ({"bp"}, set()),
    "BackpropRegressor": ({"bp"}, {"cost", "output_activation", *LABELS}),
    "PerturbationClassifier": ({"wp"}, set()),
    "FFTransformer": (
        {"un"},
        {"negatives", "val", "patience", "refit", "head_epochs", "class_weight"},
    ),
}
#: Two that the class stands for, one that scikit-learn has means for, one that it names otherwise.
NOWHERE = {"algo", "task", "test", "seed"}


def some_value(name, told):
    """A value of an option that is not its default."""
    if told.values:
        values = told.values
        return next(iter(values.values()))[-1] if isinstance(values, dict) else values[-1]
    forms = {"widths": (3, 2), "image": (2, 4), "part": 0.25, bool: True, str: told.example}
    forms["weights"] = "balanced"
    return forms[told.kind] if told.kind in forms else told.kind(2)


def test_all_estimators_are_listed():
    assert set(RULES_OF) == set(estimators.__all__)


@pytest.mark.parametrize("made", ALL, ids=lambda made: made.__name__)
def test_no_option_is_forgotten(made):
    rules, useless = RULES_OF[made.__name__]
    wanted = {name for name, told in declared() if rules & set(told.algos)} - NOWHERE - useless
    assert len(wanted) > 8
    assert set(made().get_params()) == wanted | {"random_state"}
    assert set(inspect.signature(made).parameters) == wanted | {"random_state"}
    for name in wanted - {"val", "image", "class_weight"}:
        assert about(name).help in inspect.getdoc(made)


@pytest.mark.parametrize("made", ALL, ids=lambda made: made.__name__)
def test_every_parameter_reaches_training(made):
    values = {n: some_value(n, told) for n, told in declared() if n in made().get_params()}
    estimator = made(**values, random_state=3)
    assert all(estimator.get_params()[name] is value for name, value in values.items())
    options = options_of(clone(estimator), seed_of(3))
    assert {name: getattr(options, name) for name in values} == values
    assert (options.seed, options.test) == (3, 0)


def test_searches_may_draw_numbers_of_numpy(tmp_path, digits):
    given = {"rate": np.float64(0.01), "hidden": np.array([4]), "epochs": np.int64(2)}
    fitted = BackpropClassifier(**given, random_state=np.int64(1)).fit(*digits)
    lwnn.save_model(fitted.to_model(), tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rate": -1.0}, "^rate -1; expected"),
        ({"rate": "fast"}, "^rate 'fast'; expected a number"),
        ({"epochs": 2.5}, "^epochs 2.5; expected an int"),
        ({"hidden": "wide"}, "^hidden 'wide'; expected a tuple of ints"),
        ({"image": (3, 3)}, "^image 3x3: that is 9 pixels, not 64"),
        ({"image": 3}, "^image 3; expected height and width"),
        ({"greedy": "no"}, "^greedy 'no'; expected True or False"),
        ({"loss": "squares"}, "^unknown loss 'squares'; choose from softplus"),
        ({"class_weight": "even"}, "^class_weight 'even'; expected 'balanced' or a dict"),
        ({"class_weight": {"3": "x"}}, "^class_weight .*; expected 'balanced' or a dict"),
        ({"class_weight": {"12": 2}}, "^class_weight: '12' is no class; there are 0, 1"),
        ({"class_weight": {"3": -1}}, "^class_weight: expected numbers of 0 or more"),
        ({"val": 1.5}, "share is 1.5"),
        ({"random_state": -1}, "^random_state -1; expected"),
        ({"head_epochs": 3}, "^head_epochs goes with negatives hybrid"),
    ],
)
def test_what_does_not_fit_is_called_as_the_parameters_are(given, said, digits):
    with pytest.raises(ValueError, match=said):
        FFClassifier(**given).fit(*digits)


def test_unknown_parameters_are_refused():
    with pytest.raises(TypeError, match=r"FFTransformer.*unexpected keyword argument 'val'"):
        FFTransformer(val=0.1)


def test_a_thread_of_a_pool_takes_one_core():
    estimator, seen = FFClassifier(), []
    pool = threading.Thread(target=lambda: seen.append(estimator._options().threads))
    pool.start()
    pool.join()
    assert seen == [1]
    assert estimator._options().threads is None


@pytest.mark.parametrize(("said", "most"), [("1", 1), ("1,2", 1), ("", None), ("many", None)])
def test_processes_are_told_how_many_cores_they_have(monkeypatch, said, most):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    network = Network("dense", 1000, (1000,), 10)
    assert training.default_threads(RULES["bp"], network, 1000) == (most or 8)
