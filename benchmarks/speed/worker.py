"""A side of a case in a process of its own, so that no library's threads or memory meet another's.

The process answers one question at a time and sleeps in between; which side computes is the
parent's to say.
"""

import contextlib
import importlib
import importlib.util
import math
import multiprocessing
import os
import signal
import time

from benchmarks.speed.measure import SideError, Timing

#: What the libraries read, before they start, of how many threads to make.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
#: Seconds that getting ready may take (compiling, above all), and any other answer.
PREPARE_LIMIT, ANSWER_LIMIT = 600, 300


class Worker:
    """The parent's end.

    Parameters
    ----------
    side : str
        ``module:class`` in this package.
    problem : Problem
    threads : int
    seconds : float
        How long a round takes, about.

    Raises
    ------
    SideError
        When the side cannot do its work; the text says why.
    """

    def __init__(self, side, problem, threads, seconds):
        self.side = side
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        arguments = (theirs, side, problem, threads, seconds)
        self.process = context.Process(target=_serve, args=arguments, daemon=True)
        with _environment(dict.fromkeys(THREAD_VARIABLES, str(threads))):
            self.process.start()
        theirs.close()
        try:
            self.note = self._answer(PREPARE_LIMIT)
        except SideError:
            self.close()
            raise

    def outcome(self):
        """What the side computes, arrays by name."""
        return self._ask("outcome")

    def round(self):
        """One round's `Timing`."""
        return self._ask("round")

    def close(self):
        """End the process."""
        self.pipe.close()
        self.process.terminate()
        self.process.join()

    def _ask(self, question):
        self.pipe.send(question)
        return self._answer(ANSWER_LIMIT)

    def _answer(self, limit):
        try:
            if not self.pipe.poll(limit):
                raise SideError(f"no answer within {limit} s")
            fine, answer = self.pipe.recv()
        except EOFError:
            self.process.join()
            raise SideError(f"its process ended with code {self.process.exitcode}") from None
        if not fine:
            raise SideError(answer)
        return answer


@contextlib.contextmanager
def _environment(values):
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


# ---------------------------------------------------------------- in the process


def make_side(name, problem, threads):
    """The side that ``module:class`` names, ready to work."""
    module, kind = name.split(":")
    return getattr(importlib.import_module(f"benchmarks.speed.{module}"), kind)(problem, threads)


def _serve(pipe, name, problem, threads, seconds):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer.
    try:
        side = make_side(name, problem, threads)
        side.reset()
        side.unit()
        repeats = math.ceil(seconds / _time(side, 1).wall)
        pipe.send((True, side.note))
        while True:
            if pipe.recv() == "outcome":
                pipe.send((True, side.outcome()))
            else:
                pipe.send((True, _time(side, repeats)))
    except EOFError:  # The parent has gone.
        return
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        pipe.send((False, f"{type(error).__name__}: {lines[0]}"))


def _time(side, repeats):
    side.reset()
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        side.unit()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return Timing(repeats, wall, processor)
