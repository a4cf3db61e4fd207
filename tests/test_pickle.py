"""Models travel between processes by pickle."""

import copy
import pickle

import numpy as np
import pytest


@pytest.mark.parametrize("travel", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy])
def test_a_model_comes_out_as_it_went_in(model, rows, travel):
    expected = model.scores(rows)
    again = travel(model)
    assert np.array_equal(again.scores(rows), expected)
    assert again.labels == model.labels
    assert again.provenance == model.provenance


def test_the_parameters_are_still_one_vector(make_model):
    params = pickle.loads(pickle.dumps(make_model())).params
    params["layer1.bias"][0] = 42
    assert 42 in params.vector


def test_what_speeds_up_prediction_is_left_behind(make_model):
    model = make_model()
    before = len(pickle.dumps(model))
    model.scores(np.zeros((1000, 3), np.float32))
    assert len(pickle.dumps(model)) < before + 1000
