"""Dense int8 nets as programs."""

from lwnn.export.int8_builder import Builder


def program(model, layout, nonzero=1.0):
    """Build the program of a dense int8 model.

    Parameters
    ----------
    model : lwnn.quantization.QuantizedModel
    layout : Layout
    nonzero : float
        Share of the inputs that are not zero, as far as is known.

    Returns
    -------
    Program
    """
    layers = model.network.layers
    builder = Builder(model, layout, layers, direct=True, nonzero=nonzero)
    steps, source = builder.first(layers[0][0]), "b"
    for number, (name, _, _) in enumerate(layers[1:], start=1):
        target = "ba"[number % 2]
        steps.append(builder.dense(name, source, target))
        source = target
    steps.append(f"return lwnn_finish({source}, @CLASSES, scores);")
    widths = (model.network.inputs, *(outputs for _, _, outputs in layers))
    return builder.finish(builder.both(widths), steps)
