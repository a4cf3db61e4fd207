"""Results on disk: one JSON file, written after every run, so that rows can be run one by one."""

import json
from pathlib import Path

from benchmarks.speed import machine

_VERSIONS = ("python", "lwnn", "numpy")


def load(path):
    """What is stored: row name to seed to outcome; empty without a file."""
    path = Path(path)
    return json.loads(path.read_text()) if path.exists() else {}


def add(path, row, seed, outcome, *, choosing=False):
    """Put an outcome in the place of an older one of the same row, seed and purpose."""
    stored = load(path)
    origin = {"machine": machine.describe()}
    origin["versions"] = {name: machine.versions()[name] for name in _VERSIONS}
    place = stored.setdefault(row.name, {}).setdefault("choose" if choosing else "test", {})
    place[str(seed)] = {**outcome, **origin}
    text = json.dumps(stored, indent=1, sort_keys=True)
    part = Path(path).with_suffix(".part")
    part.write_text(text + "\n")
    part.replace(path)
