"""What was learnt, with all that prediction needs: network, parameters, scaler and names."""

import dataclasses
import functools

import numpy as np

from lwnn.data import Recipe
from lwnn.errors import UsageError
from lwnn.network import Network, Params
from lwnn.scoring import Response, Scorer, agreement, check_exit, check_rows, probabilities
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
    response : Response or None
        Regression only: what the output stands for.
    provenance : dict
        How the model came to be: version, algorithm, options, seed, hash of the data, kernel
        variant. Values are numbers, strings, None, and lists and dicts of them.
    recipe : lwnn.data.Recipe or None
        How columns of a file become inputs; rows are clipped to its bounds before they are scaled.
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
    response: Response | None = None
    recipe: Recipe | None = None

    @classmethod
    def from_sklearn(cls, estimator):
        """A model that computes what a trained net of scikit-learn does.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Pipeline
            Of scikit-learn, fitted. A pipeline may scale before the net, by StandardScaler,
            MinMaxScaler, RobustScaler or MaxAbsScaler. The one output of a net for two classes
            becomes two.

        Returns
        -------
        Model
            In float32; its shares are those of `predict_proba` to about 1e-6, its numbers those
            of `predict` likewise, by their size.

        Raises
        ------
        MissingToolError
            Without scikit-learn.
        UsageError
            When it is something else, or a net that gives a row several labels or numbers.
        """
        fields = fields_of(estimator)
        response = fields.pop("response")
        return cls(**fields, response=response and Response(*response))

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

    def _clipped(self, x):
        """Rows within the bounds of the recipe, where there are any."""
        if self.recipe is None:
            return x
        return self.recipe.clipped(check_rows(x, self.network.inputs))

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
        return self._scorer(self._clipped(x), threads)

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
        return self._scorer.until(self._clipped(x), sure, threads)

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
        return self._scorer.transform(self._clipped(x), threads)

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
        return agreement(*self._scorer.apart(self._clipped(x), threads))

    def predict_index(self, x, threads=1):
        """Index of the predicted class of every row, int64 (n,)."""
        return self.scores(x, threads).argmax(axis=1)

    def predict(self, x, threads=1):
        """What every row is: the name of its class, an array of str (n,), or its value, float64."""
        if self.response:
            return self.response.values(self.scores(x, threads))
        return np.array(self.labels)[self.predict_index(x, threads)]

    def predict_proba(self, x, threads=1):
        """Share of each class, float64 (n, classes); rows sum to 1.

        Softmax of the scores, or, after training with squared error, the sigmoid outputs
        divided by their sum.
        """
        return probabilities(self.scores(x, threads), self.network.output)
