"""What a row is beside a list of numbers: an image, or a sequence of steps."""

import math

from lwnn.errors import UsageError

#: What a column may be left out for without being asked, though it may be part of a step.
_LEFT_OUT = ("constant", "identifier", "dates", "text", "empty")


def image_shape(dataset, options):
    """Height and width of the rows, as the options say, or else the file; None if neither does.

    Raises
    ------
    UsageError
        When the options name a shape that the rows do not have.
    """
    inputs = dataset.x.shape[1]
    shape = options.image or dataset.image_shape
    if options.image and math.prod(shape) != inputs:
        size = "x".join(map(str, shape))
        raise UsageError(f"--image {size}: that is {math.prod(shape):,} pixels, not {inputs:,}")
    return tuple(shape) if shape else None


def time_steps(dataset, options):
    """Steps of a row, as the options say, or else the file; 1 if the net is not recurrent.

    Raises
    ------
    UsageError
        When neither says, or the features cannot be shared out over so many steps.
    """
    if not options.recurrent:
        return 1
    inputs, shape = dataset.x.shape[1], image_shape(dataset, options)
    _check_sequences(dataset)
    steps = options.timesteps or (shape[0] if shape else None)
    if steps is None:
        raise UsageError(
            f"{dataset.source} does not say how many time steps a row has; add --timesteps T, by "
            f"which its {inputs:,} features can be divided"
        )
    if inputs % steps:
        raise UsageError(
            f"--timesteps {steps:,}: the {inputs:,} features of {dataset.source} cannot be divided "
            "by it"
        )
    return steps


def _check_sequences(dataset):
    """Refuse a table whose columns are not the same numbers at every step."""
    for column in dataset.found:
        if not column.used and column.kind in _LEFT_OUT:
            raise UsageError(
                f"{dataset.source}: column {column.name} is left out ({column.kind}), so that not "
                "every step has the same columns; use features=('all',), or drop the column from "
                "all steps"
            )
    recipe = dataset.recipe
    if recipe is None or recipe.plain:
        return
    if any(column.indicator for column in recipe.columns):
        raise UsageError(
            f"{dataset.source} has values missing, and a column that says so is in the way of "
            "--recurrent; add --missing mean"
        )
    raise UsageError(
        f"{dataset.source} has columns of words, but --recurrent reads the same numbers at every "
        "step; give a file of numbers"
    )
