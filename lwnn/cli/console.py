"""The one place that writes to the terminal: results to stdout, everything else to stderr."""

import contextlib
import functools
import io
import json
import math
import os
import sys
import textwrap
import time

from lwnn.errors import UsageError

SCHEMA_VERSION = 1
#: Characters of a line of text.
_LINE = 80


class Console:
    """Knows who listens: a person at a terminal, a file, or a program that reads JSON.

    Parameters
    ----------
    command : str
        The subcommand, for the JSON object.
    json : bool
        Print one JSON object to stdout instead of text.
    quiet : bool
        No notes and no progress.
    """

    def __init__(self, command, *, json=False, quiet=False):
        self.command = command
        self.json = json
        self.quiet = quiet
        self._started = time.perf_counter()

    @functools.cached_property
    def err(self):
        """Rich console for progress."""
        return self._rich(sys.stderr)

    @staticmethod
    def _rich(stream, **settings):
        from rich.console import Console as RichConsole  # noqa: PLC0415

        return RichConsole(file=stream, highlight=False, markup=False, emoji=False, **settings)

    @property
    def live(self):
        """Whether progress may be drawn as a bar."""
        return self.err.is_terminal and not self.err.is_dumb_terminal

    def note(self, text):
        """Tell what is going on, on stderr."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def say(self, text):
        """Write a line of the result."""
        if not self.json:
            write_out(f"{text}\n")

    def table(self, columns, rows):
        """Write a table as part of the result.

        Parameters
        ----------
        columns : sequence of str
            Headings; the first column is text, the others are numbers and stand to the right.
        rows : iterable of sequence of str
        """
        if self.json:
            return
        from rich import box  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415

        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
        for number, name in enumerate(columns):
            table.add_column(name, justify="right" if number else "left", overflow="fold")
        for row in rows:
            table.add_row(*map(printable, row))
        self.draw(table)

    @property
    def width(self):
        """Columns that a line of the result has."""
        return self._rich(sys.stdout).width

    def draw(self, renderable):
        """Write what Rich lays out as part of the result; its text is printable."""
        # Drawn apart, because Rich has its own way to end a program whose stdout is gone.
        encoding = sys.stdout.encoding or "utf-8"
        page = io.TextIOWrapper(io.BytesIO(), encoding, "backslashreplace", newline="")
        self._rich(page, force_terminal=sys.stdout.isatty()).print(renderable)
        page.flush()
        # Rich pads every line to the width of the table.
        lines = page.buffer.getvalue().decode(encoding).splitlines()
        write_out("".join(f"{line.rstrip()}\n" for line in lines if line.strip()))

    def result(self, **fields):
        """Write the JSON object, if that is what was asked for."""
        if self.json:
            seconds = round(time.perf_counter() - self._started, 3)
            head = {"schema_version": SCHEMA_VERSION, "command": self.command, "seconds": seconds}
            write_out(json.dumps(_plain({**head, **fields}), indent=2, allow_nan=False) + "\n")


def write_out(text):
    """Write to stdout at once.

    Raises
    ------
    UsageError
        When there is no room. A reader that went away is a BrokenPipeError.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon_stdout()
        raise UsageError(f"cannot write the output: {error.strerror or error}") from error


def abandon_stdout():
    """Let what is still to be written to stdout vanish, or Python complains at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def complain(text):
    """Write an error to stderr, as one line whatever is in it."""
    # Nobody is left to tell when stderr is closed.
    with contextlib.suppress(OSError):
        print(f"lwnn: {printable(text)}", file=sys.stderr, flush=True)


def printable(text):
    """Return `text` with control characters spelt out: names from files must not steer a terminal.

    >>> printable("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def percent(share):
    """Return a share as people read it: ``97.22 %``."""
    return f"{100 * share:.2f} %"


def listed(options, start=""):
    """Return options as lines: ``algo ff, hidden 128,64, greedy``, without those that are off."""
    texts = []
    for name, value in options.items():
        if isinstance(value, list):
            texts.append(f"{name} {','.join(map(str, value)) or 'none'}")
        elif isinstance(value, dict):
            texts.append(f"{name} {','.join(f'{key}={item:g}' for key, item in value.items())}")
        elif value is not False:
            texts.append(name if value is True else f"{name} {value}")
    # An option and its value stay on one line.
    text = start + ", ".join(text.replace(" ", "\0") for text in texts)
    whole = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.fill(text, _LINE, **whole).replace("\0", " ")


def _plain(value):
    """Return `value` made of what JSON knows; a number that is not finite becomes null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
