"""From a float model and some rows to an int8 one."""

import numpy as np

from lwnn.errors import UsageError
from lwnn.network import DYNAMICS
from lwnn.quantization import arithmetic, topdown
from lwnn.quantization.calibration import pass_biases, ranges
from lwnn.quantization.model import QuantizedModel
from lwnn.quantization.tensors import (
    ROUNDINGS,
    check_network,
    heads,
    looked_up,
    normalized,
    remembering,
    used_layers,
)

#: Column of `Model.goals`.
READOUT_WEIGHT = 2


def quantize(model, x_calibration, rounding="single"):
    """Make an int8 model of a float one.

    Weights get a scale per output, activations one per layer, spread over what the calibration
    rows reach; values beyond saturate.

    Parameters
    ----------
    model : lwnn.model.Model
    x_calibration : ndarray of float32 or uint8, shape (n, inputs)
        Raw rows as the model will meet them; a few hundred of the training data do.
    rounding : {'single', 'double'}
        Whether sums are rounded once or twice to become outputs; see `QuantizedModel`.

    Returns
    -------
    QuantizedModel

    Raises
    ------
    DataError
        When there are no rows, or they are not what the model expects.
    UsageError
        When a value is not finite, a layer reads more than 65,536 inputs, or there is no such
        rounding.
    """
    if rounding not in ROUNDINGS:
        raise UsageError(f"rounding {rounding!r}; expected {' or '.join(ROUNDINGS)}")
    check_network(model.network, model.readout)
    seen = ranges(model, x_calibration)
    tensors = {}
    source = _quantize_input(model, seen, tensors)
    sources = _quantize_norms(model, seen, source, tensors)
    if model.readout == "sum":
        _spread_alike(heads(model.network), seen)
    if model.network.kind == "td" and model.readout != "head":
        tensors = _quantize_top_down(model, source, sources, seen, tensors)
        return _finish(model, tensors, rounding, x_calibration)
    for name, _, _ in used_layers(model.network, model.readout):
        source = _quantize_layer(model, name, sources.get(name, source), seen, tensors)
        # A head of Mono-Forward reads what its layer answers, before that is normalised.
        sources.setdefault(name.replace("layer", "head"), source)
    if model.readout in ("goodness", "both"):
        _quantize_readout(model, tensors)
    return _finish(model, tensors, rounding, x_calibration)


def _finish(model, tensors, rounding, x_calibration):
    note = {"rounding": rounding, "calibration_rows": len(x_calibration)}
    return QuantizedModel(
        network=model.network,
        tensors=tensors,
        labels=model.labels,
        features=model.features,
        target=model.target,
        named=model.named,
        readout=model.readout,
        rounding=rounding,
        response=model.response,
        recipe=model.recipe,
        provenance={**model.provenance, "quantization": note},
    )


def _keep(tensors, name, **values):
    """Store values under ``name.…`` as arrays of their type."""
    for part, value in values.items():
        tensors[f"{name}.{part}"] = np.atleast_1d(value)


def _keep_affine(tensors, name, spread, prefix=""):
    values = {f"{prefix}scale": spread.scale, f"{prefix}zero_point": np.int32(spread.zero_point)}
    _keep(tensors, name, **values)


def _quantize_input(model, seen, tensors):
    """Scaler and quantization in one: (x - offset) · multiplier.

    The clip needs no step of its own: no calibration row exceeds it, and what exceeds them
    saturates.
    """
    spread = arithmetic.affine(*seen["input"])
    with np.errstate(over="ignore"):
        multiplier = (model.scale / np.float64(spread.scale)).astype(np.float32)
    most = np.finfo(np.float32).max
    _keep(
        tensors,
        "input",
        offset=model.offset.astype(np.float32),
        multiplier=np.clip(multiplier, -most, most),
    )
    _keep_affine(tensors, "input", spread)
    return spread


def _quantize_norms(model, seen, source, tensors):
    """Factor, scale and zero point of every normalisation.

    Returns
    -------
    dict of str to Affine
        What each layer finds that reads a normalised tensor.
    """
    network = model.network
    widths = dict(normalized(network, model.readout))
    sources = {}
    for name, units in widths.items():
        group = _same_scale(network, model.readout, name)
        most = max(max(map(abs, seen[f"{member}.norm"])) for member in group)
        nonnegative = name != "input" or source.zero_point == arithmetic.LOW
        spread = arithmetic.norm_spread(max(map(widths.get, group)), most, nonnegative)
        _keep(tensors, name, norm=np.int32(arithmetic.norm_factor(units, spread.scale)))
        _keep_affine(tensors, name, spread, "norm_")
        sources[_reader(network, name)] = spread
    return sources


def _reader(network, name):
    """The layer that reads a normalised tensor; the top one of ``ff`` is read by the head."""
    names = ["input", *(name for name, _, _ in network.layers if not name.startswith("above"))]
    return names[names.index(name) + 1]


def _same_scale(network, readout, name):
    """Normalised tensors that share a scale with `name`.

    Those that the head reads side by side do: its weights have a scale per output, so its
    inputs must have one for all.
    """
    joined = [name for name, _, _ in network.layers[network.head_from : len(network.hidden)]]
    return joined if readout in ("head", "both") and name in joined else [name]


def _quantize_layer(model, name, source, seen, tensors):
    """Weights, biases and the way to the output's scale; returns what the next layer reads."""
    spread = outcome = arithmetic.affine(*seen[name])
    if name in looked_up(model.network):
        table, outcome = arithmetic.activation_table(model.network.activation, spread)
        _keep(tensors, name, table=table)
    remembers = name in remembering(model.network)
    weight, bias, scale = arithmetic.quantize_weights(
        model.params[f"{name}.weight"],
        pass_biases(model, name),
        source,
        outcome if remembers else None,
    )
    real = np.float64(source.scale) * scale.astype(np.float64) / np.float64(spread.scale)
    multiplier, shift = arithmetic.encode(real)
    _keep(tensors, name, weight=weight, bias=bias, multiplier=multiplier, shift=shift)
    _keep(tensors, name, weight_scale=scale)
    _keep_affine(tensors, name, spread)
    if remembers:
        _keep(tensors, name, state_zero_point=np.int32(outcome.zero_point))
    return outcome


def _quantize_top_down(model, source, sources, seen, tensors):
    """Layers that read both neighbours, and the readout; returns the tensors."""
    layers = len(model.network.hidden)
    for n in range(1, layers + 1):
        below = sources.get(f"layer{n}", source)
        # What layer n + 1 hands on is known by who reads it one layer up: the one after.
        above = sources[f"layer{n + 2}" if n + 2 <= layers else "head"] if n < layers else None
        spread = arithmetic.affine(*seen[f"layer{n}"])
        tensors |= topdown.layer_tensors(model, n, below, above, spread)
        _keep_affine(tensors, f"layer{n}", spread)
    scales = np.array([tensors[f"layer{n}.scale"][0] for n in range(1, layers + 1)], np.float64)
    share = DYNAMICS.sharpness / (np.array(model.network.hidden) * layers * DYNAMICS.steps)
    if model.readout == "both":
        _quantize_layer(model, "head", sources["head"], seen, tensors)
    _keep_readout(model, share * scales**2, tensors)
    return tensors


def _spread_alike(names, seen):
    """Give tensors that are added up one range for all."""
    lows, highs = zip(*(seen[name] for name in names), strict=True)
    seen.update(dict.fromkeys(names, (min(lows), max(highs))))


def _quantize_readout(model, tensors):
    scales = [tensors[f"{name}.scale"][0] for name, _, _ in model.network.layers[:-1]]
    worth = model.goals[:, READOUT_WEIGHT].astype(np.float64) * np.square(scales, dtype=np.float64)
    _keep_readout(model, worth, tensors)


def _keep_readout(model, worth, tensors):
    """Factors of the layers, given what a step of their sum is worth, and of the head."""
    if model.readout == "both":
        worth = np.append(worth, tensors["head.scale"].astype(np.float64)) / 2
    factor, unit = arithmetic.readout_factors(worth)
    _keep(tensors, "readout", factor=factor, scale=unit)
