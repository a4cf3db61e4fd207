"""The kinds of core that weights can be laid out for."""

import dataclasses

from lwnn.errors import UsageError
from lwnn.export.layouts import LAYOUTS


@dataclasses.dataclass(frozen=True)
class Target:
    """A kind of core: its name in words, and the layout that its kernels read."""

    name: str
    words: str
    layout: str


_ALL = (
    Target("portable", "any processor", "rows"),
    Target("m0", "Cortex-M0, M0+ and M23", "quads"),
    Target("m4", "Cortex-M4, M7 and M33 with DSP", "pairs"),
    Target("m55", "Cortex-M55 and M85 with MVE", "blocks"),
    Target("avr", "AVR", "quads"),
)
TARGETS = {target.name: target for target in _ALL}


def target_of(name):
    """The target of that name.

    Raises
    ------
    UsageError
    """
    if name not in TARGETS:
        raise UsageError(f"--target {name}: choose from {', '.join(TARGETS)}")
    return TARGETS[name]


def layout_of(target):
    """The `Layout` that a target's kernels read."""
    return LAYOUTS[target.layout]
