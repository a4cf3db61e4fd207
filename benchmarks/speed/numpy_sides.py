"""NumPy's side: what prediction costs without a library for it."""

import numpy as np

from benchmarks.speed.side import Predictor


class Prediction(Predictor):
    """A matrix product a layer."""

    def __init__(self, problem, threads):
        super().__init__(problem)
        views = problem.start.views
        self.layers = [
            (views[f"{name}.weight"].T, views[f"{name}.bias"])
            for name, _, _ in problem.network.layers
        ]

    def score(self, part):
        for weight, bias in self.layers[:-1]:
            part = np.maximum(part @ weight + bias, 0)
        weight, bias = self.layers[-1]
        return part @ weight + bias
