"""The process that watches: starts workers, and notes what they find or die of."""

import hashlib
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

from benchmarks.fuzz.worker import SECONDS, work

#: Seconds by the clock that a trial may take on a busy machine, where it does not even compute.
_PATIENCE = 12 * SECONDS
_MOST_TRIES = 20


def run(target, seed, until, keep=None):
    """Run trials of a target; a worker that dies or hangs is replaced.

    Parameters
    ----------
    target : tuple of callable
    seed : int
    until : float
        Of `time.monotonic`, or the number of trials, below 0.
    keep : Path, optional
        Folder for the files that something was wrong with.

    Returns
    -------
    found : dict of str to bytes
        Problem to the first file that has it.
    trials : int
    """
    # glibc reserves 64 MiB of address space for the heap of each thread that a library starts, as
    # much as a trial may take in all. The workers inherit this; it is read when a process begins.
    os.environ.setdefault("MALLOC_ARENA_MAX", "1")
    spawn, found, trials = multiprocessing.get_context("spawn"), {}, 0
    for attempt in range(_MOST_TRIES):
        with tempfile.TemporaryDirectory() as folder:
            receive, send = spawn.Pipe(duplex=False)
            count, began = spawn.Value("q", 0), spawn.Value("d", time.monotonic())
            left = until if until > 0 else until + trials
            arguments = (target, folder, seed + 1000 * attempt, left, (send, count, began))
            worker = spawn.Process(target=work, args=arguments, daemon=True)
            worker.start()
            send.close()
            died = _watch(worker, receive, began, found)
            trials += count.value
            if died and not count.value and not Path(folder, "trial").exists():
                raise RuntimeError(f"no trial was made: the worker {died}")
            if died:
                found.setdefault(died, Path(folder, "trial").read_bytes())
                trials += 1
        if not died or (until < 0 and trials >= -until) or 0 < until <= time.monotonic():
            break
    for problem, content in found.items():
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / hashlib.sha256(problem.encode()).hexdigest()[:12]).write_bytes(content)
    return found, trials


def _watch(worker, receive, began, found):
    """Collect what a worker finds until it ends; returns what it died of, or None."""
    while True:
        try:
            while receive.poll(0.2):
                problem, content = receive.recv()
                found.setdefault(problem, content)
        except EOFError:
            worker.join()
            return f"ended with {worker.exitcode}" if worker.exitcode else None
        if time.monotonic() - began.value > _PATIENCE:
            worker.kill()
            worker.join()
            return f"stood still for {_PATIENCE} s"
