"""The rules side by side: alike in what they share, true to a run alone."""

import dataclasses

import numpy as np
import pytest

import lwnn
from lwnn.comparison import ALGOS, compare, spread

OPTIONS = lwnn.Options(hidden=(6,), epochs=2)


@pytest.fixture(scope="module")
def data():
    return lwnn.load(lwnn.sample_path()).take(np.arange(300))


@pytest.fixture(scope="module")
def results(data):
    return compare(data, OPTIONS, seeds=(0, 3))


def test_every_rule_has_a_result(results):
    assert [result.algo for result in results] == list(ALGOS) == ["ff", "bp", "wp"]


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("run", range(2))
def test_a_result_is_that_of_the_run_alone(data, results, place, run):
    options = dataclasses.replace(OPTIONS, algo=ALGOS[place], seed=(0, 3)[run])
    alone = lwnn.train(data, options)
    result = results[place]
    assert result.test_accuracy[run] == alone.metrics["test"]["accuracy"]
    assert result.parameters == alone.model.size
    assert result.working_bytes == alone.working_bytes
    assert result.forward_passes == alone.forward_passes
    assert "seed" not in result.options
    assert result.options.items() <= alone.options.items()


def test_every_rule_sees_the_same_rows(data, monkeypatch):
    seen = []
    train = lwnn.train

    def watched(dataset, options, on_epoch):
        def on_start(rule, settings, parts):
            seen.append((options.algo, parts.train.x.copy(), parts.test.y.copy()))

        return train(dataset, options, on_epoch, on_start)

    monkeypatch.setattr("lwnn.comparison.train", watched)
    compare(data, OPTIONS, seeds=(4,))
    assert [algo for algo, _, _ in seen] == list(ALGOS)
    for _, rows, labels in seen[1:]:
        np.testing.assert_array_equal(rows, seen[0][1])
        np.testing.assert_array_equal(labels, seen[0][2])


def test_int8_is_measured_on_the_test_rows(results):
    for result in results:
        assert len(result.int8_accuracy) == 2
        np.testing.assert_allclose(result.int8_accuracy, result.test_accuracy, atol=0.1)
        assert 0 < result.int8_bytes < 4 * result.parameters


def test_means_and_deviations(results):
    record = results[0].as_dict()
    first, second = record["test_accuracy"]
    assert record["test_accuracy_mean"] == pytest.approx((first + second) / 2)
    assert record["test_accuracy_sd"] == pytest.approx(abs(first - second) / 2**0.5)
    assert spread([0.5]) is None


def test_a_split_without_test_rows_is_refused(data):
    with pytest.raises(lwnn.LwnnError, match="test rows"):
        compare(data, dataclasses.replace(OPTIONS, test=0.0), seeds=(0,))
