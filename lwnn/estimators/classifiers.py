"""Classifiers, one for each learning rule."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from lwnn.data.labels import named
from lwnn.estimators.base import LwnnEstimator
from lwnn.estimators.parameters import options_of, parameters
from lwnn.options import FORMS


class _Classifier(ClassifierMixin, LwnnEstimator):
    """What the classifiers have in common."""

    def fit(self, X, y):
        """Learn from rows and the class of each.

        Parameters
        ----------
        X : array-like, shape (n, features)
            Finite numbers.
        y : array-like, shape (n,)

        Returns
        -------
        self

        Raises
        ------
        ValueError
            When rows, classes or parameters do not fit.
        """
        self._remember_name(y)
        x, y = self._rows(X, y)
        check_classification_targets(y)
        classes, codes = np.unique(column_or_1d(y, warn=True), return_inverse=True)
        self.classes_ = _two_or_more(classes)
        return self._train(self._labelled(x, codes))

    def partial_fit(self, X, y, classes=None):
        """Learn from these rows once, beside what is known already.

        Rows are scaled as those of the first call, and the rate does not fall.

        Parameters
        ----------
        X : array-like, shape (n, features)
        y : array-like, shape (n,)
        classes : array-like, optional
            All that there will be; needed in the first call.

        Returns
        -------
        self
        """
        first = not hasattr(self, "classes_")
        self._remember_name(y)
        x, y = self._rows(X, y, reset=first)
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        self._know(classes, first)
        codes = np.searchsorted(self.classes_, y)
        known = self.classes_[np.minimum(codes, len(self.classes_) - 1)] == y
        if not known.all():
            raise ValueError(f"y has {y[~known][0]!r}, which is none of {self.classes_}")
        return self._train_more(self._labelled(x, codes))

    def _options(self, **more):
        if isinstance(self.class_weight, dict):
            names = dict(zip(self.classes_.tolist(), named(self.classes_.tolist()), strict=True))
            given = options_of(self, 0).class_weight
            more["class_weight"] = {names.get(label, label): given[label] for label in given}
        return super()._options(**more)

    def _know(self, classes, first):
        if first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if first:
            self.classes_ = _two_or_more(np.unique(classes))
        elif classes is not None and not np.array_equal(self.classes_, np.unique(classes)):
            raise ValueError(f"classes {classes} are not those of the first call, {self.classes_}")

    def _labelled(self, x, codes):
        return self._dataset(x, codes.astype(np.int32), named(self.classes_.tolist()))

    def predict(self, X):
        """Class of every row.

        Parameters
        ----------
        X : array-like, shape (n, features)

        Returns
        -------
        ndarray, shape (n,)
        """
        codes = self._ask("predict_index", X)
        return self.classes_[codes]

    def predict_proba(self, X):
        """Share of each class, in the order of ``classes_``.

        Parameters
        ----------
        X : array-like, shape (n, features)

        Returns
        -------
        ndarray of float32, shape (n, classes)
            Rows sum to 1.
        """
        # As precise as the scores are: the last bits depend on how many rows are asked for.
        return self._ask("predict_proba", X).astype(np.float32)


def _two_or_more(classes):
    if len(classes) < 2:
        raise ValueError(f"y has one class only, {classes[0]!r}; a classifier needs at least 2")
    return classes


@parameters("ff", *FORMS, algo="ff")
class FFClassifier(_Classifier):
    """Forward-Forward (Hinton 2022, arXiv 2212.13345): every layer learns for itself.

    With ``negatives="hybrid"`` the layers learn without labels, then a softmax with them; with
    ``top_down=True`` each layer reads the one above as well.

    PARAMETERS

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
    model_ : lwnn.Model
        What was learnt, also given by `to_model`.
    history_ : list of dict
        Per epoch, as in `lwnn.training.Run`; after `partial_fit` its number and loss.
    n_iter_ : int
        Epochs.
    n_features_in_ : int
    feature_names_in_ : ndarray, where the rows came with names
    """


@parameters("mf", algo="mf")
class MonoForwardClassifier(_Classifier):
    """Mono-Forward (arXiv 2501.09238): every layer learns from a softmax of its own.

    PARAMETERS

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
    model_ : lwnn.Model
        What was learnt, also given by `to_model`.
    history_ : list of dict
        Per epoch, as in `lwnn.training.Run`; after `partial_fit` its number and loss.
    n_iter_ : int
        Epochs.
    n_features_in_ : int
    feature_names_in_ : ndarray, where the rows came with names
    """


@parameters("bp", algo="bp", task="classification")
class BackpropClassifier(_Classifier):
    """Backprop (Rumelhart, Hinton & Williams 1986): the gradient of the cost by the chain rule.

    PARAMETERS

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
    model_ : lwnn.Model
        What was learnt, also given by `to_model`.
    history_ : list of dict
        Per epoch, as in `lwnn.training.Run`; after `partial_fit` its number and loss.
    n_iter_ : int
        Epochs.
    n_features_in_ : int
    feature_names_in_ : ndarray, where the rows came with names
    """


@parameters("wp", algo="wp", task="classification")
class PerturbationClassifier(_Classifier):
    """Weight perturbation (Jabri & Flower 1992): a gradient from moving every weight a little.

    PARAMETERS

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
    model_ : lwnn.Model
        What was learnt, also given by `to_model`.
    history_ : list of dict
        Per epoch, as in `lwnn.training.Run`; after `partial_fit` its number and loss.
    n_iter_ : int
        Epochs.
    n_features_in_ : int
    feature_names_in_ : ndarray, where the rows came with names
    """
