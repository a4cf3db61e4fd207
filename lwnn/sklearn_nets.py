"""Nets that scikit-learn has trained, as the fields of a model."""

import numpy as np

from lwnn._version import __version__
from lwnn.data.dataset import numbered
from lwnn.data.labels import named
from lwnn.errors import MissingToolError, UsageError
from lwnn.network import Network, Params

#: Name there to name here.
_ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
#: A bound that no input reaches: scikit-learn has none.
_NO_CLIP = float(np.finfo(np.float32).max)


def fields_of(estimator):
    """Fields of a `Model` that computes what a trained net of scikit-learn does.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor or Pipeline
        See `lwnn.Model.from_sklearn`.

    Returns
    -------
    dict
        Its ``response`` is offset and scale of a regression, or None.

    Raises
    ------
    MissingToolError
        Without scikit-learn.
    UsageError
        When it is something else, or one that no `Network` is like.
    """
    try:
        from sklearn.utils.validation import check_is_fitted  # noqa: PLC0415
    except ImportError as error:
        raise MissingToolError(
            "nets of scikit-learn need scikit-learn; pip install 'lwnn[sklearn]'"
        ) from error
    *scalers, net = _steps(estimator)
    _check_kind(net)
    check_is_fitted(net)
    _check_outputs(net)
    weights, biases = list(net.coefs_), list(net.intercepts_)
    numeric = not hasattr(net, "classes_")
    if net.out_activation_ == "logistic":
        weight, biases[-1] = two_logits(weights[-1].T, biases[-1])
        weights[-1] = weight.T
    network = Network(
        kind="dense",
        inputs=len(weights[0]),
        hidden=tuple(len(bias) for bias in biases[:-1]),
        classes=len(biases[-1]),
        activation=_ACTIVATIONS[net.activation],
        cost="mse" if numeric else "cross-entropy",
    )
    offset, scale = _scaling(scalers, network.inputs)
    names = getattr((scalers or [net])[0], "feature_names_in_", None)
    return {
        "network": network,
        "params": _params(network, weights, biases),
        "offset": offset.astype(np.float32),
        "scale": scale.astype(np.float32),
        "clip": _NO_CLIP,
        "labels": () if numeric else named(net.classes_.tolist()),
        "features": numbered(network.inputs) if names is None else tuple(map(str, names)),
        "named": names is not None,
        "response": (0.0, 1.0) if numeric else None,
        "provenance": {"lwnn": __version__, "trained_by": _told(net)},
    }


def two_logits(weight, bias):
    """Weights of a linear layer with an output for each class.

    Parameters
    ----------
    weight : ndarray, shape (outputs, inputs)
    bias : ndarray, shape (outputs,)
        One output z stands for the odds of the second of two classes.

    Returns
    -------
    weight, bias : ndarray
        As they are, or, of one output, for -z/2 and z/2: their softmax gives the second class
        1 / (1 + exp(-z)), and halving is exact.
    """
    if len(weight) > 1:
        return weight, bias
    return np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2


def _steps(estimator):
    steps = [step for _, step in estimator.steps] if hasattr(estimator, "steps") else [estimator]
    return [step for step in steps if step not in (None, "passthrough")] or [estimator]


def _check_kind(net):
    from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: PLC0415

    if not isinstance(net, MLPClassifier | MLPRegressor):
        raise UsageError(
            f"{type(net).__name__} is no net that can be taken over; give an MLPClassifier or "
            "MLPRegressor, or a pipeline of scalers that ends in one"
        )


def _check_outputs(net):
    classes = getattr(net, "classes_", None)
    if classes is None and (net.n_outputs_ > 1 or net.out_activation_ != "identity"):
        raise UsageError(
            f"this MLPRegressor has {net.n_outputs_} outputs by {net.out_activation_}; a model "
            "gives one number, by identity"
        )
    if net.out_activation_ == "logistic" and (len(classes), net.n_outputs_) != (2, 1):
        raise UsageError(
            "this MLPClassifier may give a row several labels at once; train one with a single "
            "class for each row"
        )


def _params(network, weights, biases):
    params = Params(network)
    for (name, _, _), weight, bias in zip(network.layers, weights, biases, strict=True):
        params[f"{name}.weight"][...] = weight.T
        params[f"{name}.bias"][...] = bias
    if not np.isfinite(params.vector).all():
        raise UsageError("a weight of the net is not finite, so it cannot be taken over")
    return params


def _told(net):
    import sklearn  # noqa: PLC0415

    return f"scikit-learn {sklearn.__version__}, {type(net).__name__}"


#: Scaler of scikit-learn to its factor and summand: x * factor + summand.
_SCALERS = {
    "StandardScaler": lambda s: _centred(s.mean_ if s.with_mean else None, s.scale_),
    "RobustScaler": lambda s: _centred(s.center_, s.scale_),
    "MaxAbsScaler": lambda s: _centred(None, s.scale_),
    "MinMaxScaler": lambda s: (s.scale_, s.min_),
}


def _centred(centre, spread):
    factor = 1 / np.float64(1 if spread is None else spread)
    return factor, (0 if centre is None else -centre * factor)


def _scaling(scalers, inputs):
    """Offset and scale of (x - offset) · scale that all scalers together come to."""
    factor, summand = np.ones(inputs), np.zeros(inputs)
    for scaler in scalers:
        kind = type(scaler).__name__
        if kind not in _SCALERS or getattr(scaler, "clip", False):
            raise UsageError(
                f"{scaler} cannot be part of a model; before the net there may be "
                f"{', '.join(_SCALERS)} (without clip)"
            )
        times, plus = _SCALERS[kind](scaler)
        factor, summand = factor * times, summand * times + plus
    return -summand / factor, factor
