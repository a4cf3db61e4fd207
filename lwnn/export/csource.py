"""The text of an exported model: NAME.h, NAME.c and the runtime files that they include."""

import functools
import re
import string
from importlib import resources

import numpy as np

from lwnn._version import __version__
from lwnn.errors import UsageError
from lwnn.export import (
    columns,
    float_dense,
    float_elman,
    float_ff,
    float_mf,
    float_td,
    float_un,
    int8_dense,
    int8_elman,
    int8_ff,
    int8_mf,
    int8_td,
    selftest,
)
from lwnn.export.answers import answers_of
from lwnn.export.float_builder import real
from lwnn.export.names import check_identifier, comment
from lwnn.export.targets import layout_of, target_of
from lwnn.quantization import QuantizedModel

#: Kind of network to the file that makes its program.
_INT8 = {
    "dense": int8_dense,
    "elman": int8_elman,
    "ff": int8_ff,
    "mf": int8_mf,
    "un": int8_ff,
    "td": int8_td,
}
_FLOAT = {
    "dense": float_dense,
    "elman": float_elman,
    "ff": float_ff,
    "mf": float_mf,
    "un": float_un,
    "td": float_td,
}
_WIDTH = 100
#: avr-gcc takes no object beyond this.
_AVR_OBJECT = 32_767
#: An AVR reads constants from the first 64 KB of flash, where interrupt vectors and constants of
#: others stand before a model's.
_AVR_CONSTANTS = 64_000


def export_c(model, name, sha256, target="portable", self_test=None, nonzero=1.0, *, gaps=None):
    """Write a model as C99, which is also C++.

    Parameters
    ----------
    model : Model or QuantizedModel
    name : str
        What every symbol begins with.
    sha256 : str
        Hex digest of the model file, for the record.
    target : str
        See `lwnn.export.targets.TARGETS`; float models are the same for all.
    self_test : ndarray of float32 or uint8, shape (n, inputs), optional
        Raw rows to choose some from that the device computes once more.
    nonzero : float
        Share of inputs that are not zero, as `share_nonzero` counts it. Where few are, the first
        layer of some nets passes over the zeros.
    gaps : dict of int to ndarray of int64, optional
        By feature: the rows of `self_test` that hold a stand-in.

    Returns
    -------
    dict of str to str
        File name to text.

    Raises
    ------
    UsageError
        When the name is not one for C, the target unknown, or an array too large for it.
    """
    check_identifier(name)
    chosen = target_of(target)
    program = program_of(model, chosen, nonzero)
    _check_arrays(program, chosen)
    fill = functools.partial(_fill, name=name, NAME=name.upper())
    facts = {
        "title": comment(f"{name}: {_describe(model)}"),
        "version": __version__,
        "sha256": sha256,
        "target": chosen.words,
        "inputs": model.network.inputs,
        "readings": len(columns.names(model)),
        "levels": columns.levels(model, name.upper()),
        "classes": model.network.classes,
        "rom": program.rom,
        "ram": program.ram,
    }
    chosen_rows = None if self_test is None else selftest.vectors(model, self_test, gaps)
    files = {
        f"{name}.h": _header(program, model, facts, fill, chosen_rows),
        f"{name}.c": _source(program, model, facts, fill, name),
    }
    if chosen_rows is not None:
        files[f"{name}_selftest.c"] = _self_test(model, facts, fill, name, chosen_rows)
        files[f"{name}_selftest.csv"] = selftest.table(model, chosen_rows)
    return files | {file: data_file("runtime", file) for file in program.runtime}


def program_of(model, target, nonzero=1.0):
    """The `Program` of a model for a `Target`."""
    kind = model.network.kind
    if isinstance(model, QuantizedModel):
        return _INT8[kind].program(model, layout_of(target), nonzero)
    return _FLOAT[kind].program(model)


def share_nonzero(model, x):
    """Share of the quantized inputs of raw rows that are not zero; 1 for a float model."""
    if not isinstance(model, QuantizedModel):
        return 1.0
    return float((model.quantized(x) != int(model.tensors["input.zero_point"][0])).mean())


def data_file(*parts):
    """Text of a file of this package."""
    return resources.files("lwnn.export").joinpath(*parts).read_text(encoding="utf-8")


def _fill(text, **values):
    return string.Template(text).substitute(values)


def _named(text, name):
    """Put the model's name where a program says @, in capitals before capitals."""
    return re.sub("@(?=[A-Z])", f"{name.upper()}_", re.sub("@(?=[a-z])", f"{name}_", text))


def _describe(model):
    kind = f"int8, {model.rounding} rounding" if isinstance(model, QuantizedModel) else "float"
    readout = "" if model.readout == "output" else f", {model.readout} readout"
    return f"{model.network.describe()}, {kind}{readout}"


def _check_arrays(program, target):
    if target.name != "avr":
        return
    for array in program.arrays:
        if array.values.nbytes > _AVR_OBJECT:
            raise UsageError(
                f"--target avr: {array.name} takes {array.values.nbytes:,} bytes; an AVR compiler "
                f"takes at most {_AVR_OBJECT:,}: train with fewer hidden units or choose another "
                "target"
            )
    if program.rom > _AVR_CONSTANTS:
        raise UsageError(
            f"--target avr: constants take {program.rom:,} bytes; at most {_AVR_CONSTANTS:,} lie "
            "where an AVR reads them: train with fewer hidden units or choose another target"
        )


def _header(program, model, facts, fill, chosen_rows):
    int8 = test = ""
    answers = answers_of(model)
    if chosen_rows is not None:
        test = fill(data_file("templates", "selftest.h"), count=len(chosen_rows.rows))
    if program.zero_point is not None:
        words = {**_input(program, model), "result": answers.result}
        int8 = fill(data_file("templates", "int8.h"), **words)
    scratch = "\n".join(f"        {b.ctype} {b.name}[{b.count}];" for b in program.buffers)
    return fill(
        data_file("templates", "model.h"),
        **facts,
        features=columns.described(model),
        scratch=scratch,
        score_type=program.score_type,
        score_meaning=f"{fill(answers.score)} {program.score_meaning}",
        usage=fill(answers.usage),
        prints=fill(answers.prints),
        answers=fill(data_file("templates", f"{answers.template}.h")),
        int8_interface=int8,
        selftest=test,
    )


def _input(program, model):
    encoded = columns.are_encoded(model.recipe)
    limits = "low[i] to high[i]; a level has low or high" if encoded else "-128 to 127"
    return {"zero_point": program.zero_point, "limits": limits}


def _source(program, model, facts, fill, name):
    steps = "\n".join(f"    {step}" for step in program.steps)
    answers = answers_of(model)
    functions = fill(
        data_file("templates", program.template),
        result=answers.result,
        answer=fill(answers.statement("${name}_scores_int8(input, scores, &scratch)")),
        layers="".join(_named(layer, name) + "\n" for layer in program.layers),
        steps=_named(steps, name),
        quantize=_named(program.quantize, name),
    )
    return fill(
        data_file("templates", "model.c"),
        **facts,
        defines="".join(f"#define {define}\n" for define in program.defines),
        includes="\n".join(f'#include "{file}"' for file in program.runtime[: program.includes]),
        arrays="\n\n".join(_array(array, name) for array in program.arrays),
        rom_sum=" +\n    ".join(f"sizeof {name}_{array.name}" for array in program.arrays),
        functions=functions,
        result=answers.result,
        answer=fill(answers.statement("${name}_scores(features, scores, &scratch)")),
        answers=fill(data_file("templates", f"{answers.template}.c"), **answers.constants),
    )


def _self_test(model, facts, fill, name, chosen_rows):
    tolerance = f"{selftest.FLOAT_TOLERANCE:g}f"
    return fill(
        data_file("templates", "selftest.c"),
        **facts,
        count=len(chosen_rows.rows),
        arrays="\n\n".join(_array(array, name) for array in chosen_rows.arrays),
        row_type=chosen_rows.row_type,
        read="LWNN_BYTE" if chosen_rows.row_type == "uint8_t" else "LWNN_REAL",
        includes="#include <math.h>\n" if np.isnan(chosen_rows.rows).any() else "",
        compare=fill(data_file("templates", selftest.comparison(model)), tolerance=tolerance),
    )


def _array(array, name):
    values = array.values.ravel()
    start = f"static const {array.ctype} {name}_{array.name}[{values.size}] LWNN_FLASH = {{\n"
    return start + _wrapped(map(_constant(array.ctype), values.tolist())) + "\n};"


def _constant(ctype):
    """How a number of this type is spelt, to the last bit."""
    return {
        "float": lambda v: "NAN" if np.isnan(v) else real(v),
        # The most negative number has no literal of its own type.
        "int32_t": lambda v: str(v) if v > -(2**31) else "(-2147483647 - 1)",
        # C99 has no suffix-free constant for what does not fit an int on every processor.
        "int64_t": "INT64_C({})".format,
        "uint32_t": lambda v: f"0x{v:08x}u",
    }.get(ctype, str)


def _wrapped(words):
    """Words with commas between them, in lines that are not too long."""
    lines, line = [], "   "
    for word in words:
        if len(line) + len(word) + 2 > _WIDTH:
            lines.append(line)
            line = "   "
        line += f" {word},"
    return "\n".join([*lines, line])[:-1]
