"""The learning rules, one file each, and the loop that runs any of them."""

from lwnn.learning.backprop import Backprop
from lwnn.learning.custom import custom_cost, custom_goodness
from lwnn.learning.forward_forward import ForwardForward
from lwnn.learning.loop import Epoch, Fit, fit
from lwnn.learning.mono_forward import MonoForward
from lwnn.learning.perceptron import Perceptron
from lwnn.learning.perturbation import Perturbation
from lwnn.learning.recurrent import RecurrentPerturbation, ThroughTime
from lwnn.learning.top_down import TopDown
from lwnn.learning.unsupervised import Unsupervised

#: Name on the command line to rule.
RULES = {
    "ff": ForwardForward,
    "bp": Backprop,
    "wp": Perturbation,
    "mf": MonoForward,
    "perceptron": Perceptron,
}
#: Rules that an option makes of ``ff``, as `lwnn.options.FORMS` lists them.
FORMS = {"un": Unsupervised, "td": TopDown}
#: What ``--recurrent`` makes of a rule.
RECURRENT = {"bp": ThroughTime, "wp": RecurrentPerturbation}

__all__ = ["FORMS", "RECURRENT", "RULES", "Backprop", "Epoch", "Fit", "ForwardForward"]
__all__ += ["MonoForward", "Perceptron", "Perturbation", "RecurrentPerturbation", "ThroughTime"]
__all__ += ["TopDown", "Unsupervised", "custom_cost", "custom_goodness", "fit"]
