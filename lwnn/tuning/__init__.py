"""The search for the best int8 net that fits a device.

`budget` says what a net takes and whether that fits, `space` which nets there are to try, `study`
opens the store that several processes may share, `search` tries them, one after the other.
"""

from lwnn.tuning.budget import Budget, Need
from lwnn.tuning.search import Trial, Tuned, tune

__all__ = ["Budget", "Need", "Trial", "Tuned", "tune"]
