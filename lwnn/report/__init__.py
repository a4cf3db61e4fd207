"""One page that shows what was learnt: self-contained HTML, without scripts.

`subject` holds what the page is about, `findings` what is computed for it, `goodness` and `costs`
two larger parts of that; `charts`, `matrix` and `pictures` draw, in SVG and PNG; `sections` says
what stands where, and `markup` keeps every name of a file from being more than text.
"""

from lwnn.report.page import page
from lwnn.report.subject import Subject

__all__ = ["Subject", "page"]
