"""How the learning rate changes over the epochs: a factor on it for each of them.

With e the epoch, from 1, and E how many there may be:

===========  ================================================================================
constant     1
step         decay ^ ⌊(e - 1) / every⌋
exponential  decay ^ (e - 1)
cosine       ½ (1 + cos(π (e - 1) / E)), half a wave (Loshchilov & Hutter 2017, 1608.03983)
cooldown     1 in the first half, then evenly down: min(1, 2 (E - e + 1) / (E + 2)), as Hinton's
             own Forward-Forward program cools down
===========  ================================================================================

A warm-up of N epochs multiplies them by e / (N + 1) while that is below 1 (Goyal et al. 2017,
1706.02677).
"""

import dataclasses
import math

SCHEDULES = ("cooldown", "constant", "step", "exponential", "cosine")


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The factor on the rate as a function of the epoch.

    Parameters
    ----------
    name : {'cooldown', 'constant', 'step', 'exponential', 'cosine'}
    decay : float
        Factor of ``step`` and ``exponential``.
    decay_every : int
        Epochs between two falls of ``step``.
    warmup : int
        Epochs in which the rate rises evenly.
    """

    name: str
    decay: float = 0.1
    decay_every: int = 1
    warmup: int = 0

    def __call__(self, epoch, epochs):
        """Factor in this epoch, counted from 1, of so many."""
        return min(1.0, epoch / (self.warmup + 1)) * self._cooling(epoch, epochs)

    def _cooling(self, epoch, epochs):
        done = epoch - 1
        if self.name == "step":
            return self.decay ** (done // self.decay_every)
        if self.name == "exponential":
            return self.decay**done
        if self.name == "cosine":
            return (1 + math.cos(math.pi * done / epochs)) / 2
        if self.name == "cooldown":
            return min(1.0, 2 * (epochs - done) / (epochs + 2))
        return 1.0
