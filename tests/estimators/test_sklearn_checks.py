"""scikit-learn's own checks of an estimator, all of them."""

import pytest

pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn is not installed")

from sklearn.utils.estimator_checks import parametrize_with_checks

from lwnn import estimators

ALL = [getattr(estimators, name)() for name in estimators.__all__]


def test_there_are_estimators():
    assert len(ALL) >= 5


@parametrize_with_checks(ALL)
def test_estimator_checks(estimator, check):
    check(estimator)
