"""What exported C promises: it computes the same, compiles cleanly, and asks for nothing."""

import dataclasses
import functools
import os
import re
import subprocess

import numpy as np
import pytest
from device_tools import needs
from exported_nets import MODELS, float_model, model_of, rows, rows_of

from lwnn.errors import ModelFileError, UsageError
from lwnn.export import machines
from lwnn.export.verification import verify
from lwnn.network import Params
from lwnn.quantization import ROUNDINGS, QuantizedModel, quantize

pytestmark = needs("cc")
LAYOUTS = ("portable", "m0", "m4", "m55")
#: What a model must not need of its surroundings.
MEMORY = ("malloc", "calloc", "free", "printf", "puts")


def targets_of(model):
    return LAYOUTS if isinstance(model, QuantizedModel) else LAYOUTS[:1]


@functools.cache
def static_analysis():
    """GCC's, where the compiler is GCC."""
    command = ["cc", "-fanalyzer", "-x", "c", "-E", os.devnull]
    done = subprocess.run(command, capture_output=True, check=False)
    return ["-fanalyzer"] if done.returncode == 0 else []


def compile_cleanly(write, model, target, analyzed):
    """Folder of object files; nothing that warns becomes one."""
    # The rows of a self-test are the same for every layout.
    x = rows_of(model) if target == "portable" else None
    folder = write(model, name="sensor", target=target, self_test=x).parent
    sources = sorted(folder.glob("*.c"))
    assert len(sources) == (1 if x is None else 2)
    analysis = static_analysis() if analyzed else []
    for compiler in (
        ["c++", "-x", "c++", "-std=c++98", "-fsyntax-only"],
        ["cc", "-std=c99", "-O2", "-fno-pie", "-c", *analysis],
    ):
        command = [*compiler, *machines.STRICT, "-Werror", *sources]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
        assert (done.returncode, done.stderr) == (0, ""), (target, compiler)
    return folder


def symbols(folder):
    """(kind, name) of every symbol of the object files of a folder."""
    command = ["nm", "-P", *map(str, folder.glob("*.o"))]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [(line.split()[1], line.split()[0]) for line in lines.splitlines() if " " in line]


def test_what_verify_finds_in_every_kind_of_model(model, write):
    x = rows_of(model)
    export = write(model, self_test=x)
    verdict = verify(model, export, x)
    assert (verdict.rows, list(verdict.different), verdict.self_test) == (len(x), [], -1)


#: Static analysis takes longer than all else, so it looks at one layout of each int8 model, and at
#: each layout of every fourth kind.
ANALYZED = [
    (name, "portable" if name.startswith("float") else LAYOUTS[n // 2 % 4])
    for n, name in enumerate(MODELS)
]


@needs("nm", "c++")
@pytest.mark.parametrize(("name", "analyzed"), ANALYZED)
def test_it_compiles_without_a_warning_and_asks_for_nothing(name, analyzed, write):
    model = model_of(name)
    answer = "sensor_value" if model.response else "sensor_label"
    allowed = {"memcpy", "memset", "memmove", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}
    if not isinstance(model, QuantizedModel):
        allowed |= {"sqrtf", "expf", "tanhf"}
    for target in targets_of(model):
        found = symbols(compile_cleanly(write, model, target, target == analyzed))
        defined = {name for kind, name in found if kind in "TRD"}
        test = {"sensor_selftest"} if target == "portable" else set()
        assert {"sensor_predict", "sensor_scores", answer} | test <= defined
        assert all(name.startswith("sensor_") for name in defined)
        # Nothing that can be written to: no state.
        assert not [name for kind, name in found if kind in "dDbBcC" and "labels" not in name]
        wanted = {name for kind, name in found if kind == "U"}
        assert wanted - defined <= allowed
        assert not wanted & set(MEMORY)


def test_a_changed_constant_is_noticed(write):
    model = model_of("int8-relu")
    export = write(model, self_test=rows())
    source = export.with_suffix(".c")
    text = source.read_text()
    start = text.index("layer1_weight[")
    changed = re.sub(
        r"(\n +)(-?\d+),", lambda m: f"{m[1]}{-int(m[2]) or 9},", text[start:], count=1
    )
    source.write_text(text[:start] + changed)
    verdict = verify(model, export, rows())
    assert len(verdict.different) > 0
    assert verdict.what == "the scores"
    assert verdict.self_test >= 0
    assert not verdict.good


@pytest.mark.parametrize("kind", ["float-number", "int8-number"])
def test_a_number_in_another_unit_is_noticed(write, kind):
    """Scores are right, and what becomes of them is not."""
    model = model_of(kind)
    export = write(model, self_test=rows())
    source = export.with_suffix(".c")
    text = source.read_text()
    assert text.count("return -40.5f + ") == 1
    source.write_text(text.replace("return -40.5f + ", "return -40.4f + "))
    verdict = verify(model, export, rows())
    assert verdict.what == "the value"
    assert len(verdict.different) == verdict.rows


@pytest.mark.parametrize("kind", ["float-number", "int8-number"])
def test_numbers_are_those_of_the_model(write, kind, tmp_path):
    """From a program of its own, not by what `verify` takes for the same."""
    model, x = model_of(kind), rows(20)
    export = write(model)
    values = ", ".join(f"{value:.9e}f" for value in x.ravel().tolist())
    main = tmp_path / "main.c"
    main.write_text(
        f'#include <stdio.h>\n#include "{export.name}.h"\n'
        f"static const float x[] = {{{values}}};\nint main(void) {{\n"
        "int row;\nfor (row = 0; row < 20; row++)\n"
        'printf("%.9g\\n", (double)net_predict(x + row * NET_FEATURES));\nreturn 0; }\n'
    )
    sources = [main, *export.parent.glob("*.c")]
    subprocess.run(["cc", f"-I{export.parent}", *sources, "-o", tmp_path / "p", "-lm"], check=True)
    lines = subprocess.run([tmp_path / "p"], capture_output=True, text=True, check=True).stdout
    found = [float(line) for line in lines.split()]
    want = model.predict(x)
    assert want.std() > 1
    assert found == pytest.approx(want, rel=1e-5, abs=1e-4)


def test_a_wrong_size_does_not_compile(write):
    model = model_of("int8-relu")
    for name in ("ROM", "RAM"):
        export = write(model)
        header = export.with_suffix(".h")
        header.write_text(re.sub(rf"(NET_{name} )\d+", r"\g<1>12", header.read_text()))
        with pytest.raises(UsageError, match=r"compiling net\.c failed: .*is_right"):
            verify(model, export, rows())


def test_constants_are_exact(write):
    model = float_model("relu")
    model.params.vector[:4] = np.float32([1e-42, 3.4028235e38, 0.1, 7])
    text = write(model).with_suffix(".c").read_text()
    found = re.search(r"layer1_weight\[\d+\] LWNN_FLASH = \{([^}]*)\}", text)[1]
    words = [word.strip() for word in found.split(",")]
    assert all(word.endswith("f") for word in words)
    values = np.array([np.float32(word[:-1]) for word in words])
    assert (values == model.params["layer1.weight"].ravel()).all()


def big_weights(features):
    """A model whose sums are as large as int8 allows: all weights at their limit."""
    model = float_model("linear", features=features)
    model.params.vector[:] = np.sign(model.params.vector)
    model.params["output.weight"][0] = 1
    return quantize(model, rows(features=features)[30:])


@pytest.mark.parametrize("features", [400, 1100])
def test_sums_beyond_what_a_pair_holds_are_split(write, features):
    model = big_weights(features)
    x = np.vstack([rows(features=features), np.full((1, features), 1e30, np.float32)])
    export = write(model, target="m4")
    assert ("lwnn_fused(" in export.with_suffix(".c").read_text()) == (features < 516)
    assert verify(model, export, x).good


@pytest.mark.parametrize("target", LAYOUTS)
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_multipliers_of_any_size(write, target, rounding):
    model = model_of("int8-relu")
    tensors = {name: tensor.copy() for name, tensor in model.tensors.items()}
    tensors["layer1.shift"][:6] = [-31, -20, -2, -1, 0, 30]
    tensors["layer2.shift"][:3] = [-31, -20, -2]
    tensors["output.multiplier"][1], tensors["output.shift"][1] = 0, 0
    fields = {name: getattr(model, name) for name in ("network", "labels", "features")}
    wide = QuantizedModel(tensors=tensors, rounding=rounding, **fields)
    export = write(wide, target=target)
    assert "LWNN_WIDE" in export.with_suffix(".c").read_text()
    assert verify(wide, export, rows()).good


def test_pixels_are_stored_as_bytes_for_the_self_test(write):
    model = model_of("int8-relu")
    x = np.random.default_rng(0).integers(0, 256, (50, 9)).astype(np.uint8)
    export = write(model, self_test=x)
    text = export.with_name("net_selftest.c").read_text()
    assert "const uint8_t net_selftest_rows" in text
    assert verify(model, export, x).self_test == -1
    table = np.loadtxt(f"{export}_selftest.csv", delimiter=",", skiprows=1, usecols=range(10))
    assert (table[:, 9] == model.predict_index(table[:, :9].astype(np.float32))).all()


def test_labels_are_what_they_were(write, tmp_path):
    labels = ('say "hi"', "a\\b", "größer", "??/trigraph", "tab\there")
    export = write(float_model("linear", labels=labels))
    main = tmp_path / "main.c"
    main.write_text(
        f'#include <stdio.h>\n#include "{export}.h"\nint main(void) {{ int i;\n'
        "for (i = -1; i <= NET_CLASSES; i++) puts(net_label(i));\nreturn 0; }\n"
    )
    command = ["cc", "-std=c99", main, f"{export}.c", "-o", tmp_path / "p", "-lm"]
    subprocess.run(command, check=True)
    done = subprocess.run([tmp_path / "p"], capture_output=True, check=True)
    assert done.stdout.decode().split("\n") == ["", *labels, "", ""]


def test_names_from_files_cannot_break_out_of_comments(write):
    evil = (*(f"*/ int evil{n}; /*\\" for n in range(8)), "\n#error x")
    export = write(float_model("linear"), folder="plain")
    header = (
        write(float_model("linear", features=evil), folder="evil").with_suffix(".h").read_text()
    )
    assert "int evil0" in header
    code = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    plain = re.sub(r"/\*.*?\*/", "", export.with_suffix(".h").read_text(), flags=re.DOTALL)
    assert code == plain


def test_the_same_model_gives_the_same_files(model, write):
    first = {p.name: p.read_bytes() for p in write(model, folder="a").parent.iterdir()}
    again = {p.name: p.read_bytes() for p in write(model, folder="b").parent.iterdir()}
    assert first == again
    assert f"{model.network.describe()}" in first["net.c"].decode().splitlines()[0]


def wide_model(*hidden):
    """An int8 model of 50 readings with random weights."""
    model = float_model("linear", features=50)
    network = dataclasses.replace(model.network, hidden=hidden, activation="relu")
    params = Params(network)
    params.vector[:] = np.random.default_rng(0).normal(0, 0.1, network.size)
    model = dataclasses.replace(model, network=network, params=params)
    return quantize(model, rows(features=50)[30:])


@needs("avr-gcc")
def test_constants_beyond_what_a_size_counts_on_avr(write):
    """All sizes together have more than 15 bits, and more than 16 with the code."""
    model = wide_model(450, 70)
    export = write(model, target="avr")
    command = ["avr-gcc", "-mmcu=atmega2560", "-std=c99", "-Os", "-c", f"{export}.c"]
    rom = int(re.search(r"NET_ROM (\d+)", export.with_suffix(".h").read_text())[1])
    assert 60_000 < rom < 65_536
    subprocess.run([*command, "-o", f"{export}.o"], check=True)


def test_what_avr_cannot_hold_is_refused(write):
    model = quantize(float_model("relu", features=1200), rows(features=1200)[30:])
    with pytest.raises(UsageError, match="--target avr: layer1_weight takes 38,400 bytes"):
        write(model, target="avr")
    model = wide_model(420, 70, 150)
    with pytest.raises(UsageError, match=r"--target avr: constants take \d\d,\d+ bytes; at most"):
        write(model, target="avr")


def test_multipliers_below_0_are_refused(write):
    model = model_of("int8-relu")
    tensors = {name: tensor.copy() for name, tensor in model.tensors.items()}
    tensors["layer2.multiplier"][0] = -5
    fields = {name: getattr(model, name) for name in ("network", "labels", "features")}
    with pytest.raises(ModelFileError, match=r"'layer2.multiplier' holds a value below 0"):
        write(QuantizedModel(tensors=tensors, **fields))


@pytest.mark.parametrize("kind", ["goodness", "head-of-two", "both"])
@pytest.mark.parametrize("level", [True, False])
@pytest.mark.parametrize("embed", ["append", "overwrite"])
@pytest.mark.parametrize("goodness", ["squares", "absolute"])
def test_every_form_of_forward_forward(write, kind, level, embed, goodness):
    form = {"level": level, "embed": embed, "goodness": goodness, "label_scale": 1.5}
    model = float_model(kind, form=form)
    verdict = verify(model, write(model), rows())
    assert (list(verdict.different), verdict.what) == ([], None)
    try:
        model = quantize(model, rows()[30:])
    except UsageError:
        # Not every form has its like in int8.
        assert embed == "overwrite" or goodness == "absolute"
        return
    for target in ("portable", "m0"):
        assert verify(model, write(model, target=target), rows()).good


@pytest.mark.parametrize("kind", ["mono", "mono-sum"])
def test_mono_forward_of_rows_as_they_are(write, kind):
    model = float_model(kind, form={"level": False})
    assert verify(model, write(model), rows()).good
    model = quantize(model, rows()[30:])
    for target in LAYOUTS:
        assert verify(model, write(model, target=target), rows()).good
