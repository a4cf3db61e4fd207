"""How the weights of a dense net start, before they learn anything.

======  ==================================================================================
he      N(0, 2 / inputs), biases 0 (He et al. 2015, 1502.01852), for ReLUs
lecun   N(0, 1 / inputs), biases 0 (LeCun, Bottou, Orr & Müller 1998)
xavier  N(0, 2 / (inputs + outputs)), biases 0 (Glorot & Bengio 2010), normal form
normal  N(0, 1), biases too: the textbook's start
======  ==================================================================================
"""

import numpy as np

from lwnn.learning.rule import scaled_normal


def _he(params, rng):
    scaled_normal(params, rng, 2.0)


def _lecun(params, rng):
    scaled_normal(params, rng, 1.0)


def _xavier(params, rng):
    for name, view in params.views.items():
        if name.endswith(".weight"):
            drawn = rng.standard_normal(view.shape, np.float32)
            view[:] = drawn * np.sqrt(2 / sum(view.shape))


def _normal(params, rng):
    for view in params.views.values():
        view[:] = rng.standard_normal(view.shape, np.float32)


#: Name to what sets the starting weights of `Params` from a generator.
STARTS = {"he": _he, "lecun": _lecun, "xavier": _xavier, "normal": _normal}
