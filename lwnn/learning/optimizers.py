"""What turns a gradient into a step: plain SGD, SGD with momentum, Adam.

The arithmetic is in the kernels; here is what an optimizer remembers between calls.
"""

import dataclasses

import numpy as np

from lwnn.errors import UsageError

#: Order matters: the position is the kernels' code, and the number of vectors remembered.
OPTIMIZERS = ("sgd", "momentum", "adam")


@dataclasses.dataclass
class Optimizer:
    """An optimizer with its memory.

    Parameters
    ----------
    name : {'sgd', 'momentum', 'adam'}
        w -= rate g; v = momentum v + g, w -= rate v; Adam with both bias corrections
        (Kingma & Ba 2015, arXiv 1412.6980) and decays 0.9 and 0.999.
    size : int
        Number of parameters.
    momentum : float
        In [0, 1), for ``momentum``.

    Attributes
    ----------
    state : ndarray of float32, shape (0, 1 or 2, size)
    step : int
        Mini-batches done so far.
    """

    name: str
    size: int
    momentum: float = 0.9
    state: np.ndarray = dataclasses.field(init=False)
    step: int = dataclasses.field(default=0, init=False)

    def __post_init__(self):
        if self.name not in OPTIMIZERS:
            raise UsageError(
                f"unknown optimizer {self.name!r}; choose from {', '.join(OPTIMIZERS)}"
            )
        if not 0 <= self.momentum < 1:
            raise UsageError(f"--momentum {self.momentum:g}; expected 0 or more, below 1")
        self.state = np.zeros((self.method, self.size), np.float32)

    @property
    def method(self):
        """The kernels' code of this optimizer."""
        return OPTIMIZERS.index(self.name)

    def arguments(self, rate):
        """The kernels' arguments ``method, hyper, state, step`` at this learning rate."""
        first = 0.9 if self.name == "adam" else self.momentum
        hyper = np.array([rate, first, 0.999, 1e-8])
        return self.method, hyper, self.state, self.step
