"""The learning rules as scikit-learn estimators; they need the extra ``lwnn[sklearn]``.

>>> from lwnn.estimators import FFClassifier
>>> rows, classes = [[0.0], [1.0]] * 9, ["off", "on"] * 9
>>> FFClassifier(hidden=(32,), random_state=0).fit(rows, classes).predict([[0.9]])
array(['on'], dtype='<U3')
"""

try:
    # New in 1.6.
    from sklearn.utils.validation import validate_data  # noqa: F401
except ImportError as error:
    raise ImportError(
        "lwnn.estimators needs scikit-learn 1.6 or newer; pip install 'lwnn[sklearn]'"
    ) from error

from lwnn.estimators.classifiers import (
    BackpropClassifier,
    FFClassifier,
    MonoForwardClassifier,
    PerturbationClassifier,
)
from lwnn.estimators.features import FFTransformer
from lwnn.estimators.regressor import BackpropRegressor

__all__ = ["BackpropClassifier", "BackpropRegressor", "FFClassifier", "FFTransformer"]
__all__ += ["MonoForwardClassifier", "PerturbationClassifier"]
