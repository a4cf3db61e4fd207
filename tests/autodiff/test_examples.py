"""The examples in docstrings and on the documentation page do what they show."""

import doctest
import importlib
from pathlib import Path

import pytest

from lwnn import autodiff

MODULES = sorted(path.stem for path in Path(autodiff.__file__).parent.glob("*.py"))
PAGE = Path(__file__).parents[2] / "docs" / "autodiff.md"
FLAGS = doctest.ELLIPSIS


def test_all_modules_are_looked_at():
    assert {"__init__", "table", "calls", "modes", "counting"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module(name):
    module = importlib.import_module(f"lwnn.autodiff.{name}".removesuffix(".__init__"))
    assert doctest.testmod(module, optionflags=FLAGS).failed == 0


def test_examples_of_the_page():
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=FLAGS)
    assert result.attempted > 15
    assert result.failed == 0
