"""What is asked of a data file: the label, the columns, and what to do about missing values."""

from dataclasses import dataclass

from lwnn.data.dataset import Schema
from lwnn.errors import UsageError

#: What to do about missing values: the first is the default.
MISSING = ("indicate", "mean", "drop", "error")


@dataclass(frozen=True)
class Request:
    """What `lwnn.data.load` is asked for; the parameters are explained there."""

    target: str | int | None = None
    schema: Schema | None = None
    need_labels: bool = True
    numeric: bool = False
    missing: str = MISSING[0]
    features: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    def __post_init__(self):
        if self.missing not in MISSING:
            raise UsageError(f"--missing {self.missing}: expected {', '.join(MISSING)}")

    @property
    def recipe(self):
        """What a model does to the columns (`lwnn.data.recipe.Recipe`), or None."""
        return None if self.schema is None else self.schema.recipe

    @property
    def known(self):
        """The classes of a model, or None."""
        return None if self.schema is None else self.schema.labels

    @property
    def keep_all(self):
        """Whether no column is to be left out that could be used."""
        return self.features == ("all",)
