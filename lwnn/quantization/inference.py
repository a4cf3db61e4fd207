"""Scores by integer arithmetic: which kernel follows which.

    dense   input → (accumulate → requantize → lookup) for each layer
    ff      input → normalize → (accumulate → requantize → normalize) for each layer; then the
            goodness of every layer under every label, or the head over the joined layers

What each step computes is in `lwnn/_kernels/int8.pxi`. A dense net is one call from raw rows to
scores, a Forward-Forward net one for each step.
"""

import concurrent.futures
import typing

import numpy as np

from lwnn._kernels import kernels
from lwnn.quantization.packing import Layer, packed
from lwnn.quantization.tensors import passes, used_layers

#: Sums that a layer of a Forward-Forward net may hold while a thread scores some rows: 1 MB.
_SUMS = 1 << 18
#: Fewest and most rows that a thread scores at a time.
_LEAST, _MOST = 16, 1024


class DensePlan(typing.NamedTuple):
    """What `int8_dense` needs to know of a net."""

    #: All that stands between the rows and the workspace.
    arguments: tuple
    workspace: int
    classes: int


def dense_plan(network, tensors, many):
    """Lay out a dense net's tensors for the kernels, once for many calls.

    Parameters
    ----------
    network : Network
    tensors : dict of str to ndarray
        As `lwnn.quantization.tensors.expected` lists them, checked.
    many : bool
        Whether for many rows, which takes longer, and twice the memory.
    """
    parts = "weight", "bias", "multiplier", "shift"
    layers = packed(
        (
            Layer(
                *(tensors[f"{name}.{part}"] for part in parts),
                _scalar(tensors, f"{name}.zero_point"),
                tensors.get(f"{name}.table"),
            )
            for name, _, _ in network.layers
        ),
        many,
    )
    scaler = np.stack([tensors["input.offset"], tensors["input.multiplier"]])
    return DensePlan(
        (scaler, _scalar(tensors, "input.zero_point"), *layers),
        kernels.int8_dense_workspace(layers.layers),
        network.classes,
    )


def dense_scores(plan, x, threads):
    """Score of every class for every row by a dense net.

    Parameters
    ----------
    plan : DensePlan
    x : ndarray of float32 or uint8, shape (n, inputs), C-contiguous
        Raw rows.
    threads : int

    Returns
    -------
    ndarray of int8, shape (n, classes)
    """
    out = np.empty((x.shape[0], plan.classes), np.int8)
    if threads == 1:
        kernels.int8_dense(x, *plan.arguments, np.empty(plan.workspace, np.int8), out)
    else:

        def score(rows):
            out[rows] = dense_scores(plan, x[rows], 1)

        _shared_out(score, len(x), _MOST, threads)
    return out


def ff_scores(network, tensors, readout, x, threads):
    """Score of every class for every row by a Forward-Forward net.

    Parameters
    ----------
    network : Network
    tensors : dict of str to ndarray
        As `lwnn.quantization.tensors.expected` lists them, checked.
    readout : {'goodness', 'head'}
    x, threads
        As for `dense_scores`.

    Returns
    -------
    ndarray, shape (n, classes)
        int64 for the goodness readout, else int8.
    """
    out = np.empty((len(x), network.classes), np.int64 if readout == "goodness" else np.int8)
    run = _goodness if readout == "goodness" else _head

    def score(rows):
        out[rows] = run(network, tensors, _quantized(tensors, x[rows]))

    widest = max((*network.hidden, network.classes))
    _shared_out(score, len(x), _SUMS // (passes(network, readout) * widest), threads)
    return out


def _shared_out(score, rows, most, threads):
    """Call `score` with slices of about `most` rows, on as many threads."""
    step = min(max(most, _LEAST), _MOST)
    parts = [slice(start, start + step) for start in range(0, rows, step)]
    if min(threads, len(parts)) <= 1:
        for part in parts:
            score(part)
        return
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        # Going over the results hands on what a thread raised.
        for _ in pool.map(score, parts):
            pass


def _quantized(tensors, x):
    out = np.empty(x.shape, np.int8)
    scaler = tensors["input.offset"], tensors["input.multiplier"]
    kernels.int8_input(x, *scaler, _scalar(tensors, "input.zero_point"), out)
    return out


def _goodness(network, tensors, x):
    scores = np.zeros(len(x) * network.classes, np.int64)
    factors = tensors["readout.factor"]
    source = "input"
    for (name, _, _), factor in zip(used_layers(network, "goodness"), factors, strict=True):
        x = _normalize(tensors, source, x)
        x = _layer(tensors, name, x)
        kernels.int8_goodness(x, _scalar(tensors, f"{name}.zero_point"), factor, scores)
        source = name
    return scores.reshape(-1, network.classes)


def _head(network, tensors, x):
    x = _normalize(tensors, "input", x)
    states = []
    for name, _, _ in network.layers[:-1]:
        x = _layer(tensors, name, x)
        x = _normalize(tensors, name, x)
        states.append(x)
    return _layer(tensors, "head", np.hstack(states[network.head_from :]))


def _layer(tensors, name, x):
    """Outputs of a layer; under several labels the passes of a row lie one behind the other."""
    weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    sums = np.empty((len(x), len(weight)), np.int32)
    kernels.int8_accumulate(x, weight, sums)
    out = np.empty((len(x) * len(bias), len(weight)), np.int8)
    zero_point = _scalar(tensors, f"{name}.zero_point")
    how = tensors[f"{name}.multiplier"], tensors[f"{name}.shift"]
    kernels.int8_requantize(sums, bias, *how, zero_point, out)
    return out


def _normalize(tensors, name, x):
    out = np.empty_like(x)
    parts = ("zero_point", "norm", "norm_zero_point")
    how = (_scalar(tensors, f"{name}.{part}") for part in parts)
    kernels.int8_normalize(x, *how, out)
    return out


def _scalar(tensors, name):
    return int(tensors[name][0])
