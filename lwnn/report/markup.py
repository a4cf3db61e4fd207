"""HTML as a tree of elements: text is escaped when the tree is written, wherever it comes from."""

from xml.etree import ElementTree


def element(tag, *children, **attributes):
    """Make an element.

    Parameters
    ----------
    tag : str
    *children : Element, str or None
        Text has its control characters spelt out; None is left out.
    **attributes
        Values become text; ``_`` at the end of a name is dropped, within it becomes ``-``. None
        leaves an attribute out.

    Returns
    -------
    xml.etree.ElementTree.Element
    """
    named = {
        name.rstrip("_").replace("_", "-"): shown(str(value))
        for name, value in attributes.items()
        if value is not None
    }
    made = ElementTree.Element(tag, named)
    for child in children:
        if child is None:
            continue
        if not isinstance(child, str):
            made.append(child)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + shown(child)
        else:
            made.text = (made.text or "") + shown(child)
    return made


def written(root):
    """Return the text of a page whose ``html`` element is `root`."""
    return "<!doctype html>\n" + ElementTree.tostring(root, "unicode", method="html") + "\n"


def shown(text):
    """Return `text` with what does not print spelt out, line ends aside.

    >>> shown("a\\x00b")
    'a\\\\x00b'
    """
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1]
        for character in text
    )


def table(columns, rows, *, numeric_from=1):
    """Make a table that scrolls sideways where it is wider than the page.

    Parameters
    ----------
    columns : sequence of str
        Headings; empty: no heading row.
    rows : iterable of sequence of str
        The first cell of each is its heading.
    numeric_from : int
        First column that stands to the right.
    """
    body = [
        element(
            "tr",
            *(
                element("td" if place else "th", cell, class_=_side(place, numeric_from))
                for place, cell in enumerate(cells)
            ),
        )
        for cells in rows
    ]
    names = (
        element("th", name, class_=_side(place, numeric_from)) for place, name in enumerate(columns)
    )
    head = element("thead", element("tr", *names)) if columns else None
    whole = element("table", head, element("tbody", *body))
    return element("div", whole, class_="scroll")


def _side(place, numeric_from):
    return "number" if place >= numeric_from else None
