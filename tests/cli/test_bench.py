"""`lwnn bench` from the data to the table, the JSON object and the CSV file."""

import csv
import json

import pytest

QUICK = ["--hidden", "5", "--epochs", "2", "--seeds", "2"]


def test_the_table(lwnn, trees):
    ended = lwnn("bench", trees, *QUICK)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == f"{trees}: 90 rows, 3 classes, 2 seeds"
    assert lines[1].split() == ["ff", "bp", "wp"]
    rows = {line[:32].strip(): line[32:].split() for line in lines[3:12]}
    assert rows["parameters"] == ["53", "38", "38"]
    assert rows["forward passes per update"] == ["3", "1", "39"]
    assert set(rows) == {
        "parameters",
        "test accuracy, %",
        "int8 test accuracy, %",
        "training time, s (median)",
        "samples/s (median)",
        "forward passes per update",
        "multiply-accumulates per update",
        "training memory, bytes",
        "int8 model, bytes",
    }
    settings = [line.partition(",")[0] for line in lines[12:] if line.startswith("algo ")]
    assert settings == ["algo ff", "algo bp", "algo wp"]
    assert all(len(line) <= 80 for line in lines[1:])


def test_tables_as_train_takes_them(lwnn, tmp_path):
    for name, first in (("one.csv", 0), ("two.csv", 60)):
        rows = range(first, first + 60)
        lines = [f"{n},{'red' if n % 3 else '?'},{n % 5},{'ab'[n % 2]}" for n in rows]
        (tmp_path / name).write_text("\n".join(["id,colour,size,kind", *lines]))
    options = ["--algos", "bp,ff", "--drop", "size", "--missing", "mean", *QUICK, "--json"]
    ended = lwnn("bench", "one.csv", "two.csv", *options)
    result = json.loads(ended.out)
    assert (result["data"], result["rows"]) == ("one.csv, two.csv", 120)
    # One input for red, one bias, two classes: hidden 5.
    assert result["results"][0]["parameters"] == 1 * 5 + 5 + 5 * 2 + 2
    assert "id (identifier)" in ended.err


def test_every_run_is_announced_on_stderr(lwnn, trees):
    announced = lwnn("bench", trees, *QUICK).err.splitlines()
    assert announced == [
        f"run {number}/6: {algo}, seed {seed}"
        for number, (seed, algo) in enumerate(
            [(seed, algo) for seed in (0, 1) for algo in ("ff", "bp", "wp")], start=1
        )
    ]


def test_json_is_one_object(lwnn, trees):
    ended = lwnn("bench", trees, *QUICK, "--json", "-q")
    result = json.loads(ended.out)
    assert (result["schema_version"], result["command"]) == (1, "bench")
    assert result["seeds"] == [0, 1]
    assert [record["algo"] for record in result["results"]] == ["ff", "bp", "wp"]
    assert all(len(record["test_accuracy"]) == 2 for record in result["results"])
    assert ended.err == ""


def test_the_csv_file_has_a_row_per_rule(lwnn, trees, tmp_path):
    assert lwnn("bench", trees, *QUICK, "--csv", "out.csv").code == 0
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    assert [record["algo"] for record in records] == ["ff", "bp", "wp"]
    assert all(0 <= float(record["test_accuracy_mean"]) <= 1 for record in records)


def test_without_a_file_the_bundled_digits_are_taken(lwnn):
    ended = lwnn("bench", "--seeds", "1", "--hidden", "4", "--epochs", "1")
    assert ended.out.splitlines()[0] == "bundled digits: 1,797 rows, 10 classes, 1 seed"
    assert "±" not in ended.out


def test_the_csv_file_never_takes_the_place_of_the_data(refused, trees):
    before = trees.read_bytes()
    assert "trees.csv" in refused("bench", trees, *QUICK, "--csv", trees)
    assert trees.read_bytes() == before


@pytest.mark.parametrize("hidden", ["none", "x"])
def test_hidden_sizes_that_a_rule_cannot_take(refused, trees, hidden):
    assert "--hidden" in refused("bench", trees, "--hidden", hidden)


def test_the_rules_may_be_chosen(lwnn, trees):
    ended = lwnn("bench", trees, *QUICK, "--algos", "mf, bp", "--json")
    assert [record["algo"] for record in json.loads(ended.out)["results"]] == ["mf", "bp"]
    assert len(ended.err.splitlines()) == 4


@pytest.mark.parametrize(
    ("algos", "complaint"),
    [("mf,gd", "unknown rule 'gd'; choose from ff, bp"), ("mf,mf", "name each rule once")],
)
def test_rules_that_cannot_be_compared(refused, trees, algos, complaint):
    assert complaint in refused("bench", trees, "--algos", algos)
