"""Which values a float model takes on real rows: the least and the greatest of every tensor."""

import numpy as np

from lwnn.errors import DataError, UsageError
from lwnn.quantization import topdown
from lwnn.quantization.arithmetic import LOOKED_UP
from lwnn.quantization.tensors import passes
from lwnn.scoring import check_rows

#: Numbers that a layer's outputs may take while rows are gone over.
_CHUNK = 1 << 21
#: As in the float kernels: keeps a row of zeros from being divided by zero.
_NO_RMS = 1e-6


class Ranges(dict):
    """Name of a tensor to its (least, greatest) value so far."""

    def see(self, name, values):
        """Widen the range of `name` to hold `values`; what is not finite stays in it."""
        low, high = self.get(name, (np.inf, -np.inf))
        self[name] = (np.minimum(low, values.min()), np.maximum(high, values.max()))


def ranges(model, x):
    """Run rows through a float model and note what every tensor holds.

    Parameters
    ----------
    model : lwnn.model.Model
    x : ndarray of float32 or uint8, shape (n, inputs)
        Raw rows.

    Returns
    -------
    dict of str to (float, float)
        ``input``, the scaled and clipped rows; per layer its outputs, or what goes into an
        activation that is a table; ``….norm`` is a tensor divided by its root mean square.
        Forward-Forward layers are seen under each label that the readout tries.

    Raises
    ------
    DataError
        When there are no rows, or they are not what the model expects.
    UsageError
        When a value on the way is not finite.
    """
    network = model.network
    x = check_rows(x, network.inputs)
    if not len(x):
        raise DataError("no rows to calibrate with; give some of the training data")
    seen = Ranges()
    run = _RUNS[network.kind]
    widest = max(network.inputs, *(outputs for _, _, outputs in network.layers))
    step = max(1, _CHUNK // (passes(network, model.readout) * widest))
    # What overflows is found below, in the ranges.
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(x), step):
            run(model, _scaled(model, x[start : start + step]), seen)
    for name, values in seen.items():
        if not np.isfinite(values).all():
            raise UsageError(
                f"{name}: the model's values are not finite on these rows, so they have no int8 "
                "scale; train it again with a smaller learning rate"
            )
    return seen


def pass_biases(model, name):
    """Bias of a layer in every pass of the readout.

    Returns
    -------
    ndarray of float64, shape (passes, outputs)
        Layer 1 of an ``ff`` net: a row for every label for the goodness readout, one for the
        neutral label (every class at label_scale / classes) for the head, last where both are
        read. Else one row.
    """
    network = model.network
    bias = model.params[f"{name}.bias"].astype(np.float64)
    if f"{name}.label" not in network.shapes or network.kind == "td":
        return bias[None]
    labels = np.full((1, network.classes), 1 / network.classes)
    if model.readout != "head":
        every = np.eye(network.classes)
        labels = every if model.readout == "goodness" else np.vstack([every, labels])
    return bias + network.label_scale * labels @ model.params[f"{name}.label"].T


def _scaled(model, x):
    """What the float kernels read, to the bit."""
    if model.recipe is not None:
        x = model.recipe.clipped(x)
    scaled = (x.astype(np.float32) - model.offset) * model.scale
    return np.clip(scaled, -model.clip, model.clip).astype(np.float64)


def _run_dense(model, x, seen):
    seen.see("input", x)
    activation = model.network.activation
    for name, _, _ in model.network.layers:
        x = x @ model.params[f"{name}.weight"].T + model.params[f"{name}.bias"]
        x = _activated("linear" if name == "output" else activation, name, x, seen)


def _activated(activation, name, z, seen):
    """Outputs of a layer; notes what its integers have to hold."""
    if activation in LOOKED_UP:
        function, _, beyond = LOOKED_UP[activation]
        seen.see(name, np.clip(z, -beyond, beyond))
        return function(z)
    y = np.maximum(z, 0) if activation == "relu" else z
    seen.see(name, y)
    return y


def _run_elman(model, x, seen):
    """Every tensor's range is that over all steps."""
    seen.see("input", x)
    params, network = model.params, model.network
    states = [np.zeros((len(x), units)) for units in network.hidden]
    for values in np.split(x, network.timesteps, axis=1):
        below = values
        for n, (name, _, _) in enumerate(network.layers[:-1]):
            z = np.hstack([below, states[n]]) @ params[f"{name}.weight"].T + params[f"{name}.bias"]
            below = states[n] = _activated(network.activation, name, z, seen)
    seen.see("output", below @ params["output.weight"].T + params["output.bias"])


def _run_ff(model, x, seen):
    seen.see("input", x)
    count = passes(model.network, model.readout)
    if model.network.level:
        x = _normalized(x)
        seen.see("input.norm", x)
    states = []
    for name, _, _ in model.network.layers[: len(model.network.hidden)]:
        sums = x @ model.params[f"{name}.weight"].T
        x = np.maximum(sums[:, None] + pass_biases(model, name), 0).reshape(-1, sums.shape[1])
        seen.see(name, x)
        x = _normalized(x)
        seen.see(f"{name}.norm", x)
        # The head reads the last pass, that of the neutral label.
        states.append(x[count - 1 :: count])
    if model.readout != "goodness":
        states = np.hstack(states[model.network.head_from :])
        seen.see("head", states @ model.params["head.weight"].T + model.params["head.bias"])


def _run_mf(model, x, seen):
    seen.see("input", x)
    for n in range(1, len(model.network.hidden) + 1):
        if n > 1 or model.network.level:
            x = _normalized(x)
            seen.see("input.norm" if n == 1 else f"layer{n - 1}.norm", x)
        x = x @ model.params[f"layer{n}.weight"].T + model.params[f"layer{n}.bias"]
        x = np.maximum(x, 0)
        seen.see(f"layer{n}", x)
        seen.see(f"head{n}", x @ model.params[f"head{n}.weight"].T + model.params[f"head{n}.bias"])


def _run_td(model, x, seen):
    if model.readout == "head":
        # Upwards without a label, as an unsupervised net.
        _run_ff(model, x, seen)
    else:
        topdown.run(model, x, seen, _normalized)


def _normalized(x):
    return x / (np.sqrt((x**2).mean(axis=1, keepdims=True)) + _NO_RMS)


_RUNS = {
    "dense": _run_dense,
    "elman": _run_elman,
    "ff": _run_ff,
    "mf": _run_mf,
    "un": _run_ff,
    "td": _run_td,
}
