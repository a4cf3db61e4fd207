"""Exported C takes rows as the table has them: levels, gaps and wild values, to the same bits."""

import dataclasses
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from device_tools import SHA256, needs
from exported_nets import float_model

import lwnn
from lwnn.data import Column, Recipe
from lwnn.data.scaling import Scaler
from lwnn.export import export_c, machines
from lwnn.export.boards import board_of
from lwnn.export.csource import program_of
from lwnn.export.size import size_of
from lwnn.export.targets import target_of
from lwnn.export.verification import verify
from lwnn.quantization import quantize

FOLDER = Path(__file__).parents[1] / "data" / "oddities"
TABLES = sorted(path.name for path in FOLDER.iterdir() if not path.name.startswith("refused_"))
#: Every table is read by some net, and every kind of net reads some table.
PAIRS = [("relu", "missing_category.csv"), ("relu", "wild.csv"), ("recurrent", "weka.arff")]
PAIRS += [(kind, "weka.arff") for kind in ("head-of-two", "both", "top-down-of-one", "mono-sum")]
CORES = [
    pytest.param("host", marks=needs("cc")),
    pytest.param("m0", marks=needs("arm-none-eabi-gcc", "qemu-system-arm")),
    pytest.param("avr", marks=needs("avr-gcc", "simavr")),
]


def table_model(data, kind="relu"):
    """A model with random parameters that reads such a table."""
    scaler = Scaler.for_dataset(data, np.arange(len(data.x)))
    fields = {"offset": scaler.offset, "scale": scaler.scale, "recipe": scaler.recipe}
    if kind == "recurrent":
        fields["form"] = {"timesteps": 2}
    return float_model(kind, features=data.features, **fields)


def new_rows(data, recipe, count=200, seed=0):
    """Features, and which are stand-ins: far readings, gaps, and levels never seen."""
    rng = np.random.default_rng(seed)
    x = data.x[rng.integers(0, len(data.x), count)].copy()
    gaps = {}
    for column, start in zip(recipe.columns, recipe.starts, strict=False):
        last = start + column.inputs - 1
        absent = np.flatnonzero(rng.random(count) < 0.2)
        if column.kind == "number":
            x[:, start] *= rng.choice([1, 0.5, -3, 1e4], count)
            x[absent, start] = column.fill
            gaps[start] = absent
        else:
            unseen = rng.random(count) < 0.2
            x[unseen, start : start + len(column.levels)] = 0
            x[absent, start : start + len(column.levels)] = 0
        if column.indicator:
            x[:, last] = 0
            x[absent, last] = 1
    return x, gaps


def test_there_are_tables_of_every_sort():
    columns = [c for name in TABLES for c in lwnn.load(FOLDER / name).recipe.columns]
    assert {(column.kind, column.indicator) for column in columns} == {
        (kind, indicator) for kind in ("number", "category") for indicator in (False, True)
    }


@needs("cc")
@pytest.mark.parametrize("table", TABLES)
def test_every_table_computes_what_the_pc_computes(table, write):
    data = lwnn.load(FOLDER / table)
    model = table_model(data)
    x, gaps = new_rows(data, model.recipe)
    for number, exported in (("float", model), ("int8", quantize(model, data.x))):
        export = write(exported, folder=number, self_test=x, gaps=gaps)
        verdict = verify(exported, export, x, gaps=gaps)
        assert (verdict.what, verdict.self_test, verdict.rows) == (None, -1, len(x)), number


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize(("kind", "table"), PAIRS)
def test_every_net_on_every_core(kind, core, table, write):
    data = lwnn.load(FOLDER / table)
    model = table_model(data, kind)
    x, gaps = new_rows(data, model.recipe, 30)
    targets = [core] if core != "host" else ["portable", "m0", "m4", "m55"]
    for target in targets:
        exported = quantize(model, data.x)
        export = write(exported, target=target, self_test=x, gaps=gaps)
        assert verify(exported, export, x, core, gaps=gaps).good, target
    assert verify(model, write(model, name="real"), x, core, gaps=gaps).good


@needs("cc")
def test_bounds_and_stand_ins_count(write):
    """What the test above relies on: without them the scores are others."""
    data = lwnn.load(FOLDER / "wild.csv")
    model = table_model(data)
    x, gaps = new_rows(data, model.recipe)
    plain = float_model("relu", features=data.features, offset=model.offset, scale=model.scale)
    changed = quantize(plain, model.recipe.clipped(data.x))
    right = quantize(model, data.x)
    assert all((changed.tensors[name] == right.tensors[name]).all() for name in right.tensors)
    verdict = verify(right, write(changed), x, gaps=gaps)
    assert len(verdict.different) > len(x) // 10


@needs("cc")
def test_multipliers_below_0_turn_bounds_round(write):
    data = lwnn.load(FOLDER / "wild.csv")
    model = quantize(table_model(data), data.x)
    model.tensors["input.multiplier"] *= -1
    x, gaps = new_rows(data, model.recipe)
    assert verify(model, write(model), x, gaps=gaps).good


def test_readings_are_what_the_file_says():
    data = lwnn.load(FOLDER / "missing_category.csv")
    expected = [[1, 1], [np.nan, 2], [0, 3], [1, 4]]
    np.testing.assert_array_equal(data.recipe.readings(data.x, data.gaps), expected)
    data = lwnn.load(FOLDER / "missing.csv")
    nan = np.nan
    expected = [[1, nan], [nan, 2], [nan, nan], [4, nan], [5, nan], [6, 8]]
    np.testing.assert_array_equal(data.recipe.readings(data.x, data.gaps), expected)


def test_a_level_never_seen_is_none_of_them():
    recipe = Recipe((Column("colour", 0, "category", ("blue", "red")),), 1)
    rows = recipe.readings(np.float32([[0, 1], [0, 0], [1, 0]]), {})
    assert rows.tolist() == [[1], [-1], [0]]


@needs("arm-none-eabi-gcc", "avr-gcc")
@pytest.mark.parametrize("name", ["uno", "pico", "nano33", "bluepill"])
@pytest.mark.parametrize("kind", ["relu", "both"])
def test_estimates_of_size_are_above_what_is_measured(kind, name):
    data = lwnn.load(FOLDER / "weka.arff")
    board, model = board_of(name), table_model(data, kind)
    for exported in (model, quantize(model, data.x)):
        program = program_of(exported, target_of(board.target))
        files = export_c(exported, "net", SHA256, board.target)
        size = size_of(program, 2, files, "net", board)
        estimate = size_of(program, 2, files, "net", dataclasses.replace(board, compiler=None))
        assert (size.measured, estimate.measured) == (True, False)
        assert size.readings == 8
        assert estimate.flash >= size.flash
        assert estimate.ram >= size.ram


LEVELS = {
    "main colour": ("dark, blue", "größe 5", "größe 6", "*/ int evil; /*"),
    "Größe": ("-1", "1", "3+", "<3", "%%", "日本"),
    "日本": ("a b", "a-b", "a_b", "A B"),
}


@needs("cc", "c++")
def test_levels_have_names_in_c(write, tmp_path):
    columns = tuple(
        Column(name, place, "category", levels, indicator=True)
        for place, (name, levels) in enumerate(LEVELS.items())
    )
    recipe = Recipe(columns, 3)
    export = write(float_model("linear", features=recipe.features, recipe=recipe))
    header = export.with_suffix(".h").read_text()
    found = [
        (name, int(value)) for name, value in re.findall(r"^    (NET_\w+) = (\d+)", header, re.M)
    ]
    assert [value for _, value in found] == [
        n for levels in LEVELS.values() for n in range(len(levels))
    ]
    names = [name for name, _ in found]
    assert len(set(names)) == len(names)
    assert names[0] == "NET_MAIN_COLOUR_DARK_BLUE"
    assert {"NET_GROE_MINUS_1", "NET_GROE_1", "NET_GROE_3_PLUS", "NET_GROE_LESS_3"} <= set(names)
    assert "define NET_FEATURES 3\n" in header
    assert f"define NET_INPUTS {recipe.inputs}\n" in header
    main = tmp_path / "main.c"
    main.write_text(f'#include "{export}.h"\nint main(void) {{ return {names[-1]} != 3; }}\n')
    for language in (("cc", "-std=c99"), ("c++", "-std=c++98", "-x", "c++")):
        program = tmp_path / "p"
        command = [*language, *machines.STRICT, "-Werror", main, f"{export}.c", "-lm"]
        subprocess.run([*command, "-o", program], check=True)
        assert subprocess.run([program], check=False).returncode == 0


@needs("cc")
def test_it_compiles_without_a_warning(write, tmp_path):
    data = lwnn.load(FOLDER / "weka.arff")
    model = table_model(data)
    x, gaps = new_rows(data, model.recipe, 20)
    for exported in (model, quantize(model, data.x)):
        export = write(exported, self_test=x, gaps=gaps)
        for source in export.parent.glob("*.c"):
            for language in (("cc", "-std=c99"), ("c++", "-x", "c++", "-std=c++98")):
                command = [*language, *machines.STRICT, "-Werror", "-O2", "-c", source]
                subprocess.run([*command, "-o", tmp_path / "o"], check=True)


@needs("gcc")
@pytest.mark.parametrize("flags", [("-O2", "-ffast-math"), ("-g", "-fsanitize=address,undefined")])
def test_gaps_are_seen_whatever_the_flags(write, tmp_path, flags):
    """-ffast-math lets a compiler take it that nothing is not a number."""
    data = lwnn.load(FOLDER / "missing.csv")
    model = quantize(table_model(data), data.x)
    x, gaps = new_rows(data, model.recipe, 20)
    assert any(len(rows) for rows in gaps.values())
    export = write(model, self_test=x, gaps=gaps)
    main = tmp_path / "main.c"
    main.write_text(f'#include "{export}.h"\nint main(void) {{ return net_selftest() != -1; }}\n')
    sources = [main, *export.parent.glob("*.c")]
    subprocess.run(["gcc", *flags, *sources, "-o", tmp_path / "p", "-lm"], check=True)
    done = subprocess.run([tmp_path / "p"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
