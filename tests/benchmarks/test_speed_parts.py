"""Workers, commands, the FMA limit and the report of the speed benchmarks."""

import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from speed_fakes import QUICK, FakeLimit, fake_case, run

from benchmarks.speed import commands, fma_limit, report
from benchmarks.speed import page as page_of
from benchmarks.speed.cases import all_cases
from benchmarks.speed.measure import MissingError, SideError
from benchmarks.speed.problem import Problem
from benchmarks.speed.worker import Worker, make_side

PREDICTION = Problem("dense", 64, (20,), 5, rows=15)

# ---------------------------------------------------------------- workers and commands


def test_a_worker_times_whole_units_and_gives_what_it_computed():
    problem = PREDICTION
    worker = Worker("numpy_sides:Prediction", problem, 1, seconds=0.001)
    try:
        timing, found = worker.round(), worker.outcome()
    finally:
        worker.close()
    assert timing.units >= 1
    assert timing.wall > 0
    here = make_side("lwnn_sides:Prediction", problem, 1).outcome()
    np.testing.assert_allclose(found["scores"], here["scores"], rtol=1e-3, atol=1e-5)


def test_a_worker_that_cannot_start_says_why():
    with pytest.raises(SideError, match=r"AttributeError.*Nothing"):
        Worker("numpy_sides:Nothing", PREDICTION, 1, seconds=0.001)


def test_a_command_that_fails_says_why():
    with pytest.raises(SideError, match="code 3: no luck"):
        code = "import sys; print('no luck', file=sys.stderr); sys.exit(3)"
        commands.Command((sys.executable, "-c", code), 1)


def test_mnist_is_found_compressed_or_not(tmp_path):
    with pytest.raises(MissingError, match="--mnist"):
        commands.mnist_files(None)
    names = [f"{commands.PARTS['train']}.gz", commands.PARTS["test"]]
    for name in names:
        with pytest.raises(MissingError):
            commands.mnist_files(tmp_path)
        (tmp_path / name).touch()
    assert [path.name for path in commands.mnist_files(tmp_path)] == names


def test_accuracies_are_compared_over_the_same_rows():
    def printed(train, test, rows=100):
        parts = {"train": {"accuracy": train, "rows": rows}, "test": {"accuracy": test, "rows": 9}}
        return json.dumps({"metrics": parts})

    apart = commands.accuracies_apart
    assert apart(None, printed(0.9, 0.8), printed(0.91, 0.77)) == pytest.approx(0.03)
    assert apart(None, printed(0.9, 0.8), printed(0.9, 0.8, rows=99)) == math.inf


# ---------------------------------------------------------------- the limit


@pytest.fixture(scope="module")
def limit():
    if fma_limit.compiler() is None:
        pytest.skip("no C compiler")
    return fma_limit.FmaLimit()


def test_the_limit_counts_two_operations_a_lane_and_chain(limit):
    # Before the first turn chain c holds c + 1 in every lane, so the mean tells the chains.
    values = limit.operations // 2
    chains = round(2 * limit.library.fma_run(0, 1.0, 1.0) / values) - 1
    assert chains in (12, 16)
    assert values % chains == 0
    assert values // chains in (4, 8, 16)


def test_the_limit_does_every_turn(limit):
    values, turns = limit.operations // 2, 5
    start = limit.library.fma_run(0, 1.0, 1.0)
    assert limit.library.fma_run(turns, 1.0, 1.0) == start + turns * values
    assert limit.run(100_000) == pytest.approx(values, rel=1e-3)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_limit_is_a_rate(limit, threads):
    assert 0 < limit.gflops(threads, 0.001) < 1e5


# ---------------------------------------------------------------- table and JSON


def test_the_table_has_a_line_a_peer_and_its_columns_stand_below_each_other():
    results = [run(fake_case([], ("same", "a peer of a long name"))), run(fake_case([]), threads=2)]
    lines = report.table(list(map(report.case_of, results))).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == list(report.COLUMNS)
    assert cells[2] == ["a fake", "1", "4.00 ms", "same", "20.0 ms", "5.00", "4", "0.2", "25%"]
    assert [line[3] for line in cells[2:]] == ["same", "a peer of a long name", "same"]
    assert [line[6] for line in cells[2:]] == ["4", "", ""]
    bars = [[at for at, letter in enumerate(line) if letter == "|"] for line in lines]
    assert all(each == bars[0] for each in bars)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12.34, "12.3 s"), (1.0, "1.00 s"), (0.25, "250 ms"), (1.5e-6, "1.50 µs"), (3e-8, "30.0 ns")],
)
def test_durations_have_three_figures_and_a_unit(seconds, text):
    assert report.duration(seconds) == text


def test_json_holds_every_round_and_what_was_measured_on():
    results = [run(fake_case([], ("same", "other"), {"other": math.inf}))]
    found = report.as_json(results, QUICK, FakeLimit(), load=0.5)
    found = json.loads(json.dumps(found, allow_nan=False))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["date"])
    assert {"processor", "cores", "kernels"} <= found["machine"].keys()
    assert {"python", "lwnn", "numpy", "torch", "scikit-learn", "onnxruntime"} <= found[
        "versions"
    ].keys()
    (case,) = found["cases"]
    assert case["ratios"] == {"same": pytest.approx(5)}
    assert case["distances"] == {"same": 0.0, "other": "inf"}
    assert case["gflops"] == pytest.approx(0.25)
    assert case["share_of_fma_limit"] == pytest.approx(0.25)
    assert len(case["fma_limit_gflops"]) == QUICK.rounds
    for side in case["sides"].values():
        assert len(side["rounds"]) == QUICK.rounds
        assert side["rounds"][0].keys() == {"units", "wall", "processor"}


def test_remarks_tell_problems_missed_targets_and_disturbance():
    result = run(fake_case([], ("same", "broken"), {"broken": SideError("out of order")}))
    remarks = "\n".join(report.remarks([result]))
    assert "broken: out of order" in remarks
    assert "missed: 25% of the FMA limit" in remarks
    assert "disturbed: up to 2.0 times" in remarks


def test_the_page_of_figures_says_what_was_stored():
    page = Path(__file__).parents[2] / "docs" / "speed.md"
    text = page.read_text(encoding="utf-8")
    assert len(page_of.FIGURES.findall(text)) > 0
    assert page_of.rendered(text, page.parent) == text


def test_figures_are_written_anew_and_the_rest_of_a_page_stays(tmp_path):
    found = report.as_json([run(fake_case([]))], QUICK, FakeLimit(), load=0.5)
    (tmp_path / "a.json").write_text(json.dumps(found), encoding="utf-8")
    page = "before\n<!-- figures: a.json -->\nold\n<!-- end of figures -->\nafter\n"
    text = page_of.rendered(page, tmp_path)
    assert text.startswith("before\n<!-- figures: a.json -->\n")
    assert text.endswith("<!-- end of figures -->\nafter\n")
    assert "old" not in text
    assert f"seed {found['seed']}" in text
    assert report.table(found["cases"]) in text
    assert page_of.rendered(text, tmp_path) == text


def test_every_package_that_a_peer_needs_comes_with_the_extra():
    peers = [peer for case in all_cases() for peer in case.peers]
    needed = {package for peer in peers for package in peer.packages}
    assert needed
    text = Path(__file__).parents[2].joinpath("pyproject.toml").read_text()
    (extra,) = re.findall(r"^bench = \[(.*)\]$", text, re.MULTILINE)
    offered = {re.match(r"[\w-]+", part).group() for part in re.findall('"(.*?)"', extra)}
    assert {package.replace("sklearn", "scikit-learn") for package in needed} <= offered
