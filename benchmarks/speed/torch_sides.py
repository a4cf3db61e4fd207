"""PyTorch's side: eager and compiled.

Its rows are scaled, and for Forward-Forward normalised, before the clock starts, while lwnn does
both again in every step. Eager training takes the fastest of its optimizers' implementations and
of two ways to run the neutral pass, tried on the spot.
"""

import functools
import itertools

import torch

from benchmarks.speed import torch_nets
from benchmarks.speed.problem import CHECKED_BATCHES
from benchmarks.speed.side import Predictor, fastest

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
#: Ways to take a step over all tensors; PyTorch offers them for every optimizer.
STEPS = {"fused": {"fused": True}, "foreach": {"foreach": True}, "for-loop": {"foreach": False}}


class _Training:
    """A mini-batch a step, rows picked by index."""

    #: Names of the net's losses, all the same but for how they are computed.
    losses = ("loss",)

    def __init__(self, problem, threads):
        torch.set_num_threads(threads)
        self.problem = problem
        self.x = self.rows(torch.from_numpy(problem.scaled))
        self.y = torch.from_numpy(problem.y).long()
        self.wrong = torch.from_numpy(problem.wrong).long()
        self.batches = torch.from_numpy(problem.order).long().split(problem.batch)
        self.net = self.make_net()
        self.choose()

    def rows(self, x):
        return x

    def choose(self):
        """Take the fastest way."""
        optimizers = {step: self.make_optimizer(step) for step in STEPS}
        ways = {
            (loss, step): functools.partial(self.attempt, loss, optimizers[step])
            for loss, step in itertools.product(self.losses, STEPS)
        }
        loss, step = fastest(ways)
        self.use(loss, optimizers[step])
        self.note = f"{loss}, {step}".replace("_", " ")

    def attempt(self, loss, optimizer):
        self.use(loss, optimizer)
        self.step(self.batches[0])

    def use(self, loss, optimizer):
        self.loss, self.optimizer = getattr(self.net, loss), optimizer

    def make_optimizer(self, step):
        kind = OPTIMIZERS[self.problem.optimizer]
        return kind(self.net.parameters, self.problem.rate, **STEPS[step])

    def step(self, rows):
        self.optimizer.zero_grad()
        self.loss(*self.arguments(rows)).backward()
        self.optimizer.step()

    def reset(self):
        """Back to the start, the optimizer's memory too."""
        with torch.no_grad():
            for mine, start in zip(self.net.parameters, self.starts(), strict=True):
                mine.copy_(start)
            # Emptied, not made anew: the first step would have to take memory again.
            for memory in self.optimizer.state.values():
                for value in memory.values():
                    if torch.is_tensor(value):
                        value.zero_()

    def starts(self):
        """Starting values of the net's tensors, in its order."""
        return [tensor for pair in self.starting_layers() for tensor in pair]

    def starting_layers(self):
        views = {name: torch.from_numpy(view) for name, view in self.problem.start.views.items()}
        for name, _, _ in self.problem.network.layers:
            weight = views[f"{name}.weight"]
            if (label := views.get(f"{name}.label")) is not None:
                weight = torch.cat([weight, label], 1)
            yield weight.clone(), views[f"{name}.bias"].clone()

    def learning_layers(self):
        return [
            tuple(tensor.requires_grad_() for tensor in pair) for pair in self.starting_layers()
        ]

    def unit(self):
        """An epoch."""
        for rows in self.batches:
            self.step(rows)

    def outcome(self):
        """Parameters after a few mini-batches, by lwnn's names."""
        self.reset()
        for rows in self.batches[:CHECKED_BATCHES]:
            self.step(rows)
        found = {}
        parameters = iter(self.net.parameters)
        for name, inputs, _ in self.problem.network.layers:
            weight, bias = (next(parameters).detach().numpy().copy() for _ in range(2))
            found[f"{name}.weight"] = weight[:, :inputs]
            if weight.shape[1] > inputs:
                found[f"{name}.label"] = weight[:, inputs:]
            found[f"{name}.bias"] = bias
        return found


class ForwardForward(_Training):
    """Supervised Forward-Forward, eager."""

    losses = ("loss_together", "loss_apart")

    def rows(self, x):
        return torch_nets.normalised(x)

    def make_net(self):
        *layers, head = self.learning_layers()
        scale = self.problem.network.label_scale
        return torch_nets.ForwardForwardNet(layers, head, self.problem.sharpness, scale)

    def arguments(self, rows):
        return self.x[rows], self.y[rows], self.wrong[rows]


class Backprop(_Training):
    """Backprop, eager."""

    def make_net(self):
        return torch_nets.DenseNet(self.learning_layers())

    def arguments(self, rows):
        return self.x[rows], self.y[rows]


class _Compiled:
    """The loss and its gradient compiled; the step fused."""

    def choose(self):
        self.use(self.losses[-1], self.make_optimizer("fused"))
        self.loss = torch.compile(self.loss)
        self.step(self.batches[0])
        self.note = f"{self.losses[-1]} compiled, fused".replace("_", " ")


class CompiledForwardForward(_Compiled, ForwardForward):
    """Supervised Forward-Forward, compiled."""


class CompiledBackprop(_Compiled, Backprop):
    """Backprop, compiled."""


class Prediction(Predictor):
    """Scores in inference mode, eager."""

    def __init__(self, problem, threads):
        torch.set_num_threads(threads)
        super().__init__(problem)
        views = problem.start.views
        self.net = torch_nets.DenseNet(
            [
                tuple(torch.from_numpy(views[f"{name}.{part}"]) for part in ("weight", "bias"))
                for name, _, _ in problem.network.layers
            ]
        )
        self.scores = self.prepare(self.net.scores)

    def prepare(self, scores):
        return scores

    def rows(self, part):
        return torch.from_numpy(part)

    def score(self, part):
        return self.scores(part)

    @torch.inference_mode()
    def unit(self):
        super().unit()

    @torch.inference_mode()
    def outcome(self):
        return super().outcome()


class CompiledPrediction(Prediction):
    """Scores in inference mode, compiled."""

    def prepare(self, scores):
        return torch.compile(scores)
