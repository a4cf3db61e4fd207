"""Scores by integer arithmetic: which kernel follows which.

    dense   input → (accumulate → requantize → lookup) for each layer
    ff      input → normalize → (accumulate → requantize → normalize) for each layer; then the
            goodness of every layer under every label, or the head over the joined layers
    td      see `topdown`
    un      the same layers and head; there are no labels
    mf      the same layers; behind every requantize (accumulate → requantize) for its head

What each step computes is in `lwnn/_kernels/int8.pxi`. A dense net is one call from raw rows to
scores, the others take one for each step.
"""

import concurrent.futures
import typing

import numpy as np

from lwnn._kernels import kernels
from lwnn.quantization.packing import Layer, packed
from lwnn.quantization.tensors import passes, used_layers
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


def layered_scores(network, tensors, readout, x, threads):
    """Score of every class for every row by a net that normalises between its layers.

    Parameters
    ----------
    network : Network
    tensors : dict of str to ndarray
        As `lwnn.quantization.tensors.expected` lists them, checked.
    readout : {'goodness', 'head', 'both', 'last', 'sum'}
    x, threads
        As for `dense_scores`.

    Returns
    -------
    ndarray, shape (n, classes)
        int64 for the goodness readout and for both, int32 for the sum of heads, else int8.
    """
    if network.kind == "mf":
        scores, _ = integer_scores_until(network, tensors, readout, x, NEVER, threads)
        return scores if readout == "sum" else scores.astype(np.int8)
    dtype = np.int64 if readout in ("goodness", "both") else np.int8
    out = np.empty((len(x), network.classes), dtype)
    widest = max((*network.hidden, network.classes))
    goodness = _top_down if network.kind == "td" else _goodness
    run = {"goodness": goodness, "head": _head, "both": _both}[readout]

    def chunk(part):
        out[part] = run(network, tensors, quantized(tensors, x[part]))

    _shared_out(chunk, len(x), _SUMS // (passes(network, readout) * widest), threads)
    return out


def integer_scores_until(network, tensors, readout, x, sure, threads):
    """Scores of an ``mf`` net, each row from no more layers than it takes to be sure.

    Parameters
    ----------
    readout : {'last', 'sum'}
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
    out = np.zeros((len(x), network.classes), np.int32)
    depth = np.full(len(x), len(network.hidden), np.int32)

    def chunk(part):
        rows = quantized(tensors, x[part])
        _mono(network, tensors, readout, rows, sure, out[part], depth[part])

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


def quantized(tensors, x):
    """Raw rows as the first layer reads them, int8."""
    out = np.empty(x.shape, np.int8)
    scaler = tensors["input.offset"], tensors["input.multiplier"]
    kernels.int8_input(x, *scaler, _scalar(tensors, "input.zero_point"), out)
    return out


def _goodness(network, tensors, x):
    scores = np.zeros(len(x) * network.classes, np.int64)
    factors = tensors["readout.factor"]
    source = "input"
    for (name, _, _), factor in zip(used_layers(network, "goodness"), factors, strict=True):
        x = _normalize(tensors, source, x) if source != "input" else _leveled(network, tensors, x)
        x = _layer(tensors, name, x)
        kernels.int8_goodness(x, _scalar(tensors, f"{name}.zero_point"), factor, scores)
        source = name
    return scores.reshape(-1, network.classes)


def _top_down(network, tensors, x):
    return integer_goodness(network, tensors, _leveled(network, tensors, x), _normalize)


def _leveled(network, tensors, x):
    return _normalize(tensors, "input", x) if network.level else x


def _both(network, tensors, x):
    return sum(both_parts(network, tensors, x))


def both_parts(network, tensors, x):
    """What goodness and head add to the scores of quantized rows, int64 (n, classes) each."""
    rows, passes_of_a_row = len(x), network.classes + 1
    goodness = np.zeros(rows * passes_of_a_row, np.int64)
    *factors, of_head = tensors["readout.factor"].tolist()
    states = []
    x = _leveled(network, tensors, x)
    for (name, _, outputs), factor in zip(network.layers[:-1], factors, strict=True):
        x = _layer(tensors, name, x)
        kernels.int8_goodness(x, _scalar(tensors, f"{name}.zero_point"), factor, goodness)
        x = _normalize(tensors, name, x)
        # The last pass of a row is that under the neutral label.
        states.append(x.reshape(rows, passes_of_a_row, outputs)[:, -1])
    joined = np.ascontiguousarray(np.hstack(states[network.head_from :]))
    head = _layer(tensors, "head", joined).astype(np.int64) - _scalar(tensors, "head.zero_point")
    return goodness.reshape(rows, passes_of_a_row)[:, :-1], of_head * head


def _head(network, tensors, x):
    x = _leveled(network, tensors, x)
    states = []
    for name, _, _ in network.layers[: len(network.hidden)]:
        x = _layer(tensors, name, x)
        x = _normalize(tensors, name, x)
        states.append(x)
    return _layer(tensors, "head", np.hstack(states[network.head_from :]))


def _mono(network, tensors, readout, x, sure, out, depth):
    """Write scores and depth of quantized rows; rows that are sure are computed no further."""
    going, layers = np.arange(len(x)), len(network.hidden)
    for n in range(1, layers + 1):
        if n > 1 or network.level:
            x = _normalize(tensors, f"layer{n - 1}" if n > 1 else "input", x)
        x = _layer(tensors, f"layer{n}", x)
        if n < layers and readout == "last" and sure > 1:
            continue
        scores = _layer(tensors, f"head{n}", x)
        out[going] = scores + (out[going] if readout == "sum" else 0)
        if n < layers and sure <= 1:
            shares = probabilities(real_scores(tensors, readout, out[going], n))
            stays = shares.max(axis=1) < sure
            depth[going[~stays]] = n
            x, going = x[stays], going[stays]


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
