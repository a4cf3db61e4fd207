"""What estimators learn: the same as `lwnn.train`, at once or bit by bit."""

import pickle
import warnings

import pytest

pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn is not installed")

import numpy as np
from sklearn.exceptions import ConvergenceWarning

import lwnn
from lwnn import estimators
from lwnn.estimators import BackpropClassifier, BackpropRegressor, FFClassifier

CLASSIFIERS = [name for name in estimators.__all__ if name.endswith("Classifier")]


def small(name, **more):
    """An estimator that is quickly trained."""
    more = {"hidden": (16,), "epochs": 4, "random_state": 0, **more}
    if name == "PerturbationClassifier":
        more["perturb"] = "node"
    return getattr(estimators, name)(**more)


def vector(estimator):
    return estimator.model_.params.vector


def dataset(x, y):
    """What `lwnn.train` takes."""
    names = tuple(f"x{n}" for n in range(x.shape[1]))
    if y.dtype.kind == "f":
        return lwnn.Dataset(x, y, (), names, None, None, "X", "")
    labels, codes = np.unique(y, return_inverse=True)
    return lwnn.Dataset(x, codes.astype(np.int32), tuple(labels), names, None, None, "X", "")


def targets(name, y):
    """Classes, or numbers for what learns these."""
    return y.astype(np.float32) if name == "BackpropRegressor" else y


@pytest.mark.parametrize("name", [*CLASSIFIERS, "BackpropRegressor"])
def test_it_learns_what_train_learns(name, digits):
    x, y = digits[0], targets(name, digits[1])
    fitted = small(name).fit(x, y)
    options = fitted._options()
    run = lwnn.train(dataset(x, y), options)
    assert np.array_equal(vector(fitted), run.model.params.vector)
    assert np.array_equal(fitted.predict(x), run.model.predict(x))
    assert (fitted.n_iter_, len(fitted.history_)) == (4, 4)


@pytest.mark.parametrize("name", estimators.__all__)
def test_the_random_state_decides(name, digits):
    digits = digits[0], targets(name, digits[1])
    vectors = [vector(small(name, random_state=seed).fit(*digits)) for seed in (1, 1, 2)]
    assert np.array_equal(vectors[0], vectors[1])
    assert not np.array_equal(vectors[0], vectors[2])
    drawn = [small(name, random_state=np.random.RandomState(5)).fit(*digits) for _ in range(2)]
    assert np.array_equal(*map(vector, drawn))


@pytest.mark.parametrize("name", [*CLASSIFIERS, "BackpropRegressor"])
def test_rows_may_come_bit_by_bit(name, digits):
    x, y = digits[0], targets(name, digits[1])
    learner = small(name, epochs=None)
    more = {"classes": np.unique(y)} if name in CLASSIFIERS else {}
    for start in 30 * list(range(0, 300, 100)):
        part = slice(start, start + 100)
        learner.partial_fit(x[part], y[part], **more)
    assert learner.score(x, y) > 0.9
    assert learner.n_iter_ == len(learner.history_) == 90
    assert learner.history_[-1]["loss"] < learner.history_[0]["loss"]


@pytest.mark.parametrize("name", estimators.__all__)
def test_a_learner_may_travel_between_calls(name, digits):
    x, y = digits[0], targets(name, digits[1])
    more = {"classes": np.unique(y)} if name in CLASSIFIERS else {}
    stayed = small(name).partial_fit(x[:5], y[:5], **more)
    luggage = pickle.dumps(stayed)
    travelled = pickle.loads(luggage)
    # More rows than before, so that there is more to keep in mind while they are learnt from.
    for learner in (stayed, travelled):
        learner.partial_fit(x, y)
    assert np.array_equal(vector(stayed), vector(travelled))
    # The rows themselves stay at home.
    assert len(pickle.dumps(stayed)) < len(luggage) + x.nbytes / 2


@pytest.mark.parametrize("name", estimators.__all__)
def test_partial_fit_goes_on_where_fit_has_ended(name, digits):
    x, y = digits
    learner = small(name).fit(x, y)
    before = vector(learner).copy()
    learner.set_params(rate=1e-6).partial_fit(x[:50], y[:50])
    assert 0 < np.abs(vector(learner) - before).max() < 1e-3
    assert learner.n_iter_ == len(learner.history_) > 1


@pytest.mark.parametrize("name", estimators.__all__)
def test_fit_forgets(name, digits):
    x, y = digits
    fresh = small(name).fit(x, y)
    again = small(name).fit(x[50:], y[50:])
    again.partial_fit(x[:50], y[:50])
    assert np.array_equal(vector(again.fit(x, y)), vector(fresh))
    for learner in (again, fresh):
        learner.partial_fit(x[:50], y[:50])
    assert np.array_equal(vector(again), vector(fresh))


@pytest.mark.parametrize(
    ("given", "call", "said"),
    [
        ({}, {}, "classes must be passed on the first call"),
        ({}, {"classes": ["1", "2"]}, "which is none of"),
        ({"greedy": True}, {"classes": list("0123456789")}, "leave out greedy or use fit"),
        ({"negatives": "hybrid"}, {"classes": list("0123456789")}, "use fit, or negatives random"),
        ({"class_weight": "balanced"}, {"classes": list("0123456789")}, "give class_weight a num"),
    ],
)
def test_bits_that_cannot_be_learnt_from_are_refused(given, call, said, digits):
    with pytest.raises(ValueError, match=said):
        FFClassifier(**given).partial_fit(*digits, **call)


@pytest.mark.parametrize("name", [name for name in estimators.__all__ if name != "FFTransformer"])
def test_a_row_is_answered_alike_in_any_company(name, digits):
    x, y = digits[0], targets(name, digits[1])
    fitted = small(name).fit(x, y)
    ask = fitted.predict_proba if name in CLASSIFIERS else fitted.predict
    together = ask(x[:16])
    for rows in range(1, 9):
        assert np.array_equal(ask(x[:rows]), together[:rows])


def test_numbers_may_be_large():
    x = np.linspace(-1, 1, 100).reshape(-1, 1)
    fitted = BackpropRegressor(random_state=0).fit(x, 1e9 + x[:, 0])
    assert fitted.score(x, 1e9 + x[:, 0]) > 0.99


def test_another_net_than_was_learnt_cannot_learn_on(digits):
    learner = small("BackpropClassifier").fit(*digits).set_params(hidden=(3,))
    with pytest.raises(ValueError, match="make another net than was learnt; use fit"):
        learner.partial_fit(*digits)


@pytest.mark.parametrize(
    ("made", "given"),
    [
        (BackpropClassifier, {"augment": "shift:1", "image": (8, 8)}),
        (BackpropClassifier, {"input_dropout": 0.2}),
        (FFClassifier, {"loss": "softplus", "negatives": "random"}),
        (FFClassifier, {"top_down": True, "hidden": (16, 16)}),
    ],
)
def test_what_changes_by_the_epoch_may_come_bit_by_bit(made, given, digits):
    x, y = digits
    learner = made(random_state=0, **given)
    for _ in range(40):
        for part in (slice(0, 100), slice(100, 300)):
            learner.partial_fit(x[part], y[part], classes=np.unique(y))
    assert learner.score(x, y) > 0.9


def test_other_classes_than_before_are_refused(digits):
    x, y = digits
    learner = BackpropClassifier().partial_fit(x, y, classes=np.unique(y))
    with pytest.raises(ValueError, match="are not those of the first call"):
        learner.partial_fit(x, y, classes=["0", "1"])


def test_few_rows_are_all_learnt_from():
    fitted = BackpropClassifier(random_state=0).fit([[0.0], [1.0]], [0, 1])
    assert fitted.score([[0.0], [1.0]], [0, 1]) == 1
    assert fitted.history_[0]["validation_accuracy"] is None


def test_bytes_are_pixels_only_where_they_are_said_to_be(digits):
    x, y = digits
    pixels = x.astype(np.uint8)
    plain, image = small("BackpropClassifier"), small("BackpropClassifier", image=(8, 8))
    assert np.array_equal(vector(plain.fit(x, y)), vector(plain.fit(pixels, y)))
    assert image.fit(pixels, y).model_.scale[0] == np.float32(1 / 255)


def test_a_layer_that_learns_nothing_is_warned_of():
    random = np.random.default_rng(0)
    x, y = random.standard_normal((400, 5)), random.integers(0, 2, 400)
    with pytest.warns(ConvergenceWarning, match="try another label_scale than"):
        FFClassifier(random_state=0, epochs=40, label_scale=1e-6, negatives="random").fit(x, y)


def test_divergence_is_an_error_in_plain_words(digits):
    with pytest.raises(ValueError, match=r"no longer a number in epoch 1; try a smaller rate"):
        BackpropClassifier(optimizer="sgd", rate=1e6, activation="linear").fit(*digits)


def test_an_interrupted_fit_is_no_result(monkeypatch, digits):
    real = lwnn.train

    def interrupted(*args, **kwargs):
        run = real(*args, **kwargs)
        run.stopped = "interrupted"
        return run

    monkeypatch.setattr(lwnn.training, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        small("BackpropClassifier").fit(*digits)


def test_features_are_those_of_a_classifier_that_learns_without_labels(digits):
    x, y = digits
    features = small("FFTransformer").fit(x)
    whole = small("FFClassifier", negatives="hybrid", val=0, head_epochs=2).fit(x, y)
    assert np.array_equal(features.transform(x), whole.model_.transform(x))
    names = list(features.get_feature_names_out())
    assert names == [f"fftransformer{n}" for n in range(16)]


def test_weights_go_by_the_classes_that_were_given():
    """Whatever they are called in a file."""
    random = np.random.default_rng(0)
    x, y = random.standard_normal((200, 2)), random.integers(0, 2, 200) * 1.0
    one = BackpropClassifier(class_weight={1.0: 1e4}, epochs=5, random_state=0)
    assert (one.fit(x, y).predict(x) == 1).all()
    bits = BackpropClassifier(class_weight={1.0: 1e4}, random_state=0)
    for _ in range(20):
        bits.partial_fit(x, y, classes=[0.0, 1.0])
    assert (bits.predict(x) == 1).all()


def test_nothing_is_said_without_reason(digits):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in CLASSIFIERS:
            small(name, epochs=10).fit(*digits)
