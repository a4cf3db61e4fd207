"""Scores by integer arithmetic: which kernel follows which.

    dense   input → (accumulate → requantize → lookup) for each layer
    ff      input → normalize → (accumulate → requantize → normalize) for each layer; then the
            goodness of every layer under every label, or the head over the joined layers

What each step computes is in `lwnn/_kernels/int8.pxi`. A dense net is one call, a Forward-Forward
net one for each step.
"""

import concurrent.futures

import numpy as np

from lwnn._kernels import kernels
from lwnn.quantization.tensors import passes, used_layers

#: Sums that a layer may hold while a thread scores some rows: 1 MB.
_SUMS = 1 << 18


def integer_scores(network, tensors, packed, readout, x, threads):
    """Score of every class for every row; the highest is the prediction.

    Parameters
    ----------
    network : Network
    tensors : dict of str to ndarray
        As `lwnn.quantization.tensors.expected` lists them, checked.
    packed : Packed or None
        The same tensors joined, for the output readout.
    readout : {'output', 'goodness', 'head'}
    x : ndarray of float32 or uint8, shape (n, inputs), C-contiguous
        Raw rows.
    threads : int

    Returns
    -------
    ndarray, shape (n, classes)
        int64 for the goodness readout, else int8.
    """
    dtype = np.int64 if readout == "goodness" else np.int8
    out = np.empty((len(x), network.classes), dtype)
    widest = max((*network.hidden, network.classes))
    step = int(np.clip(_SUMS // (passes(network, readout) * widest), 16, 1024))

    def chunk(start):
        rows = x[start : start + step]
        target = out[start : start + step]
        if readout == "output":
            _output(packed, widest, _quantized(tensors, rows), target)
        else:
            run = _goodness if readout == "goodness" else _head
            target[:] = run(network, tensors, _quantized(tensors, rows))

    starts = range(0, len(x), step)
    if min(threads, len(starts)) <= 1:
        for start in starts:
            chunk(start)
    else:
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            # Going over the results hands on what a thread raised.
            for _ in pool.map(chunk, starts):
                pass
    return out


def _quantized(tensors, x):
    out = np.empty(x.shape, np.int8)
    scaler = tensors["input.offset"], tensors["input.multiplier"]
    kernels.int8_input(x, *scaler, _scalar(tensors, "input.zero_point"), out)
    return out


def _output(packed, widest, x, out):
    sums = np.empty(len(x) * widest, np.int32)
    states = np.empty((2, len(x) * widest), np.int8)
    kernels.int8_dense(x, *packed, sums, states, out)


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
