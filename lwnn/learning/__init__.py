"""The learning rules, one file each, and the loop that runs any of them."""

from lwnn.learning.backprop import Backprop
from lwnn.learning.forward_forward import ForwardForward
from lwnn.learning.loop import Epoch, Fit, fit
from lwnn.learning.mono_forward import MonoForward
from lwnn.learning.perturbation import Perturbation

#: Name on the command line to rule.
RULES = {"ff": ForwardForward, "bp": Backprop, "wp": Perturbation, "mf": MonoForward}

__all__ = [
    "RULES",
    "Backprop",
    "Epoch",
    "Fit",
    "ForwardForward",
    "MonoForward",
    "Perturbation",
    "fit",
]
