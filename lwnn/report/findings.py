"""What is computed for a page: predictions of both models on the rows, and their measures."""

import dataclasses

import numpy as np

from lwnn import metrics


@dataclasses.dataclass(frozen=True)
class Judged:
    """What a model says of rows.

    Attributes
    ----------
    name : {'float32', 'int8'}
    predicted : ndarray, shape (n,)
        Codes of classes, or values.
    measures : dict of str to float
        Accuracy and balanced accuracy, or R² and RMSE.
    matrix : ndarray of int or None
        Confusion matrix; None for values.
    """

    name: str
    predicted: np.ndarray
    measures: dict
    matrix: np.ndarray | None


def judged(subject):
    """Judge the model of a `Subject`, in float and in int8, those that there are, on its rows.

    Returns
    -------
    list of Judged
        Empty without rows.
    """
    if subject.rows is None:
        return []
    models = []
    if subject.model is not subject.int8:
        models.append(("float32", subject.model))
    if subject.int8 is not None:
        models.append(("int8", subject.int8))
    return [_judge(name, model, subject.rows) for name, model in models]


def _judge(name, model, rows):
    if model.response:
        predicted = model.predict(rows.x)
        return Judged(name, predicted, metrics.regression_summary(rows.y, predicted), None)
    predicted = model.predict_index(rows.x)
    matrix = metrics.confusion(rows.y, predicted, len(model.labels))
    measures = {
        "accuracy": metrics.accuracy(rows.y, predicted),
        "balanced accuracy": metrics.balanced_accuracy(matrix),
    }
    return Judged(name, predicted, measures, matrix)


def first_weights(model):
    """Weights of the first layer, (units, inputs), of a float or an int8 model."""
    name = model.network.layers[0][0]
    if hasattr(model, "params"):
        return model.params[f"{name}.weight"]
    scale = model.tensors[f"{name}.weight_scale"].astype(np.float64)
    return model.tensors[f"{name}.weight"] * scale[:, None]
