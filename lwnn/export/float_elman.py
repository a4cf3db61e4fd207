"""Recurrent float nets as programs: all layers at every step, then the output layer."""

from lwnn.export import columns
from lwnn.export import float_builder as c
from lwnn.export.program import Buffer


def program(model):
    """Build the program of a recurrent float model; see `lwnn.export.float_dense.program`.

    What a layer reads is put together in a. What it gives stays in a buffer of its own until the
    next step.
    """
    network, encodes = model.network, columns.are_encoded(model.recipe)
    *hidden, output = network.layers
    features = network.inputs // network.timesteps
    steps = [c.START[0]]
    steps += [f"float *const {name} = scratch->part.{name};" for name, _, _ in hidden]
    if encodes:
        steps.append("float *const sequence = scratch->part.sequence;")
    steps.append("lwnn_count t;")
    if encodes:
        steps.append("lwnn_float_encode_row(&@columns, features, sequence);")
    steps += [f"lwnn_float_clear({name}, {units});" for name, _, units in hidden]
    steps.append(f"for (t = 0; t < {network.timesteps}; t++) {{")
    below, count = None, features
    for name, inputs, units in hidden:
        if below is None and encodes:
            steps.append(f"    lwnn_float_join(sequence + t * {features}, {features}, a);")
        elif below is None:
            arrays = (f"{array} + t * {features}" for array in _ROWS)
            steps.append(
                f"    lwnn_scale_row({', '.join(arrays)}, {features}, {c.real(model.clip)}, a);"
            )
        else:
            steps.append(f"    lwnn_float_join({below}, {count}, a);")
        steps.append(f"    lwnn_float_join({name}, {units}, a + {count});")
        steps.append(f"    {c.layer(name, inputs, units, network.activation, 'a', name)}")
        below, count = name, units
    steps += ["}", c.layer(*output, "linear", below, "scores")]
    states = [Buffer(name, "float", units) for name, _, units in hidden]
    states += [Buffer("sequence", "float", network.inputs)] if encodes else []
    widest = max(inputs for _, inputs, _ in hidden)
    return c.finish(model, c.arrays(model, network.layers), (widest,), steps, states)


#: Readings, and what scales them, of a whole sequence.
_ROWS = ("features", "@input_offset", "@input_scale")
