"""Exported models in folders of their own."""

import pytest
from device_tools import SHA256
from exported_nets import MODELS, model_of

from lwnn.export import export_c


@pytest.fixture
def write(tmp_path):
    """The function that exports a model into a folder and returns where, without ending."""

    def export(model, name="net", target="portable", folder=None, **options):
        folder = tmp_path / (folder or f"{name}-{target}")
        folder.mkdir(exist_ok=True)
        for file, text in export_c(model, name, SHA256, target, **options).items():
            (folder / file).write_text(text, encoding="utf-8")
        return folder / name

    return export


@pytest.fixture(params=MODELS)
def model(request):
    """A model of each kind in turn."""
    return model_of(request.param)
