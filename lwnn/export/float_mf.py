"""Mono-Forward float nets as programs: the last layer's head, or the mean of all heads."""

from lwnn.export import float_builder as c
from lwnn.export.program import Buffer


def program(model):
    """Build the program of a Mono-Forward float model; see `lwnn.export.float_dense.program`."""
    network, summed = model.network, model.readout == "sum"
    count = len(network.hidden)
    layers, heads = network.layers[:count], network.layers[count:]
    steps = [*c.START, *(["float *const head = scratch->part.head;"] if summed else [])]
    steps.append(c.scale_row(model))
    if network.level:
        steps.append(f"(void){c.level('a', network.inputs)};")
    if summed:
        steps.append("lwnn_float_clear(scores, @CLASSES);")
    for number, (name, inputs, outputs) in enumerate(layers):
        target, source = "ba"[number % 2], "ab"[number % 2]
        steps.append(c.layer(name, inputs, outputs, "relu", source, target))
        if summed:
            steps.append(c.layer(*heads[number], "linear", target, "head"))
            steps.append(f"lwnn_float_sum(head, @CLASSES, {c.real(1 / count)}, scores);")
        elif number + 1 == count:
            steps.append(c.layer(*heads[number], "linear", target, "scores"))
        if number + 1 < count:
            steps.append(f"(void){c.level(target, outputs)};")
    more = [Buffer("head", "float", network.classes)] if summed else []
    constants = c.arrays(model, (*layers, *(heads if summed else heads[-1:])))
    return c.finish(model, constants, (network.inputs, *network.hidden), steps, more)
