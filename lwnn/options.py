"""Every option of training, declared once.

The Python API, the command line and its help, the checks, the defaults and the settings that a
model records all read the fields of `Options`; a new option is one field here and a keyword of
the rule that it belongs to.
"""

import dataclasses
import functools
import re
from typing import Any

from lwnn.errors import UsageError

ALGOS = ("ff", "bp", "wp", "mf", "perceptron")
#: Rules that an option makes of ``ff``, and how that is written.
FORMS = {"un": "--negatives hybrid", "td": "--top-down"}
RULES = (*ALGOS, *FORMS)
_DENSE = ("bp", "wp")
_MOST_ROWS = 65_536
#: Training rows from which on a tenth more teaches little, and a second training takes long.
MANY_ROWS = 10_000
#: Those whose layers each learn for themselves.
LOCAL = ("ff", "mf", *FORMS)
#: Those that follow a gradient; the perceptron rule takes one row at a time as it comes.
_GRADIENT = ("bp", "wp", *LOCAL)
#: Those that decay weights unasked on tables.
_WEIGHED = ("bp", "wp", "ff", "mf")
#: Those of them whose decay is chosen on validation rows, and the factors on it to choose from.
_TRIED, DECAYS = ("bp", "ff", "mf"), (1, 4)
#: Factor on the goodness in each loss of Forward-Forward where it is a mean, so that all layers
#: are judged alike.
SHARPNESS = {"softplus": 20.0, "symba": 4.0, "swish": 6.0, "labels": 20.0}


@dataclasses.dataclass(frozen=True)
class About:
    """What is known of an option beside its name.

    Attributes
    ----------
    kind : type or str
        ``int``, ``float``, ``str``, ``bool``, or ``"widths"``, ``"image"``, ``"weights"`` or
        ``"part"`` for what has a form of its own.
    help : str
        One sentence.
    panel : str
        The section of the help that it stands in.
    default : value or callable
        What None stands for; a callable gets the `Job`. None: nothing, the option stays unset.
    shown : str
        How the default is described, if not as the value itself.
    values : tuple of str, or dict of str to tuple of str
        What it may be, or what it may be by rule, the default first; empty: anything.
    span : tuple of float
        Smallest and largest value; empty: any.
    algos : tuple of str
        The rules, `FORMS` among them, that it means something to.
    needs : tuple
        Name and values of another option that this one goes with; empty: none. No values: it
        has to be given.
    bars : tuple
        Name and values of another option that this one does not go with; empty: none.
    flag : str
        Name on the command line and in the settings, if not that of the field.
    pattern, example : str
        The form of a text, as a regular expression and as people read it; empty: any.
    """

    kind: Any
    help: str
    panel: str
    default: Any = None
    shown: str = ""
    values: tuple | dict = ()
    span: tuple = ()
    algos: tuple = RULES
    needs: tuple = ()
    bars: tuple = ()
    flag: str = ""
    pattern: str = ""
    example: str = ""

    def allowed(self, algo):
        """What it may be with this rule; empty: anything."""
        return self.values.get(algo, ()) if isinstance(self.values, dict) else self.values


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


def _option(kind, text, panel, *, start=None, **more):
    return dataclasses.field(default=start, metadata={"about": About(kind, text, panel, **more)})


def _default_batch(job):
    if job.settings["optimizer"] == "gd":
        if job.rows > _MOST_ROWS:
            raise UsageError(
                f"--optimizer gd takes all {job.rows:,} training rows at once; it is for "
                f"{_MOST_ROWS:,} at most: use --optimizer sgd"
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


def _default_epochs(job):
    settings = job.settings
    table = not job.images and not settings.get("recurrent")
    long = table and settings["task"] == "classification" and job.rule in _TRIED
    return (table_epochs if long else _usual_epochs)(settings.get("batch", 32), job.rows)


def _default_rate(job):
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


def _default_decay(job):
    """A tenth at a fall; or, epoch by epoch, down to a hundredth."""
    if job.settings["schedule"] == "step":
        return 0.1
    return float(f"{0.01 ** (1 / job.settings['epochs']):.3g}")


def _default_decay_every(job):
    return max(1, job.settings["epochs"] // 3)


def _default_cost(job):
    return "mse" if job.settings["task"] == "regression" else "cross-entropy"


def _default_weights(job):
    return "he" if job.settings["activation"] in ("relu", "leaky-relu") else "lecun"


def _default_l2(job):
    """Few rows are soon learnt by heart; the more there are, the less a penalty has to do.

    Chosen on rows held out of 34 tables of 50 to 560 training rows, with Adam's steps. Noisy ones
    want more: `decays_to_try`. Unsupervised layers on images: on MNIST's held-out rows.
    """
    settings = job.settings
    if job.rule == "un" and job.images and settings["optimizer"] == "adam":
        return 1.0
    table = not job.images and job.rows < MANY_ROWS and not settings.get("recurrent")
    classes = settings["task"] == "classification"
    if not (table and classes and settings["optimizer"] == "adam" and job.rule in _WEIGHED):
        return None
    return float(f"{0.3 * min(1, 500 / job.rows):.2g}")


def _default_head_epochs(job):
    return min(200, max(15, round(2000 * job.settings["batch"] / job.rows)))


def label_scale(inputs):
    """Loud enough to be heard among this many inputs of root mean square 1, and not to drown them.

    Chosen on 784 pixels, where 3 to 6 are best and 1 is too soft, and on tables of 4 to 64
    columns, where 1 is best and 3 too loud.
    """
    return float(f"{max(1, inputs**0.5 / 5):.3g}")


def _default_label_scale(job):
    """What overwrites a pixel is as bright as a pixel can be."""
    return 1.0 if job.settings.get("embed") == "overwrite" else label_scale(job.inputs)


def _default_level(job):
    """Images differ in how much ink they have; a column of a table says something by its size."""
    return "rows" if job.images else "none"


def _default_schedule(job):
    """Mono-Forward ends colder on images; on tables it gains nothing by that."""
    return "cosine" if job.rule == "mf" and job.images else "cooldown"


def _default_input_dropout(job):
    """Pixels say much the same as their neighbours; columns of a table do not."""
    return 0.2 if job.rule == "mf" and job.images else None


def _default_sharpness(job):
    """A sum of squares is as sharp as Hinton has it: 1."""
    return 1.0 if job.settings["goodness"] == "sum" else SHARPNESS[job.settings["loss"]]


def _default_readout(job):
    return about("readout").allowed(job.rule)[0]


def _default_refit(job):
    """Where rows are few, those held out teach something; where they are many, time counts."""
    return "yes" if job.held and job.rows < MANY_ROWS else "no"


def _default_patience(job):
    return max(10, job.settings["epochs"] // 3)


@dataclasses.dataclass(frozen=True)
class Options:
    """How to train; None stands for the default, which may depend on the rule and the data."""

    algo: str = _option(str, "Learning rule.", "Net", start="ff", values=ALGOS)
    recurrent: bool = _option(
        bool,
        "Read a row as a sequence, step after step; hidden layers also read what they gave a step "
        "before.",
        "Net",
        start=False,
        default=False,
        algos=_DENSE,
    )
    timesteps: int | None = _option(
        int,
        "Steps of a sequence, where the file does not say.",
        "Net",
        span=(1, 65_536),
        algos=_DENSE,
        needs=("recurrent", ()),
    )
    hidden: tuple[int, ...] | None = _option(
        "widths",
        "Units per hidden layer, or none.",
        "Net",
        default=lambda job: (32,) if job.settings.get("recurrent") else (64,),
        shown="64, or 32 for recurrent nets",
        algos=_GRADIENT,
    )
    task: str | None = _option(
        str,
        "What to learn: the class of a row, or a number.",
        "Net",
        default="classification",
        values={
            **dict.fromkeys(RULES, ("classification",)),
            **dict.fromkeys(_DENSE, ("classification", "regression")),
        },
    )
    activation: str | None = _option(
        str,
        "Activation of the hidden layers.",
        "Net",
        default=lambda job: "tanh" if job.settings["recurrent"] else "relu",
        shown="relu, or tanh for recurrent nets",
        values=("relu", "leaky-relu", "sigmoid", "tanh", "linear", "step"),
        algos=_DENSE,
    )
    cost: str | None = _option(
        str,
        "What is minimised.",
        "Net",
        default=_default_cost,
        shown="cross-entropy, or mse for regression",
        values=("cross-entropy", "mse"),
        algos=_DENSE,
    )
    output_activation: str | None = _option(
        str,
        "Activation of the output layer: cross-entropy over softmax or sigmoid, mse over sigmoid "
        "or linear.",
        "Net",
        shown="softmax for cross-entropy, sigmoid for mse",
        values=("softmax", "sigmoid", "linear"),
        algos=_DENSE,
    )
    weights: str | None = _option(
        str,
        "How weights start.",
        "Net",
        default=_default_weights,
        shown="he for relu and leaky-relu, lecun for the others",
        values=("he", "lecun", "xavier", "normal"),
        algos=_DENSE,
        flag="init",
    )
    optimizer: str | None = _option(
        str,
        "How steps are taken; gd takes all rows at once.",
        "Training",
        default="adam",
        values=("adam", "momentum", "nesterov", "rmsprop", "adagrad", "sgd", "gd"),
        algos=_GRADIENT,
    )
    momentum: float | None = _option(
        float,
        "Share of the last step that is kept.",
        "Training",
        default=0.9,
        needs=("optimizer", ("momentum", "nesterov")),
        algos=_GRADIENT,
    )
    batch: int | None = _option(
        int,
        "Rows per update.",
        "Training",
        default=_default_batch,
        shown="32, or 100 from 10,000 training rows on",
        span=(1, _MOST_ROWS),
        algos=_GRADIENT,
        bars=("optimizer", ("gd",)),
    )
    epochs: int | None = _option(
        int,
        "Passes over the rows, at most.",
        "Training",
        default=_default_epochs,
        shown="about 3,000 updates, 10 to 200 epochs; for classes in larger tables up to 75 epochs "
        "or 12,000 updates",
        span=(1, 1_000_000),
    )
    rate: float | None = _option(
        float,
        "Learning rate.",
        "Training",
        default=_default_rate,
        shown="by rule, optimizer, rows and inputs",
        span=(1e-12, 1e6),
        flag="lr",
    )
    patience: int | None = _option(
        int,
        "Stop after so many epochs without one as good as the best.",
        "Training",
        default=_default_patience,
        shown="a third of the epochs, at least 10",
        span=(1, 1_000_000),
    )
    schedule: str | None = _option(
        str,
        "How the rate falls over the epochs.",
        "Schedule",
        default=_default_schedule,
        shown="cosine for mf on bytes, else cooldown",
        values=("cooldown", "constant", "step", "exponential", "cosine"),
    )
    decay: float | None = _option(
        float,
        "Factor of the rate at each fall (step) or in each epoch (exponential).",
        "Schedule",
        default=_default_decay,
        shown="0.1 for step; exponential ends at a hundredth",
        span=(1e-6, 1),
        needs=("schedule", ("step", "exponential")),
    )
    decay_every: int | None = _option(
        int,
        "Epochs between two falls.",
        "Schedule",
        default=_default_decay_every,
        shown="a third of the epochs",
        span=(1, 1_000_000),
        needs=("schedule", ("step",)),
    )
    warmup: int | None = _option(
        int,
        "Epochs in which the rate rises to its full height.",
        "Schedule",
        span=(0, 1_000_000),
    )
    l1: float | None = _option(
        float,
        "Penalty on the weights' magnitudes: draws small ones to 0.",
        "Penalties and noise",
        span=(0, 1e3),
        algos=_GRADIENT,
    )
    l2: float | None = _option(
        float,
        "Penalty on the weights' squares: weight decay.",
        "Penalties and noise",
        default=_default_l2,
        shown="0.3 up to 500 rows of a table, less for more, for bp, ff and mf four times that "
        "where validation rows say so; none from 10,000, for numbers, recurrent nets or without "
        "adam; 1 for layers without labels on bytes",
        span=(0, 1e3),
        algos=_GRADIENT,
    )
    clip_gradient: float | None = _option(
        float,
        "Bound of each component of the gradient.",
        "Penalties and noise",
        span=(1e-12, 1e12),
        algos=_GRADIENT,
    )
    gradient_noise: float | None = _option(
        float,
        "Variance of noise on the gradient in the first step.",
        "Penalties and noise",
        span=(0, 1e6),
        algos=_GRADIENT,
    )
    noise_decay: float | None = _option(
        float,
        "Power of 1/(1 + step) by which that variance falls.",
        "Penalties and noise",
        default=0.55,
        span=(0, 10),
        needs=("gradient_noise", ()),
        algos=_GRADIENT,
    )
    weight_noise: float | None = _option(
        float,
        "Standard deviation of noise on the weights, anew in every mini-batch.",
        "Penalties and noise",
        span=(0, 1e3),
        algos=_GRADIENT,
    )
    input_noise: float | None = _option(
        float,
        "Standard deviation of noise on the scaled inputs, anew in every mini-batch.",
        "Penalties and noise",
        span=(0, 1e3),
        algos=_GRADIENT,
    )
    dropout: float | None = _option(
        float,
        "Share of the hidden units that are silent, anew for every row.",
        "Penalties and noise",
        span=(0, 0.99),
        algos=("bp", "ff", "mf"),
        bars=("recurrent", (True,)),
    )
    label_smoothing: float | None = _option(
        float,
        "Share of every target that is spread over all classes.",
        "Penalties and noise",
        span=(0, 0.99),
        algos=_DENSE,
        bars=("task", ("regression",)),
    )
    class_weight: str | dict[str, float] | None = _option(
        "weights",
        "How much a row of a class counts: balanced, so that all classes count alike, or a number "
        "for some, such as yes=5,no=1; others count 1.",
        "Rows",
        bars=("task", ("regression",)),
    )
    loss: str | None = _option(
        str,
        "What a layer minimises: goodness against a threshold, that of a right and a wrong label "
        "against each other (two forms), or cross-entropy over that of all labels.",
        "Forward-Forward",
        default="swish",
        values=("softplus", "symba", "swish", "labels"),
        algos=("ff",),
    )
    goodness: str | None = _option(
        str,
        "Goodness of a layer: mean or sum of its squared outputs, or mean of its outputs.",
        "Forward-Forward",
        default="mean",
        values=("mean", "sum", "absolute"),
        algos=("ff",),
    )
    threshold: float | None = _option(
        float,
        "Goodness that separates right labels from wrong ones, as a multiple of that of a layer "
        "whose outputs have a root mean square of 1.",
        "Forward-Forward",
        default=1.0,
        span=(1e-6, 1e6),
        algos=("ff",),
        needs=("loss", ("softplus",)),
    )
    sharpness: float | None = _option(
        float,
        "Factor on the goodness in the loss.",
        "Forward-Forward",
        default=_default_sharpness,
        shown="1 for a sum, else 20, 4, 6 or 20 by loss",
        span=(1e-6, 1e6),
        algos=("ff",),
    )
    negatives: str | None = _option(
        str,
        "What to learn against: wrong labels, all alike or as the head takes them for right; or, "
        "without labels, hybrids of two rows.",
        "Forward-Forward",
        default=lambda job: "hybrid" if job.rule == "un" else "hard",
        shown="hard",
        values={"ff": ("random", "hard"), "un": ("hybrid",)},
        algos=("ff", "un"),
        needs=("loss", ("softplus", "symba", "swish")),
    )
    embed: str | None = _option(
        str,
        "Where the label stands that the net reads: in inputs of its own, or in place of the "
        "first pixels.",
        "Forward-Forward",
        default="append",
        values=("append", "overwrite"),
        algos=("ff",),
    )
    label_scale: float | None = _option(
        float,
        "Value of the label's one hot input.",
        "Forward-Forward",
        default=_default_label_scale,
        shown="1, or more for over 25 inputs",
        span=(1e-6, 1e6),
        algos=("ff", "td"),
    )
    level: str | None = _option(
        str,
        "What is brought to a root mean square of 1 before layer 1: each row, or none.",
        "Training",
        default=_default_level,
        shown="rows for bytes, else none",
        values=("rows", "none"),
        algos=LOCAL,
    )
    peer: float | None = _option(
        float,
        "Strength with which units are kept from falling silent or drowning the others.",
        "Forward-Forward",
        default=0.0,
        span=(0, 1e3),
        algos=("ff",),
    )
    head_rate: float | None = _option(
        float,
        "Learning rate of the head.",
        "Forward-Forward",
        shown="that of the layers",
        span=(1e-12, 1e6),
        algos=("ff",),
        flag="head-lr",
    )
    head_layers: str | None = _option(
        str,
        "Hidden layers that the head reads: all, or all but the first.",
        "Forward-Forward",
        default="all",
        values=("all", "later"),
        algos=("ff",),
    )
    greedy: bool = _option(
        bool,
        "Train layer after layer, sharing out the epochs.",
        "Forward-Forward",
        start=False,
        default=False,
        algos=("ff",),
    )
    readout: str | None = _option(
        str,
        "How the net is read. ff: goodness of every label in turn, the head's one pass, or both "
        "averaged; mf: the sum of all layers' heads, or the last one.",
        "Forward-Forward",
        default=_default_readout,
        shown="both, sum for mf",
        values={
            "ff": ("both", "goodness", "head"),
            "td": ("both", "goodness", "head"),
            "mf": ("sum", "last"),
        },
        algos=("ff", "td", "mf"),
    )
    top_down: bool = _option(
        bool,
        "Let each layer read the one above as well, a step later; above the top stands the label.",
        "Forward-Forward",
        start=False,
        default=True,
        shown="False",
        algos=("td",),
    )
    head_epochs: int | None = _option(
        int,
        "Passes over the rows for the softmax that follows layers trained without labels.",
        "Forward-Forward",
        default=_default_head_epochs,
        shown="about 2,000 updates, 15 to 200 epochs",
        span=(1, 1_000_000),
        algos=("un",),
    )
    perturb: str | None = _option(
        str,
        "What is moved at a time: a weight, a unit's input, all weights into a unit, or all.",
        "Weight perturbation",
        default="weight",
        values=("weight", "node", "fan-in", "simultaneous"),
        algos=("wp",),
    )
    delta: float | None = _option(
        float,
        "How far a weight, or a unit's input, is moved.",
        "Weight perturbation",
        default=lambda job: 1e-2 if job.settings["perturb"] == "simultaneous" else 1e-3,
        shown="0.001, or 0.01 for simultaneous",
        algos=("wp",),
    )
    differences: str | None = _option(
        str,
        "Cost after minus before, or on both sides.",
        "Weight perturbation",
        default=lambda job: "central" if job.settings["perturb"] == "simultaneous" else "forward",
        shown="forward, or central for simultaneous",
        values=("forward", "central"),
        algos=("wp",),
    )
    repeats: int | None = _option(
        int,
        "Draws of random signs that are averaged.",
        "Weight perturbation",
        default=1,
        span=(1, 100_000),
        algos=("wp",),
        needs=("perturb", ("fan-in", "simultaneous")),
        flag="draws",
    )
    augment: str | None = _option(
        str,
        "Train on images moved by up to N pixels, anew in every epoch, such as shift:2.",
        "Rows",
        pattern=r"shift:[1-9][0-9]{0,3}",
        example="shift:2",
    )
    image: tuple[int, int] | None = _option(
        "image",
        "Height and width of the images, where the file does not say, such as 8x8.",
        "Rows",
    )
    input_dropout: float | None = _option(
        float,
        "Share of a row's inputs that are silent, anew in every epoch.",
        "Rows",
        default=_default_input_dropout,
        shown="0.2 for mf on bytes, else none",
        span=(0, 0.95),
        algos=_GRADIENT,
    )
    val: Any = _option("part", "Validation rows: a share, or a file.", "Rows", start=0.1)
    refit: str | None = _option(
        str,
        "When the best epoch is known, train anew for as many on training and validation rows.",
        "Rows",
        default=_default_refit,
        shown="yes below 10,000 training rows where --val is a share",
        values=("yes", "no"),
    )
    test: Any = _option("part", "Test rows: a share, or a file.", "Rows", start=0.2)
    seed: int = _option(
        int, "Same seed, same model.", "Training", start=0, default=0, span=(0, 2**63 - 1)
    )
    threads: int | None = _option(
        int,
        "Cores to use; changes no result.",
        "Training",
        shown="all for large nets, one for small ones",
        span=(1, 1024),
    )


def about(name):
    """What is declared of an option."""
    return next(told for field, told in declared() if field == name)


# Every start of the program asks for it some hundred times.
@functools.cache
def declared():
    """Name and `About` of every option, in order."""
    return tuple((field.name, field.metadata["about"]) for field in dataclasses.fields(Options))


def flag(name):
    """Name of an option on the command line, without the dashes."""
    return about(name).flag or name.replace("_", "-")


def key(name):
    """Name of an option among the settings that a model records."""
    return flag(name).replace("-", "_")


def help_text(name, rules=()):
    """What an option is, what it may be, which rules it is for, and its default.

    With `rules`, what it is to these, without naming any.
    """
    told, start = about(name), getattr(Options, name)
    default = told.shown or str(told.default if start is None else start)
    known = all_values(told, rules)
    values = f"One of {', '.join(known)}." if known else ""
    fitting = ", ".join(map(_spelt, _rules(name, told)))
    named = "" if rules or told.algos == RULES else f"For {fitting}."
    shown = f"[default: {default}]" if default not in ("None", "False") else ""
    return " ".join(part for part in (told.help, values, named, shown) if part)


def rule_of(options):
    """The rule that the options ask for: one of `RULES`."""
    if options.algo == "ff" and options.top_down:
        return "td"
    if options.algo == "ff" and options.negatives == "hybrid":
        return "un"
    return options.algo


def _spelt(rule):
    """A rule as help and settings name it."""
    return FORMS.get(rule, rule)


def all_values(told, rules=()):
    """What an option may be, to these rules or to any; empty: anything."""
    if isinstance(told.values, dict):
        values = (value for rule in rules or told.values for value in told.allowed(rule))
        return list(dict.fromkeys(values))
    return told.values


def check(options):
    """Refuse what cannot be meant, naming the option as the command line does.

    Raises
    ------
    UsageError
    """
    rule = rule_of(options)
    for name, told in declared():
        value = getattr(options, name)
        if value is None or value is False:
            continue
        if rule in RULES and rule not in told.algos:
            fitting = " or ".join(map(_asked, _plain(_rules(name, told))))
            raise UsageError(f"--{flag(name)} goes with {fitting}, not with {_asked(rule)}")
        check_value(name, value, rule)
        if told.needs and not _fits(told.needs, _given(options, told.needs[0])):
            fitting = " or ".join(map(str, told.needs[1]))
            raise UsageError(f"--{flag(name)} goes with --{flag(told.needs[0])} {fitting}".rstrip())
        if told.bars and _given(options, told.bars[0]) in told.bars[1]:
            barred = _given(options, told.bars[0])
            other = f"--{flag(told.bars[0])}" + (f" {barred}" if barred is not True else "")
            raise UsageError(f"--{flag(name)} does not go with {other}")


def _rules(name, told):
    """The rules that an option is for; what makes a form of ``ff`` is for ``ff``."""
    rules = ("ff" if f"--{flag(name)}" in FORMS.get(rule, "") else rule for rule in told.algos)
    return list(dict.fromkeys(rules))


def _plain(rules):
    """Without the forms of ``ff`` where that is among them."""
    return [rule for rule in rules if rule not in FORMS] if "ff" in rules else rules


def _asked(rule):
    """How a rule is asked for on the command line."""
    return FORMS.get(rule, f"--algo {rule}")


def _given(options, name):
    value = getattr(options, name)
    return about(name).default if value is None else value


def _fits(needs, value):
    """Whether the option that is needed has one of its values, or any that means something."""
    return value in needs[1] if needs[1] else bool(value)


def check_value(name, value, algo):
    """Refuse a value that this option never takes with this rule.

    Raises
    ------
    UsageError
    """
    told = about(name)
    allowed = told.allowed(algo)
    if told.pattern and not re.fullmatch(told.pattern, value):
        raise UsageError(f"--{flag(name)} {value}: expected such as {told.example}")
    if allowed and value not in allowed:
        # With another value of this very option ff may be another rule.
        known = [*allowed, *(other for form in FORMS for other in told.allowed(form))]
        known = ", ".join(dict.fromkeys(known if algo in ("ff", *FORMS) else allowed))
        raise UsageError(f"unknown --{flag(name)} {value!r}; choose from {known}")
    if told.span and not told.span[0] <= value <= told.span[1]:
        least, most = told.span
        raise UsageError(f"--{flag(name)} {value:g}; expected {least:g} to {most:g}")


def resolve(options, rows, inputs, images=False):
    """The settings to train with, defaults filled in, as the command line names them.

    Parameters
    ----------
    options : Options
    rows, inputs : int
        Training rows and their features.
    images : bool
        Whether the rows are stored as bytes.

    Returns
    -------
    dict
        Those that mean something to the rule; where the rows come from and threads left out.
    """
    held = isinstance(options.val, int | float) and options.val > 0
    job = Job(rule_of(options), rows, inputs, images, held)
    for name, told in declared():
        if told.kind == "part" or name == "threads" or job.rule not in told.algos:
            continue
        if not _has_needed(told, job):
            continue
        value = getattr(options, name)
        if value is None or (told.kind is bool and not value):
            value = told.default(job) if callable(told.default) else told.default
        if name == "batch":
            value = min(value, rows)
        if value is not None:
            job.settings[key(name)] = list(value) if told.kind in ("widths", "image") else value
    return job.settings


def _has_needed(told, job):
    """Whether the option that this one goes with, if the rule has it, is set as it must be."""
    if not told.needs or job.rule not in about(told.needs[0]).algos:
        return True
    return _fits(told.needs, job.settings.get(key(told.needs[0])))


def decays_to_try(options, settings):
    """Weight decays that validation rows are to choose from; none where there is no choice.

    Where luck has a say in the classes, four times as much is better, and elsewhere worse; only a
    trial can tell. Perturbation takes too long for one.
    """
    if options.l2 is not None or "l2" not in settings or rule_of(options) not in _TRIED:
        return ()
    return tuple(float(f"{factor * settings['l2']:.2g}") for factor in DECAYS)


def _describe():
    """The parameters of `Options` for its docstring."""
    lines = ["", "", "Parameters", "----------"]
    for field in dataclasses.fields(Options):
        kind = field.metadata["about"].kind
        lines.append(f"{field.name} : {_KINDS.get(kind) or kind.__name__}")
        lines.append(f"    {help_text(field.name)}")
    return "\n".join(lines)


_KINDS = {
    "widths": "tuple of int",
    "image": "tuple of (int, int)",
    "part": "float or Dataset",
    "weights": "'balanced' or dict of str to float",
}
Options.__doc__ += _describe()
