"""A step of training: noise, dropout and the optimizers."""

import numpy as np

from lwnn._kernels.reference.net import BIAS, OUT

__all__ = ["optimizer_step"]

SGD, MOMENTUM, ADAM, NESTEROV, ADAGRAD, RMSPROP = range(6)
#: Streams of random numbers.
FOR_GRADIENTS, FOR_WEIGHTS, FOR_INPUTS, FOR_DROPOUT = range(1, 5)
HYPER = 14
_GOLDEN = 0x9E3779B97F4A7C15


def _mix(x):
    """The step of SplitMix64, of a number."""
    x = (x + _GOLDEN) % 2**64
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
    return x ^ (x >> 31)


def _stream(key, count):
    """The first numbers of the stream that starts at `key`, uint64 (count,)."""
    return np.array([_mix((key + n * _GOLDEN) % 2**64) for n in range(count)], np.uint64)


class Training:
    """What `hyper` says, a step at a time."""

    def __init__(self, table, method, hyper, state, step):
        values = [*hyper, *[0.0] * (HYPER - len(hyper))]
        self.table, self.method, self.state, self.step = table, method, state, step
        self.rate, self.beta1, self.beta2, self.epsilon, self.l1, self.l2 = values[:6]
        self.bound, self.eta, self.gamma, self.weight_noise, self.input_noise = values[6:11]
        self.seed, self.dropout, self.smoothing = int(values[11]), *values[12:14]
        self.noise = 0.0

    def key(self, purpose):
        of_purpose = _mix((self.seed + purpose * _GOLDEN) % 2**64)
        return _mix((of_purpose + self.step * _GOLDEN) % 2**64)

    def gaussians(self, purpose, count):
        bits = _stream(self.key(purpose), count)
        radius = ((bits >> np.uint64(40)) + 0.5) / 2**24
        turn = ((bits >> np.uint64(16)) & np.uint64(0xFFFFFF)) / 2**24
        return np.sqrt(-2 * np.log(radius)) * np.cos(2 * np.pi * turn)

    def masks(self, samples, layers):
        """For every hidden layer what its outputs are multiplied by, (samples, units)."""
        masks, key = [], int(self.key(FOR_DROPOUT))
        if not self.dropout:
            return [np.ones((samples, units), np.float32) for units in self.table[:layers, OUT]]
        for layer, units in enumerate(self.table[:layers, OUT]):
            of_layer = _mix((key + layer * _GOLDEN) % 2**64)
            bits = [
                [_mix((of_layer + ((u << 16) + b) * _GOLDEN) % 2**64) >> 40 for u in range(units)]
                for b in range(samples)
            ]
            kept = np.array(bits).reshape(samples, units) / 2**24 >= np.float32(self.dropout)
            masks.append(kept / (1 - self.dropout))
        return masks

    def weights(self, size):
        """Which parameters are weights, not biases."""
        chosen = np.ones(size, bool)
        for row in self.table:
            if row[BIAS] >= 0:
                chosen[row[BIAS] : row[BIAS] + row[OUT]] = False
        return chosen

    def open(self, params):
        """Shake the weights for a mini-batch; `update` takes the noise away again."""
        noise = self.weight_noise * self.gaussians(FOR_WEIGHTS, len(params))
        self.noise = (noise * self.weights(len(params))).astype(params.dtype)
        params += self.noise

    def inputs(self, x):
        noise = self.input_noise * self.gaussians(FOR_INPUTS, x.size).reshape(x.shape)
        return (x + noise).astype(x.dtype)

    def update(self, params, grad, parts=((slice(None), 1),)):
        """Change `params` by the gradient, and go on to the next step.

        `parts` are slices of the parameters, and factors on their rate.
        """
        grad, decays = grad.copy(), self.weights(len(params))
        if self.bound:
            grad = np.clip(grad, -self.bound, self.bound)
        if self.eta:
            sigma = np.sqrt(self.eta / (1 + self.step) ** self.gamma)
            grad += sigma * self.gaussians(FOR_GRADIENTS, len(grad))
        for part, factor in parts:
            self.step_of(params[part], grad[part], decays[part], part, self.rate * factor)
        params -= self.noise
        self.step += 1

    def step_of(self, params, grad, decays, part, rate):
        params[decays] *= 1 - rate * self.l2
        # Slices are views, but an optimizer may replace what it remembers.
        memory = [vector[part] for vector in self.state]
        _optimize(params, grad, memory, rate, self)
        for vector, values in zip(self.state, memory, strict=True):
            vector[part] = values
        params[decays] -= np.clip(params[decays], -rate * self.l1, rate * self.l1)


def _optimize(params, grad, state, rate, how):
    beta1, beta2, epsilon, n = how.beta1, how.beta2, how.epsilon, how.step + 1
    if how.method == SGD:
        params -= rate * grad
    elif how.method in (MOMENTUM, NESTEROV):
        state[0] = beta1 * state[0] + grad
        params -= rate * (state[0] if how.method == MOMENTUM else grad + beta1 * state[0])
    elif how.method in (ADAGRAD, RMSPROP):
        keep, share = (beta1, 1 - beta1) if how.method == RMSPROP else (1, 1)
        state[0] = keep * state[0] + share * grad**2
        params -= rate * grad / (np.sqrt(state[0]) + epsilon)
    else:
        state[0] = beta1 * state[0] + (1 - beta1) * grad
        state[1] = beta2 * state[1] + (1 - beta2) * grad**2
        first = state[0] / (1 - beta1**n)
        second = state[1] / (1 - beta2**n)
        params -= rate * first / (np.sqrt(second) + epsilon)


def optimizer_step(params, gradient, table, method, hyper, state, step):
    Training(table, method, hyper, state, step).update(params, gradient)


def _batches(order, batch):
    return [order[start : start + batch] for start in range(0, len(order), batch)]
