"""scikit-learn's side: MLPClassifier, an epoch a call of `partial_fit`."""

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.speed.problem import CHECKED_BATCHES, CLASSES


class Backprop:
    """Plain SGD. The rows lie in the order of the epoch before the clock starts."""

    note = "partial_fit, float32"

    def __init__(self, problem, threads):
        self.problem = problem
        self.x = np.ascontiguousarray(problem.scaled[problem.order])
        self.y = problem.y[problem.order]
        self.classifier = MLPClassifier(
            problem.hidden,
            solver="sgd",
            alpha=0.0,
            batch_size=problem.batch,
            learning_rate_init=problem.rate,
            momentum=0.0,
            nesterovs_momentum=False,
            shuffle=False,
        )
        # The first call makes the layers; `reset` gives them their values.
        rows = slice(problem.batch)
        self.classifier.partial_fit(self.x[rows], self.y[rows], classes=np.arange(CLASSES))

    def _layers(self):
        names = [name for name, _, _ in self.problem.network.layers]
        return zip(names, self.classifier.coefs_, self.classifier.intercepts_, strict=True)

    def reset(self):
        """Back to the start; plain SGD remembers nothing."""
        for name, weight, bias in self._layers():
            weight[:] = self.problem.start[f"{name}.weight"].T
            bias[:] = self.problem.start[f"{name}.bias"]

    def unit(self):
        """An epoch."""
        self.classifier.partial_fit(self.x, self.y)

    def outcome(self):
        """Parameters after a few mini-batches, by lwnn's names."""
        self.reset()
        rows = slice(CHECKED_BATCHES * self.problem.batch)
        self.classifier.partial_fit(self.x[rows], self.y[rows])
        found = {}
        for name, weight, bias in self._layers():
            found[f"{name}.weight"], found[f"{name}.bias"] = weight.T.copy(), bias.copy()
        return found
