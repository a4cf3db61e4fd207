"""Docstrings in NumPy's style as Markdown."""

import re
import textwrap

#: Sections of a docstring whose entries are a name, a type, and words below.
_LISTS = ("Parameters", "Attributes", "Returns", "Yields", "Raises")


def markdown(text):
    """Return a docstring, without its indentation, as Markdown.

    Parameters
    ----------
    text : str
        As `inspect.getdoc` gives it.
    """
    first, *sections = _sections(text)
    parts = [_prose(first)]
    for heading, *lines in sections:
        body = _entries(lines) if heading in _LISTS else _prose(lines)
        parts.append(f"**{heading}**\n\n{body}")
    return "\n\n".join(part for part in parts if part)


def _sections(text):
    """Lines before the first underlined heading, then those of each section after its heading."""
    parts, lines = [[]], text.splitlines()
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if below and set(below) == {"-"} and len(below) == len(line):
            parts.append([line])
        elif not (len(parts[-1]) == 1 and len(parts) > 1 and set(line) == {"-"}):
            parts[-1].append(line)
    return parts


def _prose(lines):
    """Paragraphs; examples, definitions and formulas, which stand apart, as code."""
    blocks = re.split(r"\n\s*\n", "\n".join(lines).strip("\n"))
    return "\n\n".join(_block(block) for block in blocks if block.strip())


def _block(block):
    if block.startswith(">>>"):
        return f"```python\n{block}\n```"
    if re.fullmatch(r"(?:\S.*\n(?: +.*(?:\n|$))+)+", block):
        terms = re.findall(r"(\S.*)\n((?: +.*(?:\n|$))+)", block)
        return "\n".join(f"- {_codes(term)}: {_codes(_joined(said))}" for term, said in terms)
    if block.startswith("    "):
        return block
    return _codes(block)


def _entries(lines):
    """A list of what a section names; words under no name are prose."""
    text = textwrap.dedent("\n".join(lines)).strip("\n")
    found = re.findall(r"^(\S.*)\n?((?:(?:[ ]+.*)?(?:\n|$)(?!\S))*(?:[ ]+.*\n?)?)", text, re.M)
    return "\n".join(_entry(head, _joined(said)) for head, said in found)


def _entry(head, said):
    names, _, kind = head.partition(" : ")
    what = f"`{names}`" + (f" ({_codes(kind)})" if kind else "")
    return f"- {what}: {_codes(said)}" if said else f"- {what}"


def _joined(text):
    return " ".join(text.split())


def _codes(text):
    """Double backquotes as single ones, and outside of code what Markdown would take for markup."""
    text = text.replace("``", "`")
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(p if p.startswith("`") else re.sub(r"([*_<|])", r"\\\1", p) for p in pieces)
