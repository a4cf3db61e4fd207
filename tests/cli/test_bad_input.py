"""Bad input: one clear message each, the right exit code, no file left behind."""

import os

import pytest

ROWS = "".join(f"{n}.5,{n % 7},{'ab'[n % 2]}\n" for n in range(40))
TABLE = "x,y2,kind\n" + ROWS

#: What is in data.csv, further arguments, and what the message says after the file's name.
FILES = {
    "unknown column": (TABLE, ["--target", "color"], "there is no column 'color'; its columns"),
    "unknown index": (TABLE, ["--target", "9"], "there is no column 9; columns are counted"),
    "empty": ("", [], "is empty"),
    "header only": ("a,b,c\n", [], "has a header but no rows"),
    "one class": (TABLE.replace("b\n", "a\n"), [], "there is only one class, 'a'"),
    "fewer rows than classes": ("x,kind\n1,a\n2,b\n3,c\n", [], "rows are too few for"),
    "nan": (TABLE.replace("\n3.5,", "\nnan,"), ["--missing", "error"], "missing value; fill"),
    "inf": (TABLE.replace("\n3.5,", "\ninf,"), [], "'inf' is not a finite number"),
    "text": (TABLE.replace("\n3.5,", "\nred,"), [], "'red' is not a number"),
    "ragged": (TABLE.replace("\n3.5,", "\n3.5,1,"), [], "expected 3 fields, found 4"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_data_file_that_cannot_be_used(refused, tmp_path, case):
    content, arguments, expected = FILES[case]
    path = tmp_path / "data.csv"
    path.write_text(content)
    message = refused("train", path, *arguments)
    assert message.startswith(f"{path}:")
    assert expected in message
    if case in ("nan", "inf", "text", "ragged"):
        assert message.startswith(f"{path}:5: ")
    if case in ("nan", "inf", "text"):
        assert "column 'x': " in message
    assert os.listdir(tmp_path) == ["data.csv"]


def test_a_data_file_that_is_not_there(refused, tmp_path):
    message = refused("train", "none.csv")
    assert message == "none.csv: cannot be read: No such file or directory; check the path"
    assert os.listdir(tmp_path) == []


#: Arguments of train, and the message.
OPTIONS = {
    ("--algo", "gd"): "unknown --algo 'gd'; choose from ff, bp, wp",
    ("--hidden", "12x"): "--hidden 12x: expected widths such as 128,64, or none",
    ("--hidden", "0"): "a layer of 0 units",
    ("--hidden", "none"): "Forward-Forward needs a hidden layer",
    ("--epochs", "0"): "--epochs 0; expected 1 to",
    ("--batch", "0"): "--batch 0; expected 1 to",
    ("--lr", "-1"): "--lr -1; expected",
    ("--lr", "nan"): "--lr nan; expected",
    ("--seed", "-1"): "--seed -1; expected 0 to",
    ("--threads", "0"): "--threads 0; expected 1 to",
    ("--patience", "0"): "--patience 0; expected 1 to",
    ("--optimizer", "rms"): "rms",
    ("--readout", "mean"): "mean",
    ("--activation", "gelu"): "--activation goes with --algo bp or --algo wp",
    ("--algo", "bp", "--activation", "gelu"): "unknown --activation 'gelu'; choose from",
    ("--algo", "bp", "--cost", "hinge"): "unknown --cost 'hinge'; choose from",
    ("--algo", "wp", "--delta", "0"): "--delta 0; expected",
    ("--algo", "wp", "--delta", "nan"): "--delta nan; expected",
    ("--optimizer", "momentum", "--momentum", "2"): "momentum 2; expected 0 or more, below 1",
    ("--val", "1"): "--val 1: expected a share from 0 to below 1, or a file",
    ("--test", "nan"): "--test nan: expected a share",
    ("--val", "0.6", "--test", "0.6"): "use shares that add up to less than 1",
    ("--test", "none.csv"): "none.csv: cannot be read: No such file or directory",
    ("-o", "none/model"): "none/model: there is no folder none",
}


@pytest.mark.parametrize("arguments", OPTIONS, ids=" ".join)
def test_options_that_cannot_be_meant(refused, trees, tmp_path, arguments):
    assert OPTIONS[arguments] in refused("train", trees, *arguments)
    assert os.listdir(tmp_path) == ["trees.csv"]


#: Subcommand and arguments between the model and the data; the others have none.
READERS = {"evaluate": [], "predict": ["-o", "out.csv"], "quantize": ["--calibrate"]}


@pytest.mark.parametrize("command", READERS)
def test_another_number_of_features_than_the_model_has(refused, made, tmp_path, command):
    path = tmp_path / "narrow.csv"
    path.write_text("1,2\n" * 5)
    message = refused(command, made, *READERS[command], path)
    assert message.startswith(f"{path}: ")
    assert "the model expects 3" in message
    assert not list(tmp_path.glob("out.csv")) + list(tmp_path.glob("*.int8.*"))


@pytest.mark.parametrize("command", ["evaluate", "quantize"])
def test_a_label_that_the_model_never_saw(refused, made, trees, command):
    trees.write_text(trees.read_text(encoding="utf-8").replace("elm", "fig", 1), encoding="utf-8")
    gate = ["--max-drop", 1] if command == "quantize" else []
    message = refused(command, made, *READERS[command], trees, *gate)
    assert message.startswith(f"{trees}:3: ")
    assert "label 'fig' is unknown to the model: it knows ash, elm, größer, oak" in message


def test_a_label_in_the_test_file_that_training_does_not_have(refused, trees, tmp_path):
    test = tmp_path / "test.csv"
    test.write_text("height,leaf,colour,tree\n1,2,3,fig\n")
    assert f"{test}:2: " in refused("train", trees, "--test", test)
