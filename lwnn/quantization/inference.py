"""Scores by integer arithmetic: which kernel follows which.

    dense   input → (accumulate → requantize → lookup) for each layer
    elman   input → (accumulate → requantize → lookup) for each hidden layer, at every step; what
            a layer answers is read again at the next one; then the output layer
    ff      input → normalize → (accumulate → requantize → normalize) for each layer; then the
            goodness of every layer under every label, or the head over the joined layers
    td      see `topdown`
    un      the same layers and head; there are no labels
    mf      the same layers; behind every requantize (accumulate → requantize) for its head

What each step computes is in `lwnn/_kernels/int8.pxi`. A dense net is one call from raw rows to
scores, the others take one for each step.
"""

import concurrent.futures
import math
import typing

import numpy as np

from lwnn._kernels import kernels
from lwnn.quantization.packing import Layer, packed
from lwnn.quantization.tensors import passes, remembering, used_layers
from lwnn.quantization.topdown import integer_goodness
from lwnn.scoring import NEVER, probabilities

#: Sums that a layer of a Forward-Forward net may hold while a thread scores some rows: 1 MB.
_SUMS = 1 << 18
#: Fewest and most rows that a thread scores at a time.
_LEAST, _MOST = 16, 1024


class DensePlan(typing.NamedTuple):
    """What `int8_dense` needs to know of a net."""

    #: All that stands between the rows and the workspace.
    arguments: tuple
    #: Bytes of it that a thread takes.
    workspace: int
    classes: int


def dense_plan(model, many):
    """Lay out a dense net's tensors for the kernels, once for many calls.

    Parameters
    ----------
    model : lwnn.quantization.QuantizedModel
    many : bool
        Whether for many rows, which takes longer, and twice the memory.
    """
    network, tensors = model.network, model.tensors
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
        (scaler, _scalar(tensors, "input.zero_point"), *layers, model.twice),
        kernels.int8_dense_workspace(layers.layers, 1),
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
    # A thread for a few rows would cost more than it gives.
    threads = max(1, min(threads, len(x) // _LEAST))
    workspace = np.empty(plan.workspace * threads, np.int8)
    kernels.int8_dense(x, *plan.arguments, workspace, threads, out)
    return out


def elman_scores(model, x, threads):
    """Score of every class for every row by a recurrent net.

    Parameters
    ----------
    model : lwnn.quantization.QuantizedModel
    x, threads
        As for `dense_scores`.

    Returns
    -------
    ndarray of int8, shape (n, classes)
    """
    network = model.network
    out = np.empty((len(x), network.classes), np.int8)

    def chunk(part):
        out[part] = _elman(model, quantized(model.tensors, x[part]))

    _shared_out(chunk, len(x), _SUMS // max((*network.hidden, network.classes)), threads)
    return out


def _elman(model, x):
    network, tensors = model.network, model.tensors
    zeros = {name: _scalar(tensors, f"{name}.state_zero_point") for name in remembering(network)}
    states = {
        name: np.full((len(x), units), zeros[name], np.int8)
        for name, _, units in network.layers[:-1]
    }
    for values in np.split(x, network.timesteps, axis=1):
        below = values
        for name, state in states.items():
            below = _layer(model, name, np.hstack([below, state]))
            if f"{name}.table" in tensors:
                kernels.int8_lookup(below, tensors[f"{name}.table"], below)
            states[name] = below
    return _layer(model, "output", below)


def layered_scores(model, x, threads):
    """Score of every class for every row by a net that normalises between its layers.

    Parameters
    ----------
    model : lwnn.quantization.QuantizedModel
    x, threads
        As for `dense_scores`.

    Returns
    -------
    ndarray, shape (n, classes)
        int64 for the goodness readout and for both, int32 for the sum of heads, else int8.
    """
    network, readout = model.network, model.readout
    if network.kind == "mf":
        scores, _ = integer_scores_until(model, x, NEVER, threads)
        return scores if readout == "sum" else scores.astype(np.int8)
    dtype = np.int64 if readout in ("goodness", "both") else np.int8
    out = np.empty((len(x), network.classes), dtype)
    widest = max((*network.hidden, network.classes))
    goodness = _top_down if network.kind == "td" else _goodness
    run = {"goodness": goodness, "head": _head, "both": _both}[readout]

    def chunk(part):
        out[part] = run(model, quantized(model.tensors, x[part]))

    _shared_out(chunk, len(x), _SUMS // (passes(network, readout) * widest), threads)
    return out


def integer_scores_until(model, x, sure, threads):
    """Scores of an ``mf`` net, each row from no more layers than it takes to be sure.

    Parameters
    ----------
    sure : float
        Share of a class at which a row leaves, computed in float from the integer scores; above 1:
        none leaves before the last layer.

    The other parameters are those of `layered_scores`.

    Returns
    -------
    scores : ndarray of int32, shape (n, classes)
        Of the head at which a row left, or the sum of the heads up to it.
    depth : ndarray of int32, shape (n,)
        How many layers were computed.
    """
    network = model.network
    out = np.zeros((len(x), network.classes), np.int32)
    depth = np.full(len(x), len(network.hidden), np.int32)

    def chunk(part):
        _mono(model, quantized(model.tensors, x[part]), sure, out[part], depth[part])

    _shared_out(chunk, len(x), _SUMS // max((*network.hidden, network.classes)), threads)
    return out, depth


def real_scores(tensors, readout, integers, depth):
    """What integer scores of an ``mf`` net stand for, float64: of one head, or a mean of heads."""
    depth = np.broadcast_to(depth, len(integers))
    scales = np.array([tensors[f"head{n}.scale"][0] for n in range(1, depth.max(initial=0) + 1)])
    zeros = np.array([tensors[f"head{n}.zero_point"][0] for n in range(1, len(scales) + 1)])
    heads = depth if readout == "sum" else np.ones_like(depth)
    offset = zeros[depth - 1] * heads
    return (integers - offset[:, None]) * (scales.astype(np.float64)[depth - 1] / heads)[:, None]


def _shared_out(score, rows, most, threads):
    """Call `score` with slices of about `most` rows, on as many threads.

    Every row stands alone, so the slices may depend on the number of threads.
    """
    step = min(max(min(most, math.ceil(rows / threads)), _LEAST), _MOST)
    parts = [slice(start, start + step) for start in range(0, rows, step)]
    if min(threads, len(parts)) <= 1:
        for part in parts:
            score(part)
        return
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        # Going over the results hands on what a thread raised.
        for _ in pool.map(score, parts):
            pass


def quantized(tensors, x):
    """Raw rows as the first layer reads them, int8."""
    out = np.empty(x.shape, np.int8)
    scaler = tensors["input.offset"], tensors["input.multiplier"]
    kernels.int8_input(x, *scaler, _scalar(tensors, "input.zero_point"), out)
    return out


def _goodness(model, x):
    network, tensors = model.network, model.tensors
    scores = np.zeros(len(x) * network.classes, np.int64)
    factors = tensors["readout.factor"]
    source = "input"
    for (name, _, _), factor in zip(used_layers(network, "goodness"), factors, strict=True):
        x = _normalize(tensors, source, x) if source != "input" else _leveled(model, x)
        x = _layer(model, name, x)
        kernels.int8_goodness(x, _scalar(tensors, f"{name}.zero_point"), factor, scores)
        source = name
    return scores.reshape(-1, network.classes)


def _top_down(model, x):
    return integer_goodness(model, _leveled(model, x), _normalize)[0]


def _leveled(model, x):
    return _normalize(model.tensors, "input", x) if model.network.level else x


def _both(model, x):
    return sum(both_parts(model, x))


def both_parts(model, x):
    """What goodness and head add to the scores of quantized rows, int64 (n, classes) each."""
    if model.network.kind == "td":
        goodness, joined = integer_goodness(model, _leveled(model, x), _normalize)
    else:
        goodness, joined = _labels_and_neutral(model, x)
    zero, factor = (_scalar(model.tensors, "head.zero_point"), model.tensors["readout.factor"][-1])
    return goodness, int(factor) * (_layer(model, "head", joined).astype(np.int64) - zero)


def _labels_and_neutral(model, x):
    """Goodness of every label, and what the head reads under the neutral one."""
    network, tensors = model.network, model.tensors
    rows, passes_of_a_row = len(x), network.classes + 1
    goodness = np.zeros(rows * passes_of_a_row, np.int64)
    factors = tensors["readout.factor"].tolist()[:-1]
    states = []
    x = _leveled(model, x)
    for (name, _, outputs), factor in zip(network.layers[:-1], factors, strict=True):
        x = _layer(model, name, x)
        kernels.int8_goodness(x, _scalar(tensors, f"{name}.zero_point"), factor, goodness)
        x = _normalize(tensors, name, x)
        # The last pass of a row is that under the neutral label.
        states.append(x.reshape(rows, passes_of_a_row, outputs)[:, -1])
    joined = np.ascontiguousarray(np.hstack(states[network.head_from :]))
    return goodness.reshape(rows, passes_of_a_row)[:, :-1], joined


def _head(model, x):
    network = model.network
    x = _leveled(model, x)
    states = []
    for name, _, _ in network.layers[: len(network.hidden)]:
        x = _layer(model, name, x)
        x = _normalize(model.tensors, name, x)
        states.append(x)
    return _layer(model, "head", np.hstack(states[network.head_from :]))


def _mono(model, x, sure, out, depth):
    """Write scores and depth of quantized rows; rows that are sure are computed no further."""
    network, tensors, readout = model.network, model.tensors, model.readout
    going, layers = np.arange(len(x)), len(network.hidden)
    for n in range(1, layers + 1):
        if n > 1 or network.level:
            x = _normalize(tensors, f"layer{n - 1}" if n > 1 else "input", x)
        x = _layer(model, f"layer{n}", x)
        if n < layers and readout == "last" and sure > 1:
            continue
        scores = _layer(model, f"head{n}", x)
        out[going] = scores + (out[going] if readout == "sum" else 0)
        if n < layers and sure <= 1:
            shares = probabilities(real_scores(tensors, readout, out[going], n))
            stays = shares.max(axis=1) < sure
            depth[going[~stays]] = n
            x, going = x[stays], going[stays]


def _layer(model, name, x):
    """Outputs of a layer; under several labels the passes of a row lie one behind the other."""
    tensors = model.tensors
    weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    sums = np.empty((len(x), len(weight)), np.int32)
    kernels.int8_accumulate(x, weight, sums)
    out = np.empty((len(x) * len(bias), len(weight)), np.int8)
    zero_point = _scalar(tensors, f"{name}.zero_point")
    how = tensors[f"{name}.multiplier"], tensors[f"{name}.shift"]
    kernels.int8_requantize(sums, bias, *how, model.twice, zero_point, out)
    return out


def _normalize(tensors, name, x):
    out = np.empty_like(x)
    parts = ("zero_point", "norm", "norm_zero_point")
    how = (_scalar(tensors, f"{name}.{part}") for part in parts)
    kernels.int8_normalize(x, *how, out)
    return out


def _scalar(tensors, name):
    return int(tensors[name][0])
