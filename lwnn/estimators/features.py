"""Features that layers learn without labels."""

import dataclasses

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from lwnn.data.labels import named
from lwnn.estimators.base import LwnnEstimator
from lwnn.estimators.parameters import parameters
from lwnn.learning.rule import Stage
from lwnn.learning.unsupervised import Unsupervised
from lwnn.network import Params
from lwnn.sklearn_nets import two_logits


class LayersOnly(Unsupervised):
    """The layers of unsupervised Forward-Forward, without the head that would need labels."""

    def stages(self, epochs, rate):
        """One; there is nothing else to learn."""
        return [Stage(epochs, rate)]


#: What only labels, or rows to judge by, have a use for.
_USELESS = ("patience", "refit", "head_epochs", "class_weight")


@parameters("un", without=_USELESS, algo="ff", negatives="hybrid", val=0.0)
class FFTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, LwnnEstimator):
    """Unsupervised Forward-Forward (Hinton 2022): rows to what layers make of them.

    The layers learn to tell rows from hybrids of two rows, and so the correlations between
    features.

    PARAMETERS

    Attributes
    ----------
    model_ : lwnn.Model
        The layers; its head is empty, see `to_model`.
    history_ : list of dict
        Per epoch, as in `lwnn.training.Run`; after `partial_fit` its number and loss.
    n_iter_ : int
        Epochs.
    n_features_in_ : int
    feature_names_in_ : ndarray, where the rows came with names
    """

    _rule = LayersOnly

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def fit(self, X, y=None):
        """Learn from rows.

        Parameters
        ----------
        X : array-like, shape (n, features)
            Finite numbers.
        y : None
            Not looked at.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            When rows or parameters do not fit.
        """
        return self._train(self._unlabelled(self._rows(X)))

    def partial_fit(self, X, y=None):
        """Learn from these rows once, beside what is known already.

        Rows are scaled as those of the first call, and the rate does not fall.

        Parameters
        ----------
        X : array-like, shape (n, features)
        y : None
            Not looked at.

        Returns
        -------
        self
        """
        return self._train_more(self._unlabelled(self._rows(X, reset=not hasattr(self, "model_"))))

    def transform(self, X):
        """What the layers make of rows.

        Parameters
        ----------
        X : array-like, shape (n, features)

        Returns
        -------
        ndarray of float32, shape (n, sum of the hidden layers' widths)
            The outputs of all layers side by side, each layer's with root mean square 1.
        """
        return self._ask("transform", X)

    @property
    def _n_features_out(self):
        return self.model_.network.head_inputs

    def to_model(self, classifier):
        """A model of these layers and a linear classifier that has learnt from the features.

        Parameters
        ----------
        classifier : estimator
            Fitted, with ``coef_``, ``intercept_`` and ``classes_``, such as
            `sklearn.linear_model.LogisticRegression`; the model's shares are those that it gives.

        Returns
        -------
        lwnn.Model
            To be quantized, saved and exported.
        """
        check_is_fitted(self)
        check_is_fitted(classifier, ["coef_", "intercept_", "classes_"])
        weight, bias = two_logits(classifier.coef_, classifier.intercept_)
        if weight.shape[1] != self._n_features_out:
            raise ValueError(
                f"the classifier has learnt from {weight.shape[1]} features, and this gives "
                f"{self._n_features_out}; fit it on what transform returns"
            )
        network = dataclasses.replace(self.model_.network, classes=len(weight))
        params = Params(network)
        for name, view in self.model_.params.views.items():
            if not name.startswith("head"):
                params[name][...] = view
        params["head.weight"][...], params["head.bias"][...] = weight, bias
        labels = named(classifier.classes_.tolist())
        return dataclasses.replace(self.model_, network=network, params=params, labels=labels)

    def _unlabelled(self, x):
        # The kind of net has a head, which needs classes; nothing learns from them here.
        return self._dataset(x, np.zeros(len(x), np.int32), ("0", "1"))
