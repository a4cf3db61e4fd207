"""Pictures, goodness, costs and axes, each against what it should be."""

import base64
import struct
import zlib

import numpy as np
import pytest

import lwnn
from lwnn.learning.rule import Rows
from lwnn.report import Subject, charts, costs, goodness, page, pictures


def decoded(data):
    """Indexes, palette and opacities of a PNG file with a palette, by the specification."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    parts, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (check,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert check == zlib.crc32(name + body)
        parts[name], at = body, at + 12 + length
    width, height, depth, colour, *_ = struct.unpack(">2I5B", parts[b"IHDR"])
    assert (depth, colour) == (8, 3)
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    palette = np.frombuffer(parts[b"PLTE"], np.uint8).reshape(-1, 3)
    return rows[:, 1:], palette, np.frombuffer(parts[b"tRNS"], np.uint8)


def test_a_picture_shows_sign_and_size():
    values = np.array([[0.0, 1.0, -1.0], [0.5, -0.25, 1e-9]])
    indexes, palette, opacity = decoded(pictures.png(values))
    colours, strength = palette[indexes], opacity[indexes]
    assert strength[0].tolist() == [0, 255, 255]
    assert strength[1].astype(int) == pytest.approx([128, 64, 0], abs=2)
    blue, red = colours[..., 2].astype(int), colours[..., 0].astype(int)
    assert (blue > red).tolist() == [[True, True, False], [True, False, True]]


def test_a_picture_of_nothing_is_transparent():
    indexes, _, opacity = decoded(pictures.png(np.zeros((2, 2))))
    assert not opacity[indexes].any()


@pytest.mark.parametrize(
    ("names", "shape"),
    [
        ([f"pixel_{r}_{c}" for r in range(8) for c in range(5)], (8, 5)),
        ([f"{r}x{c}" for r in range(1, 4) for c in range(1, 5)], (3, 4)),
        ([f"pixel_{c}_{r}" for r in range(8) for c in range(5)], None),
        ([f"x{n}" for n in range(9)], None),
        (["a_0_0", "a_0_1", "b_1_0", "b_1_1"], None),
        (["a_0_0", "a_0_1", "a_1_0"], None),
        (["a_0_9", "a_0_1"], None),
        (["größe", "höhe"], None),
    ],
)
def test_an_image_is_told_by_the_names_of_its_pixels(make_model, names, shape):
    network = lwnn.Network("dense", len(names), (2,), 4)
    model = make_model(network=network, params=lwnn.Params(network), features=tuple(names))
    assert pictures.shape_of(model) == shape


def test_an_image_is_told_by_whoever_knows(make_model):
    network = lwnn.Network("dense", 12, (2,), 4)
    fields = {"network": network, "params": lwnn.Params(network)}
    names = tuple(f"x{n}" for n in range(12))
    model = make_model(**fields, features=names, provenance={"image_shape": [3, 4]})
    assert pictures.shape_of(model) == (3, 4)
    assert pictures.shape_of(model, (2, 6)) == (2, 6)
    wrong = make_model(**fields, features=names, provenance={"image_shape": [3, 5]})
    assert pictures.shape_of(wrong) is None


def test_inputs_that_never_varied_are_not_shown(make_model):
    network = lwnn.Network("dense", 16, (1,), 4)
    scale = np.ones(16, np.float32)
    scale[3] = 0
    params = lwnn.Params(network, np.ones(network.size, np.float32))
    model = make_model(network=network, params=params, scale=scale)
    drawn = pictures.first_layer(model, params["layer1.weight"], (4, 4))
    data = base64.b64decode(drawn[0].get("src").partition(",")[2])
    indexes, _, opacity = decoded(data)
    assert (opacity[indexes] == 0).ravel().nonzero()[0].tolist() == [3]


@pytest.mark.parametrize("embed", ["append", "overwrite"])
@pytest.mark.parametrize("level", [False, True])
def test_goodness_is_what_the_net_is_read_by(make_model, rows, embed, level):
    """With one layer, the label with the most goodness is the prediction."""
    inputs = {"append": 3, "overwrite": 9}[embed]
    random = np.random.Generator(np.random.PCG64(4))
    network = lwnn.Network("ff", inputs, (7,), 4, embed=embed, level=level)
    model = make_model(
        network=network,
        params=lwnn.Params(network, random.standard_normal(network.size).astype(np.float32)),
        readout="goodness",
        goals=np.ones((1, 3), np.float32),
        offset=random.standard_normal(inputs).astype(np.float32),
        scale=np.ones(inputs, np.float32),
    )
    x = random.standard_normal((50, inputs)).astype(np.float32)
    y = random.integers(0, 4, 50).astype(np.int32)
    (layer,) = goodness.of_layers(model, Rows(x, y))
    assert layer.right == pytest.approx((model.predict_index(x) == y).mean())
    assert 0 < layer.right < 1
    assert sum(layer.positive) == pytest.approx(1)
    assert sum(layer.negative) == pytest.approx(1)


@pytest.mark.parametrize(
    ("kind", "readout", "count"),
    [
        ("dense", "output", 3 * 5 + 5 * 4 + 4 * 4),
        ("mf", "sum", 3 * 5 + 5 * 4 + 5 * 4 + 4 * 4),
        ("un", "head", 3 * 5 + 5 * 4 + 9 * 4),
        ("ff", "head", 3 * 5 + 5 * 4 + 9 * 4),
        ("ff", "goodness", 3 * 5 + 4 * 5 * 4),
        ("ff", "both", 3 * 5 + 4 * 5 * 4 + 5 * 4 + 9 * 4),
        ("td", "goodness", None),
        # Three steps of one feature; a layer reads the one below and itself.
        ("elman", "output", 3 * ((1 + 5) * 5 + (5 + 4) * 4) + 4 * 4),
    ],
)
def test_multiply_accumulates_of_a_prediction(make_model, kind, readout, count):
    assert costs.multiply_accumulates(make_model(kind, readout=readout)) == count


def test_a_board_that_cannot_have_it_is_told_why(make_model, rows):
    network = lwnn.Network("dense", 3, (12_000,), 4)
    model = make_model(network=network, params=lwnn.Params(network))
    fits = costs.on_boards(lwnn.quantize(model, rows))
    assert [fit.board.words for fit in fits if fit.problem] == ["Arduino Uno R3 (ATmega328P)"]
    assert not fits[0].fits
    text = page(Subject("made", model, lwnn.quantize(model, rows)))
    assert "Not for Arduino Uno R3 (ATmega328P): --target avr: " in text


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.905, 0.987), (-0.6, -0.1), (1, 300), (1e-9, 3e-9), (0, 1e12)]
)
def test_ticks_are_few_round_and_within(low, high):
    ticks = charts._ticks(low, high)
    assert 2 <= len(ticks) <= 8
    slack = 1e-9 * max(abs(low), abs(high))
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    assert all(len(f"{tick:.4g}") <= 8 for tick in ticks)


def test_epochs_are_whole():
    assert charts._ticks(1, 3, 1) == [1, 2, 3]
    assert all(tick == int(tick) for tick in charts._ticks(1, 7, 1))


@pytest.mark.parametrize("values", [(1.0, 1.0), (0.0, 0.0), (0.99, 1.0), (0.0, 0.02), (0.5, 0.5)])
def test_an_axis_of_shares_ends_at_0_and_100_percent(values):
    points = list(enumerate(values, start=1))
    chart = charts.lines("share", [charts.Series("", points)], across="epoch", percent=True)
    labels = [text.text for text in chart.iter("text") if text.text.endswith(" %")]
    ticks = [float(label.removesuffix(" %")) for label in labels]
    assert len(ticks) > 1
    assert all(0 <= tick <= 100 for tick in ticks)
