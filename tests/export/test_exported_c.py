"""What exported C promises: it computes the same, compiles cleanly, and asks for nothing."""

import re
import subprocess

import numpy as np
import pytest
from device_tools import needs
from exported_nets import float_model, model_of, rows

from lwnn.errors import ModelFileError, UsageError
from lwnn.export import machines
from lwnn.export.verification import verify
from lwnn.quantization import ROUNDINGS, QuantizedModel, quantize

pytestmark = needs("cc")
LAYOUTS = ("portable", "m0", "m4", "m55")
CLEAN = (*machines.STRICT, "-Werror", "-O2", "-c")
LANGUAGES = {"C99": ("cc", "-std=c99"), "C++": ("c++", "-x", "c++", "-std=c++98")}
#: What a model must not need of its surroundings.
MEMORY = ("malloc", "calloc", "free", "printf", "puts")


def targets_of(model):
    return LAYOUTS if isinstance(model, QuantizedModel) else LAYOUTS[:1]


def symbols(folder):
    """(kind, name) of every symbol of the object files of a folder."""
    for source in folder.glob("*.c"):
        command = ["cc", "-std=c99", "-O1", "-fno-pie", "-c", source, "-o", f"{source}.o"]
        subprocess.run(command, check=True)
    command = ["nm", "-P", *map(str, folder.glob("*.o"))]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [(line.split()[1], line.split()[0]) for line in lines.splitlines() if " " in line]


def test_every_layout_computes_what_the_pc_computes(model, write):
    x = rows()
    for target in targets_of(model):
        export = write(model, target=target, self_test=x)
        verdict = verify(model, export, x)
        assert (verdict.rows, list(verdict.different)) == (len(x), []), target
        assert verdict.self_test == -1


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_compiles_without_a_warning(model, write, language, tmp_path):
    for target in targets_of(model):
        export = write(model, target=target, self_test=rows())
        sources = sorted(export.parent.glob("*.c"))
        assert len(sources) == 2
        for source in sources:
            command = [*LANGUAGES[language], *CLEAN, source, "-o", tmp_path / "o"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr


@needs("nm")
def test_its_symbols_carry_its_name_and_nothing_is_asked_for(model, write):
    export = write(model, name="sensor", self_test=rows())
    found = symbols(export.parent)
    defined = {name for kind, name in found if kind in "TRD"}
    assert {"sensor_predict", "sensor_scores", "sensor_label", "sensor_selftest"} <= defined
    assert all(name.startswith("sensor_") for name in defined)
    # Nothing that can be written to: no state.
    assert not [name for kind, name in found if kind in "dDbBcC" and "labels" not in name]
    wanted = {name for kind, name in found if kind == "U"}
    allowed = {"memcpy", "memset", "memmove", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}
    if not isinstance(model, QuantizedModel):
        allowed |= {"sqrtf", "expf", "tanhf"}
    assert wanted - defined <= allowed
    assert not wanted & set(MEMORY)


def test_two_models_link_into_one_program(write, tmp_path):
    exports = [
        write(model_of(kind), name=name, target=target, self_test=rows())
        for kind, name, target in (
            ("int8-relu", "one", "portable"),
            ("int8-goodness", "two", "m4"),
            ("float-head", "three", "portable"),
            ("int8-head", "four", "m0"),
        )
    ]
    tests = " || ".join(f"{export.name}_selftest() != -1" for export in exports)
    main = tmp_path / "main.c"
    includes = "".join(f'#include "{export}.h"\n' for export in exports)
    main.write_text(f"{includes}int main(void) {{ return {tests}; }}\n")
    sources = [path for export in exports for path in export.parent.glob("*.c")]
    subprocess.run(["cc", main, *sources, "-o", tmp_path / "p", "-lm"], check=True)
    assert subprocess.run([tmp_path / "p"], check=False).returncode == 0


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


def test_what_avr_cannot_hold_is_refused(write):
    model = quantize(float_model("relu", features=1200), rows(features=1200)[30:])
    with pytest.raises(UsageError, match="--target avr: layer1_weight takes 38,400 bytes"):
        write(model, target="avr")


@pytest.mark.parametrize("number", ["int8", "float"])
def test_states_that_settle_are_refused(write, make_model, number):
    model = make_model("td")
    model = quantize(model, rows(features=3)) if number == "int8" else model
    with pytest.raises(UsageError, match=r"no C for top-down nets .*--readout head"):
        write(model)


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
    for target in LAYOUTS:
        assert verify(model, write(model, target=target), rows()).good


@pytest.mark.parametrize("kind", ["mono", "mono-sum"])
def test_mono_forward_of_rows_as_they_are(write, kind):
    model = float_model(kind, form={"level": False})
    assert verify(model, write(model), rows()).good
    model = quantize(model, rows()[30:])
    for target in LAYOUTS:
        assert verify(model, write(model, target=target), rows()).good
