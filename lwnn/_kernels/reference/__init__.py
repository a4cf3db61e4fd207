"""The kernels once more, in plain NumPy: slow, short, and the yardstick of the fast ones.

Every function has the name, the arguments and the meaning of its twin in the compiled builds;
see there for the equations and for what each argument holds. Arithmetic is done in the type of
`params`, so that float64 parameters give a float64 referee.
"""

from lwnn._kernels.reference.dense import *  # noqa: F403
from lwnn._kernels.reference.elman import *  # noqa: F403
from lwnn._kernels.reference.forward_forward import *  # noqa: F403
from lwnn._kernels.reference.images import *  # noqa: F403
from lwnn._kernels.reference.int8 import *  # noqa: F403
from lwnn._kernels.reference.mono import *  # noqa: F403
from lwnn._kernels.reference.perceptron import *  # noqa: F403
from lwnn._kernels.reference.perturbation import *  # noqa: F403
from lwnn._kernels.reference.steps import *  # noqa: F403
from lwnn._kernels.reference.topdown import *  # noqa: F403
from lwnn._kernels.reference.unsupervised import *  # noqa: F403


def width():
    """Vectors are a notion of the compiled builds; here: one number."""
    return 1
