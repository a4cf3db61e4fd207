"""Nets tried one after the other; the best that fits, and what less flash would have given."""

import dataclasses
import statistics
from typing import Any

from lwnn.data import Dataset, split
from lwnn.errors import TrainingError, UsageError
from lwnn.metrics import accuracy
from lwnn.options import Options
from lwnn.quantization import QuantizedModel, quantize
from lwnn.training import share_out, stream, train
from lwnn.tuning.budget import Budget, Need
from lwnn.tuning.space import ALGOS, Space
from lwnn.tuning.study import open_study, optuna, sampler, told

#: Rows that ranges of integers are learnt from.
_CALIBRATION = 2_000
#: How often a trial is looked at, to be given up if it lags behind, and behind how many at least.
_LOOKS, _OTHERS = 8, 3


@dataclasses.dataclass(frozen=True)
class Trial:
    """One net that was tried.

    Attributes
    ----------
    number : int
        Within the study, from 0.
    state : {'complete', 'pruned', 'failed'}
        Pruned: given up halfway, as most of the nets that are no larger were better by then.
    algo : str
    readout : str or None
    hidden : tuple of int
    rate : float
    accuracy : float or None
        Of the int8 model on the validation rows.
    flash, memory : int or None
        Bytes.
    """

    number: int
    state: str
    algo: str
    readout: str | None
    hidden: tuple[int, ...]
    rate: float
    accuracy: float | None = None
    flash: int | None = None
    memory: int | None = None

    @property
    def complete(self):
        """Whether it was trained and measured to the end."""
        return self.state == "complete"


@dataclasses.dataclass(frozen=True)
class Tuned:
    """What a search came to.

    Attributes
    ----------
    model : QuantizedModel
        The best one.
    best : Trial
    front : list of Trial
        Those that no other beats in both accuracy and flash, the smallest first, the best last.
    counts : dict of str to int
        How many trials of the study are complete, pruned and failed.
    budget : Budget
    need : Need
        What the best one takes.
    test_accuracy : float or None
        Of the best one in int8 on the test rows, which nothing before has looked at; None without
        test rows.
    test_rows : int
    interrupted : bool
    """

    model: QuantizedModel
    best: Trial
    front: list
    counts: dict
    budget: Budget
    need: Need
    test_accuracy: float | None
    test_rows: int
    interrupted: bool


def tune(
    dataset,
    options=None,
    *,
    max_flash=None,
    max_ram=None,
    board=None,
    trials=50,
    algos=ALGOS,
    storage=None,
    study="lwnn",
    on_trial=None,
):
    """Search rule, readout, hidden sizes and rate for the best int8 net that fits.

    Every net that is tried is quantized and judged on the validation rows; the test rows are
    looked at once, by the best one. The search is that of Optuna (Akiba et al. 2019), with
    tree-structured Parzen estimators (Bergstra et al. 2011), after each rule's largest layer at
    its usual rate. A trial is given up that is worse than the median of those before it that take
    no more flash: small nets, which the front is made of, are not held to what large ones reach.

    Parameters
    ----------
    dataset : Dataset
        With classes.
    options : Options, optional
        What all nets share: seed, epochs, validation and test rows.
    max_flash, max_ram : int, optional
        Bytes.
    board : str, optional
        Name of a board, which see `Budget`.
    trials : int
        How many to try, in this process.
    algos : sequence of str
        Rules, of `ALGOS`.
    storage : str, optional
        Where Optuna keeps the study, such as ``sqlite:///study.db``, so that several processes
        share it. With a single process the same seed gives the same result.
    study : str
        Name of the study in the storage.
    on_trial : callable, optional
        Called with each `Trial` that ended, and the best so far of the study or None.

    Returns
    -------
    Tuned

    Raises
    ------
    UsageError
        When an option does not fit, or no rows are left for validation.
    GateError
        When nothing fits.
    TrainingError
        When no trial came to an end.
    MissingToolError
        When Optuna is not installed.
    KeyboardInterrupt
        When interrupted before a trial came to an end.
    """
    optuna()
    if dataset.numeric:
        raise UsageError(f"the targets of {dataset.source} are numbers; the search is for classes")
    budget = Budget.of(max_flash, max_ram, board)
    search = _Search(dataset, options or Options(), budget, algos)
    search.study = open_study(storage, study, search.facts(board, algos))
    with told(storage):
        return search.run(trials, on_trial)


class _Search:
    """The state of one call of `tune`."""

    def __init__(self, dataset, options, budget, algos):
        self.given, self.budget = options, budget
        learning, validation, test = _shares(dataset, options)
        self.dataset = learning
        self.options = dataclasses.replace(options, val=validation, test=0.0)
        whole = dataclasses.replace(self.options, test=test)
        self.parts, scaler = share_out(learning, whole)
        self.space = Space(learning, self.parts, scaler, self.options, budget, algos)
        self.starts = list(self.space.starts())
        self.study = None
        #: Number and model of the best trial of this process.
        self.kept = None, None

    def facts(self, board, algos):
        """What all who share the study must have in common."""
        options, limits = self.given, self.budget.limits
        rows = (options.val, options.test)
        val, test = (rows.sha256 if isinstance(rows, Dataset) else rows for rows in rows)
        return {
            "data": self.dataset.sha256,
            "columns": len(self.dataset.features),
            "max-flash": str(limits.flash),
            "max-ram": str(limits.memory),
            "board": board or "none",
            "algos": ",".join(sorted(algos)),
            "seed": options.seed,
            "epochs": options.epochs or 0,
            "val": val,
            "test": test,
        }

    def run(self, trials, on_trial):
        interrupted = False
        for _ in range(trials):
            try:
                number = self.one()
                if on_trial:
                    best = self.best()
                    on_trial(_told(self.study.trials[number]), best and _told(best))
            except KeyboardInterrupt:
                if self.best() is None:
                    raise
                interrupted = True
                break
        return self.result(interrupted)

    # ------------------------------------------------------------ trials

    def one(self):
        """Try a net; returns its number."""
        library = optuna()
        trial = self.study.ask()
        # A stream for each trial, so that processes with the same seed do not try the same nets.
        seed = int(stream(self.given.seed, "draws").integers(2**31)) ^ trial.number
        start = self.starts[trial.number] if trial.number < len(self.starts) else {}
        self.study.sampler = sampler(seed, start)
        states = library.trial.TrialState
        try:
            share = self.try_out(trial)
        except library.TrialPruned:
            self.study.tell(trial, state=states.PRUNED)
        except TrainingError:
            # The rate was too high for the loss to stay a number.
            self.study.tell(trial, state=states.FAIL)
        except BaseException:
            self.study.tell(trial, state=states.FAIL)
            raise
        else:
            self.study.tell(trial, share)
        return trial.number

    def try_out(self, trial):
        options = self.space.suggest(trial)
        model = self.train(options, self.watcher(trial, self.space.need(options).flash))
        need = self.budget.need(model)
        if not self.budget.allows(need):
            # Code and stack are known for sure only now.
            raise optuna().TrialPruned
        rows = self.parts.validation
        share = accuracy(rows.y, model.predict_index(rows.x))
        trial.set_user_attr("flash", need.flash)
        trial.set_user_attr("memory", need.memory)
        best = self.best()
        if best is None or _rank(share, need.flash) > _rank(best.value, best.user_attrs["flash"]):
            self.kept = trial.number, model
        return share

    def train(self, options, on_epoch=None):
        """The int8 model of these options.

        Raises
        ------
        KeyboardInterrupt
            When interrupted: half a training says nothing of a net.
        """
        run = train(self.dataset, options, on_epoch)
        if run.stopped == "interrupted":
            raise KeyboardInterrupt
        return quantize(run.model, self.parts.train.x[:_CALIBRATION])

    def watcher(self, trial, flash):
        """The function that gives a trial up when it lags behind nets that take no more flash."""
        others = [one for one in self.complete() if one.user_attrs["flash"] <= flash]

        def on_epoch(epoch):
            between = max(1, epoch.epochs // _LOOKS)
            if epoch.validation_accuracy is None or epoch.epoch % between:
                return
            look = epoch.epoch // between
            trial.report(epoch.validation_accuracy, look)
            reached = [
                one.intermediate_values[look] for one in others if look in one.intermediate_values
            ]
            if len(reached) >= _OTHERS and epoch.validation_accuracy < statistics.median(reached):
                raise optuna().TrialPruned

        return on_epoch

    # ------------------------------------------------------------ what came of it

    def complete(self):
        state = optuna().trial.TrialState.COMPLETE
        return self.study.get_trials(deepcopy=False, states=(state,))

    def best(self):
        """The best trial of the study so far, with the least flash of equal ones; or None."""
        return max(
            self.complete(),
            key=lambda trial: (*_rank(trial.value, trial.user_attrs["flash"]), -trial.number),
            default=None,
        )

    def result(self, interrupted):
        best = self.best()
        if best is None:
            raise TrainingError(
                "no trial came to an end; allow more of them with --trials, or look at the data"
            )
        number, model = self.kept
        if number != best.number:
            # Another process found it: the same options and seed give the same net.
            chosen = optuna().trial.FixedTrial(best.params, best.number)
            model = self.train(self.space.suggest(chosen))
        rows, need = self.parts.test, self.budget.need(model)
        note = {"trials": len(self.study.trials), "trial": best.number, **vars(need)}
        note |= {"validation_accuracy": best.value}
        return Tuned(
            model=dataclasses.replace(model, provenance={**model.provenance, "tuning": note}),
            best=_told(best),
            front=front([_told(trial) for trial in self.complete()]),
            counts=self.counts(),
            budget=self.budget,
            need=need,
            test_accuracy=accuracy(rows.y, model.predict_index(rows.x)) if len(rows) else None,
            test_rows=len(rows),
            interrupted=interrupted,
        )

    def counts(self):
        states = [_state(trial) for trial in self.study.get_trials(deepcopy=False)]
        return {state: states.count(state) for state in ("complete", "pruned", "failed")}


def front(trials):
    """Those that no other beats in both accuracy and flash.

    Parameters
    ----------
    trials : iterable of Trial
        Complete ones.

    Returns
    -------
    list of Trial
        By flash, and so by accuracy.
    """
    found = []
    for trial in sorted(trials, key=lambda trial: (trial.flash, -trial.accuracy, trial.number)):
        if not found or trial.accuracy > found[-1].accuracy:
            found.append(trial)
    return found


def _rank(share, flash):
    return share, -flash


def _told(trial):
    """A trial of Optuna in this room's words."""
    params: dict[str, Any] = trial.params
    algo = params.get("algo", "")
    readout = params.get(f"{algo}_readout")
    return Trial(
        number=trial.number,
        state=_state(trial),
        algo=algo,
        readout=None if readout == "output" else readout,
        hidden=tuple(params[f"units{n}"] for n in range(1, params.get("layers", 0) + 1)),
        rate=params.get("rate", 0.0),
        accuracy=trial.value if _state(trial) == "complete" else None,
        flash=trial.user_attrs.get("flash"),
        memory=trial.user_attrs.get("memory"),
    )


def _state(trial):
    name = trial.state.name
    return {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}.get(name, "running")


def _shares(dataset, options):
    """Rows to learn from, validation and test rows, each a `Dataset`.

    The test part is 0.0 where there are no test rows.
    """
    parts = options.val, options.test
    shares = [0.0 if isinstance(part, Dataset) else part for part in parts]
    seed = int(stream(options.seed, "split").integers(2**63))
    learning, *rest = split(dataset.y, *shares, seed)
    val, test = (
        part if isinstance(part, Dataset) else dataset.take(rows) if len(rows) else 0.0
        for part, rows in zip(parts, rest, strict=True)
    )
    if not isinstance(val, Dataset):
        raise UsageError("--val 0 leaves no rows to choose by; leave some, such as --val 0.2")
    return dataset.take(learning), val, test
