"""What the documentation names is there: commands, options, programs, places that links lead to."""

import importlib.util
import re
import runpy
import sys

import pytest
from doc_pages import BLOCK, COMMANDS, HOME, OTHERS, PAGES, WRITTEN, name, options_of, read

#: Pages that speak of options of other programs.
BENCHMARKS = [HOME / "docs" / "accuracy.md", HOME / "docs" / "speed.md"]
_OPTION = r"(?<![\w-])--[a-z][a-z0-9-]*"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_command_stands_where_it_would_not_be_run(page):
    rest = BLOCK.sub("", read(page))
    lines = [line for line in rest.splitlines() if re.match(r"(?: {4,}|\$ *)lwnn \w", line)]
    assert lines == []


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=name)
def test_commands_within_the_text_are_there(page):
    for subcommand, rest in re.findall(r"`lwnn (\w+)((?: [^`]*)?)`", read(page)):
        assert subcommand in COMMANDS, f"`lwnn {subcommand}{rest}`"
        named = set(re.findall(_OPTION, rest))
        assert named <= options_of(COMMANDS[subcommand]), f"`lwnn {subcommand}{rest}`"


@pytest.mark.parametrize("page", [page for page in PAGES if page not in BENCHMARKS], ids=name)
def test_options_within_the_text_are_options(page):
    known = {"--version", "--verbose", "--install-completion"}.union(
        *map(options_of, COMMANDS.values())
    )
    assert "--hidden" in known
    text = re.sub(r"python -m benchmarks[^`\n]*", "", read(page))
    assert set(re.findall(_OPTION, text)) <= known


def programs():
    """Each program of benchmarks with the options that pages give it."""
    found = {}
    for page in [*PAGES, *OTHERS]:
        for program, rest in re.findall(r"python -m (benchmarks[\w.]*)([^`\n]*)", read(page)):
            found.setdefault(program.rstrip("."), set()).update(re.findall(_OPTION, rest))
    return found


@pytest.mark.parametrize("program", sorted(programs()))
def test_programs_of_benchmarks_take_their_options(program, monkeypatch, capsys):
    """They take hours, files and peers, so that here they only say what they take."""
    monkeypatch.syspath_prepend(HOME)
    assert importlib.util.find_spec(program)
    if not programs()[program]:
        return
    monkeypatch.setattr(sys, "argv", [program, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    assert not ended.value.code
    assert programs()[program] <= set(re.findall(_OPTION, capsys.readouterr().out))


@pytest.mark.parametrize("page", [*PAGES, *OTHERS, *WRITTEN], ids=name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        path, _, anchor = link.partition("#")
        if ":" in path:
            continue
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(page):
    """Names of the headings of a page, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", read(page), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
