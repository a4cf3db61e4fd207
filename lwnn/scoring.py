"""From raw rows to a score per class: what learning watches and what a model predicts with."""

import math
import typing

import numpy as np

from lwnn._kernels import kernels
from lwnn.errors import DataError, UsageError
from lwnn.network import DYNAMICS

#: How a net of each kind says what it sees: the scores of its output layer; the goodness summed
#: over the layers for every label in turn, the softmax head's one pass, or both averaged; the last
#: layer's head, or the sum of all heads.
READOUTS = {
    "dense": ("output",),
    "elman": ("output",),
    "ff": ("goodness", "head", "both"),
    "mf": ("last", "sum"),
    "un": ("head",),
    "td": ("goodness", "head", "both"),
}
#: Made once: numpy takes longer to look a type up than to see that nothing is to be done.
_BYTE, _FLOAT = np.dtype(np.uint8), np.dtype(np.float32)
#: A share that no row reaches: no row leaves early.
NEVER = 2.0
#: Floats that a layer's inputs may take while rows are scored; they and its outputs stay in a
#: usual L2 cache, and the blocks are small enough for threads to have alike shares of them.
_SCRATCH = 49_152
#: Fewest and most rows that are scored at a time, if there are so many.
_FEWEST, _MOST = 16, 512
#: Up to so many rows are scored one after the other, which is no way to end.
_ALONE = 4


def score(network, vector, x, scaler, clip, *, readout, goals, threads=1):
    """Score of every class for every row, once; see `Scorer`."""
    return Scorer(network, vector, scaler, clip, readout=readout, goals=goals)(x, threads)


class Scorer:
    """A net ready to score rows: what all calls have in common is worked out once.

    Parameters
    ----------
    network : Network
    vector : ndarray of float32, shape (network.size,)
        Read anew by every call.
    scaler : ndarray of float32, shape (2, inputs)
        Offset and scale of each input.
    clip : float
        Bound of a scaled value.
    readout : str
        One of `READOUTS` of the network's kind.
    goals : ndarray of float32, shape (hidden layers, 3)
        Goodness factor, threshold and readout weight of each layer (``ff`` only).
    """

    def __init__(self, network, vector, scaler, clip, *, readout, goals):
        self._network, self._readout = network, readout
        self._net = (vector, network.table)
        self._scaling = (scaler, clip)
        self._goals = goals
        self._planned = (None, None)
        self._spare = []

    def __call__(self, x, threads=1):
        """Score rows; the highest score is the prediction.

        Parameters
        ----------
        x : ndarray of float32 or uint8, shape (n, inputs)
            Raw rows.
        threads : int
            How many to compute with; the result does not depend on it.

        Returns
        -------
        ndarray of float32, shape (n, classes)

        Raises
        ------
        DataError
            When `x` does not have as many columns as the net has inputs.
        """
        kind = self._network.kind
        if kind == "mf":
            return self.until(x, NEVER, threads)[0]
        if kind in ("ff", "td"):
            goodness, head = self.apart(x, threads)
            if self._readout == "both":
                return (goodness + head) / 2
            return goodness if self._readout == "goodness" else head
        x, out = self._rows(x)
        if kind == "un":
            self._unsupervised(x, np.empty((0, 1), np.float32), out, threads)
        elif kind == "elman":
            net = (*self._net, self._network.timesteps)
            self._run(kernels.elman_scores, (*net, x, *self._scaling, out), len(x), threads)
        else:
            self._run(kernels.dense_scores, (*self._net, x, *self._scaling, out), len(x), threads)
        return out

    def apart(self, x, threads=1):
        """Scores by goodness and by the head, those that the readout needs (``ff``, ``td``).

        Both are logits: their softmax gives shares, and the mean of the two the geometric mean of
        those shares.

        Returns
        -------
        goodness, head : ndarray of float32, shape (n, classes)
            (0, classes) where not needed.
        """
        x, out = self._rows(x)
        none = np.empty((0, self._network.classes), np.float32)
        if self._readout == "both":
            outs = (out, np.empty_like(out))
        else:
            outs = (out, none) if self._readout == "goodness" else (none, out)
        network = self._network
        if network.kind == "td":
            kernel, shape = kernels.td_scores, (network.level, network.label_scale, *DYNAMICS)
        else:
            kernel, shape = kernels.ff_scores, (self._goals, network.form)
        self._run(kernel, (*self._net, *shape, x, *self._scaling, *outs), len(x), threads)
        return outs

    def until(self, x, sure, threads=1):
        """Scores from no more layers than it takes, where every layer has an answer (``mf``).

        With the readout ``last`` a layer answers with its own head, with ``sum`` by the mean of
        all heads up to its own: their sum, brought back to the scale of one.

        Parameters
        ----------
        x : ndarray of float32 or uint8, shape (n, inputs)
        sure : float
            A row leaves at the first layer that gives one class at least this share; above 1: none
            leaves before the last.
        threads : int

        Returns
        -------
        scores : ndarray of float32, shape (n, classes)
            What the layer at which the row left answers.
        depth : ndarray of int32, shape (n,)
            How many layers were computed for each row.
        """
        x, out = self._rows(x)
        depth = np.empty(len(x), np.int32)
        net = (*self._net, self._network.level)
        how = (self._readout == "sum", sure, out, depth)
        self._run(kernels.mf_scores, (*net, x, *self._scaling, *how), len(x), threads)
        return out, depth

    def transform(self, x, threads=1):
        """Normalised outputs of all layers, side by side (``un``).

        Returns
        -------
        ndarray of float32, shape (n, network.head_inputs)
        """
        x = check_rows(x, self._network.inputs)
        states = np.empty((len(x), self._network.head_inputs), np.float32)
        none = np.empty((0, self._network.classes), np.float32)
        self._unsupervised(x, states, none, threads)
        return states

    def _unsupervised(self, x, states, out, threads):
        net = (*self._net, self._network.level)
        self._run(kernels.un_scores, (*net, x, *self._scaling, states, out), len(x), threads)

    def _rows(self, x):
        """The rows as kernels take them, and room for their scores."""
        x = check_rows(x, self._network.inputs)
        return x, np.empty((len(x), self._network.classes), np.float32)

    def _run(self, kernel, arguments, rows, threads):
        """Call a kernel with the plan and the workspace for so many rows.

        The last plan is kept, and so are workspaces, one for each thread that has called at the
        same time as others: making them anew takes longer than scoring a row with a small net.
        """
        plan = self._planned
        if plan[:2] != (rows, threads):
            plan = self._planned = (rows, threads, *self._plan(rows, threads))
        batch, size = plan[2:]
        try:
            workspace = self._spare.pop()
        except IndexError:
            workspace = ()
        if len(workspace) < size:
            workspace = np.empty(size, np.float32)
        kernel(*arguments, batch, workspace, threads)
        self._spare.append(workspace)

    def _plan(self, rows, threads):
        """Rows to score at a time, in shares alike, and the floats of workspace that takes."""
        network, table = self._network, self._network.table
        passes = network.classes if self._readout in ("goodness", "both") else 1
        widest = max(network.inputs, int(table[:, 1].max()) * passes)
        most = min(max(_SCRATCH // widest // _FEWEST * _FEWEST, _FEWEST), _MOST)
        share = math.ceil(rows / max(1, math.ceil(rows / most)))
        batch = max(1, min(rows, math.ceil(share / _FEWEST) * _FEWEST))
        while batch < rows and 0 < rows % batch <= _ALONE:
            batch += _FEWEST
        if network.kind == "ff":
            return batch, kernels.ff_workspace(table, network.form, batch, False, threads)
        if network.kind == "elman":
            return batch, kernels.elman_workspace(table, network.timesteps, batch, False, threads)
        if network.kind == "td":
            return batch, kernels.td_workspace(table, batch, DYNAMICS.steps, False, threads)
        size = {
            "dense": kernels.dense_workspace,
            "mf": kernels.mf_workspace,
            "un": kernels.un_workspace,
        }[network.kind]
        return batch, size(table, batch, False, threads)


def agreement(goodness, head):
    """How far two readouts agree: the smaller of their shares of what both together predict.

    Parameters
    ----------
    goodness, head : ndarray, shape (n, classes)
        Scores.

    Returns
    -------
    ndarray of float64, shape (n,)
        From 0 to 1; high only where both are sure of the same class.
    """
    predicted = (goodness + head).argmax(axis=1)
    rows = np.arange(len(predicted))
    shares = [probabilities(scores)[rows, predicted] for scores in (goodness, head)]
    return np.minimum(*shares)


def check_exit(network, sure):
    """Refuse to let rows leave early where that cannot be.

    Raises
    ------
    UsageError
        When the net's layers have no answers of their own, or `sure` is no share.
    """
    if network.kind != "mf":
        raise UsageError("only a model of --algo mf has an answer at every layer; leave out --exit")
    if not 0 < sure <= 1:
        raise UsageError(f"--exit {sure:g}; expected a share above 0, up to 1")


def check_rows(x, inputs):
    """Rows as the kernels take them: two-dimensional, contiguous, float32 or uint8.

    Raises
    ------
    DataError
        When `x` does not have `inputs` columns.
    """
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] != inputs:
        found = f"{x.shape[1]} features" if x.ndim == 2 else f"an array of shape {x.shape}"
        raise DataError(f"{found}; the model expects rows of {inputs} features")
    return np.ascontiguousarray(x, dtype=_BYTE if x.dtype == _BYTE else _FLOAT)


class Response(typing.NamedTuple):
    """What the one output of a regression stands for: value = offset + scale * output.

    Learnt from the training rows, whose values then have mean 0 and deviation 1.
    """

    offset: float
    scale: float

    @classmethod
    def of(cls, y):
        """Mean and standard deviation of values that are not all alike."""
        y = y.astype(np.float64)
        return cls(float(y.mean()), float(y.std()) or 1.0)

    def outputs(self, y):
        """What the net is to give for these values, float32 (n,)."""
        return ((y.astype(np.float64) - self.offset) / self.scale).astype(np.float32)

    def values(self, scores):
        """What scores (n, 1) stand for, float64 (n,)."""
        return self.offset + self.scale * scores[:, 0].astype(np.float64)


def probabilities(scores, output="softmax"):
    """Scores as shares that sum to 1 in every row.

    Parameters
    ----------
    scores : ndarray, shape (n, classes)
    output : {'softmax', 'sigmoid', 'linear'}
        What the net's outputs are; sigmoids and linear ones, no less than 0, are divided by
        their sum.

    Returns
    -------
    ndarray of float64, shape (n, classes)
    """
    scores = scores.astype(np.float64)
    if output != "softmax":
        shares = scores if output == "linear" else np.exp(-np.logaddexp(0, -scores))
        # All outputs may be 0 together; then nothing is known.
        shares = np.maximum(shares, np.finfo(np.float64).tiny)
    else:
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
