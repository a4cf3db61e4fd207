"""How many hidden units have stopped learning, because their activation is flat where they are.

A sigmoid or tanh unit counts as saturated on a row where its output is within 5 % of the range
of either end: there its slope is less than a fifth of the steepest. A ReLU counts as dead when it
is silent on every row that is looked at. The other activations have no such places, or, like the
step, no others.
"""

import numpy as np

#: Rows that are looked at: enough for a share, and no burden beside an epoch.
ROWS = 128
_NEAR = 0.05


def _near_an_end(low, high):
    edge = _NEAR * (high - low)
    return lambda a: ((a < low + edge) | (a > high - edge)).mean()


def _dead(a):
    return (a <= 0).all(axis=0).mean()


#: Activation to function, slope aside, and to the share of units that it keeps from learning.
_KINDS = {
    "sigmoid": (lambda z: 0.5 * (1 + np.tanh(0.5 * z)), _near_an_end(0, 1)),
    "tanh": (np.tanh, _near_an_end(-1, 1)),
    "relu": (lambda z: np.maximum(z, 0), _dead),
}


def saturation(params, rows):
    """Share of the units of each hidden layer that are saturated, or dead; of all steps.

    Parameters
    ----------
    params : Params
    rows : tuple of (x, scaler, clip)
        Raw rows and what scales them; the first `ROWS` are looked at.

    Returns
    -------
    list of float
        From 0 to 1, a value per hidden layer; empty where the activation has no flat ends, or
        there are no rows.
    """
    x, scaler, clip = rows
    if params.network.activation not in _KINDS or not len(x):
        return []
    activate, share = _KINDS[params.network.activation]
    with np.errstate(over="ignore", invalid="ignore"):
        a = np.clip((x[:ROWS].astype(np.float32) - scaler[0]) * scaler[1], -clip, clip)
        return [float(share(given)) for given in _given(params, a, activate)]


def _given(params, x, activate):
    """What every hidden layer gives, (rows, units); the steps of a sequence as so many rows."""
    network, given = params.network, []
    steps = np.stack(np.split(x, network.timesteps, axis=1))
    for name, _, units in network.layers[:-1]:
        weight, bias = params[f"{name}.weight"].T, params[f"{name}.bias"]
        state, after = np.zeros((len(x), units), np.float32), []
        for below in steps:
            reads = np.hstack([below, state]) if network.kind == "elman" else below
            state = activate(reads @ weight + bias)
            after.append(state)
        steps = np.stack(after)
        given.append(steps.reshape(-1, units))
    return given
