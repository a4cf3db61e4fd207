"""From a dataset and a few options to a trained model with its measures."""

import dataclasses

from lwnn.errors import TrainingError
from lwnn.learning import fit
from lwnn.metrics import log_loss, regression_summary, summary
from lwnn.model import Model
from lwnn.options import Options, check, decays_to_try, table_epochs
from lwnn.scoring import probabilities
from lwnn.training.parts import (
    Parts,
    check_refit,
    check_task,
    class_weights,
    outputs,
    share_out,
)
from lwnn.training.pieces import assemble, make_rule, make_schedule, prepare
from lwnn.training.shapes import image_shape
from lwnn.training.streams import stream

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
    parts: Parts
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


def measure(model, rows, threads=1):
    """Accuracy and cross-entropy on these rows, or R² and RMSE."""
    scores = model.scores(rows.x, threads)
    if model.response:
        found = regression_summary(rows.y, model.response.values(scores))
        return {**found, "rows": len(rows)}
    shares = probabilities(scores, model.network.output)
    return {**summary(rows.y, scores.argmax(axis=1), shares), "rows": len(rows)}
