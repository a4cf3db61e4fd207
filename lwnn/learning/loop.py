"""The one training loop: epochs, shuffling, validation, early stop, the best kept."""

import dataclasses
import math
import time

import numpy as np

from lwnn.errors import TrainingError
from lwnn.learning.schedules import cooldown

#: Multiply-accumulates between two looks at the loss, the clock and the keyboard.
PAUSE = 10_000_000_000


@dataclasses.dataclass(frozen=True)
class Epoch:
    """How far training is; handed to `on_epoch` after every stretch of rows.

    Attributes
    ----------
    epoch, epochs : int
        This epoch, from 1, and how many there may be.
    rows_done, rows_total : int
        Rows of this epoch.
    loss : float or None
        Mean over the rows of the epoch, once it is finished.
    validation_accuracy : float or None
        After the epoch, where there are validation rows.
    seconds : float
        Since training began.
    samples_per_second : float
        Rows learnt from per second of learning.
    finished : bool
        Whether the epoch is complete.
    layers : list of dict
        How each layer fared, once the epoch is finished; see `Rule.health`.
    warnings : list of str
        What ails the net, each with a remedy.
    """

    epoch: int
    epochs: int
    rows_done: int
    rows_total: int
    loss: float | None
    validation_accuracy: float | None
    seconds: float
    samples_per_second: float
    finished: bool
    layers: list = dataclasses.field(default_factory=list)
    warnings: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Fit:
    """What came of a fit.

    Attributes
    ----------
    history : list of dict
        Per epoch: ``epoch``, ``rate``, ``loss``, ``validation_accuracy``, and ``layers`` where the
        rule says how each fared.
    best_epoch : int
        Whose parameters the rule now has; 0 when no epoch was finished.
    stopped : {'finished', 'early', 'interrupted', 'diverged'}
    message : str or None
        For a person, when it diverged.
    warnings : list of str
        What ailed the net, each with a remedy.
    seconds, samples_per_second : float
    """

    history: list = dataclasses.field(default_factory=list)
    best_epoch: int = 0
    stopped: str = "finished"
    message: str | None = None
    warnings: list = dataclasses.field(default_factory=list)
    seconds: float = 0.0
    samples_per_second: float = 0.0


def fit(rule, validation, *, epochs, rate, patience, shuffle, on_epoch=None):
    """Train `rule` in place; its parameters end as those of the best epoch of its last stage.

    Best is the last epoch whose validation accuracy is within one standard error of the highest
    (Breiman et al. 1984 choose trees so); without validation rows, the last epoch.

    Parameters
    ----------
    rule : Rule
    validation : Rows
        May be empty.
    epochs : int
    rate : float
        Learning rate before the schedule. A rule of several stages makes its own of the two.
    patience : int
        Epochs without one as good as the best after which training stops, if there are
        validation rows.
    shuffle : numpy.random.Generator
        Order of the rows, anew in every epoch.
    on_epoch : callable, optional
        Called with an `Epoch`.

    Returns
    -------
    Fit

    Raises
    ------
    TrainingError
        When the loss is no longer a number before there is a model: before the first epoch that
        is judged is finished.
    KeyboardInterrupt
        When interrupted before that.
    """
    return _Loop(rule, validation, epochs, rate, patience, shuffle, on_epoch or _ignore).run()


def _ignore(_):
    pass


class _DivergedError(Exception):
    pass


class _Loop:
    """The state of one call of `fit`."""

    def __init__(self, rule, validation, epochs, rate, patience, shuffle, on_epoch):
        self.rule, self.validation = rule, validation
        self.stages, self.patience = rule.stages(epochs, rate), patience
        self.stage, self.done = self.stages[0], 0
        self.epochs = sum(stage.epochs for stage in self.stages)
        self.shuffle, self.on_epoch = shuffle, on_epoch
        self.result = Fit()
        self.highest = 0.0
        self.best = rule.params.vector.copy()
        self.rows_learnt, self.learning_seconds = 0, 0.0
        self.began = time.perf_counter()

    def run(self):
        result = self.result
        try:
            for number, stage in enumerate(self.stages):
                self.stage = stage
                self.done = len(result.history)
                self.rule.enter(number)
                self.run_stage()
        except KeyboardInterrupt:
            if not result.best_epoch:
                raise
            result.stopped = "interrupted"
        except _DivergedError:
            self.explain_divergence(len(result.history) + 1)
        self.rule.params.vector[:] = self.best
        result.seconds = time.perf_counter() - self.began
        result.samples_per_second = self.speed()
        return result

    def run_stage(self):
        for epoch in range(self.done + 1, self.done + self.stage.epochs + 1):
            self.epoch(epoch)
            if self.stage.judged and epoch - self.result.best_epoch >= self.patience:
                self.result.stopped = "early"
                return

    def epoch(self, epoch):
        where = self.rule.stage(epoch - self.done, self.stage.epochs)
        rate = self.stage.rate * cooldown(*where)
        self.rule.next_epoch()
        order = self.shuffle.permutation(len(self.rule.rows)).astype(np.int32)
        total, step = 0.0, self.rows_between_looks()
        for start in range(0, len(order), step):
            if start:
                self.report(epoch, start)
            total += self.learn(order[start : start + step], rate)
        if not np.isfinite(self.rule.params.vector).all():
            raise _DivergedError
        loss = float(total / len(order))
        accuracy = self.validation_accuracy() if self.stage.judged else None
        layers, warnings = self.rule.health(), self.rule.warnings()
        entry = {"epoch": epoch, "rate": rate, "loss": loss, "validation_accuracy": accuracy}
        self.result.history.append({**entry, "layers": layers} if layers else entry)
        self.result.warnings += warnings
        if self.stage.judged and self.is_worth_keeping(accuracy):
            self.best[:] = self.rule.params.vector
            self.result.best_epoch = epoch
        self.report(epoch, len(order), loss, accuracy, layers, warnings)

    def rows_between_looks(self):
        """Whole mini-batches that take about as long as a person waits for Ctrl-C."""
        batch, work = self.rule.batch, self.rule.row_work(self.rule.network)
        return max(1, PAUSE // (work * batch)) * batch

    def learn(self, rows, rate):
        began = time.perf_counter()
        loss = self.rule.learn(rows, rate)
        self.learning_seconds += time.perf_counter() - began
        self.rows_learnt += len(rows)
        if not np.isfinite(loss):
            raise _DivergedError
        return loss

    def validation_accuracy(self):
        """None without validation rows.

        The loss is taken before each update: scores tell whether the last one was too large.
        """
        rows = self.validation
        scores = self.rule.scores(rows.x if len(rows) else self.rule.rows.x[: self.rule.batch])
        if not np.isfinite(scores).all():
            raise _DivergedError
        return float((scores.argmax(axis=1) == rows.y).mean()) if len(rows) else None

    def is_worth_keeping(self, accuracy):
        return accuracy is None or not self.rule.complete or self.is_as_good(accuracy)

    def is_as_good(self, accuracy):
        """Whether the difference to the highest accuracy so far is within its standard error.

        A lucky epoch on a few validation rows must not beat the later, cooler ones.
        """
        self.highest = top = max(self.highest, accuracy)
        return accuracy >= top - math.sqrt(top * (1 - top) / len(self.validation))

    def speed(self):
        return self.rows_learnt / self.learning_seconds if self.learning_seconds else 0.0

    def report(self, epoch, done, loss=None, accuracy=None, layers=(), warnings=()):
        self.on_epoch(
            Epoch(
                epoch=epoch,
                epochs=self.epochs,
                rows_done=done,
                rows_total=len(self.rule.rows),
                loss=loss,
                validation_accuracy=accuracy,
                seconds=time.perf_counter() - self.began,
                samples_per_second=self.speed(),
                finished=loss is not None,
                layers=layers,
                warnings=warnings,
            )
        )

    def explain_divergence(self, epoch):
        advice = f"try a smaller rate, such as --lr {self.stages[0].rate / 10:.1g}"
        said = f"the loss is no longer a number in epoch {epoch}"
        if not self.result.best_epoch:
            raise TrainingError(f"{said}; {advice}")
        kept = f"the model is that of epoch {self.result.best_epoch}"
        self.result.stopped, self.result.message = "diverged", f"{said}; {kept}; {advice}"
