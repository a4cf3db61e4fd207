"""Progress: a bar on a terminal, lines elsewhere, nothing when quiet; never on stdout."""

import dataclasses
import io
import itertools

import pytest
from rich.console import Console as RichConsole
from rich.text import Text

from lwnn.cli import progress
from lwnn.cli.console import Console
from lwnn.cli.curves import Curves, plot
from lwnn.learning import Epoch


def epochs(count=2, looks=3, rows=60):
    """Reports as training gives them: some within each epoch, one at its end."""
    for epoch in range(1, count + 1):
        for look in range(1, looks + 1):
            done = look == looks
            yield Epoch(
                epoch=epoch,
                epochs=count,
                rows_done=rows * look // looks,
                rows_total=rows,
                loss=0.5 / epoch if done else None,
                validation_accuracy=0.9 if done else None,
                seconds=1.0,
                samples_per_second=1234.5,
                finished=done,
            )


@pytest.fixture
def terminal():
    """A console whose stderr is a terminal of 80 columns, and what is drawn there."""
    console, drawn = Console("train"), io.StringIO()
    console.err = RichConsole(file=drawn, force_terminal=True, width=80, markup=False)
    return console, drawn


def test_a_line_for_each_finished_epoch(capsys):
    with progress.epochs(Console("train")) as on_epoch:
        for epoch in epochs():
            on_epoch(epoch)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "epoch 1/2: loss 0.5000, validation 90.00 %, 1,234 samples/s",
        "epoch 2/2: loss 0.2500, validation 90.00 %, 1,234 samples/s",
    ]


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        (1, ["epoch 1/2", "1,234 samples/s"]),
        # Within an epoch the figures of the last whole one stand.
        (4, ["epoch 2/2", "loss 0.5000", "validation 90.00 %", "1,234 samples/s"]),
        (6, ["epoch 2/2", "loss 0.2500", "validation 90.00 %", "1,234 samples/s"]),
    ],
)
def test_a_bar_on_a_terminal(terminal, capsys, reports, expected):
    console, drawn = terminal
    with progress.epochs(console) as on_epoch:
        for epoch in itertools.islice(epochs(), reports):
            on_epoch(epoch)
    text = drawn.getvalue()
    for part in expected:
        assert part in text
    assert "None" not in text
    assert capsys.readouterr() == ("", "")


def test_quiet_asks_for_no_reports(capsys):
    with progress.epochs(Console("train", quiet=True)) as on_epoch:
        assert on_epoch is None
    assert capsys.readouterr() == ("", "")


def test_lines_tell_how_each_layer_fared_and_what_ails_it(capsys):
    layers = [
        {"layer": 1, "dead": 0.02, "positive": 1.234, "negative": 0.4, "right": 0.9},
        {"layer": 2, "dead": 0.0, "positive": 12.0, "negative": 3.5, "right": 0.9},
    ]
    with progress.epochs(Console("train")) as on_epoch:
        for epoch in epochs(1):
            done = {"layers": layers, "warnings": ["layer 2 is ill; do this"]}
            on_epoch(dataclasses.replace(epoch, **done) if epoch.finished else epoch)
    assert capsys.readouterr().err.splitlines() == [
        "epoch 1/1: loss 0.5000, validation 90.00 %, goodness 1.2/0.4 12/3.5, dead 2/0 %, "
        "1,234 samples/s",
        "warning: layer 2 is ill; do this",
    ]


def test_a_warning_shows_on_a_terminal_too(terminal):
    console, drawn = terminal
    with progress.epochs(console) as on_epoch:
        for epoch in epochs(1):
            ill = epoch.finished and ["layer 2 is ill"]
            on_epoch(dataclasses.replace(epoch, warnings=ill or []))
    assert "warning: layer 2 is ill" in drawn.getvalue()


def test_lines_tell_r2_and_the_share_of_saturated_units(capsys):
    epoch = dataclasses.replace(next(epochs(looks=1)), validation_accuracy=None)
    with progress.epochs(Console("train")) as on_epoch:
        on_epoch(dataclasses.replace(epoch, validation_r2=0.87654, saturation=[0.125, 0.004]))
    assert capsys.readouterr().err == (
        "epoch 1/2: loss 0.5000, validation R² 0.8765, saturated 12/0 %, 1,234 samples/s\n"
    )


def test_curves_are_drawn_under_the_bar_and_stay(terminal):
    console, drawn = terminal
    with progress.epochs(console) as on_epoch:
        for epoch in epochs(6):
            on_epoch(epoch)
    left = Text.from_ansi(drawn.getvalue().rpartition("\x1b[2K")[2]).plain.splitlines()
    lines = [line for line in left if line.strip()]
    assert lines[0].split() == ["loss", "validation", "accuracy"]
    assert lines[1].split()[0] == "0.5"
    assert lines[-1].split()[0] == "0.0833"
    assert all(len(line) <= 80 for line in lines)
    assert "epoch" not in "".join(lines)


@pytest.mark.parametrize("width", [80, 60, 200])
@pytest.mark.parametrize("measure", ["validation_accuracy", "validation_r2", None])
def test_curves_take_no_more_than_their_room(width, measure):
    curves = Curves(RichConsole(file=io.StringIO(), width=width))
    for epoch in epochs(40, looks=1):
        fields = {"validation_accuracy": None, "loss": 10.0 ** (epoch.epoch - 20)}
        curves.add(dataclasses.replace(epoch, **(fields | ({measure: 0.5} if measure else {}))))
    lines = curves.lines()
    assert len(lines) == 7
    assert max(map(len, lines)) <= min(80, width)
    assert ("validation" in lines[0]) == (measure is not None)


@pytest.mark.parametrize(("width", "encoding"), [(30, "utf-8"), (80, "latin-1")])
def test_without_room_or_letters_there_are_no_curves(width, encoding):
    file = io.TextIOWrapper(io.BytesIO(), encoding)
    curves = Curves(RichConsole(file=file, width=width))
    for epoch in epochs(3, looks=1):
        curves.add(epoch)
    assert curves.lines() == []


def test_a_curve_goes_from_corner_to_corner():
    lines = plot([0, 1, 2, 3], 10, 3)
    assert [len(line) for line in lines] == [10] * 3
    assert ord(lines[-1][0]) & 0x40
    assert ord(lines[0][-1]) & 0x08
    assert ord(lines[0][0]) == ord(lines[-1][-1]) == 0x2800
    # Every column of dots has one at least.
    for column in range(10):
        bits = 0
        for line in lines:
            bits |= ord(line[column]) - 0x2800
        assert bits & 0x47
        assert bits & 0xB8


def test_a_level_curve_is_a_line():
    lines = plot([5.0, 5.0, 5.0], 4, 2)
    assert lines == ["\u2809" * 4, "\u2800" * 4]
