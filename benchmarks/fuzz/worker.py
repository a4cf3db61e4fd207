"""The process that runs trials, within bounds of time and memory."""

import contextlib
import random
import resource
import signal
import time
from pathlib import Path

#: Bytes that a trial may take beside `_TIMES` its file, and seconds of the processor.
BASE, _TIMES, SECONDS = 64 << 20, 10, 10


class TookTooLongError(Exception):
    """A trial used up its time."""


def work(target, folder, seed, until, board):
    """Run trials of a target until a moment, and send what is found.

    Parameters
    ----------
    target : tuple of callable
        As in `benchmarks.fuzz.targets.TARGETS`.
    folder : str
        Where the file of the trial stands, as ``trial``: also when this process has died of it.
    seed : int
    until : float
        Of `time.monotonic`, or the number of trials, below 0.
    board : tuple
        Connection to send (problem, content) by, and two shared values: how many trials there were
        and when the last one began.
    """
    findings, count, began = board
    make, change, read = target
    from benchmarks.fuzz.targets import trial  # noqa: PLC0415

    rng, path = random.Random(seed), Path(folder, "trial")
    files = make()
    # Whatever is imported or set up at first use is not a trial's own.
    for content in files:
        path.write_bytes(content)
        began.value = time.monotonic()
        trial(read, path, rng)
    while files and not _over(until, count.value):
        content = change(rng.choice(files), rng, files)
        path.write_bytes(content)
        began.value = time.monotonic()
        try:
            with bounds(len(content)):
                problem = trial(read, path, rng)
        except TookTooLongError:
            problem = f"took more than {SECONDS} s"
        count.value += 1
        if problem:
            findings.send((problem, content))


def _over(until, count):
    return count >= -until if until < 0 else time.monotonic() >= until


def _ring(*_):
    raise TookTooLongError


@contextlib.contextmanager
def bounds(size):
    """Let what is done take so much time and memory and no more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_taken() + BASE + _TIMES * size, hard))
    before = signal.signal(signal.SIGVTALRM, _ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _taken():
    """Bytes of address space of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()
