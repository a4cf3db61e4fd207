"""lwnn's own side of each case, at the level at which `lwnn train` and users call it."""

import numpy as np

from benchmarks.speed.problem import CHECKED_BATCHES, CLASSES, CLIP
from benchmarks.speed.side import Predictor
from lwnn.learning import RULES
from lwnn.learning.optimizers import Optimizer
from lwnn.learning.rule import Rows
from lwnn.model import Model


class Training:
    """An epoch is one call of the rule, which is one call of its kernel."""

    note = ""

    def __init__(self, problem, threads):
        self.problem = problem
        random = np.random.default_rng(0)
        ff = problem.kind == "ff"
        # The form that PyTorch's side has: wrong labels given, a threshold.
        form = {"loss": "softplus", "negatives": "random"} if ff else {}
        self.rule = RULES["ff" if ff else "bp"](
            problem.network,
            Rows(problem.x, problem.y),
            problem.scaler,
            CLIP,
            Optimizer(problem.optimizer, problem.network.size),
            batch=problem.batch,
            init=random,
            draws=random,
            threads=threads,
            **form,
        )
        self.rule.wrong = problem.wrong

    def reset(self):
        """Back to the start, the optimizer's memory too."""
        self.rule.params.vector[:] = self.problem.start.vector
        self.rule.optimizer.state[:] = 0
        self.rule.optimizer.step = 0

    def unit(self):
        """An epoch."""
        self.rule.learn(self.problem.order, self.problem.rate)

    def outcome(self):
        """Parameters after a few mini-batches, by name."""
        self.reset()
        rows = self.problem.order[: CHECKED_BATCHES * self.problem.batch]
        self.rule.learn(rows, self.problem.rate)
        return {name: view.copy() for name, view in self.rule.params.views.items()}


class Prediction(Predictor):
    """`Model.scores`."""

    def __init__(self, problem, threads):
        super().__init__(problem)
        self.threads = threads
        self.model = self.prepare(model_of(problem), problem.scaled)

    def prepare(self, model, rows):
        """What to predict with."""
        return model

    def score(self, rows):
        return self.model.scores(rows, self.threads)


class Int8Prediction(Prediction):
    """`QuantizedModel.scores`: float rows in, float scores out, integers between."""

    def prepare(self, model, rows):
        from lwnn.quantization import quantize  # noqa: PLC0415 - only the int8 cases need it

        return quantize(model, rows)


def model_of(problem):
    """A model with the starting parameters; its inputs are read as they are."""
    inputs = problem.inputs
    return Model(
        network=problem.network,
        params=problem.start,
        offset=np.zeros(inputs, np.float32),
        scale=np.ones(inputs, np.float32),
        clip=CLIP,
        labels=tuple(map(str, range(CLASSES))),
        features=tuple(f"x{n}" for n in range(inputs)),
    )
