"""Names of outputs, and refusals before the work begins."""

import os
from pathlib import Path

import pytest

from lwnn.cli import paths
from lwnn.errors import UsageError


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("digits.csv", "digits"),
        ("folder/digits.csv.gz", "digits"),
        ("IRIS.DATA", "IRIS"),
        ("v1.2.tsv", "v1.2"),
        ("train-images-idx3-ubyte", "train"),
        ("train-images-idx3-ubyte.gz", "train"),
        ("train-images.idx3-ubyte", "train"),
        ("digits-ff.safetensors", "digits-ff"),
        ("table", "table"),
        (".csv", ".csv"),
        ("odd.name", "odd.name"),
    ],
)
def test_stem(name, stem):
    assert paths.stem(Path(name)) == stem


def test_outputs_that_are_fine(tmp_path):
    there = tmp_path / "there"
    there.write_text("old")
    for path in (there, tmp_path / "new"):
        paths.check_output(path, [tmp_path / "input", tmp_path / "none"])


def test_outputs_that_are_refused(monkeypatch, tmp_path):
    source = tmp_path / "data.csv"
    source.write_text("x")
    link = tmp_path / "link"
    link.symlink_to(source)
    for path, expected in {
        tmp_path / "none" / "x": "there is no folder",
        source / "x": "there is no folder",
        tmp_path: "is not a regular file",
        Path(os.devnull): "is not a regular file",
        source: "would replace its own input",
        link: "would replace its own input",
    }.items():
        with pytest.raises(UsageError) as caught:
            paths.check_output(path, [source])
        assert str(caught.value).startswith(f"{path}: {expected}")
    # Root, as whom tests may run, is refused nothing.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError, match="no permission to write"):
        paths.check_output(tmp_path / "new", [])
