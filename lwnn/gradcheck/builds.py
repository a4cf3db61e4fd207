"""Checks a build of the kernels other than the one in use, in a process of its own.

The build is chosen when `lwnn._kernels` is imported; a new process chooses anew.
"""

import contextlib
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from lwnn.errors import LwnnError
from lwnn.gradcheck.checks import check


def check_build(name):
    """Check every kernel of one build.

    Parameters
    ----------
    name : str
        In `lwnn._kernels.available()`.

    Returns
    -------
    list of Finding

    Raises
    ------
    LwnnError
        When the process died, as it does of an instruction that the processor does not have.
    """
    context = multiprocessing.get_context("spawn")
    with _forced(name), ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(check).result()
        except BrokenProcessPool as error:
            raise LwnnError(
                f"the process that ran the kernels {name} died; "
                f"LWNN_KERNELS={name} lwnn gradcheck may say more"
            ) from error


@contextlib.contextmanager
def _forced(name):
    before = os.environ.get("LWNN_KERNELS")
    os.environ["LWNN_KERNELS"] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ["LWNN_KERNELS"]
        else:
            os.environ["LWNN_KERNELS"] = before
