"""What a page is about."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Subject:
    """A model, and what is known of it.

    Parameters
    ----------
    name : str
        What the page calls it.
    model : Model or QuantizedModel
    int8 : QuantizedModel or None
        The same in int8; `model` itself where that is int8.
    no_int8 : str or None
        Why there is none.
    rows : lwnn.learning.rule.Rows or None
        Rows with labels to judge by.
    part : str
        What these rows are: ``test``, a file's name, …
    history : sequence of dict
        Per epoch, as in `lwnn.training.Run`; empty where it is not known.
    best_epoch : int or None
    metrics : dict
        As in `lwnn.training.Run`; may be empty.
    facts : dict of str to str
        More to tell: seconds, threads, warnings, …
    warnings : sequence of str
    image_shape : tuple of (int, int) or None
        Height and width of the inputs, where someone said so.
    """

    name: str
    model: Any
    int8: Any = None
    no_int8: str | None = None
    rows: Any = None
    part: str = "test"
    history: tuple = ()
    best_epoch: int | None = None
    metrics: dict = dataclasses.field(default_factory=dict)
    facts: dict = dataclasses.field(default_factory=dict)
    warnings: tuple = ()
    image_shape: tuple | None = None
