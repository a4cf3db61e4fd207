"""The rows of the table: one small recipe each."""

import dataclasses

_MNIST_SEEDS = (0, 1, 2)


@dataclasses.dataclass(frozen=True)
class Row:
    """A recipe.

    Parameters
    ----------
    name : str
        As ``--row`` takes it.
    what : str
        As the table describes it.
    options : dict
        Fields of `lwnn.Options`; what is left out takes its default.
    data : {'mnist', 'letter', 'digits'}
    target : float, optional
        Largest mean test error in percent that counts as reached.
    seeds : tuple of int
        One where a run takes over twenty minutes, else three or more.
    peer : str
        Row whose error this one must not exceed, if any.
    """

    name: str
    what: str
    options: dict
    data: str = "mnist"
    target: float | None = None
    seeds: tuple[int, ...] = _MNIST_SEEDS
    peer: str = ""


def _small(hidden):
    """Forward-Forward and backprop on a net for small devices, printed side by side."""
    shape = {"hidden": (hidden,), "epochs": 10}
    return (
        Row(f"small-{hidden}-ff", f"FF default, 784-{hidden}, 10 epochs", {"algo": "ff", **shape}),
        Row(f"small-{hidden}-bp", f"backprop, 784-{hidden}, 10 epochs", {"algo": "bp", **shape}),
    )


#: The author's own program, with sum of squares and threshold at the layer's width. Its slopes lack
#: the factor 2 of the derivative of a square, and its momentum keeps 0.9 of the velocity and adds
#: 0.1 of the gradient: a rate of 0.01 there is 0.0005 here (0.1 of the head is 0.01), and its decay
#: of 0.001 is 0.02.
_HINTON = {
    "algo": "ff",
    "hidden": (1000, 1000, 1000),
    "loss": "softplus",
    "goodness": "sum",
    "negatives": "hard",
    "peer": 0.03,
    "embed": "overwrite",
    "head_layers": "later",
    "batch": 100,
    "epochs": 100,
    "optimizer": "momentum",
    "rate": 0.0005,
    "head_rate": 0.01,
    "l2": 0.02,
    "readout": "goodness",
}
_TWO = {"hidden": (500, 500), "epochs": 10}
_TEXTBOOK = {
    "algo": "bp",
    "hidden": (30,),
    "activation": "sigmoid",
    "cost": "mse",
    "weights": "normal",
    "optimizer": "sgd",
    "rate": 3.0,
    "batch": 10,
    "epochs": 30,
    "schedule": "constant",
}

ROWS = {
    row.name: row
    for row in (
        Row(
            "ff",
            "FF default, 784-500-500, 10 epochs",
            {"algo": "ff", **_TWO},
            target=1.40,
            peer="bp",
        ),
        Row("bp", "backprop, 784-500-500, 10 epochs", {"algo": "bp", **_TWO}),
        # Nielsen 2015, chapter 1: about 95 % right.
        Row(
            "textbook", "sigmoid units and squared error, 784-30, 30 epochs", _TEXTBOOK, target=5.5
        ),
        Row(
            "mf",
            "Mono-Forward default, 784-500-500, 10 epochs",
            {"algo": "mf", **_TWO},
            target=1.40,
        ),
        Row(
            "ff-best",
            "FF, 784-1000-1000, a fifth of the pixels silent, 20 epochs",
            {"algo": "ff", "hidden": (1000, 1000), "epochs": 20, "input_dropout": 0.2},
            target=1.20,
        ),
        Row("hinton", "Hinton's recipe, 3 x 1000, 100 epochs", _HINTON, target=1.45, seeds=(0,)),
        Row(
            "ff-jitter",
            "FF, 784-1500-1500, moved by up to 2 pixels, dropout 0.2, mean of weights, 150 epochs",
            {
                **{"algo": "ff", "hidden": (1500, 1500), "epochs": 150, "rate": 0.0007},
                **{"augment": "shift:2", "dropout": 0.2, "average": 20},
            },
            target=0.75,
            seeds=(0,),
        ),
        Row(
            "unsupervised",
            "unsupervised, hybrid negatives, 784-3x1500, 20 epochs, linear head",
            {
                **{"algo": "ff", "negatives": "hybrid", "hidden": (1500, 1500, 1500)},
                **{"epochs": 20, "head_epochs": 12},
            },
            target=1.50,
        ),
        Row(
            "top-down",
            "recurrent, top-down FF, 784-800-300, a fifth of the pixels silent, decay, 24 epochs",
            {
                **{"algo": "ff", "top_down": True, "hidden": (800, 300), "epochs": 24},
                **{"rate": 0.001, "input_dropout": 0.2, "l2": 0.1},
            },
            target=1.50,
        ),
        *_small(32),
        *_small(64),
        Row(
            "small-32-wp",
            "weight perturbation, 784-32, 10 epochs",
            {"algo": "wp", "hidden": (32,), "epochs": 10},
        ),
        Row("digits", "FF default, digits", {"algo": "ff"}, "digits", target=2.5),
        Row(
            "letter",
            "FF, letter-recognition, 64-64",
            {"algo": "ff", "hidden": (64, 64), "epochs": 40},
            "letter",
            target=10.0,
        ),
    )
}
