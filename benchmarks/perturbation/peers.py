"""Other ways to a per-weight gradient: full passes in NumPy and in C, changes in NumPy."""

import ctypes
import itertools
import shutil
import subprocess
from pathlib import Path

import numpy as np

MSE = 1


class Problem:
    """A net with one hidden layer or more, a mini-batch, and everything in float32.

    Parameters
    ----------
    widths : tuple of int
    batch : int
    cost : int
        0 cross-entropy over softmax, 1 squared error over sigmoid.
    delta : float
    seed : int
    """

    def __init__(self, widths, batch, cost, delta, seed):
        rng = np.random.default_rng(seed)
        self.widths, self.batch, self.cost, self.delta = widths, batch, cost, delta
        self.x = rng.standard_normal((batch, widths[0]), np.float32)
        self.y = rng.integers(0, widths[-1], batch).astype(np.int32)
        parts = []
        for inputs, outputs in itertools.pairwise(widths):
            parts.append(rng.standard_normal(inputs * outputs, np.float32) * np.sqrt(2 / inputs))
            parts.append(np.zeros(outputs, np.float32))
        self.params = np.concatenate(parts).astype(np.float32)

    def layers(self, params):
        """Weight and bias of every layer, views."""
        at = 0
        for inputs, outputs in zip(self.widths, self.widths[1:], strict=False):
            weight = params[at : at + inputs * outputs].reshape(outputs, inputs)
            at += inputs * outputs
            yield weight, params[at : at + outputs]
            at += outputs


def _errors(problem, z):
    """Cost of every row; any leading axes, classes last."""
    rows = np.arange(problem.batch)
    if problem.cost == MSE:
        a = 1 / (1 + np.exp(-z))
        a[..., rows, problem.y] -= 1
        return 0.5 * (a * a).sum(axis=-1)
    top = z.max(axis=-1)
    total = np.log(np.exp(z - top[..., None]).sum(axis=-1)) + top
    return total - z[..., rows, problem.y]


def numpy_full(problem):
    """One forward pass per parameter."""
    params = problem.params.copy()
    layers = list(problem.layers(params))

    def error():
        h = problem.x
        for index, (weight, bias) in enumerate(layers):
            h = h @ weight.T + bias
            if index + 1 < len(layers):
                h = np.maximum(h, 0)
        return _errors(problem, h).sum(dtype=np.float64)

    start = error()
    out = np.empty_like(params)
    for k, value in enumerate(params):
        params[k] = value + problem.delta
        out[k] = (error() - start) / (problem.delta * problem.batch)
        params[k] = value
    return out


def numpy_changes(problem):
    """The change of the one unit that a weight moves, for all weights into a unit at once."""
    layers = list(problem.layers(problem.params))
    h, z = [problem.x], []
    for index, (weight, bias) in enumerate(layers):
        z.append(h[-1] @ weight.T + bias)
        h.append(np.maximum(z[-1], 0) if index + 1 < len(layers) else z[-1])
    start = _errors(problem, z[-1])
    parts = []
    for index, (weight, _) in enumerate(layers):
        outputs, inputs = weight.shape
        moved = problem.delta * np.vstack([h[index].T, np.ones((1, problem.batch), np.float32)])
        found = np.empty((outputs, inputs + 1))
        for unit in range(outputs):
            found[unit] = _unit(problem, layers, z, h, index, unit, moved, start)
        found /= problem.delta * problem.batch
        parts += [found[:, :-1].ravel(), found[:, -1]]
    return np.concatenate(parts).astype(np.float32)


def _unit(problem, layers, z, h, index, unit, moved, start):
    """Change of the cost, summed over the rows, for every weight into one unit."""
    if index + 1 == len(layers):
        changed = np.repeat(z[-1][None], len(moved), axis=0)
        changed[..., unit] += moved
        return (_errors(problem, changed) - start).sum(axis=1, dtype=np.float64)
    change = np.maximum(z[index][:, unit] + moved, 0) - h[index + 1][:, unit]
    # (weights, rows, units of the next layer)
    change = change[..., None] * layers[index + 1][0][:, unit]
    for above in range(index + 1, len(layers) - 1):
        change = np.maximum(z[above] + change, 0) - h[above + 1]
        change = change @ layers[above + 1][0].T
    return (_errors(problem, z[-1] + change) - start).sum(axis=1, dtype=np.float64)


class CompiledFull:
    """One forward pass per parameter in C, compiled for this processor."""

    def __init__(self, folder):
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            raise FileNotFoundError("no C compiler")
        library = Path(folder) / "full_pass.so"
        source = Path(__file__).with_name("full_pass.c")
        flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
        subprocess.run([compiler, *flags, source, "-o", library, "-lm"], check=True)
        self.function = ctypes.CDLL(str(library)).gradient

    def __call__(self, problem):
        params, out = problem.params.copy(), np.empty_like(problem.params)
        widths = np.array(problem.widths, np.int32)
        x = np.ascontiguousarray(problem.x.T)
        room = np.empty((2, max(problem.widths) * problem.batch), np.float32)
        self.function(
            *(_pointer(params), len(params), _pointer(widths), len(widths) - 1),
            *(_pointer(x), _pointer(problem.y), problem.batch, problem.cost),
            *(ctypes.c_float(problem.delta), _pointer(room[0]), _pointer(room[1]), _pointer(out)),
        )
        return out


def _pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)
