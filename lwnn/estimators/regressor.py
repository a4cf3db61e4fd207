"""A number for every row."""

from sklearn.base import RegressorMixin
from sklearn.utils.validation import column_or_1d

from lwnn.estimators.base import LwnnEstimator
from lwnn.estimators.parameters import parameters

#: What a single number leaves no choice of.
_SETTLED = ("cost", "output_activation", "label_smoothing", "class_weight")


@parameters("bp", without=_SETTLED, algo="bp", task="regression")
class BackpropRegressor(RegressorMixin, LwnnEstimator):
    """Backprop (Rumelhart, Hinton & Williams 1986) of the squared error of one number.

    PARAMETERS

    Attributes
    ----------
    model_ : lwnn.Model
        What was learnt, also given by `to_model`.
    history_ : list of dict
        Per epoch, as in `lwnn.training.Run`; after `partial_fit` its number and loss.
    n_iter_ : int
        Epochs.
    n_features_in_ : int
    feature_names_in_ : ndarray, where the rows came with names
    """

    def fit(self, X, y):
        """Learn from rows and the number of each.

        Parameters
        ----------
        X : array-like, shape (n, features)
            Finite numbers.
        y : array-like, shape (n,)
            In any unit: they are standardised within the model.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            When rows, numbers or parameters do not fit.
        """
        return self._train(self._numbered(X, y, reset=True))

    def partial_fit(self, X, y):
        """Learn from these rows once, beside what is known already.

        Rows and numbers are scaled as those of the first call, and the rate does not fall.

        Parameters
        ----------
        X : array-like, shape (n, features)
        y : array-like, shape (n,)

        Returns
        -------
        self
        """
        return self._train_more(self._numbered(X, y, reset=not hasattr(self, "model_")))

    def predict(self, X):
        """Number of every row.

        Parameters
        ----------
        X : array-like, shape (n, features)

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        return self._ask("predict", X)

    def _numbered(self, X, y, reset):
        self._remember_name(y)
        x, y = self._rows(X, y, reset=reset, y_numeric=True)
        return self._dataset(x, column_or_1d(y, warn=True, dtype="float64"), ())
