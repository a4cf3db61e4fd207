"""The processor's limit: multiply-adds a second, measured by a loop that does nothing else."""

import concurrent.futures
import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from lwnn._kernels import available

SOURCE = Path(__file__).with_suffix(".c")
#: For the widest vectors of the processor, whatever build of the kernels is in use.
AVX512 = ["-mavx512f", "-mfma", "-mprefer-vector-width=512"]
FLAGS = {
    "avx512vnni": AVX512,
    "avx512": AVX512,
    "avx2": ["-mavx2", "-mfma"],
}
TURNS = 1 << 20


class NoCompilerError(Exception):
    """There is no C compiler, or it does not compile the loop."""


def compiler():
    """Path of a C compiler, or None."""
    names = (os.environ.get("CC"), "cc", "gcc", "clang")
    return next((path for name in names if name and (path := shutil.which(name))), None)


class FmaLimit:
    """The compiled loop.

    Raises
    ------
    NoCompilerError
    """

    def __init__(self):
        command = compiler()
        if command is None:
            raise NoCompilerError("no C compiler for the FMA limit; install gcc or clang")
        with tempfile.TemporaryDirectory() as folder:
            library = str(Path(folder, "fma_limit.so"))
            flags = ["-O3", "-ffp-contract=fast", "-shared", "-fPIC"]
            flags += FLAGS.get(available()[-1], [])
            done = subprocess.run(
                [command, *flags, str(SOURCE), "-o", library],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise NoCompilerError(f"{command} does not compile {SOURCE.name}: {done.stderr}")
            self.library = ctypes.CDLL(library)
        self.library.fma_operations.restype = ctypes.c_long
        self.library.fma_run.argtypes = (ctypes.c_long, ctypes.c_float, ctypes.c_float)
        self.library.fma_run.restype = ctypes.c_float
        self.operations = self.library.fma_operations()

    def run(self, turns):
        """Run the loop; the values stay near term / (1 - factor), far from any limit."""
        return self.library.fma_run(turns, 0.999, 0.001)

    def gflops(self, threads, seconds):
        """10⁹ operations a second of `threads` cores together.

        One thread is measured by its processor time, several by the clock on the wall: the
        same clocks that the cases are judged by.
        """
        self.run(TURNS)
        if threads == 1:
            return self._rate(self._turns_in, time.thread_time, seconds)
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            list(pool.map(self.run, [TURNS] * threads))
            return self._rate(
                lambda limit: sum(pool.map(self._turns_in, [limit] * threads)),
                time.perf_counter,
                seconds,
            )

    def _rate(self, work, clock, seconds):
        start = clock()
        turns = work(seconds)
        return turns * self.operations / (clock() - start) / 1e9

    def _turns_in(self, seconds):
        """Turns done until the time is over."""
        turns, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            self.run(TURNS)
            turns += TURNS
        return turns
