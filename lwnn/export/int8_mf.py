"""Mono-Forward int8 nets as programs: the last layer's head, or the sum of all heads."""

from lwnn.export.int8_builder import START, Builder


def program(model, layout, nonzero=1.0):
    """Build the program of a Mono-Forward int8 model; see `lwnn.export.int8_dense.program`."""
    network, summed = model.network, model.readout == "sum"
    count = len(network.hidden)
    layers, heads = network.layers[:count], network.layers[count:]
    used = heads if summed else heads[-1:]
    builder = Builder(model, layout, (*layers, *used), direct=not network.level, nonzero=nonzero)
    if network.level:
        steps = [*START, *builder.level(), builder.dense("layer1", "a", "b")]
    else:
        steps = builder.first("layer1")
    for number, (name, _, outputs) in enumerate(layers):
        target, source = "ba"[number % 2], "ab"[number % 2]
        if number:
            steps.append(builder.dense(name, source, target))
        if summed:
            steps.append(builder.dense(heads[number][0], target, "scratch->part.head"))
            how = "add" if number else "set"
            steps.append(f"lwnn_{how}(scratch->part.head, @CLASSES, scores);")
        if number + 1 < count:
            steps.append(builder.normalize(name, target, outputs))
    widths = (network.inputs, *network.hidden)
    if summed:
        steps.append("return lwnn_greatest(scores, @CLASSES);")
        buffers = [*builder.both(widths), builder.activations("head", [network.classes])]
        how = ("int32_t", "The sum of what all layers say.")
    else:
        last = "ba"[count % 2]
        steps.append(builder.dense(heads[-1][0], "ab"[count % 2], last))
        steps.append(f"return lwnn_finish({last}, @CLASSES, scores);")
        buffers, how = builder.both((*widths, network.classes)), ()
    runtime = ("lwnn_norm.h", *(["lwnn_mf.h"] if summed else []))
    return builder.finish(buffers, steps, *how, runtime=runtime)
