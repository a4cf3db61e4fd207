"""The script that a PyTorch user would write for what ``lwnn train --algo ff`` does on MNIST.

    python -m benchmarks.speed.torch_mnist TRAIN_IMAGES TEST_IMAGES EPOCHS THREADS

Same net, rule, rate, schedule and readout; prints the accuracies as JSON.
"""

import gzip
import json
import math
import sys

import numpy as np
import torch

from benchmarks.speed.torch_nets import ForwardForwardNet, normalised

CLASSES, HIDDEN, BATCH, RATE, SHARPNESS, LABEL_SCALE = 10, (500, 500), 100, 0.001, 20.0, 5.6
SCORED_AT_ONCE = 1000


def read(path):
    """Normalised images, float32 (n, 784), and labels (n,) of an IDX pair."""

    def values(name, header):
        opener = gzip.open if name.endswith(".gz") else open
        with opener(name, "rb") as file:
            return torch.from_numpy(np.frombuffer(file.read(), np.uint8, offset=header).copy())

    y = values(path.replace("images-idx3", "labels-idx1"), 8).long()
    return normalised(values(path, 16).view(len(y), -1) / 255), y


def make_net(inputs):
    """The net with lwnn's starting distribution."""
    layers = []
    for width, wide in zip((inputs, *HIDDEN), HIDDEN, strict=False):
        columns = width if layers else width + CLASSES
        weight = torch.randn(wide, columns) * math.sqrt(2 / width)
        layers.append((weight.requires_grad_(), torch.zeros(wide, requires_grad=True)))
    read_by_head = sum(HIDDEN[min(1, len(HIDDEN) - 1) :])
    head = torch.zeros(CLASSES, read_by_head), torch.zeros(CLASSES)
    head = tuple(tensor.requires_grad_() for tensor in head)
    return ForwardForwardNet(layers, head, SHARPNESS, LABEL_SCALE)


def train(net, x, y, epochs):
    """Full rate in the first half of the epochs, then falling evenly."""
    optimizer = torch.optim.Adam(net.parameters, RATE, fused=True)
    for epoch in range(1, epochs + 1):
        optimizer.param_groups[0]["lr"] = RATE * min(1, 2 * (epochs - epoch + 1) / (epochs + 2))
        wrong = (y + torch.randint(1, CLASSES, y.shape)) % CLASSES
        for rows in torch.randperm(len(y)).split(BATCH):
            optimizer.zero_grad()
            net.loss_apart(x[rows], y[rows], wrong[rows]).backward()
            optimizer.step()


def measure(net, x, y):
    guess = torch.cat([net.goodness(part).argmax(1) for part in x.split(SCORED_AT_ONCE)])
    return {"accuracy": (guess == y).float().mean().item(), "rows": len(y)}


def main(train_images, test_images, epochs, threads):
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    x, y = read(train_images)
    net = make_net(x.shape[1])
    train(net, x, y, int(epochs))
    metrics = {"train": measure(net, x, y), "test": measure(net, *read(test_images))}
    print(json.dumps({"metrics": metrics}))


if __name__ == "__main__":
    main(*sys.argv[1:])
