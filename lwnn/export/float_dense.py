"""Dense float nets as programs."""

from lwnn.export import float_builder as c


def program(model):
    """Build the program of a dense float model.

    Parameters
    ----------
    model : lwnn.model.Model

    Returns
    -------
    Program
    """
    network = model.network
    steps = [*c.START[: 2 if network.hidden else 1], c.scale_row(model)]
    source = "a"
    for number, (name, inputs, outputs) in enumerate(network.layers[:-1]):
        target = "ba"[number % 2]
        steps.append(c.layer(name, inputs, outputs, network.activation, source, target))
        source = target
    steps.append(c.layer(*network.layers[-1], "linear", source, "scores"))
    constants = c.arrays(model, network.layers)
    return c.finish(model, constants, (network.inputs, *network.hidden), steps)
