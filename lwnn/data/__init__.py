"""From files to numbers: tables, IDX and NPZ files, splitting, scaling, the bundled sample."""

from lwnn.data.dataset import Dataset, Schema
from lwnn.data.loading import load
from lwnn.data.recipe import Column, Recipe
from lwnn.data.sample import sample_path
from lwnn.data.scaling import Scaler
from lwnn.data.splitting import split

__all__ = ["Column", "Dataset", "Recipe", "Scaler", "Schema", "load", "sample_path", "split"]
