"""The fuzzer: finds every sort of fault, and none in lwnn within some hundred files."""

import random
import sys

import fuzz_targets
import pytest

from benchmarks.fuzz import samples, watch, worker
from benchmarks.fuzz.__main__ import main
from benchmarks.fuzz.mutations import mutate
from benchmarks.fuzz.targets import TARGETS
from lwnn.network import ACTIVATIONS, KINDS
from lwnn.quantization import ROUNDINGS, QuantizedModel
from lwnn.scoring import READOUTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bounds memory as Linux does")


def found(read, trials=8):
    target = fuzz_targets.files, fuzz_targets.change, read
    return watch.run(target, 0, -trials)


def test_a_reader_that_refuses_is_good():
    assert found(fuzz_targets.refuse) == ({}, 8)


@pytest.mark.parametrize(
    ("read", "problem"),
    [
        (fuzz_targets.crash, "IndexError at fuzz_targets.py:"),
        (fuzz_targets.mute, "an error without words"),
        (fuzz_targets.swallow, "MemoryError at "),
        (fuzz_targets.die, "ended with -11"),
    ],
)
def test_every_fault_is_found(read, problem, tmp_path):
    problems, trials = found(read)
    assert trials >= 2
    assert [text[: len(problem)] for text in problems] == [problem]
    content = problems.popitem()[1]
    assert content.rstrip(b",") == b"a,b\n1,2\n"
    assert content.endswith(b",") or read in (fuzz_targets.mute, fuzz_targets.swallow)


def test_a_hang_is_found(monkeypatch, tmp_path):
    """In this process, where a trial can be given less time."""
    monkeypatch.setattr(worker, "SECONDS", 0.2)
    with pytest.raises(worker.TookTooLongError), worker.bounds(8):
        path = tmp_path / "trial"
        path.write_bytes(b"")
        fuzz_targets.spin(path, None)


def test_the_same_seed_gives_the_same_files():
    sets = [
        [mutate(b"a,b\n1,2\n", random.Random(seed), [b"x;y"]) for seed in seeds]
        for seeds in (range(50), range(50), range(50, 100))
    ]
    assert sets[0] == sets[1] != sets[2]
    assert len(set(sets[0])) > 40


@pytest.mark.parametrize("name", TARGETS)
def test_lwnn_stands_some_files(capsys, name):
    if not TARGETS[name][0]():
        pytest.skip("there are no Parquet files without pyarrow")
    trials = 10 if name == "commands" else 150
    assert main(["--only", name, "--trials", str(trials)]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out == f"{name}: {trials} files, 0 problems\n"


def test_model_files_of_every_kind_are_damaged():
    models = list(samples.trained())
    found = {(m.network.kind, m.readout, isinstance(m, QuantizedModel)) for m in models}
    kinds = [(kind, readout) for kind in KINDS for readout in READOUTS[kind]]
    assert found == {(*kind, int8) for kind in kinds for int8 in (False, True)}
    assert {m.network.activation for m in models} == {*ACTIVATIONS} - {"linear"}
    assert {m.network.task for m in models} == {"classification", "regression"}
    assert {m.rounding for m in models if isinstance(m, QuantizedModel)} == {*ROUNDINGS}


def test_files_that_did_harm_are_kept(monkeypatch, capsys, tmp_path):
    target = fuzz_targets.files, fuzz_targets.change, fuzz_targets.crash
    monkeypatch.setitem(TARGETS, "tables", target)
    arguments = ["--trials", "20", "--only", "tables", "--keep", str(tmp_path / "kept")]
    assert main(arguments) == 1
    assert "20 files, 1 problems" in capsys.readouterr().out
    assert [path.read_bytes() for path in (tmp_path / "kept").iterdir()] == [b"a,b\n1,2\n,"]
