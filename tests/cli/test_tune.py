"""`lwnn tune` from the data to the model that fits."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from lwnn import modelfile, training
from lwnn.quantization import QuantizedModel
from lwnn.tuning import search

pytest.importorskip("optuna", reason="Optuna is not installed; the extra is lwnn[tune]")

DIGITS = Path(__file__).parents[2] / "examples" / "digits.csv"
QUICK = ["--epochs", "2", "--trials", "4"]


@pytest.fixture
def tuned(lwnn, trees):
    """What a quick search printed, as JSON."""

    def run(*more):
        ended = lwnn("tune", trees, *QUICK, "--max-flash", "1k", "--json", "-q", *more)
        assert (ended.code, ended.err) == (0, "")
        return json.loads(ended.out)

    return run


def test_the_digits_in_4k(lwnn, tmp_path):
    table = tmp_path / "digits.csv"
    shutil.copy(DIGITS, table)
    ended = lwnn("tune", table, "--max-flash", "4k", "--trials", "5", "--epochs", "5")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith("trials: ")
    assert lines[1].split()[:5] == ["rule", "hidden", "readout", "rate", "flash"]
    assert all(len(line) <= 80 for line in lines)
    assert "of 4,096 bytes of flash" in ended.out
    assert "int8 test accuracy" in lines[-2]
    assert lines[-1] == "model: digits-tuned.int8.safetensors"
    model = modelfile.load(tmp_path / "digits-tuned.int8.safetensors")
    assert isinstance(model, QuantizedModel)
    assert len([line for line in ended.err.splitlines() if line.startswith("trial ")]) == 5
    exported = lwnn("export", "digits-tuned.int8.safetensors", "-o", "fw")
    assert exported.code == 0
    header = (tmp_path / "fw" / "digits_tuned_int8.h").read_text()
    rom = next(line for line in header.splitlines() if "_ROM " in line)
    assert 0 < int(rom.split()[2].strip("()uU")) <= 4_096


def test_json_is_one_object(tuned, tmp_path):
    result = tuned()
    assert (result["schema_version"], result["command"]) == (1, "tune")
    assert result["limits"] == {"flash": 1_024, "memory": None}
    assert result["takes"]["flash"] <= 1_024
    assert sum(result["trials"].values()) == 4
    assert result["front"][-1] == result["best"]
    flash = [trial["flash"] for trial in result["front"]]
    assert flash == sorted(set(flash))
    assert result["metrics"]["test"]["rows"] == 18
    saved = modelfile.load(tmp_path / result["output"])
    assert saved.provenance["tuning"]["trials"] == 4
    assert saved.provenance["tuning"]["validation_accuracy"] == result["best"]["accuracy"]


def test_the_board_counts_what_export_tells(lwnn, tuned):
    result = tuned("--board", "uno", "--max-flash", "12k")
    size = json.loads(lwnn("export", result["output"], "-o", "fw", "--board", "uno", "--json").out)
    size = size["size"]
    assert result["takes"] == {
        "flash": size["weights"] + size["constants"] + size["code"],
        "memory": size["readings"] + size["static"] + size["stack"],
    }
    assert result["limits"] == {"flash": 12_288, "memory": 2_048}


def test_rows_of_a_file_for_the_test_change_no_choice(tuned, trees, tmp_path, table):
    wrong = tmp_path / "wrong.csv"
    right = tmp_path / "right.csv"
    right.write_text(table(60, seed=3), encoding="utf-8")
    wrong.write_text(
        table(60, seed=3).replace("ash", "?").replace("elm", "ash").replace("?", "elm"),
        encoding="utf-8",
    )
    first = tuned("--test", right, "-o", "right.safetensors")
    second = tuned("--test", wrong, "-o", "wrong.safetensors")
    models = [(tmp_path / f"{name}.safetensors").read_bytes() for name in ("right", "wrong")]
    assert models[0] == models[1]
    assert first["metrics"]["test"] != second["metrics"]["test"]


def test_two_processes_share_a_study(process, lwnn, trees, tmp_path):
    shared = ["--max-flash", "1k", "--storage", "sqlite:///study.db", "--study", "trees", "-q"]
    arguments = ["tune", trees, *QUICK, *shared]
    both = [process(*arguments, "-o", f"{n}.safetensors", folder=tmp_path) for n in (1, 2)]
    ended = [(*one.communicate(timeout=120), one.returncode) for one in both]
    assert [(code, err) for _, err, code in ended] == [(0, b"")] * 2
    result = json.loads(
        lwnn("tune", trees, "--epochs", "2", "--trials", "1", *shared, "--json").out
    )
    assert sum(result["trials"].values()) == 9
    assert result["trials"].get("failed", 0) == 0


def test_an_interrupted_search_saves_the_best_so_far(lwnn, trees, tmp_path, monkeypatch):
    one = search._Search.one

    def stopped(self):
        if self.complete():
            raise KeyboardInterrupt
        return one(self)

    monkeypatch.setattr(search._Search, "one", stopped)
    ended = lwnn("tune", trees, *QUICK, "--max-flash", "1k")
    assert ended.code == 130
    assert ended.complaint.startswith("interrupted; the best model so far is in trees-tuned")
    modelfile.load(tmp_path / "trees-tuned.int8.safetensors")


def test_training_that_is_interrupted_says_nothing_of_a_net(refused, trees, monkeypatch):
    def interrupted(*arguments):
        run = training.train(*arguments)
        run.stopped = "interrupted"
        return run

    monkeypatch.setattr(search, "train", interrupted)
    assert "interrupted" in refused("tune", trees, *QUICK, "--max-flash", "1k", "-q", code=130)


def test_without_optuna_it_says_how_to_get_it(refused, trees, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    message = refused("tune", trees, "--max-flash", "4k", code=3)
    assert "pip install 'lwnn[tune]'" in message


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "no limit to fit; give --max-flash, --max-ram or --board"),
        (["--max-flash", "much"], 2, "--max-flash much: expected bytes, such as 32k"),
        (["--max-ram", "0"], 2, "--max-ram 0: expected bytes"),
        (["--max-ram", "-1k"], 2, "--max-ram -1k: expected bytes"),
        (["--board", "due"], 2, "--board due: choose from uno"),
        (["--max-flash", "20"], 1, "nothing fits: the smallest net takes "),
        (["--max-flash", "4k", "--study", "x"], 2, "--study goes with --storage"),
        (["--max-flash", "4k", "--val", "0"], 2, "--val 0 leaves no rows to choose by"),
        (["--max-flash", "4k", "--algos", "wp"], 2, "'wp' is not searched; choose from bp"),
        (["--max-flash", "4k", "--algos", "bp,bp"], 2, "name each rule once"),
        (["--max-flash", "4k", "--storage", "x"], 2, "--storage: cannot be used: "),
        (["--max-flash", "4k", "--storage", "sqlite:////none/x.db"], 2, "unable to open"),
        (["--max-flash", "4k", "-o", "none/x"], 2, "there is no folder none"),
    ],
)
def test_what_cannot_be_meant_is_refused(refused, trees, arguments, code, said):
    assert said in refused("tune", trees, *QUICK, "-q", *arguments, code=code)


def test_estimated_sizes_are_said_to_be_estimates(lwnn, refused, trees, monkeypatch):
    """Without the board's compiler they are larger than need be, and nothing may seem to fit."""
    monkeypatch.setattr("lwnn.export.size.is_measured", lambda board: False)
    said = "code and stack estimated, as no compiler for the board was found"
    board = ("--board", "uno", "-q")
    assert f";\n{said}\n" in lwnn("tune", trees, *QUICK, *board).out
    assert json.loads(lwnn("tune", trees, *QUICK, *board, "--json").out)["measured"] is False
    tight = refused("tune", trees, *QUICK, *board, "--max-flash", "1k", code=1)
    assert f" of memory ({said}); allow more" in " ".join(tight.split())


def test_the_password_of_a_storage_is_not_repeated(refused, trees):
    address = "sqlite://user:secret@host/none/x.db"
    said = refused("tune", trees, *QUICK, "-q", "--max-flash", "4k", "--storage", address)
    assert "secret" not in said


@pytest.mark.parametrize(
    ("text", "size"), [("32k", 32_768), ("1.5K", 1_536), ("2kB", 2_048), ("1M", 1 << 20), ("9", 9)]
)
def test_sizes_are_read_as_people_write_them(text, size):
    from lwnn.cli.tune import _bytes  # noqa: PLC0415

    assert _bytes("--max-flash", text) == size
