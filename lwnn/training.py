"""From a dataset and a few options to a trained model with its measures."""

import dataclasses
import functools
import math
import os

import numpy as np

from lwnn._kernels import variant
from lwnn._version import __version__
from lwnn.data import Dataset, Scaler, split
from lwnn.errors import TrainingError, UsageError
from lwnn.learning import FORMS, RECURRENT, RULES, fit
from lwnn.learning.augment import Shifts, Silences
from lwnn.learning.forward_forward import GOODNESS
from lwnn.learning.optimizers import SETTINGS, Optimizer
from lwnn.learning.rule import Rows
from lwnn.learning.schedules import Schedule
from lwnn.metrics import log_loss, regression_summary, summary
from lwnn.model import Model
from lwnn.network import Network
from lwnn.options import Options, check, decays_to_try, key, resolve, rule_of, table_epochs
from lwnn.scoring import Response, probabilities

#: Names of the random streams that a seed is the mother of, so that none follows another.
_STREAMS = ("split", "init", "shuffle", "draws", "augment", "noise", "silence")
#: Multiply-accumulates in a mini-batch from which threads earn their keep.
_WORTH_THREADS = 4_000_000
_UNFIT = (
    "trained anew on all rows the loss is no longer a number; the model has learnt from the "
    "training rows alone; try a smaller --lr"
)


@dataclasses.dataclass
class Run:
    """A finished training run.

    Attributes
    ----------
    model : Model
    parts : Parts
        The rows, as the model reads them; after a refit all but the test rows are for training.
    options : dict
        What was trained with, defaults filled in.
    metrics : dict
        ``train``, ``validation`` and ``test``, each ``{"accuracy": …, "loss": …, "rows": …}``,
        or ``{"r2": …, "rmse": …, "rows": …}`` for numbers, those that exist. The loss is the
        cross-entropy of the predicted shares, in nats. The test rows are looked at once, after
        training. Where there is a refit, the others are judged by the net before it, which has
        not learnt from the validation rows.
    history : list of dict
        As in `lwnn.learning.Fit`; a refit has none.
    best_epoch, epochs_run : int
        A refit has as many epochs as the best one says.
    refit_rows : int
        Rows that the model has learnt from anew, training and validation rows together; 0 where
        it has not.
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
    parts: "Parts"
    options: dict
    metrics: dict
    history: list
    best_epoch: int
    epochs_run: int
    refit_rows: int
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

    def known(self):
        """The same without the test rows."""
        return [(name, rows) for name, rows in self.existing() if name != "test"]


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
    check_refit(options)
    check_task(dataset, options)
    parts, scaler = share_out(dataset, options)
    rule, settings = prepare(dataset, parts, scaler, options, rule)
    learning = _Learning(dataset, options, settings, on_epoch)
    if len(parts.validation) and (decays := decays_to_try(options, settings)):
        settings["l2"] = learning.best_decay(decays, type(rule), parts, scaler)
        rule = make_rule(dataset, parts, scaler, options, settings, type(rule))
    if on_start:
        on_start(rule, settings, parts)
    result = learning.fit(rule, parts)
    model = learning.model(rule, parts, scaler)
    metrics = {name: measure(model, rows, rule.threads) for name, rows in parts.known()}
    refit_rows = 0
    if settings["refit"] == "yes" and (again := learning.refit(type(rule), result)):
        rule, parts, scaler = again
        model, refit_rows = learning.model(*again), len(parts.train)
    if len(parts.test):
        metrics["test"] = measure(model, parts.test, rule.threads)
    return Run(
        model=model,
        parts=parts,
        options=settings,
        metrics=metrics,
        history=result.history,
        best_epoch=result.best_epoch,
        epochs_run=len(result.history),
        refit_rows=refit_rows,
        stopped=result.stopped,
        message=result.message,
        warnings=result.warnings,
        seconds=learning.seconds,
        samples_per_second=result.samples_per_second,
        forward_passes=rule.forward_passes,
        update_work=rule.work * rule.batch,
        working_bytes=rule.working_bytes,
    )


class _Learning:
    """What one call of `train` does to a rule, once or twice."""

    def __init__(self, dataset, options, settings, on_epoch):
        self.dataset, self.options, self.settings = dataset, options, settings
        self.on_epoch = on_epoch
        self.seconds = 0.0

    def best_decay(self, decays, rule_class, parts, scaler):
        """The weight decay after which a net is least wrong on the validation rows.

        Each is tried from the start, and with the order of rows, that training has then, for no
        more than the usual epochs, however many are asked for; nobody is told of them.

        Raises
        ------
        KeyboardInterrupt
            When interrupted: there is no model yet.
        """
        y = parts.validation.y
        weights = class_weights(self.options, parts.train.y, self.dataset.labels)
        losses = {}
        for decay in decays:
            settings = {**self.settings, "l2": decay}
            rule = make_rule(self.dataset, parts, scaler, self.options, settings, rule_class)
            try:
                stopped = self.fit(rule, parts, trial=True).stopped
            except TrainingError:
                continue
            if stopped == "interrupted":
                raise KeyboardInterrupt
            shares = probabilities(rule.scores(parts.validation.x), rule.network.output)
            losses[decay] = log_loss(y, shares, None if weights is None else weights[y])
        return min(losses, key=losses.get, default=decays[0])

    def fit(self, rule, parts, until=None, trial=False):
        """Train the rule on its rows; see `lwnn.learning.fit`."""
        settings = self.settings
        usual = table_epochs(rule.batch, len(rule.rows)) if trial else settings["epochs"]
        result = fit(
            rule,
            outputs(parts.validation, parts.response),
            epochs=min(usual, settings["epochs"]),
            rate=settings["lr"],
            patience=settings["patience"],
            schedule=make_schedule(settings),
            weights=class_weights(self.options, parts.train.y, self.dataset.labels),
            shuffle=stream(self.options.seed, "shuffle"),
            on_epoch=None if trial else self.on_epoch,
            until=until,
        )
        self.seconds += result.seconds
        return result

    def refit(self, rule_class, result):
        """Train anew on training and validation rows, for as many epochs as proved best.

        Where that is broken off, or fails, the first result tells so, and its net stays.

        Returns
        -------
        tuple of Rule, Parts and Scaler, or None
        """
        if result.stopped not in ("finished", "early"):
            return None
        parts, scaler = share_out(self.dataset, self.options, refit=True)
        rule = make_rule(self.dataset, parts, scaler, self.options, self.settings, rule_class)
        try:
            stopped = self.fit(rule, parts, result.best_epoch).stopped
        except KeyboardInterrupt:
            stopped = "interrupted"
        except TrainingError:
            stopped = "diverged"
        if stopped == "finished":
            return rule, parts, scaler
        if stopped == "interrupted":
            result.stopped = stopped
        else:
            result.warnings.append(_UNFIT)
        return None

    def model(self, rule, parts, scaler):
        """What the rule has learnt."""
        shape = image_shape(self.dataset, self.options)
        model = assemble(self.dataset, rule, scaler, self.settings, shape)
        return dataclasses.replace(model, response=parts.response)


def stream(seed, name):
    """The random numbers of one purpose."""
    return np.random.default_rng([seed, _STREAMS.index(name)])


# ---------------------------------------------------------------- rows


def share_out(dataset, options, refit=False):
    """Rows for training, validation and test, and the scaler learnt on the first.

    For a refit those of the share for validation are among the first.
    """
    val, test = options.val, options.test
    shares = [0.0 if isinstance(part, Dataset) else part for part in (val, test)]
    seed = int(stream(options.seed, "split").integers(2**63))
    # Values have no classes of which each part needs its share.
    strata = np.zeros(len(dataset.y), np.int32) if dataset.numeric else dataset.y
    train_rows, val_rows, test_rows = split(strata, *shares, seed)
    if refit:
        train_rows, val_rows = np.sort(np.concatenate([train_rows, val_rows])), val_rows[:0]
    scaler = Scaler.for_dataset(dataset, train_rows, time_steps(dataset, options))

    def rows_of(part, rows):
        if isinstance(part, Dataset):
            return Rows(scaler.prepared(part), part.y)
        part = dataset.take(rows)
        return Rows(scaler.prepared(part), part.y)

    parts = Parts(rows_of(None, train_rows), rows_of(val, val_rows), rows_of(test, test_rows))
    return parts, scaler


def check_refit(options):
    """Refuse to refit where no rows of the data are held out that could be learnt from."""
    if options.refit == "yes" and isinstance(options.val, Dataset):
        raise UsageError(
            "--refit yes does not go with validation rows of their own; give a share of the data, "
            "such as --val 0.1, or leave it out"
        )
    if options.refit == "yes" and not options.val:
        raise UsageError("--refit yes: --val 0 holds no rows out; leave some, such as --val 0.1")


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
    if options.recurrent:
        settings["timesteps"] = time_steps(dataset, options)
    return make_rule(dataset, parts, scaler, options, settings, rule_class), settings


def make_rule(dataset, parts, scaler, options, settings, rule_class):
    """The rule of these settings, ready to learn from the training rows."""
    inputs = dataset.x.shape[1]
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
    extra = {name: settings[key(name)] for name in rule_class.takes if key(name) in settings}
    if rule_class.reads_images:
        extra["image_shape"] = image_shape(dataset, options)
    # Gradient descent takes all rows at once, however many there are.
    batch = len(parts.train) if settings.get("optimizer") == "gd" else settings.get("batch", 1)
    return rule_class(
        network,
        outputs(parts.train, parts.response),
        np.stack([scaler.offset, scaler.scale]),
        scaler.clip,
        make_optimizer(settings, network, options.seed),
        batch=batch,
        init=stream(options.seed, "init"),
        draws=stream(options.seed, "draws"),
        threads=options.threads or default_threads(rule_class, network, batch),
        shifts=changes_of(dataset, parts.train.x, scaler, settings, options),
        **extra,
    )


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


#: What a column may be left out for without being asked, though it may be part of a step.
_LEFT_OUT = ("constant", "identifier", "dates", "text", "empty")


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
