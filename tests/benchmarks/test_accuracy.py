"""The accuracy benchmark: rows, what is stored, what is rendered."""

import json

import pytest

from benchmarks.accuracy import report, store
from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.data import Folders, MissingDataError, parts
from benchmarks.accuracy.rows import ROWS
from lwnn.options import Options, check


@pytest.fixture
def stored(tmp_path):
    """A file that one quick seed of the digits row was stored in."""
    path = tmp_path / "results.json"
    code = main(
        ["--row", "digits", "--seeds", "3", "--epochs", "2", "--quiet", "--store", str(path)]
    )
    assert code in (0, 1)
    return path


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_rows_are_recipes_that_training_takes(row):
    check(Options(**row.options))
    assert row.name.islower()
    assert row.peer == "" or row.peer in ROWS


def test_a_run_is_stored_with_where_it_comes_from(stored):
    ((seed, found),) = json.loads(stored.read_text())["digits"]["test"].items()
    assert seed == "3"
    assert 0 <= found["error"] < 60
    assert (found["epochs"], found["tested"]) == (2, 359)
    assert found["settings"]["algo"] == "ff"
    assert found["machine"]["processor"]
    assert found["versions"]["numpy"]


def test_seeds_add_up_and_another_run_replaces(stored):
    row, made = ROWS["digits"], store.load(stored)["digits"]["test"]["3"]
    store.add(stored, row, 4, {**made, "error": 1.0})
    store.add(stored, row, 4, {**made, "error": 3.0})
    store.add(stored, row, 3, {**made, "error": 1.0})
    runs = store.load(stored)["digits"]["test"]
    assert {seed: run["error"] for seed, run in runs.items()} == {"3": 1.0, "4": 3.0}
    assert report.mean_error(list(runs.values())) == 2


def test_the_page_shows_mean_spread_and_missed_targets(stored):
    row, made = ROWS["digits"], store.load(stored)["digits"]["test"]["3"]
    for seed, error in ((3, 2.0), (4, 4.0)):
        store.add(stored, row, seed, {**made, "error": error})
    page = report.page(store.load(stored))
    line = next(line for line in page.splitlines() if line.startswith("| `digits`"))
    assert "| 3.00 | ± 1.41 | 2 | 2.50 |" in line
    assert "- digits: 3.00 % is above the target of 2.50 %" in page
    assert made["machine"]["processor"] in page


def test_rows_are_told_apart_by_machine_where_there_are_two(stored):
    made = store.load(stored)["digits"]["test"]["3"]
    other = {**made, "machine": {**made["machine"], "kernels": "odd"}}
    rows = {"ff": {"test": {"0": other}}, "digits": {"test": {"0": made, "1": made}}}
    lines = [line for line in report.page(rows).splitlines() if line.startswith("Measured on")]
    assert len(lines) == 2
    assert {line.endswith("): `ff`.") for line in lines if "odd kernels" in line} == {True}
    assert {line.endswith("): `digits`.") for line in lines if "odd kernels" not in line} == {True}


def test_a_row_worse_than_its_peer_is_named():
    done = {"ff": [{"error": 1.3}], "bp": [{"error": 1.2}]}
    assert list(report.problems(ROWS["ff"], done["ff"], done)) == [
        "ff: 1.30 % is above the 1.20 % of bp"
    ]
    assert list(report.problems(ROWS["bp"], done["bp"], done)) == []


def test_missing_data_is_named(capsys, tmp_path):
    assert main(["--row", "ff", "--store", str(tmp_path / "none.json")]) == 2
    assert "ff: needs --mnist FOLDER" in capsys.readouterr().err


def test_settings_are_chosen_on_the_last_training_rows_only(tmp_path):
    """The test rows are not in it. Halves, as whole numbers in a row would be taken for names."""
    lines = [f"{'AB'[n % 2]},{n / 2},{n * 7 % 5}" for n in range(20_000)]
    (tmp_path / "letter-recognition.data").write_text("\n".join(lines) + "\n")
    folders = Folders(tables=tmp_path)
    train, test = parts("letter", folders, choosing=True)
    assert (train.x[-1, 0], test.x[0, 0], test.x[-1, 0]) == (5_999.5, 6_000, 7_999.5)
    train, test = parts("letter", folders, choosing=False)
    assert (train.x[-1, 0], test.x[0, 0], test.x[-1, 0]) == (7_999.5, 8_000, 9_999.5)
    with pytest.raises(MissingDataError, match="--mnist"):
        parts("mnist", folders, choosing=True)
