"""What is done to columns is learnt once, on training rows, and is the same for every new row."""

import dataclasses
import io
import sys

import numpy as np
import pytest

from lwnn import modelfile
from lwnn.data import Column, Recipe, Scaler, load
from lwnn.data.recipe import bounds_of
from lwnn.errors import DataError, MissingToolError, UsageError
from lwnn.options import Options
from lwnn.quantization import quantize
from lwnn.training import train


def flowers(rows=120, seed=0, wild=()):
    """Text of a table: a number with gaps, one with wild values, a category, a class."""
    random = np.random.default_rng(seed)
    lines = ["leaf,stem,colour,kind"]
    for row in range(rows):
        kind = row % 2
        leaf = "?" if row % 11 == 3 else f"{random.normal(2 * kind, 0.5):.3f}"
        stem = "1e25" if row in wild else f"{random.normal(3 * kind, 0.5):.3f}"
        colour = ("red", "blue", "green")[(row // 2) % 3]
        lines.append(f"{leaf},{stem},{colour},{'ab'[kind]}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def save(tmp_path):
    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_text(content)
        return path

    return write


@pytest.fixture
def trained(save):
    data = load(save(flowers(wild=(4, 50, 51))))
    return data, train(data, Options(algo="bp", hidden=(8,), epochs=30)).model


def test_wild_values_do_not_ruin_the_scaling(trained):
    data, model = trained
    assert data.features[:3] == ("leaf", "leaf=?", "stem")
    stem = model.recipe.columns[1]
    assert -20 < stem.low < 0 < stem.high < 20
    assert 1 / model.scale[2] < 3
    assert (model.predict_index(data.x) == data.y).mean() > 0.9


@pytest.mark.parametrize("form", ["float", "int8", "from a file"])
def test_what_is_beyond_the_bounds_counts_as_the_bound(trained, form, tmp_path):
    data, model = trained
    # Tighter than what the other columns reach, so that no other bound does this one's work.
    columns = list(model.recipe.columns)
    columns[1] = dataclasses.replace(columns[1], low=1.0, high=2.0)
    recipe = dataclasses.replace(model.recipe, columns=tuple(columns))
    model = dataclasses.replace(model, recipe=recipe)
    if form == "from a file":
        modelfile.save(model, tmp_path / "a.safetensors")
        model = modelfile.load(tmp_path / "a.safetensors")
    if form == "int8":
        model = quantize(model, data.x)
        modelfile.save(model, tmp_path / "a.safetensors")
        model = modelfile.load(tmp_path / "a.safetensors")
    stem = model.recipe.columns[1]
    rows = np.array([data.x[0]] * 3)
    rows[:, 2] = stem.high, stem.high * 1000, 3e38
    scores = model.scores(rows)
    np.testing.assert_array_equal(scores, scores[[0, 0, 0]])
    rows[:, 2] = stem.low, stem.high, (stem.low + stem.high) / 2
    assert len({tuple(one) for one in model.scores(rows).tolist()}) > 1


def test_only_training_rows_are_learnt_from(save):
    data = load(save(flowers()))
    rows = np.arange(60)
    first = Scaler.for_dataset(data, rows).recipe
    changed = data.take(np.arange(120))
    changed.x[60:, 2] *= 1000
    assert Scaler.for_dataset(changed, rows).recipe == first
    present = np.setdiff1d(rows, data.gaps[0])
    expected = data.x[present, 0].astype(np.float64).mean()
    assert first.columns[0].fill == pytest.approx(expected, rel=1e-6)
    prepared = Scaler.for_dataset(data, rows).prepared(data)
    assert (prepared[data.gaps[0], 0] == np.float32(first.columns[0].fill)).all()
    assert len(data.gaps[0]) == 11


def test_bounds_are_median_and_three_times_the_spread():
    values = np.arange(101, dtype=np.float32)
    assert bounds_of(values) == (50 - 3 * 90, 50 + 3 * 90)
    # Mostly one value: the others say how far they reach, and binary columns have no bounds.
    rare = np.concatenate([np.zeros(1000), np.arange(10, 21)]).astype(np.float32)
    low, high = bounds_of(rare)
    assert low <= 0
    assert 20 <= high < 50
    assert bounds_of(np.repeat(np.float32([0, 1]), [97, 3])) == (-np.inf, np.inf)


def test_categories_of_another_file(trained, save):
    data, _ = trained
    text = "kind,colour,leaf,stem\na,green,1,2\nb,red,?,2\na,violet,1,2\nb,violet,1,\n"
    new = load(save(text, "new.csv"), schema=data.schema)
    assert new.features == data.features
    colours = new.x[:, [data.features.index(f"colour={c}") for c in ("red", "blue", "green")]]
    assert colours.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert new.x[:, 1].tolist() == [0, 1, 0, 0]
    assert "column colour: 2 rows with levels that the model has not seen: violet" in new.notes
    assert any("2 missing in leaf, stem" in note for note in new.notes)


def test_a_word_in_a_column_of_numbers_is_refused_by_a_model(trained, save):
    data, _ = trained
    path = save("leaf,stem,colour,kind\n1,2,red,a\n1,long,red,a\n", "new.csv")
    with pytest.raises(DataError, match=r":3: column 'stem': 'long' is not a number") as caught:
        load(path, schema=data.schema)
    # Neither is an option of prediction.
    assert "--drop" not in str(caught.value)
    assert "--target" not in str(caught.value)


@pytest.mark.parametrize(
    ("missing", "rows", "features"),
    [("indicate", 120, 6), ("mean", 120, 5), ("drop", 109, 5)],
)
def test_missing_values_as_asked_for(save, missing, rows, features):
    data = load(save(flowers()), missing=missing)
    assert data.x.shape == (rows, features)
    assert np.isfinite(data.x).all()
    assert len(data.y) == rows
    assert data.notes


def test_missing_values_refused(save):
    with pytest.raises(DataError, match=r":5: column 'leaf': missing value; .*--missing mean"):
        load(save(flowers()), missing="error")
    with pytest.raises(UsageError, match="--missing no: expected indicate, mean, drop, error"):
        load(save(flowers()), missing="no")


@pytest.mark.parametrize(
    ("options", "features"),
    [
        ({"drop": ["colour"]}, ("leaf", "leaf=?", "stem")),
        ({"drop": ["0", "2"]}, ("stem",)),
        ({"features": ["stem"]}, ("stem",)),
        ({"features": ["0-1"], "drop": ["leaf"]}, ("stem",)),
    ],
)
def test_columns_as_asked_for(save, options, features):
    path = save(flowers())
    data = load(path, **options)
    assert data.features == features
    np.testing.assert_array_equal(load(path, schema=data.schema).x, data.x)


def test_a_table_without_names_keeps_its_places(save):
    lines = [f"{70001 + 37 * i % 997},{i % 5},7,{(i * i) % 11},{'ab'[i % 2]}" for i in range(60)]
    data = load(save("\n".join(lines)))
    assert data.features == ("x1", "x3")
    assert "0 (identifier), 2 (constant)" in data.notes[0]
    bare = save("\n".join(line.rpartition(",")[0] for line in lines), "bare.csv")
    for path, labels in ((save("\n".join(lines)), True), (bare, False)):
        again = load(path, schema=data.schema, need_labels=labels)
        np.testing.assert_array_equal(again.x, data.x)
    assert load(bare.parent / "table.csv", features=["all"]).x.shape == (60, 4)


def test_images_in_a_table_are_left_whole(save):
    random = np.random.default_rng(1)
    x = random.integers(0, 256, (50, 16)) * (np.arange(16) > 3)
    lines = [",".join(map(str, row)) + f",{i % 2}" for i, row in enumerate(x.tolist())]
    data = load(save("\n".join(lines)))
    assert data.x.shape == (50, 16)
    assert data.recipe is None
    assert Scaler.for_dataset(data, np.arange(50)).recipe is None


def test_several_files_are_one_table(save):
    lines = flowers().splitlines()
    paths = [
        save("\n".join(lines[:50]), "a.csv"),
        save("\n".join([lines[0], *lines[50:]]), "b.csv"),
    ]
    whole, both = load(save(flowers())), load(paths)
    np.testing.assert_array_equal(both.x, whole.x)
    np.testing.assert_array_equal(both.y, whole.y)
    assert both.recipe == whole.recipe
    other = save("leaf,colour,kind\n1,red,a\n", "c.csv")
    with pytest.raises(DataError, match=r"c.csv: has no column 'stem'"):
        load([paths[0], other])


def test_stdin(save, monkeypatch):
    whole = load(save(flowers()))
    pipe = io.TextIOWrapper(io.BytesIO(flowers().encode()))
    monkeypatch.setattr(sys, "stdin", pipe)
    data = load("-")
    np.testing.assert_array_equal(data.x, whole.x)
    assert (data.source, data.sha256) == ("stdin", whole.sha256)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"1,2,a\n1,2\n")))
    with pytest.raises(DataError, match=r"^stdin:2: expected 3 fields, found 2"):
        load("-")


def test_parquet(save, tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import csv, parquet  # noqa: PLC0415

    source = save(flowers())
    options = csv.ConvertOptions(null_values=["?"], strings_can_be_null=True)
    parquet.write_table(csv.read_csv(source, convert_options=options), tmp_path / "t.parquet")
    data, expected = load(tmp_path / "t.parquet"), load(source)
    np.testing.assert_array_equal(data.x, expected.x)
    assert data.recipe == expected.recipe
    assert data.labels == expected.labels
    content = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(content[:-40])
    with pytest.raises(DataError, match=r"cut.parquet: is damaged"):
        load(tmp_path / "cut.parquet")
    assert pyarrow


@pytest.mark.parametrize("rows", [0, 23, 25])
def test_parquet_with_another_number_of_rows_than_it_tells_of(save, tmp_path, monkeypatch, rows):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet  # noqa: PLC0415

    def batches(file, size, columns):
        values = pyarrow.array([float(row) for row in range(rows)])
        yield pyarrow.record_batch([values], columns)

    table = pyarrow.table({"size": [float(row) for row in range(24)], "kind": ["a", "b"] * 12})
    parquet.write_table(table, tmp_path / "t.parquet")
    assert len(load(tmp_path / "t.parquet").x) == 24
    monkeypatch.setattr(parquet.ParquetFile, "iter_batches", batches)
    with pytest.raises(DataError, match=r"is damaged: column 'size' has not the 24 rows"):
        load(tmp_path / "t.parquet")


def test_parquet_with_a_name_that_is_no_text(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet  # noqa: PLC0415

    parquet.write_table(pyarrow.table({"wxyz": [1, 2], "kind": ["a", "b"]}), tmp_path / "t.parquet")
    content = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(content.replace(b"wxyz", b"w\xc3yz"))
    with pytest.raises(DataError, match=r"is damaged"):
        load(tmp_path / "t.parquet")


@pytest.mark.parametrize(("kind", "far"), [("date32", 4_000_000), ("timestamp", 1 << 61)])
def test_parquet_with_a_time_that_no_calendar_here_has(tmp_path, kind, far):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet  # noqa: PLC0415

    times = pyarrow.array(
        [0, far], pyarrow.date32() if kind == "date32" else pyarrow.timestamp("ms")
    )
    parquet.write_table(pyarrow.table({"when": times, "kind": ["a", "b"]}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"column 'when': holds a time outside .* --drop 0"):
        load(tmp_path / "t.parquet")


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "t.parquet").write_bytes(b"PAR1" * 20)
    with pytest.raises(MissingToolError, match=r"pip install 'lwnn\[parquet\]'") as caught:
        load(tmp_path / "t.parquet")
    assert caught.value.exit_code == 3


def test_names_of_inputs_are_all_different():
    recipe = Recipe((Column("a", 0, "category", ("b", "?"), indicator=True), Column("a=b", 1)), 2)
    assert len(set(recipe.features)) == recipe.inputs == 4
