"""The examples of the page and of the docstrings do what they show."""

import doctest
from pathlib import Path

import pytest

pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn is not installed")


from lwnn import estimators

PAGE = Path(__file__).parents[2] / "docs" / "scikit-learn.md"


def test_examples_of_the_page(tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="dask[distributed] is not installed")
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted > 30
    assert result.failed == 0


def test_examples_of_the_package():
    result = doctest.testmod(estimators)
    assert (result.attempted > 2, result.failed) == (True, 0)
