"""What was learnt, with all that prediction needs: network, parameters, scaler and names."""

import dataclasses
import functools

import numpy as np

from lwnn.errors import UsageError
from lwnn.network import Network, Params
from lwnn.scoring import Scorer, agreement, check_exit, probabilities
from lwnn.sklearn_nets import fields_of


@dataclasses.dataclass(frozen=True)
class Model:
    """A trained network, ready to predict from raw rows.

    Parameters
    ----------
    network : Network
    params : Params
    offset, scale : ndarray of float32, shape (inputs,)
        The network reads clip((x - offset) · scale, ±clip).
    clip : float
    labels : tuple of str
        Name of every class.
    features : tuple of str
        Name of every input.
    target : str or None
        Name of the label column in the training file, if it had one.
    named : bool
        Whether the training file had a header, so that columns are matched by name.
    readout : str
        See `lwnn.scoring.READOUTS`.
    goals : ndarray of float32, shape (hidden layers, 3)
        Forward-Forward only: goodness factor, threshold and readout weight of each layer;
        empty otherwise.
    provenance : dict
        How the model came to be: version, algorithm, options, seed, hash of the data, kernel
        variant. Values are numbers, strings, None, and lists and dicts of them.
    """

    network: Network
    params: Params
    offset: np.ndarray
    scale: np.ndarray
    clip: float
    labels: tuple[str, ...]
    features: tuple[str, ...]
    target: str | None = None
    named: bool = False
    readout: str = "output"
    goals: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros((0, 3), np.float32))
    provenance: dict = dataclasses.field(default_factory=dict)

    @classmethod
    def from_sklearn(cls, estimator):
        """A model that computes what a trained net of scikit-learn does.

        Parameters
        ----------
        estimator : sklearn.neural_network.MLPClassifier or sklearn.pipeline.Pipeline
            Fitted. A pipeline may scale before the net, by StandardScaler, MinMaxScaler,
            RobustScaler or MaxAbsScaler. The one output of a net for two classes becomes two.

        Returns
        -------
        Model
            In float32; its shares are those of `predict_proba` to about 1e-6.

        Raises
        ------
        MissingToolError
            Without scikit-learn.
        UsageError
            When it is something else, or a net that gives a row several labels.
        """
        return cls(**fields_of(estimator))

    @property
    def size(self):
        """Number of parameters."""
        return self.network.size

    @functools.cached_property
    def _scorer(self):
        scaler = np.stack([self.offset, self.scale])
        options = {"readout": self.readout, "goals": self.goals}
        return Scorer(self.network, self.params.vector, scaler, self.clip, **options)

    def __getstate__(self):
        # What speeds up prediction is made anew where it is needed.
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def scores(self, x, threads=1):
        """Score of every class; the highest is the prediction.

        Parameters
        ----------
        x : ndarray of float32 or uint8, shape (n, inputs)
            Raw rows, as in the training file.
        threads : int
            How many to compute with; the result does not depend on it.

        Returns
        -------
        ndarray of float32, shape (n, classes)

        Raises
        ------
        DataError
            When the rows do not have as many features as the network has inputs.
        """
        return self._scorer(x, threads)

    def scores_until(self, x, sure, threads=1):
        """Scores from no more layers than it takes to be sure; for Mono-Forward.

        Parameters
        ----------
        x : ndarray of float32 or uint8, shape (n, inputs)
            Raw rows.
        sure : float
            A row leaves at the first layer that gives one class at least this share.
        threads : int

        Returns
        -------
        scores : ndarray of float32, shape (n, classes)
        depth : ndarray of int32, shape (n,)
            How many layers were computed for each row.

        Raises
        ------
        UsageError
            When only the top of the net has an answer.
        """
        check_exit(self.network, sure)
        return self._scorer.until(x, sure, threads)

    def transform(self, x, threads=1):
        """What the layers of an unsupervised net make of rows, for use elsewhere.

        Parameters
        ----------
        x : ndarray of float32 or uint8, shape (n, inputs)
            Raw rows.
        threads : int

        Returns
        -------
        ndarray of float32, shape (n, sum of the hidden layers' widths)
            The outputs of all layers side by side, each layer's with root mean square 1.

        Raises
        ------
        UsageError
            When the net learnt with labels.
        DataError
            When the rows do not have as many features as the network has inputs.
        """
        if self.network.kind != "un":
            raise UsageError("only a model of --negatives hybrid learns features without labels")
        return self._scorer.transform(x, threads)

    def agreement(self, x, threads=1):
        """How far goodness and head agree; for Forward-Forward read by both.

        Parameters
        ----------
        x : ndarray of float32 or uint8, shape (n, inputs)
            Raw rows.
        threads : int

        Returns
        -------
        ndarray of float64, shape (n,), or None
            The smaller of the shares that the two give to the predicted class: near 1 only where
            both are sure of it. None with any other readout.
        """
        if self.readout != "both":
            return None
        return agreement(*self._scorer.apart(x, threads))

    def predict_index(self, x, threads=1):
        """Index of the predicted class of every row, int64 (n,)."""
        return self.scores(x, threads).argmax(axis=1)

    def predict(self, x, threads=1):
        """Name of the predicted class of every row, an array of str (n,)."""
        return np.array(self.labels)[self.predict_index(x, threads)]

    def predict_proba(self, x, threads=1):
        """Share of each class, float64 (n, classes); rows sum to 1.

        Softmax of the scores, or, after training with squared error, the sigmoid outputs
        divided by their sum.
        """
        return probabilities(self.scores(x, threads), self.network.cost)
