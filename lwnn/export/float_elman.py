"""Recurrent float nets as programs: all layers at every step, then the output layer."""

from lwnn.export import float_builder as c
from lwnn.export.program import Buffer


def program(model):
    """Build the program of a recurrent float model; see `lwnn.export.float_dense.program`.

    What a layer reads is put together in a. What it gives stays in a buffer of its own until the
    next step.
    """
    network = model.network
    *hidden, output = network.layers
    features = network.inputs // network.timesteps
    steps = [c.START[0]]
    steps += [f"float *const {name} = scratch->part.{name};" for name, _, _ in hidden]
    steps.append("lwnn_count t;")
    steps += [f"lwnn_float_clear({name}, {units});" for name, _, units in hidden]
    steps.append(f"for (t = 0; t < {network.timesteps}; t++) {{")
    below, count = None, features
    for name, inputs, units in hidden:
        if below is None:
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
    widest = max(inputs for _, inputs, _ in hidden)
    return c.finish(c.arrays(model, network.layers), (widest,), steps, states)


#: Readings, and what scales them, of a whole sequence.
_ROWS = ("features", "@input_offset", "@input_scale")
