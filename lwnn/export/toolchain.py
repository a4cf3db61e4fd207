"""Compilers and emulators: where they are, how they are called, how one gets them."""

import dataclasses
import os
import shutil
import subprocess

from lwnn.errors import MissingToolError, UsageError

_ENDLESS = 600


@dataclasses.dataclass(frozen=True)
class Tool:
    """A program, and how it is had.

    Parameters
    ----------
    names : tuple of str
        What it may be called; the first one found is used.
    remedy : str
    """

    names: tuple[str, ...]
    remedy: str

    def find(self):
        """Path of the program.

        Raises
        ------
        MissingToolError
        """
        for name in self.names:
            if path := shutil.which(name):
                return path
        raise MissingToolError(f"{self.names[-1]} is not installed; {self.remedy}")

    @property
    def installed(self):
        """Whether it can be found."""
        return any(map(shutil.which, self.names))


def host_compiler():
    """The C compiler of this machine, or what the environment variable CC names."""
    remedy = "get one: apt-get install gcc (Debian), xcode-select --install (macOS)"
    chosen = os.environ.get("CC")
    if chosen:
        return Tool((chosen,), f"CC names it; unset CC or {remedy}")
    return Tool(("cc", "gcc", "clang"), f"a C compiler is needed; {remedy}")


def run(command, what, **settings):
    """Run a program to its end and return its output.

    Parameters
    ----------
    command : list of str
    what : str
        What it does, for the error: ``"compiling net.c"``.

    Raises
    ------
    UsageError
        When it fails, with the first line of what it complained about, or does not end.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=_ENDLESS, **settings
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"{what} did not end within {_ENDLESS} s; give fewer rows") from error
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").splitlines()
        reason = next((line for line in lines if "error" in line), " ".join(lines[-1:]))
        raise UsageError(f"{what} failed: {reason or f'status {done.returncode}'}")
    return done
