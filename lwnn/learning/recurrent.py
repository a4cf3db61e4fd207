"""Recurrent nets: backprop through time, and perturbation of all that they do over time."""

from lwnn._kernels import kernels
from lwnn.learning.backprop import Backprop
from lwnn.learning.perturbation import FORMS, Perturbation


class _OverTime:
    """What the rules of Elman nets have in common."""

    kind = "elman"

    def arguments(self, order, rate, *extra):
        vector, table, *rest = super().arguments(order, rate, *extra)
        return (vector, table, self.network.timesteps, *rest)


class ThroughTime(_OverTime, Backprop):
    """Backprop through time (Werbos 1990): the chain rule over all steps of a sequence.

    The parameters are those of `Backprop`.
    """

    @staticmethod
    def row_work(network):
        return 3 * pass_work(network)

    def workspace_size(self):
        net = self.network
        return kernels.elman_workspace(net.table, net.timesteps, self.batch, True, self.threads)

    def learn(self, order, rate):
        loss = kernels.bptt_epoch(*self.arguments(order, rate))
        self.optimizer.step += -(-len(order) // self.batch)
        return loss


class RecurrentPerturbation(_OverTime, Perturbation):
    """Weight perturbation of an Elman net (Jabri & Flower 1992), in every form of `Perturbation`.

    A weight that is moved is moved at every step. With ``perturb="node"`` the input of one unit
    is moved at one step, from which the gradient of its weights follows as a sum over the steps.
    The parameters are those of `Perturbation`.
    """

    @property
    def forward_passes(self):
        return 1 + self._moved() * self._times()

    @staticmethod
    def row_work(network):
        return pass_work(network) + sum(
            outputs * (inputs + 1) * _carried(network, layer)
            for layer, (_, inputs, outputs) in enumerate(network.layers)
        )

    @property
    def work(self):
        network, form = self.network, FORMS[self.form]
        once = pass_work(network)
        if form == "simultaneous":
            return once * (1 + self._times())
        if form == "weight":
            return once + self._times() * (self.row_work(network) - once)
        # A move at a step is carried over those that follow, half of all on average.
        moved = (network.timesteps + 1) / 2 if form == "node" else 1
        carried = sum(
            outputs * _carried(network, layer) * (moved if layer < len(network.hidden) else 1)
            for layer, (_, _, outputs) in enumerate(network.layers)
        )
        return round(once * (2 if form == "node" else 1) + self._times() * carried)

    def _times(self):
        """How often everything is moved: ways, times draws of signs."""
        return self.sides * (self.repeats if self.form > 1 else 1)

    def _moved(self):
        """How much is moved one after the other."""
        network, form = self.network, FORMS[self.form]
        if form == "weight":
            return network.size
        if form == "node":
            return network.timesteps * sum(network.hidden) + network.classes
        return sum(network.hidden) + network.classes if form == "fan-in" else 1

    def workspace_size(self):
        net = self.network
        how = (net.timesteps, self.batch, self.form, self.threads)
        return kernels.elman_wp_workspace(net.table, *how)

    def learn(self, order, rate):
        how = (self.delta, self.form, self.sides, self.repeats, self.signs)
        loss = kernels.elman_wp_epoch(*self.arguments(order, rate, *how))
        self.optimizer.step += -(-len(order) // self.batch)
        return loss


def pass_work(network):
    """Multiply-accumulates of one forward pass of a row over all its steps."""
    *hidden, output = (outputs * (inputs + 1) for _, inputs, outputs in network.layers)
    return network.timesteps * sum(hidden) + output


#: What an output costs a change: the terms of its series.
_TERMS = 4


def _carried(network, layer):
    """Multiply-accumulates that carry the change of one unit of a layer over all steps."""
    *hidden, (_, last, classes) = network.layers
    if layer == len(hidden):
        return _TERMS
    above = sum(inputs * outputs for _, inputs, outputs in hidden[layer + 1 :])
    return network.timesteps * (hidden[layer][2] ** 2 + above) + last * classes
