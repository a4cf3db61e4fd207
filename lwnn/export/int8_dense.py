"""Dense int8 nets as programs."""

from lwnn.export.int8_builder import START, Builder


def program(model, layout):
    """Build the program of a dense int8 model.

    Parameters
    ----------
    model : lwnn.quantization.QuantizedModel
    layout : Layout

    Returns
    -------
    Program
    """
    layers = model.network.layers
    builder = Builder(model, layout, layers, direct=True)
    steps = [*START, "const lwnn_act *x = lwnn_prepare(input, @INPUTS, a);"]
    source = "x"
    for number, (name, _, _) in enumerate(layers):
        target = "ba"[number % 2]
        steps.append(builder.dense(name, source, target))
        source = target
    steps.append(f"return lwnn_finish({source}, @CLASSES, scores);")
    widths = (model.network.inputs, *(outputs for _, _, outputs in layers))
    return builder.finish(builder.both(widths), steps)
