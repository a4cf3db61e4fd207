"""From estimators to models: to be quantized, saved, exported; and nets that scikit-learn made."""

import warnings

import pytest

pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn is not installed")

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

import lwnn
from lwnn import estimators
from lwnn.errors import UsageError
from lwnn.estimators import BackpropClassifier, BackpropRegressor, FFTransformer
from lwnn.export import export_c

CLASSIFIERS = [name for name in estimators.__all__ if name.endswith("Classifier")]


def check_further(model, x, tmp_path):
    """Saved and read again, quantized and exported, float and int8."""
    path = tmp_path / "model.safetensors"
    lwnn.save_model(model, path)
    again = lwnn.load_model(path)
    assert np.array_equal(again.scores(x), model.scores(x))
    small = lwnn.quantize(again, x)
    if model.response:
        assert r2_score(model.predict(x), small.predict(x)) > 0.98
        return
    assert (small.predict(x) == model.predict(x)).mean() > 0.95
    for exported in (again, small):
        assert "net.c" in export_c(exported, "net", "0" * 64)


def trained(net, x, y):
    """A net of scikit-learn; that it has not converged is no matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return net.fit(x, y)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_model_predicts_what_its_estimator_does(name, digits, tmp_path):
    x, y = digits
    more = {"perturb": "node"} if name == "PerturbationClassifier" else {}
    fitted = getattr(estimators, name)(hidden=(16,), random_state=0, **more).fit(x, y)
    model = fitted.to_model()
    assert np.array_equal(model.predict(x), fitted.predict(x))
    assert model.labels == tuple("0123456789")
    check_further(model, x, tmp_path)


def test_a_model_of_numbers_predicts_what_its_estimator_does(digits, tmp_path):
    x, y = digits[0], 1e3 + digits[1].astype(float)
    fitted = BackpropRegressor(random_state=0).fit(x, y)
    assert fitted.score(x, y) > 0.9
    assert np.array_equal(fitted.to_model().predict(x), fitted.predict(x))
    check_further(fitted.to_model(), x, tmp_path)


@pytest.mark.parametrize("kept", [None, 2])
def test_features_and_a_linear_classifier_become_a_model(kept, digits, tmp_path):
    x, y = digits
    rows = slice(None) if kept is None else np.isin(y, ["0", "1"])
    x, y = x[rows], y[rows]
    features = FFTransformer(hidden=(24, 12), random_state=0).fit(x)
    linear = LogisticRegression(max_iter=500).fit(features.transform(x), y)
    model = features.to_model(linear)
    expected = linear.predict_proba(features.transform(x))
    np.testing.assert_allclose(model.predict_proba(x), expected, atol=2e-6)
    assert np.array_equal(model.predict(x), linear.predict(features.transform(x)))
    check_further(model, x, tmp_path)
    with pytest.raises(ValueError, match="learnt from 64 features, and this gives 36"):
        features.to_model(trained(LogisticRegression(max_iter=5), x, y))


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        ([3.0, 1.0], ("1", "3")),
        ([True, False], ("False", "True")),
        (["5", "05"], ("05", "5")),
    ],
)
def test_classes_are_named_as_in_a_file(classes, names):
    rows = [[0.0], [1.0]] * 5
    fitted = BackpropClassifier(epochs=2, random_state=0).fit(rows, np.array(classes * 5))
    assert fitted.to_model().labels == names


def test_columns_with_names_are_found_by_name(digits, tmp_path, monkeypatch):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    table = pandas.DataFrame({"b": [0.0, 1.0] * 9, "a": [1.0, 1.0] * 9})
    fitted = BackpropClassifier(random_state=0).fit(table, pandas.Series([0, 1] * 9, name="kind"))
    model = fitted.to_model()
    assert (model.features, model.named, model.target) == (("b", "a"), True, "kind")
    monkeypatch.chdir(tmp_path)
    table[["a", "b"]].assign(kind=[0, 1] * 9).to_csv("turned.csv", index=False)
    schema = lwnn.Schema(model.features, model.target, model.labels, model.named)
    data = lwnn.load("turned.csv", schema=schema)
    assert (model.predict_index(data.x) == data.y).all()


@pytest.mark.parametrize("name", estimators.__all__)
def test_nothing_learnt_is_no_model(name):
    more = (LogisticRegression(),) if name == "FFTransformer" else ()
    with pytest.raises(NotFittedError):
        getattr(estimators, name)().to_model(*more)


NETS = {
    "relu": {"activation": "relu"},
    "tanh": {"activation": "tanh", "hidden_layer_sizes": (9, 7)},
    "logistic": {"activation": "logistic"},
    "identity": {"activation": "identity"},
    "no hidden layer": {"hidden_layer_sizes": ()},
}
SCALERS = [StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False)]
SCALERS += [RobustScaler(), MinMaxScaler((-1, 2)), MaxAbsScaler()]


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("given", NETS.values(), ids=NETS)
def test_a_trained_net_is_taken_over(given, classes, digits, tmp_path):
    x, y = digits
    rows = y.astype(int) < classes
    x, y = x[rows] / 16, y[rows]
    net = MLPClassifier(**{"hidden_layer_sizes": (12,), **given}, max_iter=20, random_state=0)
    net = trained(net, x, y)
    model = lwnn.Model.from_sklearn(net)
    np.testing.assert_allclose(model.predict_proba(x), net.predict_proba(x), atol=1e-6, rtol=0)
    assert np.array_equal(model.predict(x), net.predict(x))
    assert model.network.classes == classes
    check_further(model, x, tmp_path)


@pytest.mark.parametrize("given", NETS.values(), ids=NETS)
def test_a_trained_net_for_numbers_is_taken_over(given, digits, tmp_path):
    x, y = digits[0] / 16, 3 * digits[1].astype(float) - 7
    net = MLPRegressor(**{"hidden_layer_sizes": (12,), **given}, max_iter=50, random_state=0)
    net = trained(net, x, y)
    model = lwnn.Model.from_sklearn(net)
    np.testing.assert_allclose(model.predict(x), net.predict(x), rtol=1e-6, atol=3e-6)
    check_further(model, x, tmp_path)


def test_one_logistic_output_becomes_two_logits_exactly(digits):
    x, y = digits
    net = trained(MLPClassifier((5,), max_iter=3, random_state=0), x / 16, y == "3")
    model = lwnn.Model.from_sklearn(net)
    weight, bias = model.params["output.weight"], model.params["output.bias"]
    assert np.array_equal(2 * weight[1], net.coefs_[-1][:, 0].astype(np.float32))
    assert np.array_equal(weight[0], -weight[1])
    assert np.array_equal(bias[0], -bias[1])


@pytest.mark.parametrize("scaler", SCALERS, ids=str)
def test_scalers_before_a_net_are_taken_over(scaler, digits):
    x, y = digits
    pipeline = make_pipeline(scaler, "passthrough", MLPClassifier((8,), max_iter=9, random_state=0))
    model = lwnn.Model.from_sklearn(trained(pipeline, x, y))
    expected = pipeline.predict_proba(x)
    np.testing.assert_allclose(model.predict_proba(x), expected, atol=2e-6, rtol=0)
    two = make_pipeline(MinMaxScaler((3, 5)), *pipeline)
    model = lwnn.Model.from_sklearn(trained(two, x, y))
    np.testing.assert_allclose(model.predict_proba(x), two.predict_proba(x), atol=2e-6, rtol=0)


def test_what_cannot_be_taken_over_is_refused(digits):
    x, y = digits
    both = np.column_stack([y == "1", y == "2"])
    net = trained(MLPClassifier((3,), max_iter=2), x, y)
    odd = trained(make_pipeline(QuantileTransformer(n_quantiles=9), net), x, y)
    for estimator, said in (
        (trained(MLPClassifier((3,), max_iter=2), x, both), "several labels at once"),
        (LogisticRegression(), "LogisticRegression is no net that can be taken over"),
        (odd, "QuantileTransformer.* cannot be part of a model"),
        (trained(make_pipeline(MinMaxScaler(clip=True), net), x, y), "without clip"),
        (
            trained(MLPRegressor(hidden_layer_sizes=(3,), max_iter=2), x, both),
            "2 outputs by identity",
        ),
    ):
        with pytest.raises(UsageError, match=said):
            lwnn.Model.from_sklearn(estimator)
    with pytest.raises(NotFittedError):
        lwnn.Model.from_sklearn(MLPClassifier())
