"""What an option stands for that is not given: each a function of the `Job`."""

import dataclasses

from lwnn.errors import UsageError
from lwnn.options.rules import TRIED, WEIGHED

#: The most rows that one step takes.
MOST_ROWS = 65_536
#: Training rows from which on a tenth more teaches little, and a second training takes long.
MANY_ROWS = 10_000
#: Factor on the goodness in each loss of Forward-Forward where it is a mean, so that all layers
#: are judged alike.
SHARPNESS = {"softplus": 20.0, "symba": 4.0, "swish": 6.0, "labels": 20.0}
#: Ways to read the net by rule, the default first.
READOUTS = {
    "ff": ("both", "goodness", "head"),
    "td": ("both", "goodness", "head"),
    "mf": ("sum", "last"),
}


@dataclasses.dataclass
class Job:
    """What a default may depend on: the rule, the training rows, and the settings before it.

    Rows are images where they are stored as bytes. `held` says whether a share of the rows is held
    out of them for validation.
    """

    rule: str
    rows: int
    inputs: int
    images: bool = False
    held: bool = False
    settings: dict = dataclasses.field(default_factory=dict)


def batch(job):
    if job.settings["optimizer"] == "gd":
        if job.rows > MOST_ROWS:
            raise UsageError(
                f"--optimizer gd takes all {job.rows:,} training rows at once; it is for "
                f"{MOST_ROWS:,} at most: use --optimizer sgd"
            )
        return job.rows
    return min(32 if job.rows < MANY_ROWS else 100, job.rows)


def _usual_epochs(batch, rows):
    """Passes over so many rows for about 3,000 updates."""
    return min(200, max(10, round(3000 * batch / rows)))


def table_epochs(batch, rows):
    """Passes over a table to tell classes: 75 where 12,000 updates allow it, more if it is small.

    Chosen on rows held out of tables of 3,000 to 20,000 rows.
    """
    return max(_usual_epochs(batch, rows), min(75, round(12_000 * batch / rows)))


def epochs(job):
    settings = job.settings
    table = not job.images and not settings.get("recurrent")
    long = table and settings["task"] == "classification" and job.rule in TRIED
    return (table_epochs if long else _usual_epochs)(settings.get("batch", 32), job.rows)


def rate(job):
    """By optimizer and number of inputs.

    Adam moves every weight by about the rate, so the sum that a unit reads by up to the rate
    times the number of inputs: 0.01 suits tables and 64 pixels, 0.001 suits 784. Rules whose
    inputs are divided by their root mean square do better with twice that. Forward-Forward learns
    small tables by heart at 0.01; 0.004 was better on rows held out of 34 of them.
    """
    if job.rule == "perceptron":
        return 1.0
    if job.settings["optimizer"] == "adam":
        twice = 2 if job.rule in ("ff", "mf", "td") else 1
        # States that feed back upon themselves take no larger steps.
        small = job.rule == "ff" and job.rows < MANY_ROWS and not job.images
        most = 0.003 if job.rule == "td" else 0.004 if small else 0.01
        rate = min(most, max(0.001, 0.64 / job.inputs) * twice)
        return float(f"{rate:.2g}")
    return _RATES[job.settings["optimizer"]]


_RATES = {
    "sgd": 0.1,
    "momentum": 0.02,
    "nesterov": 0.02,
    "adagrad": 0.05,
    "rmsprop": 0.002,
    "gd": 0.5,
}


def decay(job):
    """A tenth at a fall; or, epoch by epoch, down to a hundredth."""
    if job.settings["schedule"] == "step":
        return 0.1
    return float(f"{0.01 ** (1 / job.settings['epochs']):.3g}")


def decay_every(job):
    return max(1, job.settings["epochs"] // 3)


def cost(job):
    return "mse" if job.settings["task"] == "regression" else "cross-entropy"


def weights(job):
    return "he" if job.settings["activation"] in ("relu", "leaky-relu") else "lecun"


def l2(job):
    """Few rows are soon learnt by heart; the more there are, the less a penalty has to do.

    Chosen on rows held out of 34 tables of 50 to 560 training rows, with Adam's steps. Noisy ones
    want more: `decays_to_try`. Unsupervised layers on images: on MNIST's held-out rows.
    """
    settings = job.settings
    if job.rule == "un" and job.images and settings["optimizer"] == "adam":
        return 1.0
    table = not job.images and job.rows < MANY_ROWS and not settings.get("recurrent")
    classes = settings["task"] == "classification"
    if not (table and classes and settings["optimizer"] == "adam" and job.rule in WEIGHED):
        return None
    return float(f"{0.3 * min(1, 500 / job.rows):.2g}")


def head_epochs(job):
    return min(200, max(15, round(2000 * job.settings["batch"] / job.rows)))


def label_scale(inputs):
    """Loud enough to be heard among this many inputs of root mean square 1, and not to drown them.

    Chosen on 784 pixels, where 3 to 6 are best and 1 is too soft, and on tables of 4 to 64
    columns, where 1 is best and 3 too loud.
    """
    return float(f"{max(1, inputs**0.5 / 5):.3g}")


def embedding_scale(job):
    """What overwrites a pixel is as bright as a pixel can be."""
    return 1.0 if job.settings.get("embed") == "overwrite" else label_scale(job.inputs)


def level(job):
    """Images differ in how much ink they have; a column of a table says something by its size."""
    return "rows" if job.images else "none"


def schedule(job):
    """Mono-Forward ends colder on images; what is averaged is to go on moving."""
    if job.settings.get("average", 1) > 1:
        return "constant"
    return "cosine" if job.rule == "mf" and job.images else "cooldown"


def input_dropout(job):
    """Pixels say much the same as their neighbours; columns of a table do not."""
    return 0.2 if job.rule == "mf" and job.images else None


def sharpness(job):
    """A sum of squares is as sharp as Hinton has it: 1."""
    return 1.0 if job.settings["goodness"] == "sum" else SHARPNESS[job.settings["loss"]]


def readout(job):
    return READOUTS[job.rule][0]


def refit(job):
    """Where rows are few, those held out teach something; where they are many, time counts."""
    return "yes" if job.held and job.rows < MANY_ROWS else "no"


def patience(job):
    return max(10, job.settings["epochs"] // 3)
