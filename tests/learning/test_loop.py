"""The training loop, run on a rule that follows a script."""

import dataclasses

import numpy as np
import pytest

from lwnn.errors import TrainingError
from lwnn.learning import loop
from lwnn.learning.optimizers import Optimizer
from lwnn.learning.rule import Rows, Rule, Stage
from lwnn.network import Network

ROWS, BATCH, JUDGES = 23, 4, 10


class Scripted(Rule):
    """Its parameters are the number of the epoch; losses and accuracies are given.

    `losses` and `hits` hold a value an epoch: the loss of a row, and how many of the ten
    validation rows it gets right. A loss that is an exception is raised.
    """

    forward_passes = 1

    def __init__(self, losses, hits, average=1):
        self.losses, self.hits = losses, hits
        self.epoch, self.visits = 0, []
        rows = Rows(np.zeros((ROWS, 2), np.float32), np.arange(ROWS, dtype=np.int32) % 2)
        random = np.random.default_rng(0)
        network = Network("dense", 2, (), 2)
        super().__init__(
            *(network, rows, np.ones((2, 2), np.float32), 10.0, Optimizer("sgd", network.size)),
            batch=BATCH,
            init=random,
            draws=random,
            average=average,
        )

    def start(self, rng):
        self.params.vector[:] = 0

    def workspace_size(self):
        return 0

    def begin_epoch(self):
        self.epoch += 1
        self.visits.append([])

    def learn(self, order, rate):
        self.visits[-1].append(order.copy())
        self.params.vector[:] = self.epoch
        loss = self.losses[self.epoch - 1]
        if isinstance(loss, BaseException):
            raise loss
        return loss * len(order)

    def scores(self, x):
        right = np.arange(len(x)) < (self.hits[self.epoch - 1] if self.hits else 0)
        return np.stack([right, ~right], axis=1).astype(np.float32)


def judges(count):
    """Validation rows of class 0."""
    return Rows(np.zeros((count, 2), np.float32), np.zeros(count, np.int32))


def run(losses, hits=None, rows=JUDGES, average=1, **changes):
    """Fit a scripted rule; returns the rule and the `Fit`."""
    rule = Scripted(losses, hits or [], average)
    options = {
        "epochs": len(losses),
        "rate": 0.5,
        "patience": 99,
        "shuffle": np.random.default_rng(5),
        **changes,
    }
    return rule, loop.fit(rule, judges(rows if hits else 0), **options)


def kept(rule):
    """The epoch whose parameters the rule ended with."""
    assert len(set(rule.params.vector)) == 1
    return int(rule.params.vector[0])


@pytest.fixture
def short_stretches(monkeypatch):
    """A look at the loss and the clock after every two mini-batches."""
    monkeypatch.setattr(loop, "PAUSE", 2 * BATCH * Scripted.row_work(Network("dense", 2, (), 2)))


def test_the_best_epoch_is_kept():
    rule, result = run([1.0] * 5, [3, 7, 9, 5, 7])
    assert kept(rule) == result.best_epoch == 3
    assert result.stopped == "finished"
    assert result.message is None


def test_the_later_of_two_alike_is_kept():
    rule, result = run([1.0] * 4, [3, 7, 7, 5])
    assert kept(rule) == result.best_epoch == 3


@pytest.mark.parametrize(("last", "epoch"), [(36, 2), (37, 3)])
def test_an_epoch_within_one_standard_error_of_the_best_is_as_good(last, epoch):
    """38 of 40 is 0.95, its error 0.034: 37 hits are as good, 36 are not."""
    rule, result = run([1.0] * 3, [3, 38, last], rows=40)
    assert kept(rule) == result.best_epoch == epoch


def test_a_row_more_or_less_is_no_difference():
    """Where all rows are right the estimate of the error is 0, and tells nothing of few rows."""
    rule, result = run([1.0] * 3, [JUDGES, JUDGES - 1, JUDGES - 2])
    assert kept(rule) == result.best_epoch == 2


def test_a_refit_ends_where_it_is_told_and_its_rates_are_those_of_the_whole():
    seen = []
    _, whole = run([1.0] * 6)
    rule, refit = run([1.0] * 6, until=4, on_epoch=seen.append)
    assert kept(rule) == refit.best_epoch == len(refit.history) == 4
    assert refit.stopped == "finished"
    assert [one["rate"] for one in refit.history] == [one["rate"] for one in whole.history[:4]]
    assert whole.history[3]["rate"] < whole.history[0]["rate"]
    assert {(event.epochs, event.refit) for event in seen} == {(4, True)}


def test_the_highest_stays_the_measure():
    """Else the best would drift down, each epoch as good as the one before: 36 as good as 37."""
    rule, result = run([1.0] * 4, [3, 38, 37, 36], rows=40)
    assert kept(rule) == result.best_epoch == 3


def test_an_epoch_without_a_hit_still_counts():
    rule, result = run([1.0] * 3, [0, 0, 0])
    assert kept(rule) == result.best_epoch == 3


def test_without_validation_rows_the_last_epoch_is_kept():
    rule, result = run([1.0] * 4, patience=1)
    assert kept(rule) == result.best_epoch == 4
    assert result.stopped == "finished"
    assert [epoch["validation_accuracy"] for epoch in result.history] == [None] * 4


def test_training_stops_after_so_many_epochs_without_a_better_one():
    rule, result = run([1.0] * 9, [3, 9, 7, 6, 7, 9, 9, 9, 9], patience=3)
    assert result.stopped == "early"
    assert len(result.history) == 5
    assert kept(rule) == result.best_epoch == 2


def test_a_better_epoch_starts_patience_anew():
    _, result = run([1.0] * 8, [3, 8, 7, 6, 9, 1, 1, 1], patience=3)
    assert result.stopped == "early"
    assert (len(result.history), result.best_epoch) == (8, 5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_divergence_in_the_first_epoch_is_an_error_with_advice(bad):
    with pytest.raises(TrainingError) as caught:
        run([bad, 1.0], [3, 4])
    assert str(caught.value) == (
        "the loss is no longer a number in epoch 1; try a smaller rate, such as --lr 0.05"
    )


@pytest.mark.parametrize("hits", [[3, 7, 5, 9], None], ids=["judged", "unjudged"])
def test_later_divergence_keeps_the_last_good_model(hits):
    rule, result = run([1.0, 1.0, np.nan, 1.0], hits)
    assert result.stopped == "diverged"
    assert kept(rule) == result.best_epoch == 2
    assert result.message == (
        "the loss is no longer a number in epoch 3; the model is that of epoch 2; "
        "try a smaller rate, such as --lr 0.05"
    )
    assert len(result.history) == 2


def test_parameters_that_are_no_numbers_count_as_divergence(monkeypatch):
    """The loss of the last mini-batch is taken before its update."""

    def learn(self, order, rate):
        self.params.vector[:] = np.inf if self.epoch == 2 else self.epoch
        return 1.0

    monkeypatch.setattr(Scripted, "learn", learn)
    rule, result = run([1.0] * 3, [5, 5, 5])
    assert result.stopped == "diverged"
    assert kept(rule) == 1


@pytest.mark.parametrize("hits", [[5, 5, 5], None], ids=["judged", "unjudged"])
def test_scores_that_are_no_numbers_count_as_divergence(monkeypatch, hits):
    """Loss and parameters may be finite still, and the model of no use."""

    def scores(self, x):
        return np.full((len(x), 2), np.inf if self.epoch == 2 else 1, np.float32)

    monkeypatch.setattr(Scripted, "scores", scores)
    rule, result = run([1.0] * 3, hits)
    assert result.stopped == "diverged"
    assert kept(rule) == 1


def test_an_interrupt_in_the_first_epoch_goes_through():
    with pytest.raises(KeyboardInterrupt):
        run([KeyboardInterrupt(), 1.0], [3, 4])


def test_a_later_interrupt_keeps_the_best_so_far():
    rule, result = run([1.0, 1.0, 1.0, KeyboardInterrupt()], [3, 7, 5, 9])
    assert result.stopped == "interrupted"
    assert kept(rule) == result.best_epoch == 2
    assert len(result.history) == 3


def test_an_interrupt_while_progress_is_shown_keeps_the_best_too():
    def on_epoch(epoch):
        if epoch.epoch == 3:
            raise KeyboardInterrupt

    rule, result = run([1.0] * 5, [9, 7, 5, 9, 9], on_epoch=on_epoch)
    assert result.stopped == "interrupted"
    assert kept(rule) == 1


def test_every_row_is_visited_once_an_epoch_each_time_in_another_order(short_stretches):
    rule, _ = run([1.0] * 4)
    epochs = [np.concatenate(stretches) for stretches in rule.visits]
    assert len(epochs) == 4
    assert all(np.array_equal(np.sort(order), np.arange(ROWS)) for order in epochs)
    assert len({order.tobytes() for order in epochs}) == 4
    assert not any(np.array_equal(order, np.arange(ROWS)) for order in epochs)


def test_the_shuffle_alone_decides_the_order():
    orders = [
        np.concatenate(run([1.0], shuffle=np.random.default_rng(seed))[0].visits[0])
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])


def test_stretches_end_at_mini_batches(short_stretches):
    """Else a short mini-batch would come up in the middle of an epoch."""
    rule, _ = run([1.0])
    assert [len(stretch) for stretch in rule.visits[0]] == [8, 8, 7]


def test_every_epoch_is_reported_finished_once(short_stretches):
    seen = []
    _, result = run([2.0, 1.0, 0.5], [3, 7, 5], on_epoch=seen.append)
    done = [event for event in seen if event.finished]
    assert [event.epoch for event in done] == [1, 2, 3]
    assert [event.loss for event in done] == [2.0, 1.0, 0.5]
    assert [event.validation_accuracy for event in done] == [0.3, 0.7, 0.5]
    assert [event.rows_done for event in seen] == [8, 16, 23] * 3
    assert {event.rows_total for event in seen} == {ROWS}
    assert {event.epochs for event in seen} == {3}
    assert all(event.loss is None for event in seen if not event.finished)
    seconds = [event.seconds for event in seen]
    assert seconds == sorted(seconds)
    assert all(event.samples_per_second > 0 for event in seen)
    assert result.seconds >= seconds[-1]


def test_history_has_an_entry_an_epoch():
    _, result = run([2.0, 1.0, 0.5, 0.25], [3, 7, 5, 6])
    assert [entry["epoch"] for entry in result.history] == [1, 2, 3, 4]
    assert [entry["loss"] for entry in result.history] == [2.0, 1.0, 0.5, 0.25]
    assert [entry["validation_accuracy"] for entry in result.history] == [0.3, 0.7, 0.5, 0.6]
    assert result.history[0]["rate"] == 0.5
    assert result.history[-1]["rate"] < 0.5


def test_a_fit_can_be_written_down():
    assert set(dataclasses.asdict(run([1.0])[1])) >= {"history", "best_epoch", "stopped"}


class Staged(Scripted):
    """Two epochs in which there is nothing to judge, then three that are."""

    def stages(self, epochs, rate):
        return [Stage(2, rate, judged=False), Stage(3, 2 * rate)]

    def enter(self, stage):
        self.entered = [*getattr(self, "entered", []), (stage, self.epoch)]


@pytest.fixture
def staged(monkeypatch):
    monkeypatch.setitem(globals(), "Scripted", Staged)


def test_stages_follow_each_other_each_with_its_own_schedule(staged):
    seen = []
    rule, result = run([1.0] * 5, [9, 9, 3, 7, 5], on_epoch=seen.append)
    assert rule.entered == [(0, 0), (1, 2)]
    assert [entry["epoch"] for entry in result.history] == [1, 2, 3, 4, 5]
    assert [entry["validation_accuracy"] for entry in result.history] == [None, None, 0.3, 0.7, 0.5]
    rates = [entry["rate"] for entry in result.history]
    assert (rates[0], rates[2]) == (0.5, 1.0)
    assert rates[1] < rates[0]
    assert {event.epochs for event in seen} == {5}
    assert kept(rule) == result.best_epoch == 4


def test_a_refit_may_end_within_a_later_stage(staged):
    rule, result = run([1.0] * 5, until=4)
    assert rule.entered == [(0, 0), (1, 2)]
    assert kept(rule) == len(result.history) == 4


def test_patience_counts_from_the_stage_that_is_judged(staged):
    _, result = run([1.0] * 5, [9, 9, 7, 5, 3], patience=1)
    assert (len(result.history), result.best_epoch, result.stopped) == (4, 3, "early")


def test_before_there_is_something_to_judge_there_is_no_model(staged):
    with pytest.raises(KeyboardInterrupt):
        run([1.0, KeyboardInterrupt()], [9, 9])
    with pytest.raises(TrainingError, match=r"in epoch 2; .* such as --lr 0\.05"):
        run([1.0, np.nan], [9, 9])


#: Of the numbers of the epochs, over a span of three, by the equation.
MEANS = [1.0, 1.5, 2.0, 2 + 2 / 3, 2 + 2 / 3 + (5 - 2 - 2 / 3) / 3]


@pytest.fixture
def watched(monkeypatch):
    """What the rule's parameters are where it is judged, and where it goes on learning."""
    seen = {"scores": [], "learn": []}

    def watch(name):
        method = getattr(Scripted, name)

        def noted(self, *arguments):
            seen[name].append(float(self.params.vector[0]))
            return method(self, *arguments)

        monkeypatch.setattr(Scripted, name, noted)

    for name in seen:
        watch(name)
    return seen


@pytest.mark.parametrize("hits", [[3, 4, 5, 6, 7], None], ids=["judged", "unjudged"])
def test_the_net_is_judged_and_kept_by_the_mean_and_learns_from_what_it_was(watched, hits):
    rule, result = run([1.0] * 5, hits, average=3)
    assert watched["scores"] == pytest.approx(MEANS)
    assert watched["learn"] == [0, 1, 2, 3, 4]
    assert result.best_epoch == 5
    assert rule.params.vector == pytest.approx(MEANS[-1])


def test_the_best_mean_is_kept():
    rule, result = run([1.0] * 5, [3, 4, 9, 5, 5], average=3)
    assert result.best_epoch == 3
    assert rule.params.vector == pytest.approx(MEANS[2])


def test_divergence_leaves_the_last_mean():
    rule, result = run([1.0, 1.0, 1.0, np.nan], average=3)
    assert (result.stopped, result.best_epoch) == ("diverged", 3)
    assert rule.params.vector == pytest.approx(MEANS[2])


def test_every_stage_has_a_mean_of_its_own(staged):
    """Else a part that has learnt its fill would fall back to what it was before."""
    rule, result = run([1.0] * 5, average=3)
    assert result.best_epoch == 5
    assert rule.params.vector == pytest.approx(4)


def test_a_span_of_one_is_no_mean_and_takes_no_memory():
    plain, averaged = (run([1.0] * 3, average=span)[0] for span in (1, 2))
    assert kept(plain) == 3
    assert averaged.working_bytes - plain.working_bytes == 2 * plain.params.vector.nbytes > 0
