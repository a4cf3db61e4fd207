"""How often the rows of a class come up in an epoch."""

import numpy as np
import pytest

from lwnn import Dataset, Options, train
from lwnn.errors import UsageError
from lwnn.learning.sampling import permuted
from lwnn.options import FORMS, RULES
from lwnn.training import class_weights

Y = np.repeat(np.array([0, 1, 2], np.int32), [70, 25, 5])


def drawn(weights, seed=0):
    return permuted(Y, weights, np.random.default_rng(seed))


def test_without_weights_every_row_comes_up_once():
    assert np.array_equal(drawn(None), np.random.default_rng(0).permutation(100))
    assert drawn(None).dtype == np.int32
    assert sorted(drawn(np.ones(3))) == list(range(100))


def test_balanced_classes_come_up_alike_often():
    weights = class_weights(Options(class_weight="balanced"), Y, ("a", "b", "c"))
    assert weights @ np.bincount(Y) == pytest.approx(100)
    orders = [drawn(weights, seed) for seed in range(60)]
    counts = np.array([np.bincount(Y[order]) for order in orders])
    assert (counts.sum(axis=1) == 100).all()
    assert set(counts.ravel()) == {33, 34}
    assert np.allclose(counts.mean(axis=0), 100 / 3, atol=0.3)
    # All rows of a class are used alike, but for one time.
    times = np.bincount(orders[0], minlength=100)
    for code in range(3):
        assert np.ptp(times[code == Y]) <= 1
    # Common classes show other rows in every epoch, and all of them in the end.
    assert len(np.unique(np.concatenate(orders))) == 100
    assert not np.array_equal(np.sort(orders[0]), np.sort(orders[1]))
    # And they come in no order.
    assert all(np.count_nonzero(np.diff(Y[order])) > 40 for order in orders)


def test_a_class_that_counts_nothing_does_not_come_up():
    counts = np.bincount(Y[drawn(np.array([0.0, 1.0, 3.0]))], minlength=3)
    assert counts.tolist() == [0, 62, 38] or counts.tolist() == [0, 63, 37]


def uneven(rows=600, seed=0):
    """Two classes that overlap, one of them with a tenth of the rows."""
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.1).astype(np.int32)
    x = (random.standard_normal((rows, 4)) + 0.8 * y[:, None]).astype(np.float32)
    return Dataset(x, y, ("often", "rare"), ("a", "b", "c", "d"), None, None, "X", "")


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_finds_rare_rows_if_classes_count_alike(rule):
    forms = {"un": {"negatives": "hybrid"}, "td": {"top_down": True}}
    more = {"algo": "ff", **forms[rule]} if rule in FORMS else {"algo": rule}
    if rule != "perceptron":
        more |= {"hidden": (32,), "rate": 0.003}
    data, fresh = uneven(), uneven(4000, seed=1)
    recalls = []
    for weight in (None, "balanced", {"rare": 9.0}):
        run = train(data, Options(**more, class_weight=weight, test=0, epochs=20))
        predicted = run.model.predict_index(fresh.x)
        recalls.append((predicted[fresh.y == 1] == 1).mean())
        assert run.options.get("class_weight") == weight
    assert recalls[1] > recalls[0] + 0.2
    assert recalls[2] > recalls[0] + 0.2


def test_epochs_are_judged_by_weighted_rows():
    data = uneven()
    run = train(data, Options(algo="bp", class_weight={"often": 0.0, "rare": 1.0}, val=data))
    # Only the rare rows count, and the net soon knows no others.
    assert run.history[-1]["validation_accuracy"] == 1
    assert run.metrics["validation"]["accuracy"] < 0.5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seldom": 2.0}, "--class-weight: 'seldom' is no class; there are often, rare"),
        ({"rare": -1.0}, "expected numbers of 0 or more"),
        ({"rare": float("nan")}, "expected numbers of 0 or more"),
        ({"rare": 0.0, "often": 0.0}, "not all of them 0"),
        ("even", "--class-weight even: expected balanced"),
    ],
)
def test_what_is_no_weight_is_refused(given, said):
    with pytest.raises(UsageError, match=said):
        train(uneven(), Options(class_weight=given))


def test_layers_that_learn_without_labels_go_by_no_weights():
    layers = []
    for weight in (None, "balanced"):
        how = {"algo": "ff", "negatives": "hybrid", "hidden": (8,), "epochs": 2, "head_epochs": 2}
        model = train(uneven(), Options(**how, class_weight=weight)).model
        layers.append((model.params["layer1.weight"], model.params["head.weight"]))
    assert np.array_equal(layers[0][0], layers[1][0])
    assert not np.array_equal(layers[0][1], layers[1][1])
