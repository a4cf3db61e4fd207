"""Weight perturbation (Jabri & Flower 1992) and its relatives: gradients from forward passes."""

from lwnn._kernels import kernels
from lwnn.errors import UsageError
from lwnn.learning.backprop import Backprop

#: What is moved at a time; the position is the kernels' code.
FORMS = ("weight", "node", "fan-in", "simultaneous")
#: Difference quotients, by the number of ways that one goes.
DIFFERENCES = ("forward", "central")


class Perturbation(Backprop):
    """dE/dw ≈ (E(w + δ) - E(w)) / δ, for one weight after the other or for several at once.

    Network, cost, start and optimizers are those of backprop; only where the gradient comes
    from differs.

    Parameters
    ----------
    perturb : {'weight', 'node', 'fan-in', 'simultaneous'}
        What is moved at a time: every weight (Jabri & Flower 1992); every unit's input, from
        which the gradient of its weights follows; all weights into a unit by random signs
        (Flower & Jabri 1992); all weights by random signs (Spall 1992).
    delta : float
        How far a weight, or a unit's input, is moved. All forms but ``simultaneous`` carry
        changes instead of taking differences of sums, so a small δ costs them no accuracy.
    differences : {'forward', 'central'}
        E(w + δ) - E(w), or E(w + δ) - E(w - δ), whose error is of second order in δ.
    repeats : int
        Draws of signs that are averaged (``fan-in`` and ``simultaneous``).
    """

    takes = (*Backprop.takes, "perturb", "delta", "differences", "repeats")

    def __init__(
        self, *args, perturb="weight", delta=1e-3, differences="forward", repeats=1, **kwargs
    ):
        if not 1e-6 <= abs(delta) <= 1:
            raise UsageError(f"--delta {delta:g}; expected between 1e-6 and 1")
        self.delta, self.repeats = delta, repeats
        self.form, self.sides = FORMS.index(perturb), 1 + DIFFERENCES.index(differences)
        super().__init__(*args, **kwargs)
        self.signs = int(self.draws.integers(2**63))

    @property
    def forward_passes(self):
        """One, and one for everything that is moved, each way and draw."""
        moved = (self.network.size, _units(self.network), _units(self.network), 1)[self.form]
        return 1 + moved * self.sides * (self.repeats if self.form > 1 else 1)

    @staticmethod
    def row_work(network):
        return network.size + sum(
            outputs * (inputs + 1) * _carried(network, layer)
            for layer, (_, inputs, outputs) in enumerate(network.layers)
        )

    @property
    def work(self):
        """Multiply-accumulates a row, counting those that carry changes."""
        network, times = self.network, self.sides * (self.repeats if self.form > 1 else 1)
        if FORMS[self.form] == "weight":
            return network.size + times * (self.row_work(network) - network.size)
        if FORMS[self.form] == "simultaneous":
            return network.size * (1 + times)
        carried = sum(
            outputs * _carried(network, layer)
            for layer, (_, _, outputs) in enumerate(network.layers)
        )
        if FORMS[self.form] == "node":
            return 2 * network.size + times * carried
        return network.size + times * (network.size + carried)

    def workspace_size(self):
        return kernels.wp_workspace(self.network.table, self.batch, self.form, self.threads)

    def learn(self, order, rate):
        how = (self.delta, self.form, self.sides, self.repeats, self.signs)
        loss = kernels.wp_epoch(*self.arguments(order, rate, *how))
        self.optimizer.step += -(-len(order) // self.batch)
        return loss


def _units(network):
    return sum(outputs for _, _, outputs in network.layers)


#: What a unit of the last two layers costs a change: the terms of its series.
_TERMS = 4


def _carried(network, layer):
    """Multiply-accumulates that carry the change of one unit of a layer to the cost."""
    above = network.layers[layer + 1 :]
    if len(above) < 2:
        return _TERMS
    return above[0][2] + sum(inputs * outputs for _, inputs, outputs in above[1:])
