"""All that is hot: float32 and int8 kernels, and the choice among their builds.

The same source is built for several kinds of processor. `kernels` is the best build that this
processor runs; the environment variable ``LWNN_KERNELS`` forces another one: ``reference``
(plain NumPy, slow, the yardstick), ``baseline``, ``avx2``, ``avx512`` or ``avx512vnni``.
"""

import contextlib
import importlib
import importlib.util
import os

from lwnn.errors import MissingToolError, UsageError

#: From the plainest to the best.
VARIANTS = ("reference", "baseline", "avx2", "avx512", "avx512vnni")


def load(variant):
    """Import one build of the kernels.

    Parameters
    ----------
    variant : str
        One of `VARIANTS`.

    Raises
    ------
    UsageError
        When the name is unknown, this installation does not have it, or this processor cannot
        run it.
    """
    if variant not in available():
        raise UsageError(
            f"LWNN_KERNELS={variant}: not to be had here; choose from {', '.join(available())}"
        )
    return importlib.import_module(f"lwnn._kernels.{variant}")


def available():
    """Builds that are installed and that this processor can run, plainest first."""
    found = ["reference"]
    try:
        baseline = importlib.import_module("lwnn._kernels.baseline")
    except ImportError:
        return found
    for variant in VARIANTS[1:]:
        installed = importlib.util.find_spec(f"lwnn._kernels.{variant}") is not None
        if installed and baseline.processor_has(variant):
            found.append(variant)
    return found


def choose(found, wanted=None):
    """Name of the build to use: the one wanted, else the best one found.

    Raises
    ------
    MissingToolError
        When only the slow reference was found and nobody asked for it.
    """
    if wanted:
        return wanted
    if found[-1] == "reference":
        raise MissingToolError(
            "the compiled kernels are missing; run pip install -e . in the source folder, "
            "or set LWNN_KERNELS=reference, which is slow"
        )
    return found[-1]


@contextlib.contextmanager
def _short_spins():
    """Let idle OpenMP threads spin for microseconds, not milliseconds.

    Between two products of a step a thread waits some microseconds, and waking it from sleep costs
    more. But with other programs on the same cores, one that spins for long keeps the one it
    waits for from running. GNU's OpenMP reads this when it is loaded, which is here.
    """
    ours = not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & set(os.environ)
    if ours:
        os.environ["GOMP_SPINCOUNT"] = "20000"
    yield
    if ours:
        del os.environ["GOMP_SPINCOUNT"]


with _short_spins():
    #: Name of the build in use.
    variant = choose(available(), os.environ.get("LWNN_KERNELS"))
    #: The build in use.
    kernels = load(variant)
