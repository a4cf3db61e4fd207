"""The nets that are counted: random weights and rows, as counts hardly depend on them."""

import numpy as np

from lwnn.model import Model
from lwnn.network import Network, Params
from lwnn.quantization import quantize

#: Name to number of inputs and of hidden units; ten classes.
NETS = {"64-32-10": (64, 32), "784-32-10": (784, 32), "784-128-10": (784, 128)}


def net(name, seed=0):
    """An int8 model and some rows for it.

    Returns
    -------
    model : QuantizedModel
    x : ndarray of float32, shape (20, inputs)
        Whole numbers from 0 to 255.
    """
    inputs, hidden = NETS[name]
    rng = np.random.default_rng(seed)
    network = Network("dense", inputs, (hidden,), 10)
    params = Params(network)
    for layer, fan_in, outputs in network.layers:
        params[f"{layer}.weight"][:] = rng.normal(0, fan_in**-0.5, (outputs, fan_in))
        params[f"{layer}.bias"][:] = rng.normal(0, 0.3, outputs)
    x = rng.integers(0, 256, (20, inputs)).astype(np.float32)
    offset, scale = np.zeros(inputs, np.float32), np.full(inputs, 1 / 255, np.float32)
    labels, features = tuple("0123456789"), tuple(f"x{n}" for n in range(inputs))
    return quantize(Model(network, params, offset, scale, 10.0, labels, features), x), x
