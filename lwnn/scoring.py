"""From raw rows to a score per class: what learning watches and what a model predicts with."""

import functools
import typing

import numpy as np

from lwnn._kernels import kernels
from lwnn.errors import DataError, UsageError

#: How a net of each kind says what it sees: the scores of its output layer; the goodness summed
#: over the layers for every label in turn, the softmax head's one pass, or both averaged; the last
#: layer's head, or the sum of all heads.
READOUTS = {
    "dense": ("output",),
    "ff": ("goodness", "head", "both"),
    "mf": ("last", "sum"),
    "un": ("head",),
}
#: A share that no row reaches: no row leaves early.
NEVER = 2.0
#: Floats that a layer's outputs may take while rows are scored: a usual L2 cache.
_SCRATCH = 1 << 17
#: Most rows that are scored at a time.
_MOST = 512


def score(network, vector, x, scaler, clip, *, readout, goals, threads=1):
    """Score of every class for every row; the highest is the prediction.

    Parameters
    ----------
    network : Network
    vector : ndarray of float32, shape (network.size,)
    x : ndarray of float32 or uint8, shape (n, inputs)
        Raw rows.
    scaler : ndarray of float32, shape (2, inputs)
        Offset and scale of each input.
    clip : float
        Bound of a scaled value.
    readout : str
        One of `READOUTS` of the network's kind.
    goals : ndarray of float32, shape (hidden layers, 3)
        Goodness factor, threshold and readout weight of each layer (``ff`` only).
    threads : int
        How many to compute with; the result does not depend on it.

    Returns
    -------
    ndarray of float32, shape (n, classes)
    """
    x = check_rows(x, network.inputs)
    if network.kind == "mf":
        return score_until(network, vector, x, scaler, clip, readout=readout, threads=threads)[0]
    if network.kind == "ff":
        parts = score_apart(network, vector, x, scaler, clip, readout, goals, threads)
        return (parts[0] + parts[1]) / 2 if readout == "both" else parts[readout == "head"]
    out = np.empty((len(x), network.classes), np.float32)
    if network.kind == "un":
        _run_unsupervised(
            network, vector, x, scaler, clip, np.empty((0, 1), np.float32), out, threads
        )
        return out
    batch, size = _plan(network, readout, min(len(x), _MOST), threads)
    workspace = np.empty(size, np.float32)
    kernels.dense_scores(vector, network.table, x, scaler, clip, out, batch, workspace, threads)
    return out


def score_apart(network, vector, x, scaler, clip, readout, goals, threads=1):
    """Scores by goodness and by the head, those that the readout needs (``ff``).

    Both are logits: their softmax gives shares, and the mean of the two the geometric mean of
    those shares.

    Returns
    -------
    goodness, head : ndarray of float32, shape (n, classes)
        (0, classes) where not needed.
    """
    x = check_rows(x, network.inputs)
    outs = [
        np.empty((len(x) if readout in (name, "both") else 0, network.classes), np.float32)
        for name in ("goodness", "head")
    ]
    batch, size = _plan(network, readout, min(len(x), _MOST), threads)
    rows = (x, scaler, clip)
    how = (batch, np.empty(size, np.float32), threads)
    kernels.ff_scores(vector, network.table, goals, network.form, *rows, *outs, *how)
    return tuple(outs)


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


def score_until(network, vector, x, scaler, clip, *, readout, sure=NEVER, threads=1):
    """Scores from no more layers than it takes, where every layer has an answer (``mf``).

    Parameters
    ----------
    readout : {'last', 'sum'}
        Whether a layer answers with its own head, or with the mean of all heads up to its own:
        their sum, brought back to the scale of one.
    sure : float
        A row leaves at the first layer that gives one class at least this share; above 1: none
        leaves before the last.

    The other parameters are those of `score`.

    Returns
    -------
    scores : ndarray of float32, shape (n, classes)
        What the layer at which the row left answers.
    depth : ndarray of int32, shape (n,)
        How many layers were computed for each row.
    """
    x = check_rows(x, network.inputs)
    out = np.empty((len(x), network.classes), np.float32)
    depth = np.empty(len(x), np.int32)
    batch, size = _plan(network, readout, min(len(x), _MOST), threads)
    workspace, mean = np.empty(size, np.float32), readout == "sum"
    how = (mean, sure, out, depth, batch, workspace, threads)
    kernels.mf_scores(vector, network.table, network.level, x, scaler, clip, *how)
    return out, depth


def transform(network, vector, x, scaler, clip, threads=1):
    """Normalised outputs of all layers of an ``un`` net, side by side.

    Returns
    -------
    ndarray of float32, shape (n, network.head_inputs)
    """
    x = check_rows(x, network.inputs)
    states = np.empty((len(x), network.head_inputs), np.float32)
    none = np.empty((0, network.classes), np.float32)
    _run_unsupervised(network, vector, x, scaler, clip, states, none, threads)
    return states


def _run_unsupervised(network, vector, x, scaler, clip, states, out, threads):
    batch, size = _plan(network, "head", min(len(x), _MOST), threads)
    how = (states, out, batch, np.empty(size, np.float32), threads)
    kernels.un_scores(vector, network.table, network.level, x, scaler, clip, *how)


@functools.lru_cache(maxsize=64)
def _plan(network, readout, rows, threads):
    """Rows to score at a time, and the floats of workspace that takes.

    Kept, as working it out takes as long as scoring a row with a small net.
    """
    table = network.table
    widest = int(table[:, 1].max()) * (network.classes if readout in ("goodness", "both") else 1)
    batch = max(1, min(rows, max(8, _SCRATCH // widest)))
    if network.kind == "ff":
        return batch, kernels.ff_workspace(table, network.form, batch, False, threads)
    size = {
        "dense": kernels.dense_workspace,
        "mf": kernels.mf_workspace,
        "un": kernels.un_workspace,
    }[network.kind]
    return batch, size(table, batch, False, threads)


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
    return np.ascontiguousarray(x, dtype=np.uint8 if x.dtype == np.uint8 else np.float32)


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
