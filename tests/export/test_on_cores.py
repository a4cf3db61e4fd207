"""Exported C on emulated cores: the same bits as on the PC, within the counts that are promised."""

import re

import numpy as np
import pytest
from device_tools import needs
from exported_nets import MODELS, float_model, model_of, rows, rows_of

from lwnn.export import machines
from lwnn.export.verification import verify
from lwnn.quantization import quantize

CORES = [
    pytest.param("m0", marks=needs("arm-none-eabi-gcc", "qemu-system-arm")),
    pytest.param("m4", marks=needs("arm-none-eabi-gcc", "qemu-system-arm")),
    pytest.param("m55", marks=needs("arm-none-eabi-gcc", "qemu-system-arm")),
    pytest.param("avr", marks=needs("avr-gcc", "simavr")),
]
#: What a core computes in float is the compiler's, so one net for each way to write it down.
FLOAT = ["float-sigmoid", "float-goodness", "float-head-of-two", "float-top-down-of-one"]
FLOAT += ["float-mono-sum", "float-table-recurrent"]


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("kind", [name for name in MODELS if not name.startswith("float")])
def test_every_int8_net_computes_what_the_pc_computes(write, core, kind):
    model = model_of(kind)
    x = rows_of(model, 20)
    export = write(model, target=core, self_test=x)
    verdict = verify(model, export, x, core)
    assert (verdict.rows, list(verdict.different), verdict.self_test) == (20, [], -1)
    assert (verdict.count_int8 > 0).all()
    assert (verdict.count_int8 < verdict.count).all()
    assert 0 < verdict.stack < 400


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("kind", FLOAT)
def test_float_nets_agree(write, core, kind):
    model = model_of(kind)
    x = rows_of(model, 10)
    assert verify(model, write(model, self_test=x), x, core).good


@pytest.mark.parametrize("core", CORES)
def test_the_portable_layout_runs_everywhere(write, core):
    model, x = model_of("int8-relu"), rows(20)
    assert verify(model, write(model), x, core).good


@pytest.mark.parametrize("core", CORES)
def test_extremes(write, core):
    """All inputs at their limits, and constant rows."""
    model = model_of("int8-relu")
    x = np.vstack([np.full((2, 9), sign * 1e30) for sign in (1, -1)] + [np.zeros((2, 9))])
    x = x.astype(np.float32)
    assert verify(model, write(model, target=core), x, core).good


@pytest.mark.parametrize("core", [core for core in CORES if core.values != ("avr",)])
@pytest.mark.parametrize("features", [3, 16, 33, 531, 1100])
def test_any_number_of_inputs(write, core, features):
    """Also so many that sums of pairs are split, with the largest weights there are."""
    model = float_model("linear", features=features)
    model.params.vector[:] = np.sign(model.params.vector)
    model, x = quantize(model, rows(features=features)[30:]), rows(30, features)
    assert verify(model, write(model, target=core), x, core).good


@needs("avr-gcc", "simavr")
@pytest.mark.parametrize("features", [1, 2, 255, 256, 257, 260])
def test_sums_of_24_bits_on_avr(write, features):
    """The largest weights and inputs there are; 259 of them do not fit."""
    model = float_model("linear", features=features)
    model.params.vector[:] = 1
    model = quantize(model, rows(features=features)[30:])
    x = np.full((3, features), 1e30, np.float32) * np.float32([[1], [-1], [0]])
    assert verify(model, write(model, target="avr"), x, "avr").good


@needs("avr-gcc", "simavr")
def test_what_an_avr_has_no_room_for_is_told(write):
    for features, said in ((400, "rows of 400 readings and "), (3, "bytes of constants leave no")):
        model = float_model("linear" if features > 3 else "relu", features=features)
        export = write(model, target="avr", folder=str(features))
        if features == 3:
            text = export.with_suffix(".h").read_text()
            export.with_suffix(".h").write_text(re.sub(r"(NET_ROM )\d+", r"\g<1>32000", text))
        with pytest.raises(machines.toolchain.UsageError, match=said):
            verify(model, export, rows(3, features), "avr")


def test_what_does_not_run_is_told(write, monkeypatch):
    export = write(model_of("int8-relu"))
    for core, tool in (("m4", "gcc-arm-none-eabi"), ("avr", "gcc-avr")):
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(machines.toolchain.MissingToolError, match=f"apt-get install {tool}"):
            verify(model_of("int8-relu"), export, rows(2), core)
