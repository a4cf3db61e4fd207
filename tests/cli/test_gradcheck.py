"""`lwnn gradcheck`: the table, its JSON, and what a broken kernel ends in."""

import json

import pytest

from lwnn._kernels import available, kernels, variant
from lwnn.gradcheck.table import KERNELS

COUNT = sum(len(kernel.cases) for kernel in KERNELS)


def test_the_table_has_a_line_for_every_check(lwnn):
    ended = lwnn("gradcheck")
    assert (ended.code, ended.err) == (0, f"checking the kernels {variant}\n")
    lines = ended.out.splitlines()
    assert lines[0].startswith(f"kernels {variant}: largest relative errors")
    assert lines[-1] == f"all {COUNT} within their bounds"
    assert max(map(len, lines)) <= 80
    for kernel in KERNELS:
        assert sum(line.startswith(f"{kernel.name}: ") for line in lines) == len(kernel.cases)


def test_json(lwnn):
    ended = lwnn("gradcheck", "--json", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    result = json.loads(ended.out)
    assert result["command"] == "gradcheck"
    assert result["ok"] is True
    assert len(result["results"]) == COUNT
    for entry in result["results"]:
        assert entry["build"] == variant
        assert entry["ok"] is True
        measured = "value" if entry["autodiff"] is None else "autodiff"
        assert 0 <= entry[measured] <= entry["autodiff_bound"]


@pytest.fixture
def broken(monkeypatch):
    """The function that makes backprop's steps too long by a factor."""
    right = kernels.bp_epoch

    def spoil(factor):
        def epoch(params, *arguments):
            before = params.copy()
            loss = right(params, *arguments)
            params[:] = before + (params - before) * factor
            return loss

        monkeypatch.setattr(kernels, "bp_epoch", epoch)

    return spoil


BP = next(len(kernel.cases) for kernel in KERNELS if kernel.name == "bp")


def test_a_broken_kernel_ends_in_code_1(lwnn, broken):
    broken(1.01)
    ended = lwnn("gradcheck")
    assert ended.code == 1
    assert ended.complaint.startswith(f"{BP} of {COUNT} checks over their bounds, the first bp ")
    assert ended.out.count("OVER") == BP
    assert "all" not in ended.out.splitlines()[-1]


def test_no_number_is_over_every_bound(lwnn, broken):
    broken(float("nan"))
    ended = lwnn("gradcheck", "--json")
    assert ended.code == 1
    result = json.loads(ended.out)
    assert result["ok"] is False
    assert [entry["autodiff"] for entry in result["results"] if not entry["ok"]] == [None] * BP


def test_all_builds(lwnn):
    result = json.loads(lwnn("gradcheck", "--all", "--json").out)
    assert len(available()) > 1
    assert [entry["build"] for entry in result["results"]] == [
        build for build in available() for _ in range(COUNT)
    ]
