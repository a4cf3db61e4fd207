"""Mono-Forward int8 nets as programs: the last layer's head, or the sum of all heads."""

from lwnn.export.int8_builder import START, Builder


def program(model, layout):
    """Build the program of a Mono-Forward int8 model; see `lwnn.export.int8_dense.program`."""
    network, summed = model.network, model.readout == "sum"
    count = len(network.hidden)
    layers, heads = network.layers[:count], network.layers[count:]
    used = heads if summed else heads[-1:]
    builder = Builder(model, layout, (*layers, *used), direct=not network.level)
    steps = [*START]
    if summed:
        steps.append("lwnn_act *const head = scratch->part.head;")
    if network.level:
        steps += builder.level()
        source = "a"
    else:
        steps.append("const lwnn_act *x = lwnn_prepare(input, @INPUTS, a);")
        source = "x"
    for number, (name, _, outputs) in enumerate(layers):
        target = "ba"[number % 2]
        steps.append(builder.dense(name, source, target))
        if summed:
            steps.append(builder.dense(heads[number][0], target, "head"))
            steps.append(f"lwnn_{'add' if number else 'set'}(head, @CLASSES, scores);")
        if number + 1 < count:
            steps.append(builder.normalize(name, target, outputs))
        source = target
    widths = (network.inputs, *network.hidden)
    if summed:
        steps.append("return lwnn_greatest(scores, @CLASSES);")
        buffers = [*builder.both(widths), builder.activations("head", [network.classes])]
        how = ("int32_t", "The sum of what all layers say.")
    else:
        last = "ba"[count % 2]
        steps.append(builder.dense(heads[-1][0], source, last))
        steps.append(f"return lwnn_finish({last}, @CLASSES, scores);")
        buffers, how = builder.both((*widths, network.classes)), ()
    runtime = ("lwnn_norm.h", *(["lwnn_mf.h"] if summed else []))
    return builder.finish(buffers, steps, *how, runtime=runtime)
