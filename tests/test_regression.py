"""Numbers as targets, from the file to the int8 model."""

import dataclasses

import numpy as np
import pytest

import lwnn
from lwnn.data import load
from lwnn.errors import DataError, ModelFileError, UsageError
from lwnn.metrics import regression_summary
from lwnn.options import Options
from lwnn.quantization import quantize
from lwnn.scoring import Response
from lwnn.training import train

QUICK = {"task": "regression", "hidden": (16,), "epochs": 60}
#: Far from 0 and wide: what is given back in the wrong unit shows.
OFFSET, SCALE = 2000.0, 150.0


def table(rows=400, seed=0):
    """Text of a table whose last column is a smooth function of the others."""
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, (rows, 3))
    y = OFFSET + SCALE * (np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2])
    lines = [",".join(f"{value:.6g}" for value in row) for row in np.column_stack([x, y])]
    return "a,b,c,output\n" + "\n".join(lines) + "\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "curve.csv"
    path.write_text(table())
    return path


@pytest.fixture
def dataset(path):
    return load(path, numeric=True)


@pytest.fixture(params=["bp", "wp"])
def run(request, dataset):
    return train(dataset, Options(algo=request.param, **QUICK))


# ---------------------------------------------------------------- data


def test_a_numeric_target_is_read_as_it_stands(dataset):
    assert dataset.numeric
    assert dataset.labels == ()
    assert dataset.target == "output"
    assert dataset.y.dtype == np.float32
    assert dataset.x.shape == (400, 3)
    want = [float(line.split(",")[-1]) for line in table().splitlines()[1:]]
    assert dataset.y == pytest.approx(np.array(want), rel=1e-6)


@pytest.mark.parametrize("target", ["a", "0", "-4", "output"])
def test_any_column_can_be_the_target(path, target):
    whole, chosen = load(path, numeric=True), load(path, numeric=True, target=target)
    columns = np.column_stack([whole.x, whole.y])
    index = 0 if target != "output" else 3
    assert np.array_equal(chosen.y, columns[:, index])
    assert np.array_equal(chosen.x, np.delete(columns, index, axis=1))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("x", "'x' is not a number"),
        ("", "missing value"),
        ("inf", "'inf' is not a finite number"),
        ("1e39", "'1e39' is too large for float32"),
    ],
)
def test_a_target_that_is_no_number_is_found(tmp_path, bad, said):
    path = tmp_path / "bad.csv"
    path.write_text(f"a,b,y\n1,2,3\n2,3,4\n3,4,{bad}\n4,5,6\n")
    with pytest.raises(DataError) as caught:
        load(path, numeric=True)
    assert f"bad.csv:4: column 'y': {said}" in str(caught.value)


def test_a_constant_target_is_refused(tmp_path):
    path = tmp_path / "flat.csv"
    path.write_text("a,y\n1,7\n2,7\n3,7\n")
    with pytest.raises(DataError, match="all 3 values are 7"):
        load(path, numeric=True)


@pytest.mark.parametrize("kind", ["float64", "int16"])
def test_arrays_of_numbers_are_values_too(tmp_path, kind):
    x, y = np.arange(12.0).reshape(6, 2), np.array([3, -1, 4, 1, 5, 9]).astype(kind)
    np.savez(tmp_path / "a.npz", x=x, y=y)
    data = load(tmp_path / "a.npz", numeric=True)
    assert data.numeric
    assert data.y.tolist() == y.tolist()


def test_arrays_of_text_are_none(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 2)), y=np.array(["a", "b", "a"]))
    with pytest.raises(DataError, match="y holds text; a regression needs numbers"):
        load(tmp_path / "a.npz", numeric=True)


# ---------------------------------------------------------------- training


def test_a_smooth_curve_is_learnt_in_its_unit(run, dataset):
    found = run.metrics["test"]
    assert found["r2"] > 0.9
    assert found["rmse"] < 0.3 * SCALE
    assert found["rows"] == 80
    predicted = run.model.predict(dataset.x)
    assert predicted.shape == (400,)
    assert abs(predicted.mean() - dataset.y.mean()) < 0.2 * SCALE


def test_measures_are_those_of_the_predictions(run, dataset):
    """R² and RMSE from the textbook, on all rows."""
    predicted = run.model.predict(dataset.x)
    rest, spread = dataset.y - predicted, dataset.y - dataset.y.mean(dtype=np.float64)
    found = regression_summary(dataset.y, predicted)
    assert found["r2"] == pytest.approx(1 - (rest**2).sum() / (spread**2).sum(), rel=1e-6)
    assert found["rmse"] == pytest.approx(np.sqrt((rest**2).mean()), rel=1e-6)


def test_the_best_epoch_is_chosen_by_r2(run):
    values = [epoch["validation_r2"] for epoch in run.history]
    assert values[-1] > values[0]
    assert values[run.best_epoch - 1] > max(values) - 0.2
    assert "validation_accuracy" not in run.history[0]


def test_the_unit_of_the_target_changes_nothing_but_the_unit(dataset):
    """The net learns from values of mean 0 and deviation 1, whatever they were."""
    other = dataclasses.replace(dataset, y=(dataset.y - 2048) * 4)
    models = [train(data, Options(algo="bp", **QUICK)).model for data in (dataset, other)]
    one, four = (model.predict(dataset.x) for model in models)
    assert (four / 4 + 2048) == pytest.approx(one, abs=0.05 * SCALE)


def test_the_same_seed_gives_the_same_model_with_any_threads(dataset):
    models = [
        train(dataset, Options(algo="bp", **QUICK, threads=n, input_noise=0.1)).model
        for n in (1, 2)
    ]
    assert models[0].params.vector.tobytes() == models[1].params.vector.tobytes()


def test_shrunken_predictions_are_no_better_than_the_mean():
    y = np.array([1.0, 2.0, 3.0], np.float32)
    assert regression_summary(y, np.full(3, 2.0))["r2"] == 0
    assert regression_summary(y, y)["r2"] == 1
    assert regression_summary(y[:1], y[:1]) == {"r2": None, "rmse": 0.0}


REFUSED = [
    ({"algo": "ff"}, "unknown --task 'regression'; choose from classification"),
    ({"cost": "cross-entropy"}, "--cost cross-entropy goes with --output-activation softmax"),
    ({"output_activation": "sigmoid"}, "a classifier needs at least 2"),
    ({"label_smoothing": 0.1}, "--label-smoothing does not go with --task regression"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=str)
def test_what_does_not_go_with_numbers_is_refused(dataset, changes, message):
    with pytest.raises(UsageError) as caught:
        train(dataset, Options(**{"algo": "bp", **QUICK, **changes}))
    assert message in str(caught.value)


def test_the_task_must_be_that_of_the_data(dataset):
    with pytest.raises(UsageError, match="are numbers; train with task 'regression'"):
        train(dataset, Options(algo="bp"))
    classes = lwnn.load(lwnn.sample_path())
    with pytest.raises(UsageError, match=r"are classes; .*numeric=True"):
        train(classes, Options(algo="bp", **QUICK))


# ---------------------------------------------------------------- models


def test_a_model_is_saved_with_its_unit(run, dataset, tmp_path):
    file = tmp_path / "m.safetensors"
    lwnn.save_model(run.model, file)
    again = lwnn.load_model(file)
    assert again.response == run.model.response
    assert again.network.task == "regression"
    assert np.array_equal(again.predict(dataset.x), run.model.predict(dataset.x))


@pytest.mark.parametrize("response", [None, Response(float("nan"), 1.0), Response(0.0, -1.0)])
def test_a_model_without_its_unit_is_not_read(dataset, response, tmp_path):
    model = train(dataset, Options(algo="bp", **{**QUICK, "epochs": 1})).model
    file = tmp_path / "m.safetensors"
    if response and response.offset != response.offset:
        with pytest.raises(ValueError, match="JSON"):
            lwnn.save_model(dataclasses.replace(model, response=response), file)
        return
    lwnn.save_model(dataclasses.replace(model, response=response), file)
    with pytest.raises(ModelFileError, match="is missing or wrong"):
        lwnn.load_model(file)


def test_int8_predicts_almost_the_same_values(run, dataset, tmp_path):
    small = quantize(run.model, dataset.x)
    before, after = run.model.predict(dataset.x), small.predict(dataset.x)
    assert np.sqrt(((before - after) ** 2).mean()) < 0.05 * SCALE
    lwnn.save_model(small, tmp_path / "s.safetensors")
    again = lwnn.load_model(tmp_path / "s.safetensors")
    assert np.array_equal(again.predict(dataset.x), after)
