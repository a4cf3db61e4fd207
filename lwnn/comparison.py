"""The learning rules side by side: same data, same net, same rows, same seeds."""

import dataclasses
import statistics

from lwnn.errors import UsageError
from lwnn.metrics import accuracy
from lwnn.options import Options
from lwnn.quantization import quantize
from lwnn.training import train

ALGOS = ("ff", "bp", "wp")


@dataclasses.dataclass
class Result:
    """What one rule came to.

    Attributes
    ----------
    algo : str
    options : dict
        What it was trained with; the seed is left out, as there are several.
    parameters : int
    test_accuracy, int8_accuracy : list of float
        Of the float model and of its int8 form on the same test rows, per seed.
    seconds, samples_per_second : list of float
        Per seed.
    forward_passes : int
        Forward passes that one update stands for.
    update_work : int
        Multiply-accumulates of an update, roughly.
    working_bytes : int
        Bytes that training holds: parameters, optimizer state, scratch.
    int8_bytes : int
        Bytes of the int8 model's tensors.
    """

    algo: str
    options: dict = dataclasses.field(default_factory=dict)
    parameters: int = 0
    test_accuracy: list = dataclasses.field(default_factory=list)
    int8_accuracy: list = dataclasses.field(default_factory=list)
    seconds: list = dataclasses.field(default_factory=list)
    samples_per_second: list = dataclasses.field(default_factory=list)
    forward_passes: int = 0
    update_work: int = 0
    working_bytes: int = 0
    int8_bytes: int = 0

    def add(self, run, threads):
        """Take in one seed's run."""
        rows = run.parts.test
        quantized = quantize(run.model, run.parts.train.x)
        predicted = quantized.predict_index(rows.x, threads)
        self.test_accuracy.append(run.metrics["test"]["accuracy"])
        self.int8_accuracy.append(accuracy(rows.y, predicted))
        self.seconds.append(run.seconds)
        self.samples_per_second.append(run.samples_per_second)
        self.options = {key: value for key, value in run.options.items() if key != "seed"}
        self.parameters = run.model.size
        self.forward_passes = run.forward_passes
        self.update_work = run.update_work
        self.working_bytes = run.working_bytes
        self.int8_bytes = quantized.weight_bytes

    def as_dict(self):
        """All of it, with means and standard deviations (n - 1) of the accuracies."""
        return {
            **dataclasses.asdict(self),
            "test_accuracy_mean": statistics.fmean(self.test_accuracy),
            "test_accuracy_sd": spread(self.test_accuracy),
            "int8_accuracy_mean": statistics.fmean(self.int8_accuracy),
            "int8_accuracy_sd": spread(self.int8_accuracy),
            "seconds_median": statistics.median(self.seconds),
            "samples_per_second_median": statistics.median(self.samples_per_second),
        }


def spread(values):
    """Sample standard deviation; None of a single value."""
    return statistics.stdev(values) if len(values) > 1 else None


def compare(dataset, options=None, *, algos=ALGOS, seeds=(0, 1, 2), on_run=None, on_epoch=None):
    """Train every rule on every seed.

    A seed decides the split, the starting weights and all draws, so that for one seed every
    rule learns from, and is tested on, the same rows. Each rule has its own default rates.

    Parameters
    ----------
    dataset : Dataset
    options : Options, optional
        What all rules share: net, epochs, split, threads (default one, so that times compare).
    algos : sequence of str
    seeds : sequence of int
    on_run : callable, optional
        Called with the rule's name and the seed before each run.
    on_epoch : callable, optional
        As for `lwnn.train`.

    Raises
    ------
    UsageError
        When an option does not fit, or no rows are left for the test.

    Returns
    -------
    list of Result
        One per rule, in the order of `algos`.
    """
    shared = options or Options()
    if isinstance(shared.test, float | int) and not shared.test:
        raise UsageError("no test rows to compare on; leave some, such as --test 0.2")
    threads = shared.threads or 1
    results = {algo: Result(algo) for algo in algos}
    for seed in seeds:
        for algo, result in results.items():
            if on_run:
                on_run(algo, seed)
            chosen = dataclasses.replace(shared, algo=algo, seed=seed, threads=threads)
            result.add(train(dataset, chosen, on_epoch), threads)
    return list(results.values())
