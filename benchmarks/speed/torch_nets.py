"""The rules once more in PyTorch, as somebody at home in it writes them: autograd, no loops over
rows, one backward pass for all layers."""

import torch
from torch.nn import functional


def normalised(h):
    """Rows divided by their root mean square."""
    return h / (h.square().mean(1, keepdim=True).sqrt() + 1e-6)


class ForwardForwardNet:
    """Supervised Forward-Forward with wrong labels as negatives and a softmax head beside.

    Parameters
    ----------
    layers : list of (weight, bias)
        Tensors that need a gradient; the first weight reads inputs and label.
    head : (weight, bias)
    sharpness : float
        T: goodness T · mean of h², threshold T.
    label_scale : float
        Value of the hot label input.
    """

    def __init__(self, layers, head, sharpness, label_scale):
        self.layers, self.head = layers, head
        self.sharpness = sharpness
        classes = len(head[1])
        self.labels = label_scale * torch.eye(classes)
        self.neutral = torch.full((1, classes), label_scale / classes)
        #: The head reads all hidden layers but the first, unless there is only one.
        self.head_from = min(1, len(layers) - 1)

    @property
    def parameters(self):
        """All tensors that learn."""
        return [tensor for pair in (*self.layers, self.head) for tensor in pair]

    def loss_together(self, x, y, wrong):
        """Losses of all layers and the head: the three passes as one batch."""
        n = len(x)
        labels = torch.cat([self.labels[y], self.labels[wrong], self.neutral.expand(n, -1)])
        h = torch.cat([torch.cat([x, x, x]), labels], 1)
        loss, states = 0.0, []
        for weight, bias in self.layers:
            h = functional.relu(functional.linear(h, weight, bias))
            loss = loss + self._layer_loss(h[: 2 * n])
            h = normalised(h.detach())
            states.append(h[2 * n :])
        return loss + self._head_loss(states, y)

    def loss_apart(self, x, y, wrong):
        """The same, the neutral pass by itself, where autograd does not follow it."""
        h = torch.cat([torch.cat([x, x]), torch.cat([self.labels[y], self.labels[wrong]])], 1)
        neutral = torch.cat([x, self.neutral.expand(len(x), -1)], 1)
        loss, states = 0.0, []
        for weight, bias in self.layers:
            h = functional.relu(functional.linear(h, weight, bias))
            loss = loss + self._layer_loss(h)
            h = normalised(h.detach())
            with torch.no_grad():
                neutral = normalised(functional.relu(functional.linear(neutral, weight, bias)))
            states.append(neutral)
        return loss + self._head_loss(states, y)

    def _layer_loss(self, h):
        gap = self.sharpness * h.square().mean(1) - self.sharpness
        positive, negative = gap.chunk(2)
        return (functional.softplus(-positive) + functional.softplus(negative)).mean()

    def _head_loss(self, states, y):
        scores = functional.linear(torch.cat(states[self.head_from :], 1), *self.head)
        return functional.cross_entropy(scores, y)

    @torch.inference_mode()
    def goodness(self, x):
        """Goodness of every label, summed over the layers; (rows, classes)."""
        totals = []
        for label in self.labels:
            h = torch.cat([x, label.expand(len(x), -1)], 1)
            total = 0.0
            for weight, bias in self.layers:
                h = functional.relu(functional.linear(h, weight, bias))
                total = total + self.sharpness * h.square().mean(1)
                h = normalised(h)
            totals.append(total)
        return torch.stack(totals, 1)


class DenseNet:
    """Linear layers with ReLU between, cross-entropy over a softmax.

    Parameters
    ----------
    layers : list of (weight, bias)
    """

    def __init__(self, layers):
        self.layers = layers

    @property
    def parameters(self):
        """All tensors that learn."""
        return [tensor for pair in self.layers for tensor in pair]

    def scores(self, x):
        """Scores before the softmax."""
        for weight, bias in self.layers[:-1]:
            x = functional.relu(functional.linear(x, weight, bias))
        return functional.linear(x, *self.layers[-1])

    def loss(self, x, y):
        """Mean cross-entropy."""
        return functional.cross_entropy(self.scores(x), y)
