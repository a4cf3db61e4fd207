"""Scoring rows: the plan and the workspace that calls share never show in the scores."""

import concurrent.futures

import numpy as np
import pytest

from lwnn.network import Network, Params
from lwnn.scoring import READOUTS, Scorer

INPUTS, CLASSES = 20, 3


KINDS = {readout: kind for kind, readouts in READOUTS.items() for readout in readouts}


def make_scorer(readout):
    """A scorer over random parameters, and those."""
    network = Network(KINDS[readout], INPUTS, (40, 30), CLASSES)
    random = np.random.default_rng(0)
    params = Params(network)
    params.vector[:] = random.standard_normal(network.size) / 5
    scaler = np.stack([np.zeros(INPUTS), np.ones(INPUTS)]).astype(np.float32)
    goals = np.ones((2, 3), np.float32)
    return Scorer(network, params.vector, scaler, 10.0, readout=readout, goals=goals), params


def rows(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, INPUTS), np.float32)


@pytest.mark.parametrize("readout", KINDS)
def test_a_call_leaves_nothing_behind_for_the_next(readout):
    """Fewer rows after more, and more after fewer, in the same workspace or another."""
    scorer, _ = make_scorer(readout)
    for count in (700, 1, 33, 700, 0, 5, 1):
        x = rows(count, seed=count)
        assert np.array_equal(scorer(x), make_scorer(readout)[0](x))


@pytest.mark.parametrize("readout", KINDS)
def test_scores_follow_the_parameters(readout):
    scorer, params = make_scorer(readout)
    before = scorer(rows(40))
    params.vector *= 2
    after = scorer(rows(40))
    assert before.shape == (40, CLASSES)
    assert not np.array_equal(before, after)


@pytest.mark.parametrize("readout", KINDS)
def test_calls_at_the_same_time_do_not_meet(readout):
    scorer, _ = make_scorer(readout)
    parts = [rows(300, seed) for seed in range(16)]
    alone = [scorer(part) for part in parts]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            together = list(pool.map(scorer, parts))
            assert all(map(np.array_equal, together, alone))


@pytest.mark.parametrize("readout", KINDS)
def test_scores_hardly_depend_on_how_many_rows_come_at_once(readout):
    scorer, _ = make_scorer(readout)
    x = rows(600)
    one_by_one = np.concatenate([scorer(x[at : at + 1]) for at in range(len(x))])
    assert np.allclose(scorer(x), one_by_one, rtol=1e-4, atol=1e-5)
    assert np.ptp(one_by_one, axis=0).min() > 0.1
