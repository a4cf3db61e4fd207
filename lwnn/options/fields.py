"""Every option of training, declared once.

The Python API, the command line and its help, the checks, the defaults and the settings that a
model records all read the fields of `Options`; a new option is one field here and a keyword of
the rule that it belongs to.
"""

import dataclasses
import functools
from typing import Any

from lwnn.options import defaults
from lwnn.options.rules import ALGOS, DENSE, FORMS, GRADIENT, LOCAL, RULES


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


def _option(kind, text, panel, *, start=None, **more):
    return dataclasses.field(default=start, metadata={"about": About(kind, text, panel, **more)})


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
        algos=DENSE,
    )
    timesteps: int | None = _option(
        int,
        "Steps of a sequence, where the file does not say.",
        "Net",
        span=(1, 65_536),
        algos=DENSE,
        needs=("recurrent", ()),
    )
    hidden: tuple[int, ...] | None = _option(
        "widths",
        "Units per hidden layer, or none.",
        "Net",
        default=lambda job: (32,) if job.settings.get("recurrent") else (64,),
        shown="64, or 32 for recurrent nets",
        algos=GRADIENT,
    )
    task: str | None = _option(
        str,
        "What to learn: the class of a row, or a number.",
        "Net",
        default="classification",
        values={
            **dict.fromkeys(RULES, ("classification",)),
            **dict.fromkeys(DENSE, ("classification", "regression")),
        },
    )
    activation: str | None = _option(
        str,
        "Activation of the hidden layers.",
        "Net",
        default=lambda job: "tanh" if job.settings["recurrent"] else "relu",
        shown="relu, or tanh for recurrent nets",
        values=("relu", "leaky-relu", "sigmoid", "tanh", "linear", "step"),
        algos=DENSE,
    )
    cost: str | None = _option(
        str,
        "What is minimised.",
        "Net",
        default=defaults.cost,
        shown="cross-entropy, or mse for regression",
        values=("cross-entropy", "mse"),
        algos=DENSE,
    )
    output_activation: str | None = _option(
        str,
        "Activation of the output layer: cross-entropy over softmax or sigmoid, mse over sigmoid "
        "or linear.",
        "Net",
        shown="softmax for cross-entropy, sigmoid for mse",
        values=("softmax", "sigmoid", "linear"),
        algos=DENSE,
    )
    weights: str | None = _option(
        str,
        "How weights start.",
        "Net",
        default=defaults.weights,
        shown="he for relu and leaky-relu, lecun for the others",
        values=("he", "lecun", "xavier", "normal"),
        algos=DENSE,
        flag="init",
    )
    optimizer: str | None = _option(
        str,
        "How steps are taken; gd takes all rows at once.",
        "Training",
        default="adam",
        values=("adam", "momentum", "nesterov", "rmsprop", "adagrad", "sgd", "gd"),
        algos=GRADIENT,
    )
    momentum: float | None = _option(
        float,
        "Share of the last step that is kept.",
        "Training",
        default=0.9,
        needs=("optimizer", ("momentum", "nesterov")),
        algos=GRADIENT,
    )
    batch: int | None = _option(
        int,
        "Rows per update.",
        "Training",
        default=defaults.batch,
        shown="32, or 100 from 10,000 training rows on",
        span=(1, defaults.MOST_ROWS),
        algos=GRADIENT,
        bars=("optimizer", ("gd",)),
    )
    epochs: int | None = _option(
        int,
        "Passes over the rows, at most.",
        "Training",
        default=defaults.epochs,
        shown="about 3,000 updates, 10 to 200 epochs; for classes in larger tables up to 75 epochs "
        "or 12,000 updates",
        span=(1, 1_000_000),
    )
    rate: float | None = _option(
        float,
        "Learning rate.",
        "Training",
        default=defaults.rate,
        shown="by rule, optimizer, rows and inputs",
        span=(1e-12, 1e6),
        flag="lr",
    )
    patience: int | None = _option(
        int,
        "Stop after so many epochs without one as good as the best.",
        "Training",
        default=defaults.patience,
        shown="a third of the epochs, at least 10",
        span=(1, 1_000_000),
    )
    average: int | None = _option(
        int,
        "Epochs over which weights are averaged; the net is judged and kept by the mean.",
        "Schedule",
        span=(1, 1_000_000),
    )
    schedule: str | None = _option(
        str,
        "How the rate falls over the epochs.",
        "Schedule",
        default=defaults.schedule,
        shown="constant with --average, cosine for mf on bytes, else cooldown",
        values=("cooldown", "constant", "step", "exponential", "cosine"),
    )
    decay: float | None = _option(
        float,
        "Factor of the rate at each fall (step) or in each epoch (exponential).",
        "Schedule",
        default=defaults.decay,
        shown="0.1 for step; exponential ends at a hundredth",
        span=(1e-6, 1),
        needs=("schedule", ("step", "exponential")),
    )
    decay_every: int | None = _option(
        int,
        "Epochs between two falls.",
        "Schedule",
        default=defaults.decay_every,
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
        algos=GRADIENT,
    )
    l2: float | None = _option(
        float,
        "Penalty on the weights' squares: weight decay.",
        "Penalties and noise",
        default=defaults.l2,
        shown="0.3 up to 500 rows of a table, less for more, for bp, ff and mf four times that "
        "where validation rows say so; none from 10,000, for numbers, recurrent nets or without "
        "adam; 1 for layers without labels on bytes",
        span=(0, 1e3),
        algos=GRADIENT,
    )
    clip_gradient: float | None = _option(
        float,
        "Bound of each component of the gradient.",
        "Penalties and noise",
        span=(1e-12, 1e12),
        algos=GRADIENT,
    )
    gradient_noise: float | None = _option(
        float,
        "Variance of noise on the gradient in the first step.",
        "Penalties and noise",
        span=(0, 1e6),
        algos=GRADIENT,
    )
    noise_decay: float | None = _option(
        float,
        "Power of 1/(1 + step) by which that variance falls.",
        "Penalties and noise",
        default=0.55,
        span=(0, 10),
        needs=("gradient_noise", ()),
        algos=GRADIENT,
    )
    weight_noise: float | None = _option(
        float,
        "Standard deviation of noise on the weights, anew in every mini-batch.",
        "Penalties and noise",
        span=(0, 1e3),
        algos=GRADIENT,
    )
    input_noise: float | None = _option(
        float,
        "Standard deviation of noise on the scaled inputs, anew in every mini-batch.",
        "Penalties and noise",
        span=(0, 1e3),
        algos=GRADIENT,
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
        algos=DENSE,
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
        default=defaults.sharpness,
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
        default=defaults.embedding_scale,
        shown="1, or more for over 25 inputs",
        span=(1e-6, 1e6),
        algos=("ff", "td"),
    )
    level: str | None = _option(
        str,
        "What is brought to a root mean square of 1 before layer 1: each row, or none.",
        "Training",
        default=defaults.level,
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
        default=defaults.readout,
        shown="both, sum for mf",
        values=defaults.READOUTS,
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
        default=defaults.head_epochs,
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
        default=defaults.input_dropout,
        shown="0.2 for mf on bytes, else none",
        span=(0, 0.95),
        algos=GRADIENT,
    )
    val: Any = _option("part", "Validation rows: a share, or a file.", "Rows", start=0.1)
    refit: str | None = _option(
        str,
        "When the best epoch is known, train anew for as many on training and validation rows.",
        "Rows",
        default=defaults.refit,
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
    fitting = ", ".join(map(_spelt, rules_for(name, told)))
    named = "" if rules or told.algos == RULES else f"For {fitting}."
    shown = f"[default: {default}]" if default not in ("None", "False") else ""
    return " ".join(part for part in (told.help, values, named, shown) if part)


def _spelt(rule):
    """A rule as help and settings name it."""
    return FORMS.get(rule, rule)


def all_values(told, rules=()):
    """What an option may be, to these rules or to any; empty: anything."""
    if isinstance(told.values, dict):
        values = (value for rule in rules or told.values for value in told.allowed(rule))
        return list(dict.fromkeys(values))
    return told.values


def fits(needs, value):
    """Whether the option that is needed has one of its values, or any that means something."""
    return value in needs[1] if needs[1] else bool(value)


def rules_for(name, told):
    """The rules that an option is for; what makes a form of ``ff`` is for ``ff``."""
    rules = ("ff" if f"--{flag(name)}" in FORMS.get(rule, "") else rule for rule in told.algos)
    return list(dict.fromkeys(rules))


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
