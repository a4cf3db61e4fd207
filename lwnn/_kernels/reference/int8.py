"""The int8 kernels in plain NumPy, 64-bit integers throughout."""

import math

import numpy as np

__all__ = [
    "int8_accumulate",
    "int8_dense",
    "int8_dense_workspace",
    "int8_goodness",
    "int8_input",
    "int8_lookup",
    "int8_normalize",
    "int8_pair",
    "int8_requantize",
    "int8_saturates",
    "integer_root",
]


def int8_input(x, offset, multiplier, zero_point, out):
    with np.errstate(invalid="ignore", over="ignore"):
        t = (x.astype(np.float32) - offset) * multiplier
    low, high = np.float32(-128 - zero_point), np.float32(127 - zero_point)
    t = np.where(t > low, t, low)
    t = np.where(t < high, t, high)
    half = np.where(t < 0, np.float32(-0.5), np.float32(0.5))
    out[:] = np.trunc(t + half).astype(np.int64) + zero_point


def int8_accumulate(x, weight, out):
    out[:] = x.astype(np.int64) @ weight.T.astype(np.int64)


def int8_requantize(sums, bias, multiplier, shift, twice, zero_point, out):
    sums = (sums[:, None].astype(np.int64) + bias).reshape(out.shape)
    rounded = (_twice if twice else _once)(sums, multiplier, shift.astype(np.int64))
    out[:] = np.clip(rounded + zero_point, -128, 127)


def _once(sums, multiplier, shift):
    right = 31 - shift
    return (sums * multiplier + (1 << (right - 1))) >> right


def _twice(sums, multiplier, shift):
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    sums = np.clip(sums << left, -(2**31), 2**31 - 1)
    high = (sums * multiplier + 2**30) >> 31
    # Half up, but one less below zero, where halves go down. Nothing where nothing is shifted.
    half = (1 << right) // 2 - ((high < 0) & (right > 0))
    return (high + half) >> right


def int8_lookup(x, table, out):
    out[:] = table[x.astype(np.int64) + 128]


def int8_saturates():
    return False


def int8_pair(weight, sums, left, order):
    for tile, found in enumerate(order):
        part = weight[4 * tile : 4 * tile + 4].astype(np.int64)
        halves = part.reshape(len(part), -1, 2, 2)
        both = np.stack([np.maximum(halves, 0).sum(3), np.maximum(-halves, 0).sum(3)], axis=3)
        # Word, output, sum.
        both = both.transpose(1, 0, 2, 3).reshape(found.size, len(part), 4)
        rest = list(np.argsort(-both.max((1, 2)), kind="stable"))
        for k in range(0, found.size, 2):
            first = rest.pop(0)
            tried = rest[-256:]
            exceeded = ((both[first] + both[tried]) > 128).any(2).sum(1)
            found[k : k + 2] = first, tried[exceeded.argmin()]
            rest.remove(found[k + 1])


def int8_dense_workspace(layers, threads):
    return 0


def int8_dense(x, scaler, zero_point, layers, octets, words, twice, workspace, threads, out):
    state = np.empty(x.shape, np.int8)
    int8_input(x, *scaler, zero_point, state)
    for layer in layers:
        n_in, n_out, zero_point, weight, shift, table, _, bias, multiplier = map(int, layer[:9])
        sums = np.empty((len(x), n_out), np.int32)
        int8_accumulate(state, octets[weight : weight + n_in * n_out].reshape(n_out, n_in), sums)
        how = words[multiplier : multiplier + n_out], octets[shift : shift + n_out]
        state = np.empty(sums.shape, np.int8)
        int8_requantize(sums, words[None, bias : bias + n_out], *how, twice, zero_point, state)
        if table >= 0:
            int8_lookup(state, octets[table : table + 256], state)
    out[:] = state


def integer_root(value):
    return math.isqrt(value)


def _squares(x, zero_point):
    return ((x.astype(np.int64) - zero_point) ** 2).sum(axis=1)


def int8_normalize(x, zero_point, factor, zero_out, out):
    roots = [integer_root(int(total) << 16) for total in _squares(x, zero_point)]
    m = [(256 * factor + root // 2) // root if root else 0 for root in roots]
    v = x.astype(np.int64) - zero_point
    scaled = (v * np.array(m, np.int64)[:, None] + 32768) >> 16
    out[:] = np.clip(scaled + zero_out, -128, 127)


def int8_goodness(x, zero_point, factor, scores):
    scores += factor * _squares(x, zero_point)
