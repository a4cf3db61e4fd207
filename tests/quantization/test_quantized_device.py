"""A device in plain integers, from the tensors alone: what small C code will have to do."""

import itertools
import math

import numpy as np
from plain_rounding import requantized

from lwnn.model import Model
from lwnn.network import Network, Params
from lwnn.quantization import quantize


def device_layer(model, name, q, label=0):
    t = model.tensors
    zero = int(t[f"{name}.zero_point"][0])
    weight, multiplier, shift = (t[f"{name}.{part}"] for part in ("weight", "multiplier", "shift"))
    biases = t[f"{name}.bias"]
    bias = biases[label if len(biases) > 1 else 0]
    rows = zip(*(array.tolist() for array in (weight, multiplier, shift, bias)), strict=True)
    out = []
    for weights, m, s, b in rows:
        total = b + sum(w * x for w, x in zip(weights, q, strict=True))
        assert abs(total) < 2**31
        out.append(requantized(total, m, s, zero, model.rounding))
    table = t.get(f"{name}.table")
    return out if table is None else [int(table[value + 128]) for value in out]


def device_normalize(t, name, q):
    zero, factor, zero_out = (
        int(t[f"{name}.{part}"][0]) for part in ("zero_point", "norm", "norm_zero_point")
    )
    total = sum((value - zero) ** 2 for value in q)
    root = math.isqrt(total << 16)
    m = (factor * 256 + root // 2) // root if root else 0
    return [min(max(((value - zero) * m + 2**15 >> 16) + zero_out, -128), 127) for value in q]


def device_input(t, row):
    zero = int(t["input.zero_point"][0])
    reals = (row - t["input.offset"]) * t["input.multiplier"]
    near = (math.trunc(float(real + np.float32(math.copysign(0.5, real)))) for real in reals)
    return [min(max(value + zero, -128), 127) for value in near]


def device_scores(quantized, row):
    classes = quantized.network.classes
    t, layers = quantized.tensors, [name for name, _, _ in quantized.network.layers]
    q = device_input(t, row)
    if quantized.readout == "output":
        run = device_sequence if quantized.network.kind == "elman" else device_dense
        return run(quantized, layers, q)
    if quantized.network.kind == "mf":
        return device_heads(quantized, q)
    q = device_normalize(t, "input", q) if quantized.network.level else q
    layers = [name for name in layers if not name.startswith("above")]
    head_from, settles = quantized.network.head_from, quantized.network.kind == "td"
    if quantized.readout == "head":
        return device_head(quantized, layers[:-1], head_from, q, 0)
    of_label = device_settling if settles else device_goodness
    goodness = [of_label(quantized, layers[:-1], q, label) for label in range(classes)]
    if quantized.readout == "goodness":
        return goodness
    zero, factor = int(t["head.zero_point"][0]), int(t["readout.factor"][-1])
    # The pass behind those of the labels is the neutral one, or that of the start.
    head = device_head(quantized, layers[:-1], head_from, q, classes)
    return [g + factor * (value - zero) for g, value in zip(goodness, head, strict=True)]


def device_dense(model, layers, q):
    for name in layers:
        q = device_layer(model, name, q)
    return q


def device_sequence(model, layers, q):
    """What a layer gave a step before stands behind what it reads."""
    t, steps = model.tensors, model.network.timesteps
    states = {
        name: [int(t[f"{name}.state_zero_point"][0])] * len(t[f"{name}.bias"][0])
        for name in layers[:-1]
    }
    features = len(q) // steps
    for step in range(steps):
        below = q[step * features : (step + 1) * features]
        for name in layers[:-1]:
            below = states[name] = device_layer(model, name, below + states[name])
    return device_layer(model, "output", below)


def device_head(model, layers, head_from, q, neutral):
    states = []
    for name in layers:
        # A layer that no label enters has one row of biases.
        answers = device_layer(model, name, q, neutral)
        q = device_normalize(model.tensors, name, answers)
        states.append(q)
    return device_layer(model, "head", list(itertools.chain(*states[head_from:])))


def device_goodness(model, layers, q, label):
    score, t = 0, model.tensors
    for n, name in enumerate(layers):
        q = device_normalize(t, layers[n - 1], q) if n else q
        q = device_layer(model, name, q, 0 if n else label)
        zero = int(t[f"{name}.zero_point"][0])
        score += int(t["readout.factor"][n]) * sum((value - zero) ** 2 for value in q)
    return score


def device_sums(t, name, q, bias):
    return [
        b + sum(w * x for w, x in zip(weights, q, strict=True))
        for b, weights in zip(bias, t[f"{name}.weight"].tolist(), strict=True)
    ]


def device_requantized(model, name, sums):
    t = model.tensors
    assert all(abs(total) < 2**31 for total in sums)
    zero = int(t[f"{name}.zero_point"][0])
    how = zip(sums, t[f"{name}.multiplier"].tolist(), t[f"{name}.shift"].tolist(), strict=True)
    return [requantized(a, m, s, zero, model.rounding) for a, m, s in how]


def device_settling(model, layers, x, label):
    """Upwards without a label, then five steps, of which the last three count."""
    t = model.tensors
    states, q, score = [], x, 0
    for name in layers:
        sums = device_sums(t, name, q, t[f"{name}.bias"][-1].tolist())
        states.append(device_requantized(model, name, sums))
        q = device_normalize(t, name, states[-1])
    for step in range(1, 6):
        old = [device_normalize(t, name, q) for name, q in zip(layers, states, strict=True)]
        for n, name in enumerate(layers):
            top = name == layers[-1]
            bias = t[f"{name}.bias"][label if top else 0].tolist()
            sums = device_sums(t, name, old[n - 1] if n else x, bias)
            if not top:
                above = name.replace("layer", "above")
                sums = device_sums(t, above, old[n + 1], sums)
                folded = t[f"{above}.bias"][0].tolist()
                sums = [a + b for a, b in zip(sums, folded, strict=True)]
            y = device_requantized(model, name, sums)
            if step >= 3:
                score += int(t["readout.factor"][n]) * sum((value + 128) ** 2 for value in y)
            mixed = zip(states[n], y, strict=True)
            states[n] = [(77 * (s + 128) + 179 * (v + 128) + 128 >> 8) - 128 for s, v in mixed]
    return score


def device_heads(model, q):
    network, t = model.network, model.tensors
    answers, source = [], "input"
    for n in range(1, len(network.hidden) + 1):
        q = device_normalize(t, source, q) if n > 1 or network.level else q
        source, q = f"layer{n}", device_layer(model, f"layer{n}", q)
        answers.append(device_layer(model, f"head{n}", q))
    if model.readout == "last":
        return answers[-1]
    return [sum(scores) for scores in zip(*answers, strict=True)]


def test_a_device_gets_the_same_integers(pair, data):
    _, quantized = pair
    rows = np.vstack([data[0][:25], 100 * data[0][:5], -data[0][:5]])
    found = [device_scores(quantized, row) for row in rows]
    assert found == quantized.integer_scores(rows).tolist()


def test_pixels_keep_their_values():
    features = 9
    network = Network("dense", features, (), 4)
    zeros, scale = np.zeros(features, np.float32), np.full(features, 1 / 255, np.float32)
    names = tuple("abcd"), tuple("123456789")
    model = Model(network, Params(network), zeros, scale, 10.0, *names)
    quantized = quantize(model, np.array([[0] * features, [255] * features], np.uint8))
    for value in range(256):
        row = np.full(features, value, np.float32)
        assert device_input(quantized.tensors, row) == [value - 128] * features
