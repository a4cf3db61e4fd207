"""Exported C under sanitizers and static analysis, and many models in one program."""

import subprocess

import pytest
from device_tools import needs
from exported_nets import KINDS, extreme_rows, float_model, model_of, rows_of
from firmware import Part, check

from lwnn.quantization import ROUNDINGS, QuantizedModel, quantize

LAYOUTS = ("portable", "m0", "m4", "m55")
SANITIZE = (
    *("cc", "-std=c99", "-g", "-O1", "-fno-sanitize-recover"),
    "-fsanitize=address,undefined,float-cast-overflow",
)
LANGUAGES = {"C99": ("cc", "-std=c99", "-O1"), "C++": ("c++", "-x", "c++", "-std=c++98", "-O1")}
#: What a layout is compiled for: what compilers say of themselves.
CORES = {
    "portable": ((),),
    "m0": ((), ("__thumb__",)),
    "avr": (("__AVR__", "__AVR_HAVE_MUL__", "__AVR_HAVE_LPMX__"),),
    "m4": ((), ("__thumb__", "__thumb2__", "__ARM_FEATURE_DSP")),
    "m55": ((), ("__thumb__", "__thumb2__", "__ARM_FEATURE_MVE=3")),
}
#: The same for float models, which are alike for all cores but where constants lie in flash.
REAL = {"portable": ((), ("__AVR__",))}


def parts_of(kind):
    """All that a kind of net becomes: float, and both roundings in every layout."""
    model = float_model(kind)
    x = rows_of(model, 60)
    parts = [Part("real", model, "portable", x)]
    for rounding in ROUNDINGS:
        small = quantize(model, rows_of(model)[30:], rounding)
        parts += [Part(f"{rounding}_{target}", small, target, x) for target in LAYOUTS]
    return parts


@needs("cc")
@pytest.mark.parametrize("kind", KINDS)
def test_all_that_a_kind_becomes_is_right_and_sanitizers_find_nothing(kind, tmp_path):
    check(parts_of(kind), tmp_path, *SANITIZE, more=extreme_rows())


@needs("cc", "c++")
@pytest.mark.parametrize("language", LANGUAGES)
def test_models_of_every_kind_link_into_one_program(language, tmp_path):
    parts = []
    for n, kind in enumerate(KINDS):
        for number, target in (("int8", LAYOUTS[n % 4]), ("float", "portable")):
            model = model_of(f"{number}-{kind}")
            name = f"{number}_{kind}".replace("-", "_")
            parts.append(Part(name, model, target, rows_of(model, 40)))
    check(parts, tmp_path, *LANGUAGES[language])


@needs("cppcheck")
def test_cppcheck_finds_nothing(model, write):
    for target, cores in (CORES if isinstance(model, QuantizedModel) else REAL).items():
        export = write(model, target=target, self_test=rows_of(model, 20))
        for core in cores:
            command = ["cppcheck", "--enable=warning,portability,performance", "--quiet"]
            command += ["--std=c99", "--error-exitcode=1"]
            # With macros given it looks at just that case, not at all that #if tells apart.
            command += [f"-D{name}" for name in ("__GNUC__=12", "__OPTIMIZE__", *core)]
            done = subprocess.run(
                [*command, export.parent], capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, ""), (target, core)
