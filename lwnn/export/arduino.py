"""An exported model as a library for Arduino and PlatformIO, as a folder or zipped."""

import functools
import io
import string
import zipfile

from lwnn._version import __version__
from lwnn.export import columns
from lwnn.export.answers import answers_of
from lwnn.export.csource import data_file

#: The earliest time that a zip file can hold; the same model gives the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)


def arduino(files, name, sha256, model):
    """Arrange exported files as a library.

    Parameters
    ----------
    files : dict of str to str
        As `lwnn.export.export_c` returns them.
    name : str
    sha256 : str
    model : Model or QuantizedModel

    Returns
    -------
    dict of str to str
        Path in the library to text.
    """
    network, answers = model.network, answers_of(model)
    kinds = "one number" if model.response else f"{network.classes} classes"
    values = {
        "name": name,
        "NAME": name.upper(),
        "version": __version__,
        "sha256": sha256,
        "inputs": len(columns.names(model)),
        "sentence": f"Neural net {network.describe()}, {kinds}.",
        "tells": answers.tells,
        "does": answers.does,
        "what": answers.what,
    }
    fill = functools.partial(_fill, values)
    for part in ("usage", "shown"):
        values[part] = string.Template(getattr(answers, part)).substitute(values)
    values["answer"] = fill(f"{answers.template}.ino")
    tested = f"{name}_selftest.c" in files
    values["check"] = fill("check.ino") if tested else ""
    return {
        "library.properties": fill("library.properties"),
        "library.json": fill("library.json"),
        "keywords.txt": fill("keywords.txt"),
        "README.md": fill("library.md"),
        "LICENSE.txt": data_file("templates", "license.txt"),
        f"examples/{name}/{name}.ino": fill("example.ino"),
        **{
            f"{'extras' if file.endswith('.csv') else 'src'}/{file}": text
            for file, text in files.items()
        },
    }


def _fill(values, template):
    return string.Template(data_file("templates", template)).substitute(values)


def zipped(files, name):
    """Bytes of a zip file with a folder `name` in it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            entry = zipfile.ZipInfo(f"{name}/{path}", _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text.encode())
    return content.getvalue()
