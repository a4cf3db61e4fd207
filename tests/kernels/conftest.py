"""Every test that asks for `kernels` runs on every compiled build that this processor can run."""

import pytest

from lwnn._kernels import available, load

BUILDS = [name for name in available() if name != "reference"]


@pytest.fixture(params=BUILDS or [pytest.param(None, id="none")])
def kernels(request):
    assert request.param, "no compiled build found; try: python setup.py build_ext --inplace"
    return load(request.param)
