"""From a dataset and a few options to a trained model with its measures."""

import dataclasses
import functools
import math
import os

import numpy as np

from lwnn._kernels import variant
from lwnn._version import __version__
from lwnn.data import Dataset, Scaler, split
from lwnn.errors import UsageError
from lwnn.learning import FORMS, RECURRENT, RULES, fit
from lwnn.learning.augment import Shifts, Silences
from lwnn.learning.forward_forward import GOODNESS
from lwnn.learning.optimizers import SETTINGS, Optimizer
from lwnn.learning.rule import Rows
from lwnn.learning.schedules import Schedule
from lwnn.metrics import regression_summary, summary
from lwnn.model import Model
from lwnn.network import Network
from lwnn.options import Options, check, key, resolve, rule_of
from lwnn.scoring import Response, probabilities

#: Names of the random streams that a seed is the mother of, so that none follows another.
_STREAMS = ("split", "init", "shuffle", "draws", "augment", "noise", "silence")
#: Multiply-accumulates in a mini-batch from which threads earn their keep.
_WORTH_THREADS = 4_000_000


@dataclasses.dataclass
class Run:
    """A finished training run.

    Attributes
    ----------
    model : Model
    options : dict
        What was trained with, defaults filled in.
    metrics : dict
        ``train``, ``validation`` and ``test``, each ``{"accuracy": …, "loss": …, "rows": …}``,
        or ``{"r2": …, "rmse": …, "rows": …}`` for numbers, those that exist. The loss is the
        cross-entropy of the predicted shares, in nats. The test rows are looked at once, after
        training.
    history : list of dict
        As in `lwnn.learning.Fit`.
    best_epoch, epochs_run : int
    stopped : {'finished', 'early', 'interrupted', 'diverged'}
    message : str or None
    warnings : list of str
        What ailed the net while it learnt, each with a remedy.
    seconds, samples_per_second : float
    forward_passes : int
        Forward passes that one update stands for.
    update_work : int
        Multiply-accumulates of an update, roughly.
    working_bytes : int
        Bytes that training held, data aside.
    """

    model: Model
    options: dict
    metrics: dict
    history: list
    best_epoch: int
    epochs_run: int
    stopped: str
    message: str | None
    warnings: list
    seconds: float
    samples_per_second: float
    forward_passes: int
    update_work: int
    working_bytes: int


@dataclasses.dataclass(frozen=True)
class Parts:
    """The rows of a dataset, shared out."""

    train: Rows
    validation: Rows
    test: Rows

    @functools.cached_property
    def response(self):
        """What the output of a net stands for that learns from the training rows, or None."""
        return Response.of(self.train.y) if self.train.y.dtype.kind == "f" else None

    def existing(self):
        """Name and rows of the parts that have any."""
        parts = {name: getattr(self, name) for name in ("train", "validation", "test")}
        return [(name, rows) for name, rows in parts.items() if len(rows)]


def train(dataset, options=None, on_epoch=None, on_start=None, *, rule=None):
    """Train a model.

    Parameters
    ----------
    dataset : Dataset
        With labels.
    options : Options, optional
    on_epoch : callable, optional
        Called with a `lwnn.learning.Epoch` now and then.
    on_start : callable, optional
        Called before training begins with the `Rule`, the settings (dict) and the `Parts`.
    rule : type of Rule, optional
        In place of the one that ``options.algo`` names, for the same kind of net, as
        `lwnn.learning.custom_cost` and `lwnn.learning.custom_goodness` make it.

    Returns
    -------
    Run

    Raises
    ------
    UsageError
        When an option does not fit.
    TrainingError
        When the loss stops being a number in the first epoch.

    Examples
    --------
    >>> import lwnn
    >>> run = lwnn.train(lwnn.load(lwnn.sample_path()), lwnn.Options(algo="bp", epochs=5))
    >>> run.model.predict(dataset.x)  # doctest: +SKIP
    """
    options = options or Options()
    check(options)
    check_task(dataset, options)
    parts, scaler = share_out(dataset, options)
    rule, settings = prepare(dataset, parts, scaler, options, rule)
    if on_start:
        on_start(rule, settings, parts)
    result = fit(
        rule,
        outputs(parts.validation, parts.response),
        epochs=settings["epochs"],
        rate=settings["lr"],
        patience=settings["patience"],
        schedule=make_schedule(settings),
        weights=class_weights(options, parts.train.y, dataset.labels),
        shuffle=stream(options.seed, "shuffle"),
        on_epoch=on_epoch,
    )
    model = assemble(dataset, rule, scaler, settings, image_shape(dataset, options))
    model = dataclasses.replace(model, response=parts.response)
    return Run(
        model=model,
        options=settings,
        metrics={name: measure(model, rows, rule.threads) for name, rows in parts.existing()},
        history=result.history,
        best_epoch=result.best_epoch,
        epochs_run=len(result.history),
        stopped=result.stopped,
        message=result.message,
        warnings=result.warnings,
        seconds=result.seconds,
        samples_per_second=result.samples_per_second,
        forward_passes=rule.forward_passes,
        update_work=rule.work * rule.batch,
        working_bytes=rule.working_bytes,
    )


def stream(seed, name):
    """The random numbers of one purpose."""
    return np.random.default_rng([seed, _STREAMS.index(name)])


# ---------------------------------------------------------------- rows


def share_out(dataset, options):
    """Rows for training, validation and test, and the scaler learnt on the first."""
    val, test = options.val, options.test
    shares = [0.0 if isinstance(part, Dataset) else part for part in (val, test)]
    seed = int(stream(options.seed, "split").integers(2**63))
    # Values have no classes of which each part needs its share.
    strata = np.zeros(len(dataset.y), np.int32) if dataset.numeric else dataset.y
    train_rows, val_rows, test_rows = split(strata, *shares, seed)
    scaler = Scaler.for_dataset(dataset, train_rows, time_steps(dataset, options))

    def rows_of(part, rows):
        if isinstance(part, Dataset):
            return Rows(scaler.prepared(part), part.y)
        part = dataset.take(rows)
        return Rows(scaler.prepared(part), part.y)

    parts = Parts(rows_of(None, train_rows), rows_of(val, val_rows), rows_of(test, test_rows))
    return parts, scaler


def check_task(dataset, options):
    """Refuse a dataset whose targets are not those of the task."""
    if dataset.numeric != (options.task == "regression"):
        kind, numeric = ("numbers", True) if dataset.numeric else ("classes", False)
        task = "regression" if numeric else "classification"
        raise UsageError(
            f"the targets of {dataset.source} are {kind}; train with task {task!r}, or load it "
            f"with numeric={not numeric}"
        )


def class_weights(options, y, labels):
    """How much a row of each class counts, float64 (classes,); None where all count alike.

    ``balanced`` gives a class the weight n / (classes · its rows), as scikit-learn has it.

    Raises
    ------
    UsageError
        When a class is not one of the dataset's, or a weight is no weight.
    """
    given = options.class_weight
    if given is None:
        return None
    rows = np.bincount(y, minlength=len(labels))
    if given == "balanced":
        return len(y) / (len(labels) * np.maximum(rows, 1))
    if not isinstance(given, dict):
        raise UsageError(f"--class-weight {given}: expected balanced, or such as yes=5,no=1")
    if unknown := given.keys() - set(labels):
        known = ", ".join(labels[:12])
        raise UsageError(f"--class-weight: {min(unknown)!r} is no class; there are {known}")
    weights = np.array([float(given.get(label, 1)) for label in labels])
    if not (np.isfinite(weights) & (weights >= 0)).all() or not (rows @ weights) > 0:
        raise UsageError("--class-weight: expected numbers of 0 or more, not all of them 0")
    return weights


def outputs(rows, response):
    """The rows with what a net is to give for them."""
    return Rows(rows.x, response.outputs(rows.y)) if response else rows


def measure(model, rows, threads=1):
    """Accuracy and cross-entropy on these rows, or R² and RMSE."""
    scores = model.scores(rows.x, threads)
    if model.response:
        found = regression_summary(rows.y, model.response.values(scores))
        return {**found, "rows": len(rows)}
    shares = probabilities(scores, model.network.output)
    return {**summary(rows.y, scores.argmax(axis=1), shares), "rows": len(rows)}


# ---------------------------------------------------------------- pieces


def prepare(dataset, parts, scaler, options, given=None):
    """The rule, ready to learn, and its settings; `given` is a rule of the user's own."""
    inputs = dataset.x.shape[1]
    settings = resolve(options, len(parts.train), inputs, parts.train.x.dtype == np.uint8)
    rule_class = (RECURRENT if options.recurrent else RULES | FORMS)[rule_of(options)]
    if given:
        if given.kind != rule_class.kind:
            raise UsageError(
                f"{given.__name__} trains nets of the kind {given.kind}, and "
                f"algo={options.algo!r} those of the kind {rule_class.kind}"
            )
        rule_class = given
        settings["rule"] = given.__name__
    network = Network(
        kind=rule_class.kind,
        inputs=inputs,
        hidden=tuple(settings.get("hidden", ())),
        classes=len(dataset.labels) or 1,
        activation=settings.get("activation", "relu"),
        cost=settings.get("cost", "cross-entropy"),
        output=settings.get("output_activation", ""),
        label_scale=settings.get("label_scale", 1.0),
        **(_forward_forward(dataset, settings, options) if rule_class.kind == "ff" else {}),
        level=settings.get("level") == "rows",
        timesteps=time_steps(dataset, options),
    )
    if options.recurrent:
        settings["timesteps"] = network.timesteps
    extra = {name: settings[key(name)] for name in rule_class.takes if key(name) in settings}
    if rule_class.reads_images:
        extra["image_shape"] = image_shape(dataset, options)
    rule = rule_class(
        network,
        outputs(parts.train, parts.response),
        np.stack([scaler.offset, scaler.scale]),
        scaler.clip,
        make_optimizer(settings, network, options.seed),
        batch=settings.get("batch", 1),
        init=stream(options.seed, "init"),
        draws=stream(options.seed, "draws"),
        threads=options.threads or default_threads(rule_class, network, settings.get("batch", 1)),
        shifts=changes_of(dataset, parts.train.x, scaler, settings, options),
        **extra,
    )
    return rule, settings


def make_optimizer(settings, network, seed):
    """The optimizer that the settings ask for, its noise drawn from the run's seed."""
    chosen = {name: settings[name] for name in SETTINGS if name in settings}
    noise = int(stream(seed, "noise").integers(2**53))
    return Optimizer(settings.get("optimizer", "sgd"), network.size, **chosen, seed=noise)


def make_schedule(settings):
    """The schedule that the settings ask for."""
    names = ("decay", "decay_every", "warmup")
    chosen = {name: settings[name] for name in names if name in settings}
    return Schedule(settings["schedule"], **chosen)


def _forward_forward(dataset, settings, options):
    """What a net of kind ``ff`` has beside its sizes."""
    if settings["embed"] == "overwrite" and image_shape(dataset, options) is None:
        raise UsageError(
            "--embed overwrite puts the label in place of the first pixels, but "
            f"{dataset.source} does not say that its rows are images; leave it out, "
            "or add --image HEIGHTxWIDTH"
        )
    return {
        "goodness": GOODNESS[settings["goodness"]],
        "embed": settings["embed"],
        "head_layers": settings["head_layers"],
    }


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
    recipe = dataset.recipe
    if recipe is not None and len(list(recipe.numbers())) < inputs:
        raise UsageError(
            f"{dataset.source} has columns of words, but --recurrent reads the same numbers at "
            "every step; give a file of numbers"
        )
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


def shifts_of(dataset, x, options):
    """What moves the training rows, where the options ask for it."""
    if not options.augment:
        return None
    shape, most = image_shape(dataset, options), int(options.augment.partition(":")[2])
    if shape is None:
        raise UsageError(
            f"--augment moves images, but {dataset.source} says nothing of height and width; "
            f"add --image HEIGHTxWIDTH, of {x.shape[1]:,} pixels together"
        )
    return Shifts(x, shape, most, stream(options.seed, "augment"))


def changes_of(dataset, x, scaler, settings, options):
    """What changes the training rows for every epoch, if anything is to."""
    shifts = shifts_of(dataset, x, options)
    share = settings.get("input_dropout")
    if not share:
        return shifts
    return Silences(x, share, scaler.offset, stream(options.seed, "silence"), shifts)


def default_threads(rule_class, network, batch):
    """One for small nets, where sharing out costs more than it gives; else all cores.

    ``OMP_NUM_THREADS`` bounds them, as libraries that start several processes expect.
    """
    if rule_class.row_work(network) * batch < _WORTH_THREADS:
        return 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    # OpenMP lets it hold a number for every level of nesting; the first is the outermost.
    most = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return min(cores, int(most)) if most.isdecimal() and int(most) else cores


def assemble(dataset, rule, scaler, settings, shape):
    """The model that the rule has learnt, with where it comes from."""
    schema = dataset.schema
    return Model(
        network=rule.network,
        params=rule.params.copy(),
        offset=scaler.offset,
        scale=scaler.scale,
        clip=scaler.clip,
        recipe=scaler.recipe,
        labels=dataset.labels,
        features=dataset.features,
        target=dataset.target,
        named=schema.named,
        readout=rule.readout,
        goals=rule.goals,
        provenance={
            "lwnn": __version__,
            "options": settings,
            "data": {"name": os.path.basename(dataset.source), "sha256": dataset.sha256},
            "image_shape": list(shape) if shape else None,
            "kernels": variant,
        },
    )
