"""docs/api.md: signatures and docstrings of all that lwnn exports."""

import functools
import inspect

import lwnn
from benchmarks.reference.docstrings import markdown
from lwnn import autodiff, errors, estimators, learning, report
from lwnn.autodiff.table import Elementwise

_HEAD = """\
# Python

Written by `python -m benchmarks.reference` from the docstrings; `help(lwnn.load)` shows the same.
How the parts go together is in the [README](../README.md#from-python), estimators in use are in
[scikit-learn.md](scikit-learn.md), derivatives in [autodiff.md](autodiff.md).
"""
#: Rooms beside ``lwnn`` itself: name, and what of it is public.
_ROOMS = {
    "lwnn.errors": (errors, [name for name in vars(errors) if name.endswith("Error")]),
    "lwnn.estimators": (estimators, estimators.__all__),
    "lwnn.learning": (learning, ["custom_cost", "custom_goodness"]),
    "lwnn.report": (report, report.__all__),
    "lwnn.autodiff": (autodiff, autodiff.__all__),
}
#: Characters of a signature beyond which each parameter has a line, and most of such lines.
_LINE, _MOST = 76, 14


def page():
    """Return the text of docs/api.md."""
    # What has a part of its own below.
    others = ("__version__", "autodiff", "LwnnError")
    own = [name for name in lwnn.__all__ if name not in others]
    parts = [_HEAD, _room("lwnn", lwnn, own)]
    parts += [_room(title, module, names) for title, (module, names) in _ROOMS.items()]
    return "\n".join(parts)


def _room(title, module, names):
    lines = [f"## {title}", "", markdown(inspect.getdoc(module)), ""]
    elementary = _elementary(names) if module is autodiff else []
    if elementary:
        listed = ", ".join(f"`{name}`" for name in elementary)
        lines += [f"Elementary functions, of one number or a few: {listed}.", ""]
    for name in names:
        thing = getattr(module, name)
        if not callable(thing) or name in elementary:
            continue
        lines += [f"### {title}.{name}", "", *_entry(name, thing)]
        lines += _members(name, thing) if inspect.isclass(thing) else []
    return "\n".join(lines)


def _elementary(names):
    return [name for name in names if isinstance(autodiff.TABLE.get(name), Elementwise)]


def _entry(called, thing, skip=0):
    """How something is called, without its first `skip` parameters, and what is said of it."""
    said = markdown(inspect.getdoc(thing) or "")
    return ["```python", f"{called}{_signature(thing, skip)}", "```", "", said, ""]


def _signature(thing, skip):
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return ""
    parameters = [_plain(one) for one in inspect.signature(thing).parameters.values()][skip:]
    line = _spelt(inspect.Signature(parameters))
    if len(line) <= _LINE:
        return line
    if len(parameters) > _MOST:
        # The list below says it better.
        return "(...)"
    lines = [_spelt(one) for one in parameters]
    named = [one.kind is one.KEYWORD_ONLY for one in parameters]
    if True in named:
        lines.insert(named.index(True), "*")
    return "(\n" + "".join(f"    {one},\n" for one in lines) + ")"


def _spelt(part):
    """A signature, or a parameter, as the formatter of the project has it."""
    return str(part).replace("Ellipsis", "...").replace("'", '"')


def _plain(parameter):
    """A parameter without annotation, and without a default that is an object made anew."""
    made = "factory" in repr(parameter.default)
    default = ... if made else parameter.default
    return parameter.replace(annotation=inspect.Parameter.empty, default=default)


def _members(name, kind):
    """Public methods and properties that say what they are, base classes of ours included."""
    found = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("lwnn"):
            found |= {key: value for key, value in vars(base).items() if not key.startswith("_")}
    told = {key: value for key, value in found.items() if inspect.getdoc(value)}
    fixed = (property, functools.cached_property)
    lines = [
        f"- `{key}`: {_first(value)}" for key, value in told.items() if isinstance(value, fixed)
    ]
    if lines:
        lines = ["**Properties**", "", *lines, ""]
    for key, value in told.items():
        if inspect.isfunction(value) or isinstance(value, staticmethod | classmethod):
            bound = getattr(kind, key)
            # What is called on the class is bound already.
            lines += [f"#### {name}.{key}", "", *_entry(key, bound, inspect.isfunction(value))]
    return lines


def _first(value):
    return markdown(inspect.getdoc(value).partition("\n\n")[0]).replace("\n", " ")
