"""The one training loop: epochs, shuffling, validation, early stop, the best kept."""

import dataclasses
import math
import time

import numpy as np

from lwnn.errors import TrainingError
from lwnn.learning.sampling import permuted
from lwnn.learning.schedules import Schedule

#: Multiply-accumulates between two looks at the loss, the clock and the keyboard.
PAUSE = 10_000_000_000
#: What is watched on the validation rows, by the task of the net.
MEASURES = {"classification": "accuracy", "regression": "r2"}
#: Least variance that R² divides by.
_TINY = 1e-30


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
    validation_accuracy, validation_r2 : float or None
        After the epoch, where there are validation rows: of classes, or of numbers.
    seconds : float
        Since training began.
    samples_per_second : float
        Rows learnt from per second of learning.
    finished : bool
        Whether the epoch is complete.
    rate : float or None
        Learning rate of the epoch, once it is finished.
    saturation : list of float
        After the epoch, the share of each hidden layer's units that are saturated or dead; see
        `lwnn.learning.saturation`. Empty where that says nothing.
    layers : list of dict
        How each layer fared, once the epoch is finished; see `Rule.health`.
    warnings : list of str
        What ails the net, each with a remedy.
    refit : bool
        Whether training has begun anew, on training and validation rows together.
    """

    epoch: int
    epochs: int
    rows_done: int
    rows_total: int
    loss: float | None
    seconds: float
    samples_per_second: float
    finished: bool
    rate: float | None = None
    validation_accuracy: float | None = None
    validation_r2: float | None = None
    saturation: list = dataclasses.field(default_factory=list)
    layers: list = dataclasses.field(default_factory=list)
    warnings: list = dataclasses.field(default_factory=list)
    refit: bool = False


@dataclasses.dataclass
class Fit:
    """What came of a fit.

    Attributes
    ----------
    history : list of dict
        Per epoch: ``epoch``, ``rate``, ``loss``, ``validation_accuracy`` (or ``validation_r2``),
        ``saturation``, as in `Epoch`, and ``layers`` where the rule says how each fared.
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


def fit(
    rule,
    validation,
    *,
    epochs,
    rate,
    patience,
    shuffle,
    schedule=None,
    weights=None,
    on_epoch=None,
    until=None,
):
    """Train `rule` in place; its parameters end as those of the best epoch of its last stage.

    Best is the last epoch whose validation accuracy, or R², is within one standard error of the
    highest (Breiman et al. 1984 choose trees so); without validation rows, the last epoch.

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
    schedule : Schedule, optional
        Factor on the rate by the epoch; left out: the cooldown.
    weights : ndarray of float64, shape (classes,), optional
        How much a row of each class counts, in learning (`lwnn.learning.sampling`) and in the
        validation accuracy.
    on_epoch : callable, optional
        Called with an `Epoch`.
    until : int, optional
        A refit: epoch after which training ends, though rates fall as if there were `epochs`.

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
    schedule, on_epoch = schedule or Schedule("cooldown"), on_epoch or _ignore
    how = (epochs, rate, patience, shuffle, schedule, weights, on_epoch, until)
    return _Loop(rule, validation, *how).run()


def _ignore(_):
    pass


class _DivergedError(Exception):
    pass


class _Loop:
    """The state of one call of `fit`."""

    def __init__(
        self, rule, validation, epochs, rate, patience, shuffle, schedule, weights, on_epoch, until
    ):
        self.rule, self.validation, self.weights = rule, validation, weights
        self.stages, self.patience = rule.stages(epochs, rate), patience
        self.stage, self.done = self.stages[0], 0
        self.until = until
        self.epochs = until or sum(stage.epochs for stage in self.stages)
        self.shuffle, self.schedule, self.on_epoch = shuffle, schedule, on_epoch
        self.result = Fit()
        self.highest, self.margin = -math.inf, 0.0
        self.measure = MEASURES[rule.network.task]
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
        last = self.done + self.stage.epochs
        for epoch in range(self.done + 1, min(last, self.until or last) + 1):
            self.epoch(epoch)
            if self.stage.judged and epoch - self.result.best_epoch >= self.patience:
                self.result.stopped = "early"
                return

    def epoch(self, epoch):
        where = self.rule.stage(epoch - self.done, self.stage.epochs)
        if where[0] == 1:
            # What learnt until now stays as it is: it must not be mixed with what it was before.
            self.rule.average.restart()
        rate = self.stage.rate * self.schedule(*where)
        self.rule.next_epoch()
        # Layers that learn without labels do not look at them for this either.
        weights = self.weights if self.stage.judged else None
        order = permuted(self.rule.rows.y, weights, self.shuffle)
        total, step = 0.0, self.rows_between_looks()
        for start in range(0, len(order), step):
            if start:
                self.report(epoch, start)
            total += self.learn(order[start : start + step], rate)
        if not np.isfinite(self.rule.params.vector).all():
            raise _DivergedError
        self.rule.average.take()
        with self.rule.average.in_place():
            told = self.look(epoch, {"rate": rate, "loss": float(total / len(order))})
        self.report(epoch, len(order), told)

    def look(self, epoch, learnt):
        """Judge the net as it stands after an epoch, and keep it if it is as good as the best."""
        judged = self.judge() if self.stage.judged else None
        layers, warnings = self.rule.health(), self.rule.warnings()
        told = {
            **learnt,
            f"validation_{self.measure}": judged[0] if judged else None,
            "saturation": self.rule.saturation(self.looked_at()),
            **({"layers": layers} if layers else {}),
        }
        self.result.history.append({"epoch": epoch, **told})
        self.result.warnings += warnings
        if self.stage.judged and self.is_worth_keeping(judged):
            self.best[:] = self.rule.params.vector
            self.result.best_epoch = epoch
        return {**told, "warnings": warnings}

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

    def looked_at(self):
        """The validation rows, or some others that tell whether the net still works."""
        return self.validation.x if len(self.validation) else self.rule.rows.x[: self.rule.batch]

    def judge(self):
        """Accuracy or R² on the validation rows, and its standard error; None without rows.

        The loss is taken before each update: scores tell whether the last one was too large.
        """
        scores, y = self.rule.scores(self.looked_at()), self.validation.y
        if not np.isfinite(scores).all():
            raise _DivergedError
        if not len(y):
            return None
        if self.measure == "accuracy":
            return self.accuracy(scores.argmax(axis=1) == y)
        squares = (scores[:, 0].astype(np.float64) - y) ** 2
        spread = max(float(np.var(y, dtype=np.float64)), _TINY)
        return 1 - squares.mean() / spread, squares.std() / math.sqrt(len(y)) / spread

    def accuracy(self, hits):
        """Share of validation rows that are right, each by its weight, and its standard error.

        That is a row at least: of few rows all may be right, and the estimate would be 0.
        """
        if self.weights is None:
            share, row = float(hits.mean()), 1 / len(hits)
            return share, max(row, math.sqrt(share * (1 - share) / len(hits)))
        weights = self.weights[self.validation.y]
        weights = weights / weights.sum()
        share, row = float(weights @ hits), float(weights.max())
        return share, max(row, math.sqrt(float(weights**2 @ (hits - share) ** 2)))

    def is_worth_keeping(self, judged):
        return judged is None or not self.rule.complete or self.is_as_good(*judged)

    def is_as_good(self, value, error):
        """Whether the difference to the highest value so far is within its standard error.

        A lucky epoch on a few validation rows must not beat the later, cooler ones.
        """
        if value > self.highest:
            self.highest, self.margin = value, error
        return value >= self.highest - self.margin

    def speed(self):
        return self.rows_learnt / self.learning_seconds if self.learning_seconds else 0.0

    def report(self, epoch, done, learnt=None):
        self.on_epoch(
            Epoch(
                epoch=epoch,
                epochs=self.epochs,
                rows_done=done,
                rows_total=len(self.rule.rows),
                **(learnt or {"loss": None}),
                seconds=time.perf_counter() - self.began,
                samples_per_second=self.speed(),
                finished=learnt is not None,
                refit=self.until is not None,
            )
        )

    def explain_divergence(self, epoch):
        advice = f"try a smaller rate, such as --lr {self.stages[0].rate / 10:.1g}"
        said = f"the loss is no longer a number in epoch {epoch}"
        if not self.result.best_epoch:
            raise TrainingError(f"{said}; {advice}")
        kept = f"the model is that of epoch {self.result.best_epoch}"
        self.result.stopped, self.result.message = "diverged", f"{said}; {kept}; {advice}"
