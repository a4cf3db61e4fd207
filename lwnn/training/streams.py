"""The random numbers of a run: all from one seed, a stream for each purpose."""

import numpy as np

#: Names of the random streams that a seed is the mother of, so that none follows another.
_STREAMS = ("split", "init", "shuffle", "draws", "augment", "noise", "silence")


def stream(seed, name):
    """The random numbers of one purpose."""
    return np.random.default_rng([seed, _STREAMS.index(name)])
