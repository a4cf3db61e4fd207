"""Forward-Forward int8 nets as programs: the head's one pass, the goodness of every label, or both.

Layer 1 is one product for all passes; each adds biases of its own to it.
"""

from lwnn.export.int8_builder import START, Builder
from lwnn.export.program import Buffer
from lwnn.quantization.tensors import used_layers

_RUNTIME = ("lwnn_norm.h", "lwnn_ff.h")


def program(model, layout, nonzero=1.0):
    """Build the program of a Forward-Forward int8 model; see `lwnn.export.int8_dense.program`.

    `nonzero` is not looked at: the first layer reads normalised inputs.
    """
    builder = Builder(model, layout, used_layers(model.network, model.readout))
    return {"head": _head, "goodness": _goodness, "both": _both}[model.readout](builder)


def _head(builder):
    steps = [*START, *builder.level(), builder.dense("layer1", "a", "b"), *_neutral(builder)]
    steps.append(f"return lwnn_finish({_last(builder)}, @CLASSES, scores);")
    return builder.finish(_buffers(builder, head=True), steps, runtime=_RUNTIME)


def _goodness(builder):
    steps = [*_all_labels(builder), "return lwnn_greatest(scores, @CLASSES);"]
    return _of_goodness(builder, _buffers(builder, sums=True), steps)


def _both(builder):
    neutral = builder.network.classes
    factor = int(builder.model.tensors["readout.factor"][-1])
    steps = [
        *_all_labels(builder),
        f"lwnn_outputs(&@layer1, sums, {neutral}, b);",
        *_neutral(builder),
        f"lwnn_add_head({_last(builder)}, @CLASSES, {builder.scalar('head.zero_point')}, "
        f"{factor}, scores);",
        "return lwnn_greatest(scores, @CLASSES);",
    ]
    return _of_goodness(builder, _buffers(builder, head=True, sums=True), steps)


def _of_goodness(builder, buffers, steps):
    meaning = "Goodness, in units of its own."
    return builder.finish(buffers, steps, "int64_t", meaning, runtime=_RUNTIME)


def _last(builder):
    """The buffer that the head writes."""
    return "ba"[len(builder.network.hidden) % 2]


def _neutral(builder):
    """Statements from the outputs of layer 1, in b, to the head."""
    network = builder.network
    steps, start, joined = [], 0, "scratch->part.joined"
    for number, (name, _, outputs) in enumerate(network.layers[: len(network.hidden)]):
        target, source = "ba"[number % 2], "ab"[number % 2]
        if number:
            steps.append(builder.dense(name, source, target))
        steps.append(builder.normalize(name, target, outputs))
        if number >= network.head_from:
            steps.append(f"lwnn_join({target}, {outputs}, {joined}, {start});")
            start += outputs
    return [*steps, builder.dense("head", joined, _last(builder))]


def _all_labels(builder):
    """Statements up to the goodness of every label."""
    factors = builder.model.tensors["readout.factor"].tolist()
    steps = [
        *START,
        "int32_t *const sums = scratch->part.sums;",
        "int label;",
        *builder.level(),
        "lwnn_sums(&@layer1, a, sums);",
        "for (label = 0; label < @CLASSES; label++) {",
        "    lwnn_outputs(&@layer1, sums, (lwnn_count)label, b);",
    ]
    before = None
    for number, (name, inputs, outputs) in enumerate(builder.network.layers[:-1]):
        target, source = "ba"[number % 2], "ab"[number % 2]
        if number:
            steps.append("    " + builder.normalize(before, source, inputs))
            steps.append("    " + builder.dense(name, source, target))
        zero = builder.scalar(f"{name}.zero_point")
        steps.append(
            f"    scores[label] {'+=' if number else '='} (int64_t){factors[number]} * "
            f"(int64_t)lwnn_squares({target}, {outputs}, {zero});"
        )
        before = name
    return [*steps, "}"]


def _buffers(builder, head=False, sums=False):
    network = builder.network
    widths = (network.inputs, *network.hidden, *([network.classes] if head else []))
    buffers = [Buffer("sums", "int32_t", network.hidden[0])] if sums else []
    buffers += builder.both(widths)
    return [*buffers, *([builder.activations("joined", [network.head_inputs])] if head else [])]
