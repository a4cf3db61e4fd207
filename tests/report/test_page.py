"""The page: whole for every kind of model, self-contained, and safe whatever names are in it."""

import re

import numpy as np
import pytest

import lwnn
from lwnn import metrics
from lwnn.learning.rule import Rows
from lwnn.quantization import QuantizedModel, quantize
from lwnn.report import Subject, page
from lwnn.scoring import Response

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "</style></title>&lt;b&gt;",
    "\x1b[2J\x00\ud800",
)


@pytest.fixture
def about(rows):
    """The function that makes the `Subject` of a model, judged on the ten rows."""

    def make(model, labels=4, **changes):
        int8 = model if isinstance(model, QuantizedModel) else quantize(model, rows)
        y = np.arange(len(rows), dtype=np.int32) % labels
        return Subject("made", model, int8, rows=Rows(rows, y), **changes)

    return make


def history(epochs=4, layers=2):
    """What a training run of Forward-Forward remembers."""
    return tuple(
        {
            "epoch": epoch,
            "rate": 0.01,
            "loss": 1 / epoch,
            "validation_accuracy": None if epoch == 1 else 0.5 + epoch / 100,
            "layers": [
                {"layer": n + 1, "positive": 1.0 + epoch, "negative": 1.0, "dead": 0.0, "right": 1}
                for n in range(layers)
            ],
        }
        for epoch in range(1, epochs + 1)
    )


def test_every_kind_of_model_has_a_page(model, about, read):
    found = read(page(about(model)))
    text = found.text
    for heading in ("Answers", "Size and cost", "Origin"):
        assert heading in text
    assert ("Goodness" in text) == (model.network.kind == "ff" and not quantized(model))
    assert found.row("multiply-accumulates of a prediction")
    assert found.row("trained by lwnn") == ["0.1.0"]
    for label in model.labels:
        assert label in text


def quantized(model):
    return isinstance(model, QuantizedModel)


def test_the_page_needs_nothing_beside_itself(model, about, read):
    text = page(about(model, history=history(), best_epoch=3))
    found = read(text)
    assert "://" not in text
    assert "@import" not in text
    assert "url(" not in text
    assert not found.all("script")
    addresses = [
        value
        for _, attributes in found.elements
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data", "xlink:href")
    ]
    assert addresses
    assert all(address.startswith("data:") for address in addresses)
    assert not [n for _, attributes in found.elements for n in attributes if n.startswith("on")]


@pytest.mark.parametrize("kind", ["dense", "ff"])
def test_names_stay_text_whatever_is_in_them(make_model, about, read, kind):
    model = make_model(
        kind,
        labels=HOSTILE,
        features=HOSTILE[:3],
        target=HOSTILE[0],
        provenance={
            "lwnn": HOSTILE[0],
            "kernels": {"x": HOSTILE[1]},
            "options": {HOSTILE[2]: HOSTILE[1], "algo": HOSTILE[0]},
            "data": {"name": HOSTILE[0], "sha256": HOSTILE[1]},
            "image_shape": HOSTILE[0],
        },
    )
    plain = read(page(about(make_model(kind))))
    subject = about(model, part=HOSTILE[1], warnings=(HOSTILE[0],), facts={"x": HOSTILE[2]})
    text = page(subject)
    found = read(text)
    assert "\x00" not in text
    assert "\x1b" not in text
    assert text.encode("utf-8")
    for name in HOSTILE[:3]:
        assert name in found.text
    assert not found.all("script")
    assert len(found.all("img")) == len(plain.all("img"))
    assert {tag for tag, _ in found.elements} <= {tag for tag, _ in plain.elements} | {"p"}


def test_what_a_model_says_of_itself_may_be_anything(make_model, about, read):
    for provenance in ({}, {"options": 3, "data": [], "image_shape": [0, "x"]}, {"data": {}}):
        assert read(page(about(make_model(provenance=provenance))))


def test_the_matrices_hold_every_row(make_model, about, read):
    subject = about(make_model(seed=3))
    found = read(page(subject))
    told = [t for t in found.texts if " taken for " in t]
    assert len(told) == 2 * 16
    expected = []
    for model in (subject.model, subject.int8):
        matrix = metrics.confusion(subject.rows.y, model.predict_index(subject.rows.x), 4)
        expected += [f"{count} rows" for count in matrix.ravel()]
    assert [text.rpartition(": ")[2] for text in told] == expected


def test_accuracy_is_that_of_both_models(make_model, about, read):
    subject = about(make_model(seed=3))
    text = read(page(subject)).text
    for name, model in (("float32", subject.model), ("int8", subject.int8)):
        share = metrics.accuracy(subject.rows.y, model.predict_index(subject.rows.x))
        assert f"{name}: {100 * share:.2f} % right" in text


def test_many_classes_become_a_list_of_what_is_confused(make_model, about, rows, read):
    network = lwnn.Network("dense", 3, (5,), 70)
    params = lwnn.Params(network)
    labels = tuple(f"class {n}" for n in range(70))
    subject = about(make_model(network=network, params=params, labels=labels), labels=70)
    found = read(page(subject))
    assert "what is confused most" in found.text
    assert ["class 1", "class 0", "1"] in found.rows


def test_curves_are_drawn_from_what_was_remembered(make_model, about, read):
    found = read(page(about(make_model("ff"), history=history(), best_epoch=3)))
    for text in ("Loss on the training rows", "Accuracy on the validation rows"):
        assert text in found.text
    assert "kept: epoch 3" in found.text
    lines = [one["points"].split() for one in found.all("polyline")]
    # Loss, accuracy from the second epoch on, and two for each layer.
    assert [len(points) for points in lines] == [4, 3, 4, 4, 4, 4]
    places = [tuple(map(float, point.split(","))) for points in lines for point in points]
    box = found.all("svg")[0]["viewbox"].split()
    assert all(0 <= x <= float(box[2]) and 0 <= y <= float(box[3]) for x, y in places)
    # Loss falls, so the line goes down the page.
    heights = [float(point.split(",")[1]) for point in lines[0]]
    assert heights == sorted(heights)


@pytest.mark.parametrize("epochs", [1, 2, 300])
def test_curves_of_any_length(make_model, about, read, epochs):
    assert read(page(about(make_model("ff"), history=history(epochs)))).all("polyline")


def test_numbers_are_judged_as_numbers(make_model, rows, read):
    network = lwnn.Network("dense", 3, (5,), 1, cost="mse", output="linear")
    params = lwnn.Params(network)
    params.vector[:] = np.linspace(-1, 1, network.size)
    model = make_model(network=network, params=params, labels=(), response=Response(2.0, 3.0))
    y = np.linspace(0, 5, len(rows)).astype(np.float32)
    found = read(page(Subject("made", model, rows=Rows(rows, y))))
    summary = metrics.regression_summary(y, model.predict(rows))
    assert f"R² {summary['r2']:.4g}, RMSE {summary['rmse']:.4g}" in found.text
    assert len(found.all("circle")) == len(rows)


def test_a_model_without_rows_has_a_page_without_answers(make_model, read):
    text = read(page(Subject("made", make_model()))).text
    assert "Answers" not in text
    assert "Size and cost" in text


def test_the_same_subject_gives_the_same_page(make_model, about):
    pages = {page(about(make_model("ff", seed=5), history=history())) for _ in range(2)}
    assert len(pages) == 1


def test_both_schemes_of_colour_name_the_same_colours(make_model, read):
    style = re.search(r"<style>(.*?)</style>", page(Subject("made", make_model())), re.S)[1]
    light, dark = style.split("prefers-color-scheme: dark")
    named = re.compile(r"--([a-z]+): #")
    assert set(named.findall(dark)) == set(named.findall(light))
    assert set(re.findall(r"var\(--([a-z]+)\)", style)) == set(named.findall(light))
