"""Whole commands: what a person waits for, from the prompt to the prompt."""

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.speed.measure import MissingError, SideError, Timing
from benchmarks.speed.worker import THREAD_VARIABLES

ROOT = Path(__file__).parents[2]
#: As the installed script does it.
LWNN = (sys.executable, "-c", "from lwnn.cli.app import main; main()")
PARTS = {"train": "train-images-idx3-ubyte", "test": "t10k-images-idx3-ubyte"}
NET, BATCH, RATE = (500, 500), 100, 0.001


class Command:
    """A command that is run anew in every round.

    Parameters
    ----------
    arguments : sequence of str
    threads : int
    """

    note = ""

    def __init__(self, arguments, threads):
        self.arguments = arguments
        self.environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
        # What is installed was compiled before; so is the tree, by the run that is checked.
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.output = ""
        self.timing = self.run()

    def run(self):
        """Run it once.

        Raises
        ------
        SideError
            When it ends with another code than 0.
        """
        wall, processor = time.perf_counter(), _children()
        done = subprocess.run(
            self.arguments,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        timing = Timing(1, time.perf_counter() - wall, _children() - processor)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no message"]
            raise SideError(f"ended with code {done.returncode}: {lines[-1]}")
        self.output = done.stdout
        return timing

    def outcome(self):
        """What the last run printed."""
        return self.output

    def round(self):
        """Time a run."""
        return self.run()

    def close(self):
        """Nothing stays open."""


class LongCommand(Command):
    """A command that takes so long that the run that is checked is a round as well."""

    def round(self):
        timing, self.timing = self.timing, None
        return timing or self.run()


def _children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# ---------------------------------------------------------------- the commands


def start_up(side, threads, settings):
    """``lwnn --help``, or the imports that it cannot do without."""
    commands = {
        "lwnn": (*LWNN, "--help"),
        "import typer, rich": (sys.executable, "-c", "import typer, rich"),
    }
    return Command(commands[side.name], threads)


def mnist(side, threads, settings):
    """Training on MNIST, reading and measuring included.

    Raises
    ------
    MissingError
        When the data are not there.
    """
    files = mnist_files(settings.mnist)
    if side.name == "lwnn":
        return _TrainCommand(files, threads, settings.epochs)
    script = (sys.executable, "-m", "benchmarks.speed.torch_mnist")
    return LongCommand((*script, *map(str, (*files, settings.epochs, threads))), threads)


class _TrainCommand(LongCommand):
    """`lwnn train`, writing its model to a folder that goes away."""

    def __init__(self, files, threads, epochs):
        self.folder = tempfile.TemporaryDirectory()
        train, test = map(str, files)
        options = {
            # The form that the peer has.
            "--algo": "ff",
            "--loss": "softplus",
            "--negatives": "random",
            "--head-layers": "later",
            "--readout": "goodness",
            "--hidden": ",".join(map(str, NET)),
            "--epochs": epochs,
            "--batch": BATCH,
            "--optimizer": "adam",
            "--lr": RATE,
            "--val": 0,
            "--test": test,
            "--threads": threads,
            "--output": Path(self.folder.name, "model.safetensors"),
        }
        pairs = (str(part) for pair in options.items() for part in pair)
        super().__init__((*LWNN, "train", train, *pairs, "--json"), threads)

    def close(self):
        self.folder.cleanup()


def mnist_files(folder):
    """Paths of MNIST's training and test images, compressed or not.

    Raises
    ------
    MissingError
        When the folder does not hold them.
    """
    found = []
    for name in PARTS.values():
        places = [Path(folder, name + ending) for ending in ("", ".gz")] if folder else []
        found += [place.resolve() for place in places if place.is_file()][:1]
    if len(found) < len(PARTS):
        raise MissingError("MNIST is not there; name its folder by --mnist or LWNN_MNIST")
    return found


def accuracies_apart(case, ours, theirs):
    """Largest difference of the two programs' accuracies on training and test rows."""
    ours, theirs = (json.loads(text)["metrics"] for text in (ours, theirs))
    if {name: part["rows"] for name, part in ours.items()} != {
        name: part["rows"] for name, part in theirs.items()
    }:
        return math.inf
    return max(abs(ours[name]["accuracy"] - theirs[name]["accuracy"]) for name in PARTS)


def both_ran(case, ours, theirs):
    """Nothing to compare: that both ended well has been seen."""
    return 0.0
