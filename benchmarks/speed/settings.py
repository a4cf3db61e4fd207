"""How thorough a run is."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the command line chooses.

    Parameters
    ----------
    rounds : int
        Times that each side is timed.
    seconds : float
        That a round of a side takes, about.
    epochs : int
        Of the whole command on MNIST.
    mnist : str or None
        Folder of MNIST's files.
    slow : bool
        Whether sides that take long to get ready take part.
    """

    rounds: int
    seconds: float = 0.25
    epochs: int = 10
    mnist: str | None = None
    slow: bool = True
