"""The command line, called in this process, in a folder of its own and at a fixed width."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lwnn as package
from lwnn import modelfile
from lwnn.cli.app import main

MAIN = "from lwnn.cli.app import main; main()"


@dataclasses.dataclass
class Ended:
    """What a run of the command line left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def complaint(self):
        """The error: the last line of stderr, without the name of the program."""
        last = self.err.splitlines()[-1]
        assert last.startswith("lwnn: ")
        return last.removeprefix("lwnn: ")


@pytest.fixture
def lwnn(capsys, monkeypatch, tmp_path):
    """The function that runs ``lwnn`` with these arguments."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "LWNN_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["lwnn", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert "\x1b" not in captured.out + captured.err
        return Ended(ended.value.code or 0, captured.out, captured.err)

    return run


@pytest.fixture
def process():
    """The function that starts ``lwnn`` as a process, with this very package."""

    def start(*arguments, folder, code=MAIN, environment=None, **settings):
        home = str(Path(package.__file__).parents[1])
        environment = {
            **os.environ,
            "PYTHONPATH": home,
            "PYTHONUNBUFFERED": "",
            **(environment or {}),
        }
        settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
        command = [sys.executable, "-c", code, *map(str, arguments)]
        return subprocess.Popen(command, cwd=folder, env=environment, **settings)

    return start


@pytest.fixture
def refused(lwnn):
    """The function that runs ``lwnn``, expects it to refuse, and returns the message."""

    def run(*arguments, code=2):
        ended = lwnn(*arguments)
        assert ended.code == code
        assert ended.out == ""
        return ended.complaint

    return run


def _table(rows=90, seed=0):
    """Text of a table whose classes a small net tells apart at once."""
    random = np.random.Generator(np.random.PCG64(seed))
    lines = ["height,leaf,colour,tree"]
    for row in range(rows):
        kind = row % 3
        x = random.normal(0, 0.3, 3)
        x[kind] += 2
        lines.append(",".join([*(f"{value:.4f}" for value in x), ("ash", "elm", "größer")[kind]]))
    return "\n".join(lines) + "\n"


@pytest.fixture
def table():
    """The function that makes the text of a table: 3 features, 3 classes, a header."""
    return _table


@pytest.fixture
def trees(tmp_path):
    """Path of such a table."""
    path = tmp_path / "trees.csv"
    path.write_text(_table(), encoding="utf-8")
    return path


@pytest.fixture
def made(make_model, tmp_path):
    """Path of a model file that was not trained; knows the classes of `trees` and one more."""
    path = tmp_path / "made.safetensors"
    labels, features = ("ash", "elm", "größer", "oak"), ("height", "leaf", "colour")
    modelfile.save(make_model(seed=2, labels=labels, features=features), path)
    return path
