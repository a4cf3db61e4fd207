"""Exported models in folders of their own."""

import shutil

import pytest
from nets import MODELS, model_of

from lwnn.export import export_c

SHA256 = "0123456789abcdef" * 4


def needs(*tools):
    """Skip where a program is missing, and say which."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed")


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
