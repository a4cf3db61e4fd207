"""Weight perturbation (Jabri & Flower 1992): gradients from forward passes only."""

from lwnn._kernels import kernels
from lwnn.errors import UsageError
from lwnn.learning.backprop import Backprop


class Perturbation(Backprop):
    """dE/dw ≈ (E(w + δ) - E(w)) / δ, one weight after the other.

    Network, cost, start and optimizers are those of backprop; only where the gradient comes
    from differs.

    Parameters
    ----------
    delta : float
        How far each weight is moved. The kernel carries changes, not differences of sums, so a
        small δ costs no accuracy.
    """

    takes = ("delta",)

    def __init__(self, *args, delta=1e-3, **kwargs):
        if not 1e-6 <= abs(delta) <= 1:
            raise UsageError(f"--delta {delta:g}; expected between 1e-6 and 1")
        self.delta = delta
        super().__init__(*args, **kwargs)

    @property
    def forward_passes(self):
        """One, and one for every weight."""
        return 1 + self.network.size

    @staticmethod
    def row_work(network):
        above = [outputs for _, _, outputs in network.layers][1:]
        return network.size * (4 * network.classes + sum(above))

    def workspace_size(self):
        return kernels.wp_workspace(self.network.table, self.batch, self.threads)

    def learn(self, order, rate):
        loss = kernels.wp_epoch(*self.arguments(order, rate, self.delta))
        self.optimizer.step += -(-len(order) // self.batch)
        return loss
