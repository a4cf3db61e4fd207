"""From raw rows to a score per class: what learning watches and what a model predicts with."""

import functools

import numpy as np

from lwnn._kernels import kernels
from lwnn.errors import DataError

#: How a net says what it sees: the scores of its output layer (dense), the goodness summed over
#: the layers for every label in turn, or the softmax head's one pass (Forward-Forward).
READOUTS = ("output", "goodness", "head")
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
    readout : {'output', 'goodness', 'head'}
    goals : ndarray of float32, shape (hidden layers, 3)
        Goodness factor, threshold and readout weight of each layer (``ff`` only).
    threads : int
        How many to compute with; the result does not depend on it.

    Returns
    -------
    ndarray of float32, shape (n, classes)
    """
    x = check_rows(x, network.inputs)
    out = np.empty((len(x), network.classes), np.float32)
    batch, size = _plan(network, readout, min(len(x), _MOST), threads)
    workspace, table = np.empty(size, np.float32), network.table
    if readout == "output":
        kernels.dense_scores(vector, table, x, scaler, clip, out, batch, workspace, threads)
        return out
    none = np.empty((0, network.classes), np.float32)
    outputs = (out, none) if readout == "goodness" else (none, out)
    kernels.ff_scores(
        vector,
        table,
        goals,
        network.form,
        x,
        scaler,
        clip,
        *outputs,
        batch,
        workspace,
        threads,
    )
    return out


@functools.lru_cache(maxsize=64)
def _plan(network, readout, rows, threads):
    """Rows to score at a time, and the floats of workspace that takes.

    Kept, as working it out takes as long as scoring a row with a small net.
    """
    table = network.table
    widest = int(table[:, 1].max()) * (network.classes if readout == "goodness" else 1)
    batch = max(1, min(rows, max(8, _SCRATCH // widest)))
    if readout == "output":
        return batch, kernels.dense_workspace(table, batch, False, threads)
    return batch, kernels.ff_workspace(table, network.form, batch, False, threads)


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


def probabilities(scores, cost="cross-entropy"):
    """Scores as shares that sum to 1 in every row.

    Parameters
    ----------
    scores : ndarray, shape (n, classes)
    cost : {'cross-entropy', 'mse'}
        What the net was trained with: softmax, or sigmoid outputs divided by their sum.

    Returns
    -------
    ndarray of float64, shape (n, classes)
    """
    scores = scores.astype(np.float64)
    if cost == "mse":
        shares = np.exp(-np.logaddexp(0, -scores))
        # All outputs may underflow to 0 together; then nothing is known.
        shares = np.maximum(shares, np.finfo(np.float64).tiny)
    else:
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
