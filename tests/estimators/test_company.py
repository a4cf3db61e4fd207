"""Estimators among scikit-learn's own tools: pipelines, searches, pools of processes."""

import pytest

pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn is not installed")

import joblib
import numpy as np
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lwnn.estimators import BackpropClassifier, FFClassifier, FFTransformer


def search(digits, **how):
    """A small search over a pipeline; what it finds, and with what scores."""
    steps = make_pipeline(StandardScaler(), FFClassifier(epochs=3, random_state=0))
    grid = {"ffclassifier__hidden": [(8,), (16, 8)], "ffclassifier__rate": [0.01, 0.03]}
    with joblib.parallel_config(**how) if how else joblib.parallel_config():
        found = GridSearchCV(steps, grid, cv=3).fit(*digits)
    scores = [found.cv_results_[f"split{n}_test_score"] for n in range(3)]
    return np.array(scores), found.best_estimator_[-1].model_.params.vector


@pytest.fixture(scope="module")
def expected(digits):
    """What one process finds."""
    scores, vector = search(digits)
    assert len(np.unique(scores)) > 3
    return scores, vector


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_a_pool_finds_what_one_process_finds(backend, digits, expected):
    scores, vector = search(digits, backend=backend, n_jobs=2)
    assert np.array_equal(scores, expected[0])
    assert np.array_equal(vector, expected[1])


def test_a_dask_cluster_finds_what_one_process_finds(digits, expected):
    distributed = pytest.importorskip("distributed", reason="dask[distributed] is not installed")
    more = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(n_workers=2, processes=True, **more) as cluster,
        distributed.Client(cluster),
    ):
        scores, vector = search(digits, backend="dask")
    assert np.array_equal(scores, expected[0])
    assert np.array_equal(vector, expected[1])


def test_the_best_columns_and_features_without_labels_go_before(digits):
    steps = make_pipeline(
        VarianceThreshold(0.1),
        FFTransformer(hidden=(32,), epochs=10, random_state=0),
        LogisticRegression(max_iter=200),
    )
    assert cross_val_score(steps, *digits, cv=3).mean() > 0.8


def test_roc_auc_and_log_loss_can_be_asked_for(digits):
    x, y = digits
    made = BackpropClassifier(epochs=20, random_state=0)
    assert cross_val_score(made, x, y, cv=3, scoring="roc_auc_ovr").mean() > 0.97
    assert cross_val_score(made, x, y, cv=3, scoring="neg_log_loss").mean() > -0.6
