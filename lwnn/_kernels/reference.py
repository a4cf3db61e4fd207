"""The kernels once more, in plain NumPy: slow, short, and the yardstick of the fast ones.

Every function has the name, the arguments and the meaning of its twin in the compiled builds;
see there for the equations and for what each argument holds. Arithmetic is done in the type of
`params`, so that float64 parameters give a float64 referee.
"""

import numpy as np

from lwnn._kernels.reference_images import *  # noqa: F403
from lwnn._kernels.reference_int8 import *  # noqa: F403

IN, OUT, WEIGHT, BIAS, LABEL, ACTIVATION = range(6)
LINEAR, RELU, SIGMOID, TANH, LEAKY_RELU, STEP = range(6)
CROSS_ENTROPY, MSE, BINARY, HALF_SQUARES = range(4)
SGD, MOMENTUM, ADAM, NESTEROV, ADAGRAD, RMSPROP = range(6)
#: Streams of random numbers.
FOR_GRADIENTS, FOR_WEIGHTS, FOR_INPUTS, FOR_DROPOUT = range(1, 5)
HYPER = 14
LEAK = 0.01
_GOLDEN = 0x9E3779B97F4A7C15
GOODNESS, THRESHOLD, READOUT = range(3)
LOSS, ELEMENT, EMBED, HOT, PEER, HEAD_RATE, ONLY, LEVEL = range(8)
SOFTPLUS, SYMBA, SWISH, LABELS = range(4)
SQUARES, ABSOLUTE = range(2)
APPEND, OVERWRITE = range(2)
TINY = 1e-6


def width():
    """Vectors are a notion of the compiled builds; here: one number."""
    return 1


# ---------------------------------------------------------------- pieces


def _layer(params, row):
    weight = params[row[WEIGHT] : row[WEIGHT] + row[IN] * row[OUT]].reshape(row[OUT], row[IN])
    return weight, params[row[BIAS] : row[BIAS] + row[OUT]]


def _labels(params, table):
    row, classes = table[0], table[-1, OUT]
    return params[row[LABEL] : row[LABEL] + row[OUT] * classes].reshape(row[OUT], classes)


def _scaled(x, scaler, clip, dtype):
    scaler = scaler.astype(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = (x.astype(dtype) - scaler[0]) * scaler[1]
    # A constant feature has scale 0 and reads 0 even where the difference overflows.
    return np.clip(np.where(np.isnan(scaled), 0, scaled), -clip, clip)


def _sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))


def _activate(z, kind):
    if kind == RELU:
        return np.maximum(z, 0)
    if kind == LEAKY_RELU:
        return np.where(z > 0, z, LEAK * z)
    if kind == STEP:
        return (z > 0).astype(z.dtype)
    if kind == SIGMOID:
        return _sigmoid(z)
    return np.tanh(z) if kind == TANH else z


def _slope(y, kind):
    if kind == RELU:
        return (y > 0).astype(y.dtype)
    if kind == LEAKY_RELU:
        return np.where(y > 0, 1, LEAK).astype(y.dtype)
    if kind == STEP:
        return np.zeros_like(y)
    if kind == SIGMOID:
        return y * (1 - y)
    return 1 - y * y if kind == TANH else np.ones_like(y)


def _one_hot(y, classes, dtype):
    return np.eye(classes, dtype=dtype)[y]


def _target(y, classes, smoothing, dtype):
    """What every output is to be: a row's value, or its class, smoothed."""
    if y.dtype.kind == "f":
        return y.astype(dtype)[:, None]
    return smoothing / classes + (1 - smoothing) * _one_hot(y, classes, dtype)


def _cost(z, y, cost, smoothing=0.0):
    """Cost of every row, and dC/dz."""
    target = _target(y, z.shape[1], smoothing, z.dtype)
    if cost == HALF_SQUARES:
        return 0.5 * ((z - target) ** 2).sum(axis=1), z - target
    if cost in (MSE, BINARY):
        a = _sigmoid(z)
        if cost == BINARY:
            return (np.logaddexp(0, z) - target * z).sum(axis=1), a - target
        return 0.5 * ((a - target) ** 2).sum(axis=1), (a - target) * a * (1 - a)
    z = z - z.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(z).sum(axis=1))
    p = np.exp(z - log_total[:, None])
    return log_total - (target * z).sum(axis=1), p - target


def _mix(x):
    """The step of SplitMix64, of a number."""
    x = (x + _GOLDEN) % 2**64
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
    return x ^ (x >> 31)


def _stream(key, count):
    """The first numbers of the stream that starts at `key`, uint64 (count,)."""
    return np.array([_mix((key + n * _GOLDEN) % 2**64) for n in range(count)], np.uint64)


class _Training:
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

    def masks(self, samples):
        """For every hidden layer what its outputs are multiplied by, (samples, units)."""
        masks, key = [], int(self.key(FOR_DROPOUT))
        for layer, units in enumerate(self.table[:-1, OUT]):
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
    _Training(table, method, hyper, state, step).update(params, gradient)


def _batches(order, batch):
    return [order[start : start + batch] for start in range(0, len(order), batch)]


# ---------------------------------------------------------------- dense nets


def dense_workspace(table, batch, training, threads):
    return 0


def _forward(params, table, x):
    """Activations of every layer, the input first."""
    acts = [x]
    for row in table:
        weight, bias = _layer(params, row)
        acts.append(_activate(acts[-1] @ weight.T + bias, row[ACTIVATION]))
    return acts


def dense_scores(params, table, x, scaler, clip, out, batch, workspace, threads):
    if len(x):
        out[:] = _forward(params, table, _scaled(x, scaler, clip, params.dtype))[-1]


def _bp_gradient(params, table, cost, x, y, how):
    grad = np.empty_like(params)
    masks = how.masks(len(x)) if how.dropout else [1.0] * (len(table) - 1)
    acts, slopes = [x], []
    for row, mask in zip(table, [*masks, 1.0], strict=True):
        weight, bias = _layer(params, row)
        out = _activate(acts[-1] @ weight.T + bias, row[ACTIVATION])
        slopes.append(_slope(out, row[ACTIVATION]) * mask)
        acts.append((out * mask).astype(params.dtype))
    costs, delta = _cost(acts[-1], y, cost, how.smoothing)
    for layer in range(len(table) - 1, -1, -1):
        row = table[layer]
        grad_weight, grad_bias = _layer(grad, row)
        grad_weight[:] = delta.T @ acts[layer] / len(x)
        grad_bias[:] = delta.sum(axis=0) / len(x)
        if layer:
            delta = (delta @ _layer(params, row)[0]) * slopes[layer - 1]
    return costs.sum(), grad


def bp_epoch(
    params,
    table,
    cost,
    x,
    scaler,
    clip,
    y,
    order,
    batch,
    method,
    hyper,
    state,
    step,
    workspace,
    threads,
):
    loss, how = 0.0, _Training(table, method, hyper, state, step)
    for rows in _batches(order, batch):
        how.open(params)
        inputs = how.inputs(_scaled(x[rows], scaler, clip, params.dtype))
        cost_sum, grad = _bp_gradient(params, table, cost, inputs, y[rows], how)
        how.update(params, grad)
        loss += float(cost_sum)
    return loss


# ---------------------------------------------------------------- perturbation


PER_WEIGHT, PER_NODE, PER_FAN_IN, SIMULTANEOUS = range(4)


def wp_workspace(table, batch, form, threads):
    return 0


def _signs(seed, step, draw, size):
    key = _mix((_mix((_mix(seed % 2**64) + step) % 2**64) + draw) % 2**64)
    words = [_mix((key + word) % 2**64) for word in range(-(-size // 64))]
    return np.array([1.0 if words[i >> 6] >> (i & 63) & 1 else -1.0 for i in range(size)])


class _Perturbed:
    """One full forward pass per perturbation, as Jabri & Flower write it.

    In float64 whatever the parameters are: E_pert - E cancels.
    """

    def __init__(self, params, table, cost, smoothing, delta, sides, x, y):
        self.params, self.x = params.astype(np.float64), x.astype(np.float64)
        self.table, self.cost, self.delta, self.y = table, cost, delta, y
        self.smoothing = smoothing
        self.ways = (delta,) if sides == 1 else (delta, -delta)
        self.start = self.errors(self.params)

    def errors(self, params, layer=None, shift=None):
        """Cost of every row; `shift` is added to the inputs of a layer's units."""
        h = self.x
        for index, row in enumerate(self.table):
            weight, bias = _layer(params, row)
            h = h @ weight.T + bias
            if index == layer:
                h = h + shift
            h = _activate(h, row[ACTIVATION])
        return _cost(h, self.y, self.cost, self.smoothing)[0]

    def slope(self, errors):
        """Difference quotient; `errors` gives the costs for a way to go."""
        changes = [(errors(way) - self.start) / way for way in self.ways]
        return np.mean(changes, axis=0)

    def along(self, direction):
        """Mean over the rows of the difference quotient along a direction of the parameters."""
        return self.slope(lambda way: self.errors(self.params + way * direction)).mean()

    def per_weight(self):
        return np.array([self.along(unit) for unit in np.eye(len(self.params))])

    def per_node(self):
        grad = np.empty_like(self.params)
        h = _forward(self.params, self.table, self.x)
        for index, row in enumerate(self.table):
            slopes = np.array([self.node(index, unit) for unit in np.eye(row[OUT])])
            weight, bias = _layer(grad, row)
            weight[:] = slopes @ h[index] / len(self.x)
            bias[:] = slopes.mean(axis=1)
        return grad

    def node(self, layer, unit):
        return self.slope(lambda way: self.errors(self.params, layer, way * unit))

    def per_fan_in(self, signs):
        grad = np.empty_like(self.params)
        for row in self.table:
            for unit in range(row[OUT]):
                start = row[WEIGHT] + unit * row[IN]
                fan = [*range(start, start + row[IN]), row[BIAS] + unit]
                direction = np.zeros_like(self.params)
                direction[fan] = signs[fan]
                grad[fan] = self.along(direction) * signs[fan]
        return grad

    def simultaneous(self, signs):
        return self.along(signs) * signs


def _wp_gradient(params, table, cost, smoothing, delta, form, sides, draws, seed, step, x, y):
    net = _Perturbed(params, table, cost, smoothing, delta, sides, x, y)
    if form == PER_WEIGHT:
        grad = net.per_weight()
    elif form == PER_NODE:
        grad = net.per_node()
    else:
        estimate = net.per_fan_in if form == PER_FAN_IN else net.simultaneous
        signs = (_signs(seed, step, draw, len(params)) for draw in range(draws))
        grad = np.mean([estimate(drawn) for drawn in signs], axis=0)
    return net.start.sum(), grad.astype(params.dtype)


def wp_epoch(
    params,
    table,
    cost,
    delta,
    form,
    sides,
    draws,
    seed,
    x,
    scaler,
    clip,
    y,
    order,
    batch,
    method,
    hyper,
    state,
    step,
    workspace,
    threads,
):
    loss, how = 0.0, _Training(table, method, hyper, state, step)
    for rows in _batches(order, batch):
        inputs = how.inputs(_scaled(x[rows], scaler, clip, params.dtype))
        how.open(params)
        form_of = (how.smoothing, delta, form, sides, draws, seed, how.step)
        cost_sum, grad = _wp_gradient(params, table, cost, *form_of, inputs, y[rows])
        how.update(params, grad)
        loss += float(cost_sum)
    return loss


# ---------------------------------------------------------------- Forward-Forward


def ff_workspace(table, form, batch, training, threads):
    return 0


def _inverse_rms(squares, units):
    return 1 / (np.sqrt(squares / units) + TINY)


def _normalised(h):
    return h * _inverse_rms((h**2).sum(axis=1, keepdims=True), h.shape[1])


def _element(y, kind):
    return y**2 if kind == SQUARES else np.abs(y)


def _element_slope(y, kind):
    """Of element(relu(z)) by z, from y = relu(z)."""
    return 2 * y if kind == SQUARES else (y > 0).astype(y.dtype)


def _head_from(table):
    """First hidden layer that the head reads: as many as its inputs make up."""
    widths = table[:-1, OUT]
    return next(n for n in range(len(widths)) if widths[n:].sum() == table[-1, IN])


def _embedded(form, x, label_inputs):
    """What layer 1 reads, from scaled rows and the labels' shares of the hot value."""
    label_inputs = label_inputs * form[HOT]
    if form[EMBED] == APPEND:
        return _normalised(x) if form[LEVEL] else x, label_inputs
    classes = label_inputs.shape[1]
    x = np.hstack([label_inputs, x[:, classes:]])
    x = _normalised(x) if form[LEVEL] else x
    label_inputs = x[:, :classes].copy()
    x[:, :classes] = 0
    return x, label_inputs


def _ff_layers(params, table, form, x, shares):
    """Inputs and outputs of every hidden layer, given each row's shares of the labels."""
    passes = []
    inputs, label_inputs = _embedded(form, x, shares)
    for layer, row in enumerate(table[:-1]):
        weight, bias = _layer(params, row)
        z = inputs @ weight.T + bias
        if layer == 0:
            z = z + label_inputs @ _labels(params, table).T
        h = np.maximum(z, 0)
        passes.append((inputs, h))
        inputs = _normalised(h)
    return label_inputs, passes


def _neutral_states(params, table, form, x):
    """What the head reads; layers that do not learn yet give it nothing."""
    classes = table[-1, OUT]
    neutral = np.full((len(x), classes), 1 / classes, params.dtype)
    _, passes = _ff_layers(params, table, form, x, neutral)
    states = [_normalised(h) for _, h in passes]
    if form[ONLY] >= 0:
        states[int(form[ONLY]) + 1 :] = [0 * state for state in states[int(form[ONLY]) + 1 :]]
    return np.hstack(states[_head_from(table) :])


def _drawn_labels(scores, y, draws):
    """Wrong labels by their probabilities in a softmax, as `draws` in [0, 1) have it."""
    wrong = np.empty_like(y)
    for row, (z, true, draw) in enumerate(zip(scores, y, draws, strict=True)):
        others = np.delete(np.arange(len(z)), true)
        shares = np.exp(z[others] - z[others].max())
        beyond = np.cumsum(shares) > draw * shares.sum()
        wrong[row] = others[np.argmax(beyond)] if beyond.any() else others[-1]
    return wrong


def _pair_errors(loss, theta, up, down):
    """Loss of every row, and its slope by the goodness of the positive and of the negative."""
    if loss == SOFTPLUS:
        losses = np.logaddexp(0, theta - up) + np.logaddexp(0, down - theta)
        return losses, np.stack([-_sigmoid(theta - up), _sigmoid(down - theta)])
    u = down - up
    s = _sigmoid(u)
    if loss == SYMBA:
        return np.logaddexp(0, u), np.stack([-s, s])
    slope = s + u * s * (1 - s)
    return u * s, np.stack([-slope, slope])


def _ff_errors(loss, theta, goodness, own):
    """Losses, slopes by the goodness (passes, rows), and what is reported besides.

    `own` is the pass of every row that is its positive.
    """
    rows = np.arange(goodness.shape[1])
    up = goodness[own, rows]
    others = np.ones(goodness.shape, bool)
    others[own, rows] = False
    wrong = goodness.T[others.T].reshape(len(rows), -1)
    best = wrong.max(axis=1)
    right = (up > best) + 0.5 * (up == best)
    if loss == LABELS:
        losses, slopes = _cost(goodness.T, own, CROSS_ENTROPY)
        slopes = slopes.T
    else:
        losses, slopes = _pair_errors(loss, theta, *goodness)
    return slopes, [losses.sum(), up.sum(), wrong.mean(axis=1).sum(), right.sum()]


def _ff_head(params, table, form, x, y, grad):
    """Scores and loss of the head; its part of the gradient."""
    states = _neutral_states(params, table, form, x)
    weight, bias = _layer(params, table[-1])
    scores = states @ weight.T + bias
    costs, d = _cost(scores, y, CROSS_ENTROPY)
    grad_weight, grad_bias = _layer(grad, table[-1])
    grad_weight[:] = d.T @ states / len(x)
    grad_bias[:] = d.sum(axis=0) / len(x)
    return scores, costs.sum()


def _ff_gradient(params, table, goals, form, x, y, wrong, draws, peers, alive, report):
    """The gradient of the mean losses of all layers and of the head; the rest is filled in."""
    classes, loss, count = table[-1, OUT], form[LOSS], len(x)
    grad = np.zeros_like(params)
    scores, head_loss = _ff_head(params, table, form, x, y, grad)
    report[-1, 0] += head_loss
    if loss == LABELS:
        labels, own = [np.full(count, label) for label in range(classes)], y
    else:
        labels = [y, wrong if len(wrong) else _drawn_labels(scores, y, draws)]
        own = np.zeros(count, int)
    shares = _one_hot(np.concatenate(labels), classes, params.dtype)
    label_inputs, passes = _ff_layers(params, table, form, np.tile(x, (len(labels), 1)), shares)
    positives = own * count + np.arange(count)
    at = 0
    for layer, (inputs, h) in enumerate(passes):
        units = slice(at, at + h.shape[1])
        at = units.stop
        if form[ONLY] not in (-1, layer):
            continue
        g, theta = goals[layer, GOODNESS], goals[layer, THRESHOLD]
        goodness = g * _element(h, form[ELEMENT]).sum(axis=1).reshape(len(labels), count)
        slopes, noted = _ff_errors(loss, theta, goodness, own)
        report[layer] += noted
        alive[units] |= (h > 0).any(axis=0)
        d = g * slopes.reshape(-1, 1) * _element_slope(h, form[ELEMENT])
        if form[PEER]:
            peers[units] = 0.9 * peers[units] + 0.1 * h[positives].mean(axis=0)
            d[positives] += 2 * g * form[PEER] * (peers[units] - peers[units].mean())
        grad_weight, grad_bias = _layer(grad, table[layer])
        grad_weight += d.T @ inputs / count
        grad_bias += d.sum(axis=0) / count
        if layer == 0:
            _labels(grad, table)[:] = d.T @ label_inputs / count
    return grad


def _ff_parts(table, form):
    """What of the parameters learns, each at its share of the rate.

    Layers that stand still are left out; the head has a rate of its own.
    """
    for layer, row in enumerate(table):
        head = layer == len(table) - 1
        if head or form[ONLY] in (-1, layer):
            yield slice(row[WEIGHT], row[BIAS] + row[OUT]), form[HEAD_RATE] if head else 1


def ff_epoch(
    params,
    table,
    goals,
    form,
    x,
    scaler,
    clip,
    y,
    wrong,
    draws,
    order,
    batch,
    method,
    hyper,
    state,
    step,
    peers,
    alive,
    report,
    workspace,
    threads,
):
    how = _Training(table, method, hyper, state, step)
    for rows in _batches(order, batch):
        how.open(params)
        inputs = how.inputs(_scaled(x[rows], scaler, clip, params.dtype))
        negatives = wrong[rows] if len(wrong) else wrong, draws[rows] if len(draws) else draws
        noted = peers, alive, report
        grad = _ff_gradient(params, table, goals, form, inputs, y[rows], *negatives, *noted)
        how.update(params, grad, _ff_parts(table, form))


def ff_scores(
    params,
    table,
    goals,
    form,
    x,
    scaler,
    clip,
    goodness,
    head,
    batch,
    workspace,
    threads,
):
    classes = table[-1, OUT]
    x = _scaled(x, scaler, clip, params.dtype)
    if len(goodness):
        for label in range(classes):
            shares = np.zeros((len(x), classes), params.dtype)
            shares[:, label] = 1
            _, passes = _ff_layers(params, table, form, x, shares)
            goodness[:, label] = sum(
                goals[layer, READOUT] * _element(h, form[ELEMENT]).sum(axis=1)
                for layer, (_, h) in enumerate(passes)
            )
    if len(head):
        weight, bias = _layer(params, table[-1])
        head[:] = _neutral_states(params, table, form, x) @ weight.T + bias


# ---------------------------------------------------------------- rooms that read the pieces above

from lwnn._kernels.reference_elman import *  # noqa: E402, F403
from lwnn._kernels.reference_mono import *  # noqa: E402, F403
from lwnn._kernels.reference_perceptron import *  # noqa: E402, F403
from lwnn._kernels.reference_topdown import *  # noqa: E402, F403
from lwnn._kernels.reference_unsupervised import *  # noqa: E402, F403
