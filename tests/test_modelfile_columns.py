"""What a model file says of columns is not trusted either."""

import pytest
from modelfiles import entries_of, refusal, rewrite

from lwnn import modelfile
from lwnn.data import Column, Recipe

RECIPE = Recipe(
    (
        Column("leaf", 0, fill=1.5, indicator=True, low=-2.0, high=4.0),
        Column("colour", 2, "category", ("red",)),
    ),
    4,
)


@pytest.fixture
def saved(make_model, path):
    model = make_model(features=RECIPE.features, recipe=RECIPE)
    modelfile.save(model, path)
    return path


def test_a_recipe_comes_back(saved):
    assert modelfile.load(saved).recipe == RECIPE


def test_a_file_without_a_recipe(saved):
    entries = entries_of(saved)
    del entries["columns"]
    rewrite(saved, entries)
    assert modelfile.load(saved).recipe is None


@pytest.mark.parametrize("value", [True, 0, "x", [], {}, [None]])
def test_columns_of_a_wrong_kind(saved, value):
    rewrite(saved, {**entries_of(saved), "columns": value})
    refusal(saved)


LEAF = {"name": "leaf", "place": 0, "fill": 1.5, "indicator": True, "bounds": [-2, 4]}


@pytest.mark.parametrize(
    "change",
    [
        {"name": 3},
        {"name": "\ud800"},
        {"name": "colour"},
        {"place": -1},
        {"place": 2},
        {"place": 4},
        {"place": True},
        {"fill": "x"},
        {"fill": float("nan")},
        {"fill": 10**400},
        {"indicator": False},
        {"indicator": 1},
        {"bounds": [4, -2]},
        {"bounds": [1]},
        {"bounds": [float("nan"), 1]},
        {"bounds": {}},
        {"levels": ["a"]},
        {"levels": []},
        {"levels": ["a", "a"]},
        {"levels": "ab"},
        {"levels": [1]},
    ],
    ids=str,
)
def test_a_column_of_a_wrong_kind(saved, change):
    entries = entries_of(saved)
    assert entries["columns"]["read"][0] == LEAF
    entries["columns"]["read"][0] = {**LEAF, **change}
    rewrite(saved, entries)
    refusal(saved)
