"""Quantized models: close to the float model, the same integers everywhere."""

import dataclasses

import numpy as np
import pytest

from lwnn import _kernels
from lwnn.errors import DataError
from lwnn.network import Params
from lwnn.quantization import QuantizedModel, calibration, inference, packing, quantize, topdown
from lwnn.quantization import model as model_of


def test_predicts_what_the_float_model_predicts(pair, data):
    model, quantized = pair
    x, y = data
    accuracy = (model.predict_index(x) == y).mean()
    assert accuracy > 0.85
    assert (quantized.predict_index(x) == y).mean() > accuracy - 0.005
    # Rows whose two best scores lie a step or two apart may go either way.
    assert (quantized.predict_index(x) == model.predict_index(x)).mean() > 0.985
    error = quantized.scores(x) - model.scores(x)
    assert np.abs(error).mean() < 0.025 * model.scores(x).std()


@pytest.mark.parametrize("many", [False, True])
def test_integers_are_the_same_on_every_build(pair, data, monkeypatch, many):
    _, quantized = pair
    if many:
        monkeypatch.setattr(model_of, "_MANY", 0)
    found = []
    for build in _kernels.available():
        for module in (inference, packing, topdown):
            monkeypatch.setattr(module, "kernels", _kernels.load(build))
        # Anew, as a model keeps what was laid out for one build.
        found.append(dataclasses.replace(quantized).integer_scores(data[0][:301]))
    assert len(found) > 1
    for scores in found[1:]:
        np.testing.assert_array_equal(scores, found[0])


def test_integers_do_not_depend_on_threads_or_chunks(pair, data, monkeypatch):
    _, quantized = pair
    one = quantized.integer_scores(data[0])
    np.testing.assert_array_equal(quantized.integer_scores(data[0], threads=3), one)
    monkeypatch.setattr(inference, "_SUMS", 1)
    np.testing.assert_array_equal(quantized.integer_scores(data[0][:50]), one[:50])
    np.testing.assert_array_equal(quantized.integer_scores(data[0][7:8]), one[7:8])
    monkeypatch.setattr(model_of, "_MANY", 0)
    for threads in (1, 2):
        many = quantized.integer_scores(data[0][:2501], threads)
        np.testing.assert_array_equal(many, one[:2501])
    assert "_plan_for_many" in vars(quantized) or quantized.network.kind != "dense"


def test_calibration_does_not_depend_on_chunks(make, data, monkeypatch):
    model = make("ff-goodness")
    whole = calibration.ranges(model, data[0][:100])
    monkeypatch.setattr(calibration, "_CHUNK", 1)
    pieces = calibration.ranges(model, data[0][:100])
    assert whole.keys() == pieces.keys()
    for name, values in whole.items():
        np.testing.assert_allclose(pieces[name], values, rtol=1e-12)


#: How many arguments of a kernel may be fractions.
FRACTIONS = {"int8_dense": 2, "int8_input": 3}


class Integers:
    """Kernels that refuse anything but integers, once the rows are quantized."""

    def __init__(self):
        self.called = set()

    def __getattr__(self, name):
        def call(*arguments):
            self.called.add(name)
            # Raw rows and their scaler come first, and integers out of them.
            for argument in arguments[FRACTIONS.get(name, 0) :]:
                assert isinstance(argument, (int, np.integer)) or argument.dtype.kind == "i"
            return getattr(_kernels.kernels, name)(*arguments)

        return call


def test_only_the_first_step_sees_a_fraction(pair, data, monkeypatch):
    _, quantized = pair
    guard = Integers()
    for room in (inference, topdown):
        monkeypatch.setattr(room, "kernels", guard)
    assert quantized.integer_scores(data[0][:20]).dtype.kind == "i"
    dense = quantized.network.kind == "dense"
    steps = {"int8_input", "int8_accumulate", "int8_requantize"}
    assert ({"int8_dense"} if dense else steps) <= guard.called


def test_rows_beyond_the_calibration_saturate(relu, data):
    far = np.sign(data[0][:20] - 7) * np.float32(1e6)
    np.testing.assert_array_equal(relu.integer_scores(far), relu.integer_scores(1000 * far))


def test_rows_and_layers_of_zeros_are_no_harm(pair):
    model, quantized = pair
    mean = model.offset[None]
    assert np.isfinite(quantized.scores(mean)).all()
    silent = dataclasses.replace(model, params=Params(model.network))
    nothing = quantize(silent, np.repeat(mean, 3, axis=0))
    assert np.isfinite(nothing.scores(np.vstack([mean, mean + 1]))).all()
    assert np.isfinite(nothing.predict_proba(mean)).all()


def test_looks_like_a_model(pair, data):
    model, quantized = pair
    x = data[0][:40]
    for field in ("network", "labels", "features", "target", "named", "readout", "size"):
        assert getattr(quantized, field) == getattr(model, field)
    assert quantized.predict(x).tolist() == [model.labels[i] for i in quantized.predict_index(x)]
    np.testing.assert_allclose(quantized.predict_proba(x).sum(axis=1), 1)
    assert quantized.scores(x).dtype == np.float32
    with pytest.raises(DataError, match="expects rows of 9 features"):
        quantized.scores(x[:, :3])


def test_can_be_rebuilt_from_its_tensors(pair, data):
    _, quantized = pair
    tensors = {name: tensor.copy() for name, tensor in quantized.tensors.items()}
    again = QuantizedModel(
        quantized.network,
        tensors,
        quantized.labels,
        quantized.features,
        readout=quantized.readout,
        rounding=quantized.rounding,
    )
    x = data[0][:40]
    np.testing.assert_array_equal(again.integer_scores(x), quantized.integer_scores(x))


def test_one_rounding_is_not_the_other(make, data):
    """Steps apart, never two, and not so many."""
    model, x = make("linear"), data[0]
    once, twice = (quantize(model, x[:500], rounding) for rounding in ("single", "double"))
    assert quantize(model, x[:500]).rounding == once.rounding == "single"
    assert twice.provenance["quantization"]["rounding"] == twice.rounding == "double"
    steps = np.abs(once.integer_scores(x).astype(int) - twice.integer_scores(x))
    assert steps.max() == 1
    assert 0 < steps.mean() < 0.02


def test_bytes_on_the_device(relu):
    weights = 9 * 30 + 30 * 23 + 23 * 4
    # Bias, multiplier and shift of each unit; offset and multiplier of each feature; the zero
    # points of the input and the three layers.
    assert relu.weight_bytes == weights + (30 + 23 + 4) * (4 + 4 + 1) + 9 * 8 + 4 * 4


@pytest.mark.parametrize("kind, beyond", [("sigmoid", 6.25), ("tanh", 3.125)])
def test_large_inputs_of_a_table_take_no_integers_from_the_others(make, data, kind, beyond):
    model = make(kind)
    model.params["layer1.weight"][:] *= 100
    quantized = quantize(model, data[0][:500])
    assert 256 * quantized.tensors["layer1.scale"][0] == pytest.approx(2 * beyond, rel=0.02)


def test_a_scale_as_large_as_float32_can_be_divided(make, data):
    model = make("linear")
    scale = model.scale.copy()
    scale[0] = np.finfo(np.float32).max
    x = data[0][:100].copy()
    x[:, 0] = model.offset[0]
    quantized = quantize(dataclasses.replace(model, scale=scale), x)
    assert np.isfinite(quantized.scores(x)).all()
    assert np.isfinite(quantized.tensors["input.multiplier"]).all()


@pytest.mark.parametrize("kind", ["mf-last", "mf-sum"])
def test_rows_leave_where_they_leave_the_float_model(make, data, kind):
    model, x = make(kind), data[0][:400]
    quantized = quantize(model, x)
    scores, depth = model.scores_until(x, 0.5)
    near, found = quantized.scores_until(x, 0.5)
    layers = len(model.network.hidden)
    assert set(depth) == set(range(1, layers + 1))
    assert (found == depth).mean() > 0.95
    assert (near.argmax(axis=1) == scores.argmax(axis=1)).mean() > 0.95
    same = found == depth
    assert np.abs(near - scores)[same].mean() < 0.025 * scores.std()
    stays = found == layers
    assert near[stays].tobytes() == quantized.scores(x)[stays].tobytes()
    assert all(
        a.tobytes() == b.tobytes()
        for a, b in zip(quantized.scores_until(x, 0.5, threads=3), (near, found), strict=True)
    )
