"""Every option of training, declared once.

The Python API, the command line and its help, the checks, the defaults and the settings that a
model records all read the fields of `Options`; a new option is one field here and a keyword of
the rule that it belongs to.
"""

import dataclasses
import re
from typing import Any

from lwnn.errors import UsageError

ALGOS = ("ff", "bp", "wp", "mf")
#: Rules that an option makes of ``ff``, and how that is written.
FORMS = {"un": "--negatives hybrid"}
RULES = (*ALGOS, *FORMS)
_DENSE = ("bp", "wp")


@dataclasses.dataclass(frozen=True)
class About:
    """What is known of an option beside its name.

    Attributes
    ----------
    kind : type or str
        ``int``, ``float``, ``str``, ``bool``, or ``"widths"``, ``"image"`` or ``"part"`` for
        what has a form of its own.
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
        Name and values of another option that this one goes with; empty: none.
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
    flag: str = ""
    pattern: str = ""
    example: str = ""

    def allowed(self, algo):
        """What it may be with this rule; empty: anything."""
        return self.values.get(algo, ()) if isinstance(self.values, dict) else self.values


@dataclasses.dataclass
class Job:
    """What a default may depend on: the rule, the training rows, and the settings before it."""

    rule: str
    rows: int
    inputs: int
    settings: dict = dataclasses.field(default_factory=dict)


def _option(kind, text, panel, *, start=None, **more):
    return dataclasses.field(default=start, metadata={"about": About(kind, text, panel, **more)})


def _default_batch(job):
    return min(32 if job.rows < 10_000 else 64, job.rows)


def _default_epochs(job):
    return min(200, max(10, round(3000 * job.settings["batch"] / job.rows)))


def _default_rate(job):
    """By optimizer and number of inputs.

    Adam moves every weight by about the rate, so the sum that a unit reads by up to the rate
    times the number of inputs: 0.01 suits tables and 64 pixels, 0.001 suits 784. Mono-Forward,
    whose inputs are divided by their root mean square, does better with twice that.
    """
    if job.settings["optimizer"] == "adam":
        rate = min(0.01, max(0.001, 0.64 / job.inputs) * (2 if job.rule == "mf" else 1))
        return float(f"{rate:.2g}")
    return 0.1 if job.settings["optimizer"] == "sgd" else 0.02


def _default_readout(job):
    return about("readout").allowed(job.rule)[0]


def _default_head_epochs(job):
    return min(200, max(15, round(2000 * job.settings["batch"] / job.rows)))


def _default_patience(job):
    return max(10, job.settings["epochs"] // 3)


@dataclasses.dataclass(frozen=True)
class Options:
    """How to train; None stands for the default, which may depend on the rule and the data."""

    algo: str = _option(str, "Learning rule.", "Net", start="ff", values=ALGOS)
    hidden: tuple[int, ...] | None = _option(
        "widths", "Units per hidden layer, or none.", "Net", default=(64,), shown="64"
    )
    activation: str | None = _option(
        str,
        "Activation of the hidden layers.",
        "Net",
        default="relu",
        values=("relu", "sigmoid", "tanh", "linear"),
        algos=_DENSE,
    )
    cost: str | None = _option(
        str,
        "What is minimised: cross-entropy over a softmax, or squared error over a sigmoid.",
        "Net",
        default="cross-entropy",
        values=("cross-entropy", "mse"),
        algos=_DENSE,
    )
    batch: int | None = _option(
        int,
        "Rows per update.",
        "Training",
        default=_default_batch,
        shown="32, or 64 from 10,000 training rows on",
        span=(1, 65_536),
    )
    epochs: int | None = _option(
        int,
        "Passes over the rows, at most.",
        "Training",
        default=_default_epochs,
        shown="about 3,000 updates, 10 to 200 epochs",
        span=(1, 1_000_000),
    )
    optimizer: str | None = _option(
        str,
        "How steps are taken.",
        "Training",
        default="adam",
        values=("adam", "momentum", "sgd"),
    )
    momentum: float | None = _option(
        float,
        "Share of the last step that is kept.",
        "Training",
        default=0.9,
        needs=("optimizer", ("momentum",)),
    )
    rate: float | None = _option(
        float,
        "Learning rate.",
        "Training",
        default=_default_rate,
        shown="by optimizer and number of inputs",
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
    readout: str | None = _option(
        str,
        "How the net is read. ff: goodness of every label in turn, or the head's one pass; "
        "mf: the sum of all layers' heads, or the last one.",
        "Forward-Forward",
        default=_default_readout,
        shown="goodness, or sum",
        values={"ff": ("goodness", "head"), "mf": ("sum", "last")},
        algos=("ff", "mf"),
    )
    negatives: str | None = _option(
        str,
        "What to learn against: rows under wrong labels, or, without labels, hybrids of two rows.",
        "Forward-Forward",
        default=lambda job: "hybrid" if job.rule == "un" else "random",
        shown="random",
        values=("random", "hybrid"),
        algos=("ff", "un"),
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
    delta: float | None = _option(
        float,
        "How far a weight is moved.",
        "Weight perturbation",
        default=1e-3,
        algos=("wp",),
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
    val: Any = _option("part", "Validation rows: a share, or a file.", "Rows", start=0.1)
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


def declared():
    """Name and `About` of every option, in order."""
    return [(field.name, field.metadata["about"]) for field in dataclasses.fields(Options)]


def flag(name):
    """Name of an option on the command line, without the dashes."""
    return about(name).flag or name.replace("_", "-")


def key(name):
    """Name of an option among the settings that a model records."""
    return flag(name).replace("-", "_")


def help_text(name):
    """What an option is, what it may be, which rules it is for, and its default."""
    told, start = about(name), getattr(Options, name)
    default = told.shown or str(told.default if start is None else start)
    values = f"One of {', '.join(_all_values(told))}." if told.values else ""
    rules = f"For {', '.join(map(_spelt, told.algos))}." if told.algos != RULES else ""
    shown = f"[default: {default}]" if default not in ("None", "False") else ""
    return " ".join(part for part in (told.help, values, rules, shown) if part)


def rule_of(options):
    """The rule that the options ask for: one of `RULES`."""
    if options.algo == "ff" and options.negatives == "hybrid":
        return "un"
    return options.algo


def _spelt(rule):
    """A rule as help and settings name it."""
    return FORMS.get(rule, rule)


def _all_values(told):
    if isinstance(told.values, dict):
        return [value for values in told.values.values() for value in values]
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
            fitting = " or ".join(map(_asked, told.algos))
            raise UsageError(f"--{flag(name)} goes with {fitting}, not with {_asked(rule)}")
        _check_value(flag(name), value, told, options.algo)
        if told.needs and _given(options, told.needs[0]) not in told.needs[1]:
            fitting = " or ".join(map(str, told.needs[1]))
            raise UsageError(f"--{flag(name)} goes with --{flag(told.needs[0])} {fitting}")


def _asked(rule):
    """How a rule is asked for on the command line."""
    return FORMS.get(rule, f"--algo {rule}")


def _given(options, name):
    value = getattr(options, name)
    return about(name).default if value is None else value


def _check_value(name, value, told, algo):
    allowed = told.allowed(algo)
    if told.pattern and not re.fullmatch(told.pattern, value):
        raise UsageError(f"--{name} {value}: expected such as {told.example}")
    if allowed and value not in allowed:
        raise UsageError(f"unknown --{name} {value!r}; choose from {', '.join(allowed)}")
    if told.span and not told.span[0] <= value <= told.span[1]:
        raise UsageError(f"--{name} {value:g}; expected {told.span[0]:g} to {told.span[1]:g}")


def resolve(options, rows, inputs):
    """The settings to train with, defaults filled in, as the command line names them.

    Parameters
    ----------
    options : Options
    rows, inputs : int
        Training rows and their features.

    Returns
    -------
    dict
        Those that mean something to the rule; where the rows come from and threads left out.
    """
    job = Job(rule_of(options), rows, inputs)
    for name, told in declared():
        if told.kind == "part" or name == "threads" or job.rule not in told.algos:
            continue
        if told.needs and job.settings.get(key(told.needs[0])) not in told.needs[1]:
            continue
        value = getattr(options, name)
        if value is None:
            value = told.default(job) if callable(told.default) else told.default
        if name == "batch":
            value = min(value, rows)
        if value is not None:
            job.settings[key(name)] = list(value) if told.kind in ("widths", "image") else value
    return job.settings


def _describe():
    """The parameters of `Options` for its docstring."""
    lines = ["", "", "Parameters", "----------"]
    for field in dataclasses.fields(Options):
        kind = field.metadata["about"].kind
        lines.append(f"{field.name} : {_KINDS.get(kind) or kind.__name__}")
        lines.append(f"    {help_text(field.name)}")
    return "\n".join(lines)


_KINDS = {"widths": "tuple of int", "image": "tuple of (int, int)", "part": "float or Dataset"}
Options.__doc__ += _describe()
