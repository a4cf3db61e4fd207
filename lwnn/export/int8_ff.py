"""Forward-Forward int8 nets as programs: the head's one pass, or the goodness of every label."""

from lwnn.export.int8_builder import START, Builder
from lwnn.export.program import Buffer
from lwnn.quantization.tensors import used_layers

_RUNTIME = ("lwnn_norm.h", "lwnn_ff.h")


def program(model, layout):
    """Build the program of a Forward-Forward int8 model; see `lwnn.export.int8_dense.program`."""
    builder = Builder(model, layout, used_layers(model.network, model.readout))
    return (_goodness if model.readout == "goodness" else _head)(builder)


def _head(builder):
    network = builder.network
    hidden = network.layers[:-1]
    steps = [*START, "lwnn_act *const joined = scratch->part.joined;", *builder.level()]
    source, start = "a", 0
    for number, (name, _, outputs) in enumerate(hidden):
        target = "ba"[number % 2]
        steps.append(builder.dense(name, source, target))
        steps.append(builder.normalize(name, target, outputs))
        if number >= network.head_from:
            steps.append(f"lwnn_join({target}, {outputs}, joined, {start});")
            start += outputs
        source = target
    last = "ba"[len(hidden) % 2]
    steps.append(builder.dense("head", "joined", last))
    steps.append(f"return lwnn_finish({last}, @CLASSES, scores);")
    widths = (network.inputs, *network.hidden, network.classes)
    buffers = [*builder.both(widths), builder.activations("joined", [network.head_inputs])]
    return builder.finish(buffers, steps, runtime=_RUNTIME)


def _goodness(builder):
    network, factors = builder.network, builder.model.tensors["readout.factor"].tolist()
    hidden = network.layers[:-1]
    steps = [
        *START,
        "int32_t *const sums = scratch->part.sums;",
        "int label;",
        *builder.level(),
        f"lwnn_sums(&@{hidden[0][0]}, a, sums);",
        "for (label = 0; label < @CLASSES; label++) {",
    ]
    for number, ((name, inputs, outputs), factor) in enumerate(zip(hidden, factors, strict=True)):
        target, source = "ba"[number % 2], "ab"[number % 2]
        if number == 0:
            steps.append(f"    lwnn_outputs(&@{name}, sums, (lwnn_count)label, {target});")
        else:
            steps.append("    " + builder.normalize(hidden[number - 1][0], source, inputs))
            steps.append("    " + builder.dense(name, source, target))
        zero = builder.scalar(f"{name}.zero_point")
        steps.append(
            f"    scores[label] {'+=' if number else '='} (int64_t){factor} * "
            f"(int64_t)lwnn_squares({target}, {outputs}, {zero});"
        )
    steps += ["}", "return lwnn_greatest(scores, @CLASSES);"]
    widths = (network.inputs, *network.hidden)
    buffers = [Buffer("sums", "int32_t", network.hidden[0]), *builder.both(widths)]
    meaning = "Goodness, in units of its own."
    return builder.finish(buffers, steps, "int64_t", meaning, runtime=_RUNTIME)
