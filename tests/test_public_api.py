"""What `import lwnn` promises: names that are there, say what they are, and cost nothing."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import lwnn

#: `__version__` is a string; all others are looked up in the room that they live in.
NAMES = [name for name in lwnn.__all__ if name != "__version__"]


def printed(program, folder):
    """What a fresh interpreter prints, with this very package and not the one in its folder."""
    home = str(Path(lwnn.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": home},
    )
    return done.stdout.strip()


def test_there_are_names():
    assert {"load", "train", "Model", "Options", "LwnnError"} <= set(NAMES)
    assert len(set(lwnn.__all__)) == len(lwnn.__all__)
    assert set(lwnn.__all__) <= set(dir(lwnn))


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_there_and_documented(name):
    value = getattr(lwnn, name)
    # A room has a name of its own and no module.
    assert value.__name__ in {name, name.removesuffix("_model"), f"lwnn.{name}"}
    assert getattr(value, "__module__", value.__name__).startswith("lwnn.")
    # A dataclass without one of its own is given its signature instead.
    assert not (inspect.getdoc(value) or f"{name}(").startswith(f"{name}(")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'lwnn' has no attribute 'tarin'"):
        _ = lwnn.tarin


def test_importing_it_loads_nothing_heavy(tmp_path):
    heavy = ("numpy", "rich", "typer", "safetensors", "lwnn._kernels.baseline", "lwnn.data")
    program = f"import sys, lwnn; print([name for name in {heavy!r} if name in sys.modules])"
    assert printed(program, tmp_path) == "[]"


@pytest.mark.parametrize("name", ["load", "Model", "autodiff"])
def test_names_are_there_at_first_use(name, tmp_path):
    """In a fresh interpreter, so that no other test has imported the room already."""
    program = f"import lwnn; print(lwnn.{name}.__name__)"
    assert printed(program, tmp_path).removeprefix("lwnn.") == name
