"""What turns a gradient into a step: the methods, and what is done to a gradient before.

The arithmetic is in the kernels, fused with the gradient's own; here is what it is told and what
it remembers between calls. With g the gradient of a mini-batch's mean cost and η the rate:

==========  =================================================================================
gd, sgd     w -= η g; over all rows at once, over a mini-batch (Robbins & Monro 1951)
momentum    v = μ v + g, w -= η v (Polyak 1964)
nesterov    v = μ v + g, w -= η (g + μ v) (Nesterov 1983, in the form of Sutskever et al. 2013)
adagrad     s += g², w -= η g / (√s + ε) (Duchi, Hazan & Singer 2011)
rmsprop     s = 0.9 s + 0.1 g², w -= η g / (√s + ε) (Tieleman & Hinton 2012)
adam        both moments, decays 0.9 and 0.999, both corrected (Kingma & Ba 2015, 1412.6980)
==========  =================================================================================

ε is 1e-8. A gradient is first bounded, each component to ±c, then noise is added to it. The bound
is on components, not on the norm over all parameters, as gradients are used up a piece at a time
and never stored whole. Both penalties are decoupled from the gradient (Loshchilov & Hutter 2019,
1711.05101): L2 multiplies the weights by 1 - η λ before the step, L1 draws them by η λ towards 0
after it, and stops there (soft threshold, Daubechies et al. 2004). For plain steps L2 is the
gradient of ½ λ Σ w² in the cost; with Adam, whose scaling would undo a penalty where gradients are
large, it is not, and better so.
"""

import dataclasses

import numpy as np

from lwnn.errors import UsageError

#: Name to the kernels' code, and to the number of vectors remembered.
_METHODS = {
    "sgd": (0, 0),
    "momentum": (1, 1),
    "adam": (2, 2),
    "nesterov": (3, 1),
    "adagrad": (4, 1),
    "rmsprop": (5, 1),
    "gd": (0, 0),
}
OPTIMIZERS = tuple(_METHODS)
_FIRST_DECAY = {"adam": 0.9, "rmsprop": 0.9}


@dataclasses.dataclass
class Optimizer:
    """An optimizer with its memory, and all else that a step of training is told.

    Parameters
    ----------
    name : {'sgd', 'momentum', 'adam', 'nesterov', 'adagrad', 'rmsprop', 'gd'}
        See the module's text. ``gd`` is ``sgd`` to the kernels: the mini-batch makes the
        difference.
    size : int
        Number of parameters.
    momentum : float
        In [0, 1), for ``momentum`` and ``nesterov``.
    l1, l2 : float
        Penalties on weights, not on biases; 0 or more.
    clip_gradient : float or None
        Bound of a gradient's components, above 0.
    gradient_noise, noise_decay : float
        Step t adds noise N(0, gradient_noise / (1 + t) ^ noise_decay) to the gradient
        (Neelakantan et al. 2015, 1511.06807).
    weight_noise : float
        Standard deviation of what is added to every weight for the length of a mini-batch
        (Murray & Edwards 1994).
    input_noise : float
        Standard deviation of what is added to every scaled input (Bishop 1995).
    dropout : float
        Share of the hidden units that are silent, for ``bp``; 0 to below 1.
    label_smoothing : float
        Share of every target that is spread over all classes, for ``bp`` and ``wp``.
    seed : int
        Of all noise, 0 to 2^53 - 1. Noise is a function of seed, step and place.

    Attributes
    ----------
    state : ndarray of float32, shape (0, 1 or 2, size)
    step : int
        Mini-batches done so far.
    """

    name: str
    size: int
    momentum: float = 0.9
    l1: float = 0.0
    l2: float = 0.0
    clip_gradient: float | None = None
    gradient_noise: float = 0.0
    noise_decay: float = 0.55
    weight_noise: float = 0.0
    input_noise: float = 0.0
    dropout: float = 0.0
    label_smoothing: float = 0.0
    seed: int = 0
    state: np.ndarray = dataclasses.field(init=False)
    step: int = dataclasses.field(default=0, init=False)

    def __post_init__(self):
        if self.name not in OPTIMIZERS:
            raise UsageError(
                f"unknown optimizer {self.name!r}; choose from {', '.join(OPTIMIZERS)}"
            )
        if not 0 <= self.momentum < 1:
            raise UsageError(f"--momentum {self.momentum:g}; expected 0 or more, below 1")
        self.state = np.zeros((_METHODS[self.name][1], self.size), np.float32)

    @property
    def method(self):
        """The kernels' code of this optimizer."""
        return _METHODS[self.name][0]

    def arguments(self, rate):
        """The kernels' arguments ``method, hyper, state, step`` at this learning rate."""
        hyper = np.array(
            [
                rate,
                _FIRST_DECAY.get(self.name, self.momentum),
                0.999,
                1e-8,
                self.l1,
                self.l2,
                self.clip_gradient or 0,
                self.gradient_noise,
                self.noise_decay,
                self.weight_noise,
                self.input_noise,
                self.seed,
                self.dropout,
                self.label_smoothing,
            ]
        )
        return self.method, hyper, self.state, self.step


#: Settings that an `Optimizer` takes under their own names.
SETTINGS = tuple(
    field.name
    for field in dataclasses.fields(Optimizer)
    if field.init and field.name not in ("name", "size", "seed")
)
