"""What every learning rule offers the loop."""

import abc
import dataclasses

import numpy as np

from lwnn.learning.augment import Shifts, Silences
from lwnn.learning.averaging import Average
from lwnn.learning.optimizers import Optimizer
from lwnn.network import Network, Params
from lwnn.scoring import score


@dataclasses.dataclass(frozen=True)
class Rows:
    """Rows to learn from or to judge by.

    Parameters
    ----------
    x : ndarray of float32 or uint8, shape (n, inputs)
        Raw; the kernels scale them as they read them.
    y : ndarray of int32 or float32, shape (n,)
        Classes, or values.
    """

    x: np.ndarray
    y: np.ndarray

    def __len__(self):
        return len(self.y)


@dataclasses.dataclass(frozen=True)
class Stage:
    """A part of training with a schedule of its own.

    Parameters
    ----------
    epochs : int
    rate : float
        Learning rate before the schedule.
    judged : bool
        Whether the net can be asked already, so that its best epoch is kept.
    """

    epochs: int
    rate: float
    judged: bool = True


class Rule(abc.ABC):
    """A network being trained.

    Parameters
    ----------
    network : Network
    rows : Rows
        What to learn from; every label occurs.
    scaler : ndarray of float32, shape (2, inputs)
        Offset and scale of each input.
    clip : float
        Bound of a scaled input.
    optimizer : Optimizer
    batch : int
        Rows in a mini-batch.
    init, draws : numpy.random.Generator
        Where starting weights, and all that is drawn later, come from.
    threads : int
        Any number gives the same bits.
    shifts : Shifts or Silences, optional
        What changes the rows anew for every epoch.
    average : int
        Epochs over which the weights that the net is judged and kept by are averaged.
    """

    #: Kind of network that the rule trains.
    kind = "dense"
    readout = "output"
    #: Options that the rule takes as keywords.
    takes = ()
    #: Whether it takes ``image_shape``, height and width of the rows or None, as well.
    reads_images = False

    def __init__(
        self,
        network: Network,
        rows: Rows,
        scaler: np.ndarray,
        clip: float,
        optimizer: Optimizer,
        *,
        batch: int,
        init: np.random.Generator,
        draws: np.random.Generator,
        threads: int = 1,
        shifts: Shifts | Silences | None = None,
        average: int = 1,
    ):
        self.network = network
        self.shifts = shifts
        self.rows = Rows(shifts.moved, rows.y) if shifts else rows
        #: For rows as they are, and for those that the net learns from.
        self.plain_scaler = scaler
        self.scaler = _louder(scaler, shifts.gain) if shifts else scaler
        self.clip = clip
        self.optimizer = optimizer
        self.batch = min(batch, len(rows))
        self.draws = draws
        self.threads = threads
        self.params = Params(network)
        self.average = Average(self.params.vector, average)
        self.goals = self.layer_goals()
        self.start(init)
        self.workspace = np.empty(self.workspace_size(), np.float32)

    def take(self, rows, batch):
        """Learn from these rows from now on, so many at a time."""
        self.shifts = self.shifts and self.shifts.of(rows.x)
        self.rows = Rows(self.shifts.moved, rows.y) if self.shifts else rows
        self.batch = min(batch, len(rows))
        self.workspace = np.empty(self.workspace_size(), np.float32)

    def layer_goals(self):
        """Forward-Forward's goodness factor, threshold and readout weight of each layer."""
        return np.zeros((0, 3), np.float32)

    @abc.abstractmethod
    def start(self, rng):
        """Set the starting weights."""

    @abc.abstractmethod
    def workspace_size(self):
        """Floats of scratch that training takes."""

    @abc.abstractmethod
    def learn(self, order, rate):
        """Learn from the rows that `order` (int32) names; the loss summed over them."""

    @property
    @abc.abstractmethod
    def forward_passes(self):
        """Forward passes that one update stands for."""

    @staticmethod
    def row_work(network):
        """Multiply-accumulates a row, roughly: enough to choose threads and pauses by."""
        return 3 * network.size

    def stages(self, epochs, rate):
        """How training goes on: one stage, unless the rule says otherwise.

        Returns
        -------
        list of Stage
            The last one is judged.
        """
        return [Stage(epochs, rate)]

    def enter(self, stage):  # noqa: B027 - most rules have one stage
        """Called before the first epoch of a stage, counted from 0."""

    @property
    def work(self):
        """Multiply-accumulates a row, roughly, of an update."""
        return self.row_work(self.network)

    def next_epoch(self):
        """Draw all that an epoch needs, before its rows are visited."""
        if self.shifts:
            self.shifts.draw()
        self.begin_epoch()

    def stage(self, epoch, epochs):
        """Where in its cooldown the rate is: an epoch and how many there are."""
        return epoch, epochs

    @property
    def complete(self):
        """Whether all parts of the net have begun to learn, so that it may be kept."""
        return True

    def health(self):
        """How each layer fared in the epoch: a list of dict, empty where nothing is to be said."""
        return []

    def warnings(self):
        """What ails the net after this epoch, each with a remedy."""
        return []

    def begin_epoch(self):  # noqa: B027 - most rules draw nothing
        """Draw what this rule needs for an epoch."""

    def saturation(self, x):
        """Share of the units of each hidden layer that raw rows find saturated; or nothing."""
        return []

    @property
    def working_bytes(self):
        """Bytes that training holds beside the rows.

        Parameters, the loop's copy of the best ones, what their mean takes, what the optimizer
        remembers, scratch, moved images.
        """
        moved = (self.shifts.nbytes if self.shifts else 0) + self.average.nbytes
        buffers = (self.optimizer.state, self.workspace)
        return moved + 2 * self.params.vector.nbytes + sum(buffer.nbytes for buffer in buffers)

    def scores(self, x):
        """Score of every class for raw rows, float32 (n, classes)."""
        return score(
            self.network,
            self.params.vector,
            x,
            self.plain_scaler,
            self.clip,
            readout=self.readout,
            goals=self.goals,
            threads=self.threads,
        )


def _louder(scaler, gain):
    """A scaler after which every value is so many times as large."""
    offset, scale = scaler
    return np.stack([offset, scale * np.float32(gain)])


def scaled_normal(params, rng, gain):
    """Weights from N(0, gain / inputs of the layer), biases 0.

    Gain 2 is He et al. 2015 (for ReLU), gain 1 LeCun 1998.
    """
    for name, view in params.views.items():
        if name.endswith(".weight"):
            view[:] = rng.standard_normal(view.shape, np.float32) * np.sqrt(gain / view.shape[1])
