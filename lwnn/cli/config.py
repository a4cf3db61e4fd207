"""Configurations of `lwnn train`: TOML files that say what the command line could.

Keys are the names of the options, without dashes, and ``data``. Paths are seen from the folder of
the file. What the command line says as well is taken from there.
"""

import csv
import io
import json
import os
import re
import sys
from pathlib import Path

from lwnn.cli import paths
from lwnn.errors import UsageError
from lwnn.options import declared, flag, key

_HEAD = "# Written by lwnn train; repeat with: lwnn train --config FILE\n"
_LARGEST = 1 << 20
#: Key to parameter of the command.
_KEYS = {name: name for name in ("data", "target", "missing", "features", "drop")}
_KEYS |= {flag(name): name for name, _ in declared()}
#: Keys whose text may be a path.
_FILES = ("data", "val", "test")


def given(context, path):
    """Let a configuration fill in what the command line does not say; for Typer to call."""
    if path is not None:
        context.default_map = {**(context.default_map or {}), **read(path)}
    return path


def read(path):
    """Parameters of the command, as the command line would have them.

    Raises
    ------
    UsageError
        When there is no such file, it is no TOML, or a key is none of ours.
    """
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415
    else:
        import tomli as tomllib  # noqa: PLC0415
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise UsageError(f"{path}: is too long for a configuration")
        entries = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}; check the path") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8; give a TOML file") from error
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line = f":{where[1]}" if where else ""
        raise UsageError(f"{path}{line}: is no TOML: {str(error).partition(' (at')[0]}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: is nested too deeply for a configuration") from error
    return {_parameter(path, name): _value(path, name, entries[name]) for name in entries}


def _parameter(path, name):
    if name not in _KEYS:
        raise UsageError(
            f"{path}: {name!r} is no option of lwnn train; lwnn train --help shows those there are"
        )
    return _KEYS[name]


def _value(path, name, value):
    if isinstance(value, bool):
        return value
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str | int | float) for item in items):
        raise UsageError(f"{path}: {name}: expected a text, a number, or a list of them")
    texts = [_from_here(path, name, str(item)) for item in items]
    if name == "data":
        return texts
    if not texts:
        return "none"
    return ("x" if name == "image" else ",").join(texts)


def _from_here(path, name, text):
    """A path as it is to be opened; all else as it stands."""
    is_path = name == "data" or (name in _FILES and not _is_number(text))
    if not is_path or text == "-":
        return text
    return str(Path(path).parent / text)


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


# ---------------------------------------------------------------- writing


def check_place(path):
    """Refuse to write over what a person wrote, before the time is spent.

    Parameters
    ----------
    path : Path
        Where the configuration of this run is to stand.

    Raises
    ------
    UsageError
    """
    paths.check_output(path, [])
    if not os.path.exists(path):
        return
    with open(path, "rb") as file:
        if not file.read(len(_HEAD)).startswith(_HEAD.encode()):
            raise UsageError(
                f"{path}: is not from lwnn train, and the options of this run are to be written "
                "there; choose another model file with -o"
            )


def text_of(path, data, columns, options, settings):
    """The configuration that repeats a run.

    Parameters
    ----------
    path : Path
        Where it is to stand.
    data : sequence of Path
    columns : dict
        ``target``, ``missing``, ``features`` and ``drop``, as on the command line.
    options : Options
        Its parts are shares or paths.
    settings : dict
        What was trained with, defaults filled in; see `lwnn.options.resolve`.

    Returns
    -------
    str
    """
    seen = {name: _seen_from(path, getattr(options, name)) for name in ("val", "test")}
    entries = {"data": [_seen_from(path, item) for item in data], **columns, **seen}
    for name, told in declared():
        barred = told.bars and settings.get(key(told.bars[0])) in told.bars[1]
        if key(name) in settings and not barred:
            entries[flag(name)] = settings[key(name)]
    lines = [f"{name} = {_toml(value)}" for name, value in entries.items() if value is not None]
    return _HEAD + "\n".join(lines) + "\n"


def _seen_from(path, item):
    if not isinstance(item, Path) or str(item) == "-":
        return item
    try:
        return os.path.relpath(item, path.parent)
    except ValueError:
        # On Windows there is no way from one drive to another.
        return os.path.abspath(item)


def _toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict):
        return _toml(_comma_separated(f"{name}={weight!r}" for name, weight in value.items()))
    # What JSON escapes TOML escapes alike, but for one sign. A file's name may hold bytes that are
    # no text; there a question mark stands.
    text = str(value).encode("utf-8", "replace").decode()
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comma_separated(texts):
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(texts)
    return line.getvalue()
