"""How good predictions are: plain NumPy, each measure with its definition."""

import numpy as np

# A certain but wrong answer would cost infinity; this bounds its cost at about 36.
_SMALLEST = np.finfo(np.float64).eps


def accuracy(y, predicted):
    """Share of rows whose predicted class is the true one.

    Parameters
    ----------
    y, predicted : ndarray of int, shape (n,)
        True and predicted class codes, n >= 1.

    Returns
    -------
    float
        From 0 to 1.
    """
    return float(np.mean(y == predicted))


def log_loss(y, probabilities, weights=None):
    """Mean of -ln p over the rows, p being the share given to the true class.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        True class codes, n >= 1.
    probabilities : ndarray of float, shape (n, classes)
        Rows that sum to 1; values below 2.2e-16 count as that.
    weights : ndarray of float, shape (n,), optional
        How much each row counts; alike where all are 0 or none are given.

    Returns
    -------
    float
        In nats, 0 or more; ln(classes) for a blind guess.
    """
    shares = probabilities[np.arange(len(y)), y].astype(np.float64)
    if weights is not None and not weights.any():
        weights = None
    # Adding 0 turns -0 into 0.
    return float(-np.average(np.log(np.clip(shares, _SMALLEST, 1)), weights=weights)) + 0.0


def summary(y, predicted, probabilities):
    """Accuracy and loss as one dict, as `lwnn train` and `lwnn evaluate` give them.

    Parameters
    ----------
    y, predicted : ndarray of int, shape (n,)
    probabilities : ndarray of float, shape (n, classes)

    Returns
    -------
    dict
        ``accuracy``, see `accuracy`, and ``loss``, see `log_loss`.
    """
    return {"accuracy": accuracy(y, predicted), "loss": log_loss(y, probabilities)}


def regression_summary(y, predicted):
    """R² and RMSE as one dict, as `lwnn train` and `lwnn evaluate` give them.

    Parameters
    ----------
    y, predicted : ndarray of float, shape (n,)
        True and predicted values, n >= 1.

    Returns
    -------
    dict
        ``r2``, 1 - Σ(y - ŷ)² / Σ(y - mean y)²: 1 is perfect, 0 no better than the mean, and it
        has no lower end; None where all values are the same, so that there is nothing to tell.
        ``rmse``, √(mean of (y - ŷ)²), in the unit of y.
    """
    y = y.astype(np.float64)
    squares, spread = ((y - predicted) ** 2).mean(), y.var()
    r2 = float(1 - squares / spread) if spread > 0 else None
    return {"r2": r2, "rmse": float(np.sqrt(squares))}


def confusion(y, predicted, classes):
    """How often each class was taken for each.

    Parameters
    ----------
    y, predicted : ndarray of int, shape (n,)
    classes : int

    Returns
    -------
    ndarray of int64, shape (classes, classes)
        Row: true class; column: predicted class.
    """
    pairs = np.asarray(y, np.int64) * classes + predicted
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def per_class(matrix):
    """Precision, recall and F1 of each class.

    Precision is the share of the rows predicted as a class that belong to it, recall the share
    of the rows of a class that were predicted as it, and F1 their harmonic mean, that is
    2·hits / (rows + predicted rows). Where a share is of nothing, it is 0.

    Parameters
    ----------
    matrix : ndarray of int, shape (classes, classes)
        As from `confusion`.

    Returns
    -------
    precision, recall, f1 : ndarray of float64, shape (classes,)
    """
    hits, rows, predicted = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    return _share(hits, predicted), _share(hits, rows), _share(2 * hits, rows + predicted)


def balanced_accuracy(matrix):
    """Mean recall of the classes that have rows: the accuracy if all had equally many.

    Parameters
    ----------
    matrix : ndarray of int, shape (classes, classes)
        As from `confusion`.

    Returns
    -------
    float
        From 0 to 1; 1/classes for a blind guess.
    """
    rows = matrix.sum(axis=1)
    return float((np.diag(matrix)[rows > 0] / rows[rows > 0]).mean())


def macro(values, matrix):
    """Mean of a measure over the classes that have rows or predictions, each counting alike.

    Parameters
    ----------
    values : ndarray of float, shape (classes,)
        One of the results of `per_class`.
    matrix : ndarray of int, shape (classes, classes)

    Returns
    -------
    float
    """
    present = (matrix.sum(axis=1) + matrix.sum(axis=0)) > 0
    return float(values[present].mean())


def _share(part, whole):
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
