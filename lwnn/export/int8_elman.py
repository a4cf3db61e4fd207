"""Recurrent int8 nets as programs: all layers at every step, then the output layer."""

from lwnn.export.int8_builder import Builder
from lwnn.export.program import Buffer


def program(model, layout, nonzero=1.0):
    """Build the program of a recurrent int8 model; see `lwnn.export.int8_dense.program`.

    What a layer reads is put together in a. What it gives stays in a buffer of its own until the
    next step.
    """
    network = model.network
    *hidden, (output, _, _) = network.layers
    features = network.inputs // network.timesteps
    builder = Builder(model, layout, network.layers)
    steps = ["lwnn_act *const a = scratch->part.a;"]
    steps += [f"lwnn_act *const {name} = scratch->part.{name};" for name, _, _ in hidden]
    steps.append("lwnn_count t;")
    for name, _, units in hidden:
        zero = builder.scalar(f"{name}.state_zero_point")
        steps.append(f"lwnn_forget({name}, {units}, {zero});")
    steps.append(f"for (t = 0; t < {network.timesteps}; t++) {{")
    below, count = None, features
    for name, _, units in hidden:
        if below is None:
            steps.append(f"    lwnn_widen(input + t * {features}, {features}, a);")
        else:
            steps.append(f"    lwnn_put({below}, {count}, a, 0);")
        steps.append(f"    lwnn_put({name}, {units}, a, {count});")
        steps.append(f"    {builder.dense(name, 'a', name)}")
        below, count = name, units
    steps += ["}", builder.dense(output, below, "a")]
    steps.append("return lwnn_finish(a, @CLASSES, scores);")
    # The whole sequence may stand at the end of a, behind what is put together there.
    read = builder.activations("a", [network.classes, *(inputs for _, inputs, _ in hidden)])
    room = layout.acts(-(-network.inputs // layout.act_bytes))
    buffers = [Buffer(read.name, read.ctype, read.count + room)]
    buffers += [builder.activations(name, [units]) for name, _, units in hidden]
    return builder.finish(buffers, steps, runtime=("lwnn_recurrent.h",))
