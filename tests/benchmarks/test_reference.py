"""The pages of commands and of the Python interface are what the program says."""

import inspect
import re

import pytest
import typer

import lwnn
from benchmarks.reference import DOCS, PAGES, text_of
from benchmarks.reference.docstrings import markdown
from lwnn.cli.app import app


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_what_the_program_says(page):
    if PAGES[page] == "interface":
        reason = "the estimators on the page need scikit-learn, which is not installed"
        pytest.importorskip("sklearn", minversion="1.6", reason=reason)
    said = (DOCS / page).read_text(encoding="utf-8")
    assert said == text_of(page), "write it anew with: python -m benchmarks.reference"


def test_every_option_of_every_command_is_told():
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    commands = typer.main.get_command(app).commands
    assert len(commands) > 8
    for name, command in commands.items():
        section = text.partition(f"\n## lwnn {name}\n")[2].partition("\n## ")[0]
        flags = [option for param in command.params for option in param.opts if option[0] == "-"]
        assert "--json" in flags
        assert set(flags) <= set(re.findall(r"--?[a-z0-9-]+", section)), name


def test_every_name_of_the_interface_is_told():
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    names = [name for name in lwnn.__all__ if inspect.isroutine(getattr(lwnn, name))]
    assert {"train", "load"} <= set(names)
    assert [name for name in names if f"\n### lwnn.{name}\n" not in text] == []


def _example(rows, *more):
    """Take rows, and ``some`` of_them * 2.

    A term
        is told of
        at length.
    Another
        in short.

    Parameters
    ----------
    rows, others : ndarray of float32, shape (n, f)
        First line,
        second line.
    *more : int

    Returns
    -------
    int
        Of what there is, e.g. ``{"a": 1}``.

    Examples
    --------
    >>> 1 + 1
    2

        formula = indented
    """


def test_a_docstring_becomes_markdown():
    assert markdown(inspect.getdoc(_example)) == (
        "Take rows, and `some` of\\_them \\* 2.\n"
        "\n"
        "- A term: is told of at length.\n"
        "- Another: in short.\n"
        "\n"
        "**Parameters**\n"
        "\n"
        "- `rows, others` (ndarray of float32, shape (n, f)): First line, second line.\n"
        "- `*more` (int)\n"
        "\n"
        "**Returns**\n"
        "\n"
        '- `int`: Of what there is, e.g. `{"a": 1}`.\n'
        "\n"
        "**Examples**\n"
        "\n"
        "```python\n>>> 1 + 1\n2\n```\n"
        "\n"
        "    formula = indented"
    )
