"""Metrics against numbers worked out by hand, and laws that hold for any prediction."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwnn import metrics

# Three classes; class 2 is never predicted.
Y = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 0, 1])
MATRIX = np.array([[2, 1, 0], [1, 1, 0], [0, 1, 0]])


def test_accuracy_is_the_share_of_hits():
    assert metrics.accuracy(Y, PREDICTED) == 0.5


def test_confusion_has_a_row_per_true_class():
    matrix = metrics.confusion(Y, PREDICTED, 3)
    assert matrix.dtype == np.int64
    assert matrix.tolist() == MATRIX.tolist()


def test_confusion_of_many_classes_does_not_overflow_narrow_codes():
    last = 999
    y = np.array([last], np.int32)
    matrix = metrics.confusion(y.astype(np.uint16), y.astype(np.uint16), last + 1)
    assert matrix[last, last] == matrix.sum() == 1


def test_precision_recall_and_f1_by_hand():
    precision, recall, f1 = metrics.per_class(MATRIX)
    assert precision.tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert recall.tolist() == pytest.approx([2 / 3, 1 / 2, 0])
    assert f1.tolist() == pytest.approx([2 / 3, 2 / 5, 0])


def test_balanced_accuracy_by_hand():
    assert metrics.balanced_accuracy(MATRIX) == pytest.approx((2 / 3 + 1 / 2) / 3)
    # A class without rows has no recall, whatever was taken for it.
    assert metrics.balanced_accuracy(np.array([[9, 1, 0], [1, 0, 1], [0, 0, 0]])) == 0.45


def test_macro_leaves_out_a_class_that_nothing_speaks_of():
    matrix = np.array([[3, 0, 0], [0, 2, 0], [0, 0, 0]])
    recall = metrics.per_class(matrix)[1]
    assert recall.tolist() == [1, 1, 0]
    assert metrics.macro(recall, matrix) == 1
    assert metrics.macro(metrics.per_class(MATRIX)[1], MATRIX) == pytest.approx((2 / 3 + 1 / 2) / 3)


def test_log_loss_by_hand():
    shares = np.array([[0.5, 0.5], [0.25, 0.75]])
    expected = -(math.log(0.5) + math.log(0.75)) / 2
    assert metrics.log_loss(np.array([0, 1]), shares) == pytest.approx(expected)


def test_log_loss_of_a_blind_guess_is_the_logarithm_of_the_classes():
    assert metrics.log_loss(Y, np.full((6, 3), 1 / 3)) == pytest.approx(math.log(3))


def test_log_loss_of_a_certain_error_is_bounded_and_of_a_certain_hit_is_zero():
    certain = np.array([[0.0, 1.0]], np.float32)
    assert 30 < metrics.log_loss(np.array([0]), certain) < 40
    hit = metrics.log_loss(np.array([1]), certain)
    assert hit == 0
    assert math.copysign(1, hit) == 1


def test_summary_is_accuracy_and_loss():
    shares = np.eye(3)[PREDICTED]
    assert metrics.summary(Y, PREDICTED, shares) == {
        "accuracy": metrics.accuracy(Y, PREDICTED),
        "loss": metrics.log_loss(Y, shares),
    }


@given(
    st.integers(2, 6).flatmap(
        lambda classes: st.lists(
            st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)), min_size=1
        ).map(lambda pairs: (classes, np.array(pairs)))
    )
)
def test_measures_agree_with_one_another(case):
    classes, pairs = case
    y, predicted = pairs.T
    matrix = metrics.confusion(y, predicted, classes)
    assert matrix.sum() == len(y)
    assert np.trace(matrix) / len(y) == pytest.approx(metrics.accuracy(y, predicted))
    precision, recall, f1 = metrics.per_class(matrix)
    for values in (precision, recall, f1):
        assert ((values >= 0) & (values <= 1)).all()
    # Recall weighted by rows is accuracy.
    assert recall @ matrix.sum(axis=1) / len(y) == pytest.approx(metrics.accuracy(y, predicted))
    both = precision + recall > 0
    harmonic = 2 * precision[both] * recall[both] / (precision + recall)[both]
    assert f1[both] == pytest.approx(harmonic)
