"""Float nets read by one head after one pass without a label: unsupervised and top-down ones."""

from lwnn.export import float_builder as c
from lwnn.export.program import Buffer


def program(model):
    """Build the program of such a float model; see `lwnn.export.float_dense.program`."""
    network = model.network
    hidden, head = network.layers[: len(network.hidden)], network.layers[-1]
    steps, start = [*c.START, c.scale_row(model)], 0
    if network.level:
        steps.append(f"(void){c.level('a', network.inputs)};")
    for number, (name, inputs, outputs) in enumerate(hidden):
        target, source = "ba"[number % 2], "ab"[number % 2]
        steps.append(c.layer(name, inputs, outputs, "relu", source, target))
        steps.append(f"(void){c.level(target, outputs)};")
        steps.append(f"lwnn_float_join({target}, {outputs}, scratch->part.joined + {start});")
        start += outputs
    joined = "scratch->part.joined"
    steps.append(c.layer("head", start, network.classes, "linear", joined, "scores"))
    widths = (network.inputs, *network.hidden)
    more = [Buffer("joined", "float", start)]
    return c.finish(model, c.arrays(model, [*hidden, head]), widths, steps, more)
