"""The page, from its head to its end."""

from importlib import resources

from lwnn.report import sections
from lwnn.report.findings import judged
from lwnn.report.markup import element, shown, written


def page(subject):
    """Return the page about a `Subject`, as text.

    The page is one file: no scripts, no fonts, no addresses; pictures are in it. The same subject
    gives the same text.

    Parameters
    ----------
    subject : Subject

    Returns
    -------
    str
    """
    found = judged(subject)
    style = resources.files("lwnn.report").joinpath("style.css").read_text(encoding="utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{shown(subject.name)} - lwnn"),
        # Browsers ask for an icon otherwise.
        element("link", rel="icon", href="data:,"),
        element("style", style),
    )
    main = element(
        "main",
        sections.headline(subject, found),
        sections.learning(subject),
        sections.answers(subject, found),
        sections.layers(subject),
        sections.weights(subject),
        sections.sizes(subject),
        sections.origin(subject),
    )
    return written(element("html", head, element("body", main), lang="en"))
