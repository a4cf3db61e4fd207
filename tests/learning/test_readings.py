"""How a Forward-Forward net is read: what it says it is sure of, it is right about."""

import dataclasses

import numpy as np
import pytest

from lwnn import Options, load, sample_path, train
from lwnn.options import about

LOSSES = about("loss").values


@pytest.fixture(scope="module")
def runs():
    """A net of two layers for each loss, trained on digits until it is right about most."""
    dataset = load(sample_path())
    options = Options(hidden=(32, 32), epochs=30, refit="no", threads=1)
    return {loss: train(dataset, dataclasses.replace(options, loss=loss)) for loss in LOSSES}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("readout", ["goodness", "head", "both"])
def test_nets_are_as_sure_as_they_are_right(runs, loss, readout):
    """On rows that they have not learnt from: no loss may leave its goodness a whisper."""
    rows = runs[loss].parts.test
    shares = dataclasses.replace(runs[loss].model, readout=readout).predict_proba(rows.x)
    right = np.mean(shares.argmax(axis=1) == rows.y)
    assert right > 0.9
    assert abs(shares.max(axis=1).mean() - right) < 0.08


@pytest.mark.parametrize("loss", LOSSES)
def test_goodness_and_head_agree_about_most_rows(runs, loss):
    rows = runs[loss].parts.test
    agreement = runs[loss].model.agreement(rows.x)
    assert np.mean(agreement > 0.8) > 0.7
    predicted = runs[loss].model.predict_index(rows.x)
    surest = np.argsort(-agreement)[: len(rows.y) // 2]
    assert np.mean(predicted[surest] == rows.y[surest]) > 0.99
