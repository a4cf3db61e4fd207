"""The shape of a network, and its parameters: one float32 vector with named views.

The kinds of network that the learning rules train:

``dense``
    Layers of units, the last one as wide as there are classes. Backprop and weight
    perturbation train it.
``elman``
    As ``dense``, but a row is a sequence, step after step, and every hidden layer also reads what
    it gave a step before, at first nothing but zeros (Elman 1990). The output layer reads the
    last hidden layer after the last step.
``ff``
    Layers that each learn for themselves by Forward-Forward (Hinton 2022). The output of every
    layer, and where asked for the input, is divided by its root mean square before the next
    layer reads it. The first layer also reads the label, one-hot, through weights of its own. A
    linear softmax head reads the normalised outputs for one-pass prediction.
``mf``
    Layers that each learn for themselves by Mono-Forward (arXiv 2501.09238). Outputs, and where
    asked for the input, are normalised as in ``ff``; the outputs of every layer, as they are
    before that, are read by a linear softmax head of its own.
``un``
    As ``ff``, but without a label: the layers learn from rows and hybrids of rows. The head reads
    the normalised outputs of all layers.
``td``
    As ``ff``, but each layer reads the layer below and, through weights of its own, the layer
    above, both one step old; above the top stands the label. `DYNAMICS` has what else is fixed.
    The head reads the normalised outputs of all layers before the first step, without a label.
"""

import dataclasses
import functools
import itertools
import math
import typing

import numpy as np

from lwnn.errors import UsageError

KINDS = ("dense", "elman", "ff", "mf", "un", "td")
#: Those that end in an output layer, and take any activation and cost.
_FREE = ("dense", "elman")
#: What the rules are called whose layers each learn for themselves.
_LOCAL = {"ff": "Forward-Forward", "mf": "Mono-Forward", "un": "Forward-Forward"}
_LOCAL["td"] = "Forward-Forward"
#: Order matters: the position is the code that the kernels know an activation by.
ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "leaky-relu", "step")
COSTS = ("cross-entropy", "mse")
#: Cost and output that go together, the output that a cost has by default first. Order matters:
#: the position is the kernels' code.
PAIRS = (
    ("cross-entropy", "softmax"),
    ("mse", "sigmoid"),
    ("cross-entropy", "sigmoid"),
    ("mse", "linear"),
)
OUTPUTS = ("softmax", "sigmoid", "linear")
#: What the goodness of an ``ff`` layer sums over its units; likewise.
ELEMENTS = ("squares", "absolute")
#: Where the label stands that an ``ff`` net reads; likewise.
EMBEDS = ("append", "overwrite")
#: Which hidden layers the softmax head of an ``ff`` net reads.
HEAD_LAYERS = ("all", "later")
#: Columns of `Network.form`.
LOSS, ELEMENT, EMBED, HOT, PEER, HEAD_RATE, ONLY, LEVEL = range(8)


class Dynamics(typing.NamedTuple):
    """How the states of a ``td`` net settle, and what is read of them (Hinton 2022)."""

    #: Share of a state that stays in a step.
    keep: float
    #: Steps, from 1, whose goodness counts; there are none after the last.
    first: int
    last: int
    #: Factor on the mean of the squared outputs that makes it a logit.
    sharpness: float

    @property
    def steps(self):
        """How many steps count."""
        return self.last - self.first + 1


DYNAMICS = Dynamics(0.3, 3, 5, 6.0)
#: Columns of `Network.table`.
IN, OUT, WEIGHT, BIAS, LABEL, ACTIVATION = range(6)
MAX_UNITS = 65_536
MAX_LAYERS = 64


@dataclasses.dataclass(frozen=True)
class Network:
    """How many units, how they are joined, and what they compute.

    Parameters
    ----------
    kind : {'dense', 'elman', 'ff', 'mf', 'un', 'td'}
        See the module's text.
    inputs : int
        Number of input features; of a sequence those of all steps together.
    hidden : tuple of int
        Width of each hidden layer; may be empty for ``dense``.
    timesteps : int
        Steps of a sequence, of which each has ``inputs / timesteps`` features (``elman`` only).
    classes : int
        Number of classes, at least 2; or 1 output, linear, for a number (``dense`` and
        ``elman`` only).
    activation : {'linear', 'relu', 'sigmoid', 'tanh', 'leaky-relu', 'step'}
        Of the hidden layers. All but ``dense`` and ``elman`` take ``relu`` only.
    cost : {'cross-entropy', 'mse'}
        What ``dense`` and ``elman`` nets minimise: cross-entropy, or C = 1/2n Σ‖y - a‖². The
        others use the first for their heads.
    output : {'softmax', 'sigmoid', 'linear'}
        Over what, see `PAIRS`; left out: a softmax for cross-entropy, sigmoids for squared
        error, or a linear unit if there is only one.
    label_scale : float
        Value of the one hot label input (``ff`` and ``td``).
    goodness : {'squares', 'absolute'}
        What the goodness of a layer sums over its units (``ff`` only).
    embed : {'append', 'overwrite'}
        Whether the label has inputs of its own, or takes the place of the row's first inputs,
        one for each class (``ff`` only).
    level : bool
        Whether a row is divided by its root mean square (``ff``, ``mf`` and ``un``); the label
        counts in it where it overwrites inputs.
    head_layers : {'all', 'later'}
        Which hidden layers the softmax head reads: all, or all but the first, as in Hinton 2022,
        unless there is only one (``ff`` only).

    Raises
    ------
    UsageError
        When a size or a name is outside what is listed here.
    """

    kind: str
    inputs: int
    hidden: tuple[int, ...]
    classes: int
    activation: str = "relu"
    cost: str = "cross-entropy"
    label_scale: float = 1.0
    output: str = ""
    goodness: str = "squares"
    embed: str = "append"
    level: bool = True
    head_layers: str = "all"
    timesteps: int = 1

    def __post_init__(self):
        if not self.output and self.cost in COSTS:
            usual = "linear" if self.task == "regression" else dict(reversed(PAIRS))[self.cost]
            object.__setattr__(self, "output", usual)
        for name, value, known in (
            ("kind of network", self.kind, KINDS),
            ("activation", self.activation, ACTIVATIONS),
            ("cost", self.cost, COSTS),
            ("output", self.output, OUTPUTS),
            ("goodness", self.goodness, ELEMENTS),
            ("embedding", self.embed, EMBEDS),
            ("choice of layers", self.head_layers, HEAD_LAYERS),
        ):
            if value not in known:
                raise UsageError(f"unknown {name} {value!r}; choose from {', '.join(known)}")
        for width in (self.inputs, *self.hidden, self.classes):
            if not 1 <= width <= MAX_UNITS:
                raise UsageError(f"a layer of {width} units; expected 1 to {MAX_UNITS:,}")
        if len(self.hidden) >= MAX_LAYERS:
            raise UsageError(f"{len(self.hidden)} hidden layers; expected fewer than {MAX_LAYERS}")
        if (self.cost, self.output) not in PAIRS:
            fitting = " or ".join(output for cost, output in PAIRS if cost == self.cost)
            raise UsageError(
                f"--cost {self.cost} goes with --output-activation {fitting}, not {self.output}"
            )
        if self.task == "regression" and (self.kind not in _FREE or self.output != "linear"):
            raise UsageError("one class only; a classifier needs at least 2")
        if self.kind in _LOCAL:
            self._check_local(_LOCAL[self.kind])
        self._check_steps()

    def _check_steps(self):
        if self.kind == "elman" and not self.hidden:
            raise UsageError("a recurrent net needs a hidden layer; try --hidden 32")
        if self.timesteps < 1 or self.inputs % self.timesteps:
            raise UsageError(
                f"{self.inputs:,} features cannot be shared out over {self.timesteps:,} time steps"
            )
        if self.kind != "elman" and self.timesteps > 1:
            raise UsageError(f"a net of kind {self.kind} has no time steps")

    def _check_local(self, rule):
        if not self.hidden:
            raise UsageError(f"{rule} needs a hidden layer; try --hidden 64")
        if self.activation != "relu":
            raise UsageError(
                f"{rule} layers are ReLU, not {self.activation}; leave out --activation"
            )
        if (self.cost, self.output) != PAIRS[0]:
            raise UsageError(f"{rule} has a loss of its own; leave out --cost")
        if self.kind == "td" and len(self.hidden) > DYNAMICS.last:
            raise UsageError(
                f"the label would not reach the lowest of {len(self.hidden)} layers in "
                f"{DYNAMICS.last} steps; take at most {DYNAMICS.last} with --top-down"
            )
        if self.embed == "overwrite" and self.inputs <= self.classes:
            raise UsageError(
                f"{self.classes} labels would overwrite all {self.inputs} inputs; "
                "try --embed append"
            )

    @property
    def task(self):
        """``classification``, or ``regression`` where one output stands for a number."""
        return "classification" if self.classes > 1 else "regression"

    @property
    def cost_code(self):
        """What the kernels know the pair of cost and output by."""
        return PAIRS.index((self.cost, self.output))

    @functools.cached_property
    def layers(self):
        """(name, inputs, outputs) of every layer, bottom to top; output, head or heads last."""
        widths = (self.inputs // self.timesteps, *self.hidden)
        layers = [
            # What a layer of an Elman net gave a step before stands behind what comes from below.
            (f"layer{n}", below + (own if self.kind == "elman" else 0), own)
            for n, (below, own) in enumerate(itertools.pairwise(widths), start=1)
        ]
        if self.kind == "td":
            layers += [
                (f"above{n}", above, width)
                for n, (width, above) in enumerate(itertools.pairwise(self.hidden), start=1)
            ]
        if self.kind in ("ff", "un", "td"):
            layers.append(("head", self.head_inputs, self.classes))
        elif self.kind == "mf":
            layers += [
                (f"head{n}", width, self.classes) for n, width in enumerate(self.hidden, start=1)
            ]
        else:
            layers.append(("output", widths[-1], self.classes))
        return tuple(layers)

    @property
    def head_from(self):
        """Index of the first hidden layer that the one softmax head of a net reads."""
        return 0 if self.head_layers == "all" else min(1, len(self.hidden) - 1)

    @property
    def head_inputs(self):
        """Number of inputs of the one softmax head of a net."""
        return sum(self.hidden[self.head_from :])

    @functools.cached_property
    def shapes(self):
        """Name to shape of every tensor, in the order in which the vector holds them."""
        shapes = {}
        labelled = {"ff": "layer1", "td": f"layer{len(self.hidden)}"}.get(self.kind)
        for name, inputs, outputs in self.layers:
            shapes[f"{name}.weight"] = (outputs, inputs)
            if name == labelled:
                shapes[f"{name}.label"] = (outputs, self.classes)
            if not name.startswith("above"):
                shapes[f"{name}.bias"] = (outputs,)
        return shapes

    @property
    def size(self):
        """Number of parameters."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @functools.cached_property
    def table(self):
        """The layout as the kernels read it.

        Returns
        -------
        ndarray of int64, shape (layers, 6)
            Per layer: inputs, outputs, offset of weight, bias and label tensor in the vector
            (-1: none), code of the activation.
        """
        offsets = dict(
            zip(
                self.shapes,
                itertools.accumulate(
                    (math.prod(shape) for shape in self.shapes.values()), initial=0
                ),
                strict=False,
            )
        )
        rows = []
        for name, inputs, outputs in self.layers:
            activation = self.activation if name.startswith("layer") else "linear"
            rows.append(
                (
                    inputs,
                    outputs,
                    offsets[f"{name}.weight"],
                    offsets.get(f"{name}.bias", -1),
                    offsets.get(f"{name}.label", -1),
                    ACTIVATIONS.index(activation),
                )
            )
        return np.array(rows, dtype=np.int64)

    @functools.cached_property
    def form(self):
        """What the Forward-Forward kernels need to know beside the layout.

        Returns
        -------
        ndarray of float64, shape (8,)
            Codes of the loss, of what goodness sums and of the embedding; value of the hot
            label; strength of peer normalisation; the head's rate as a multiple of the layers';
            the one layer that learns, -1 for all; whether rows are divided by their RMS. What
            matters to learning only is that of a plain rule; others have a copy.
        """
        codes = 0, ELEMENTS.index(self.goodness), EMBEDS.index(self.embed)
        return np.array([*codes, self.label_scale, 0, 1, -1, self.level], np.float64)

    def describe(self):
        """Widths joined by dashes, as people write them: ``64-128-10``, of steps ``8x8-32-10``."""
        steps = f"{self.timesteps}x" if self.kind == "elman" else ""
        widths = (self.inputs // self.timesteps, *self.hidden, self.classes)
        return steps + "-".join(map(str, widths))


class Params:
    """The parameters of a network: one vector, and views into it by name.

    Parameters
    ----------
    network : Network
    vector : ndarray of float32, shape (network.size,), optional
        Taken as it is, not copied; zeros when left out.

    Attributes
    ----------
    vector : ndarray of float32, shape (network.size,)
    views : dict of str to ndarray
        ``layer1.weight`` (outputs, inputs), ``layer1.bias`` (outputs,), …; writing into a view
        writes into the vector.
    """

    def __init__(self, network, vector=None):
        self.network = network
        self.vector = _aligned_zeros(network.size) if vector is None else vector
        self.views = {}
        start = 0
        for name, shape in network.shapes.items():
            stop = start + math.prod(shape)
            self.views[name] = self.vector[start:stop].reshape(shape)
            start = stop

    def __getitem__(self, name):
        return self.views[name]

    def __reduce__(self):
        # By itself, pickle would bring the views back as arrays of their own.
        return _restored, (self.network, self.vector)

    def copy(self):
        """The same values in a vector of their own."""
        copied = Params(self.network)
        copied.vector[:] = self.vector
        return copied


def _restored(network, vector):
    """Parameters from a pickle, whose vector may lie anywhere and be read-only."""
    return Params(network, vector).copy()


def _aligned_zeros(size):
    """Zeros from a 64-byte boundary on, where vectors of numbers never straddle cache lines."""
    room = np.zeros(size + 16, np.float32)
    start = -room.ctypes.data % 64 // room.itemsize
    return room[start : start + size]
