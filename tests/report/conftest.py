"""Pages, read as a browser would read them."""

import dataclasses
import html.parser

import pytest

#: Elements without an end.
VOID = {"meta", "link", "img"}


@dataclasses.dataclass
class Read:
    """What is on a page: (tag, attributes) of the elements, texts, and cells of tables by row."""

    elements: list = dataclasses.field(default_factory=list)
    texts: list = dataclasses.field(default_factory=list)
    rows: list = dataclasses.field(default_factory=list)

    @property
    def text(self):
        """All of it, side by side."""
        return " ".join(self.texts)

    def all(self, tag):
        """Attributes of every such element."""
        return [attributes for name, attributes in self.elements if name == tag]

    def row(self, name):
        """The cells of the row that begins with this name, without it."""
        found = [cells[1:] for cells in self.rows if cells and cells[0] == name]
        assert found, f"no row {name!r}"
        return found[0]


class _Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.read, self.open = Read(), []

    def handle_starttag(self, tag, attrs):
        self.read.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.read.rows.append([])
        if tag in ("td", "th"):
            self.read.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> ends nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.read.texts.append(data)
        if "td" in self.open or "th" in self.open:
            self.read.rows[-1][-1] += data


@pytest.fixture
def read():
    """The function that reads a page, and holds it to have an end for every beginning."""

    def run(text):
        reader = _Reader()
        reader.feed(text)
        reader.close()
        assert reader.open == []
        return reader.read

    return run
