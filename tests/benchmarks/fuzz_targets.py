"""Readers with a fault each, for the fuzzer to find."""

import os
import signal

import numpy as np

from lwnn.errors import DataError


def files():
    """What trials begin with."""
    return [b"a,b\n1,2\n"]


def change(content, rng, others):
    """The same file, and sometimes a comma more."""
    return content + b"," * rng.randrange(2)


def refuse(path, rng):
    """Refuse every file, as a reader should."""
    raise DataError("no good", path=path)


def mute(path, rng):
    """Refuse without a word."""
    raise DataError("")


def crash(path, rng):
    """Raise what no user should see, of one kind of file."""
    if path.read_bytes().endswith(b","):
        raise IndexError("out of range")


def swallow(path, rng):
    """Take far more memory than a file of 8 bytes may."""
    np.zeros(1 << 30, np.uint8)


def spin(path, rng):
    """Never end."""
    while path.exists():
        pass


def die(path, rng):
    """End the process, as a fault in a kernel does."""
    if path.read_bytes().endswith(b","):
        os.kill(os.getpid(), signal.SIGSEGV)
