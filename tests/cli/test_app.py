"""What holds for every subcommand: help, versions, endings, and quick starts."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import lwnn as package
from lwnn import modelfile
from lwnn.cli import app as contents

COMMANDS = sorted(
    path.stem
    for path in Path(contents.__file__).parent.glob("*.py")
    if path.stem in {command.callback.__name__ for command in contents.app.registered_commands}
)


def test_all_commands_are_looked_at():
    assert len(COMMANDS) == len(contents.app.registered_commands) >= 5


def test_a_verbose_version_names_the_kernels(lwnn):
    from lwnn import _kernels  # noqa: PLC0415

    version, kernels, libraries = lwnn("--version", "--verbose").out.splitlines()
    assert version == f"lwnn {package.__version__}"
    assert kernels.startswith(f"kernels {_kernels.variant} (LWNN_KERNELS may force reference")
    assert libraries.startswith("Python 3.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--verbose"], "--verbose goes with --version"), (["-x"], "No such option")],
)
def test_a_wrong_option_of_the_program_itself(lwnn, arguments, said):
    ended = lwnn(*arguments)
    assert ended.code == 2
    assert said in ended.err


def test_version(lwnn):
    for option in ("--version", "-V"):
        ended = lwnn(option)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out == f"lwnn {package.__version__}\n"


def test_the_package_runs_as_a_program_too():
    run = [sys.executable, "-m", "lwnn", "--version"]
    ended = subprocess.run(run, capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == (f"lwnn {package.__version__}\n", "")


def test_help_names_every_command(lwnn):
    ended = lwnn("--help")
    assert ended.code == 0
    for command in COMMANDS:
        assert f"  {command} " in ended.out
    assert "..." not in ended.out.partition("Commands:")[2]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_80_columns_and_explains_every_option(lwnn, command):
    ended = lwnn(command, "--help")
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "--json" in ended.out
    assert "-q, --quiet" in ended.out
    options = ended.out.partition("Options:")[2].splitlines()
    starts = [n for n, line in enumerate(options) if line.lstrip().startswith("-")]
    for start in starts:
        block = " ".join(options[start : start + 2]).split("  ")
        assert len([part for part in block if part.strip()]) >= 2, options[start]


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_usage_is_told_without_a_traceback(lwnn, command):
    # Some take any number of files, and one none.
    several = ("train", "evaluate", "predict", "tune", "verify")
    many = [] if command in several else ["1", "2", "3", "4"]
    if command == "bench":
        many = ["--seeds", "many"]
    for arguments in (["x", "--no-such-option"], many):
        ended = lwnn(command, *arguments)
        assert (ended.code, ended.out) == (2, "")
        assert f"Usage: lwnn {command}" in ended.err
        assert "Error: " in ended.err


def test_a_command_that_is_not_there(lwnn):
    ended = lwnn("trian")
    assert ended.code == 2
    assert "Did you mean 'train'?" in ended.err


@pytest.mark.parametrize("command", ["evaluate", "predict", "inspect", "quantize"])
def test_a_model_file_that_is_not_there(refused, trees, command):
    data = {"inspect": [], "quantize": ["--calibrate", trees]}.get(command, [trees])
    message = refused(command, "none.safetensors", *data)
    assert message == (
        "none.safetensors: cannot be read: No such file or directory; check the path"
    )


def fail_with(monkeypatch, error):
    def load(_):
        raise error

    monkeypatch.setattr(modelfile, "load", load)


def test_a_fault_is_one_line_with_a_way_to_see_more(monkeypatch, lwnn, capsys):
    fail_with(monkeypatch, ZeroDivisionError("by\nzero"))
    ended = lwnn("inspect", "x.safetensors")
    assert ended.code == 70
    assert len(ended.err.splitlines()) == 1
    assert ended.complaint.startswith("a fault of lwnn itself, ZeroDivisionError: by\\nzero;")
    assert "LWNN_TRACEBACK=1" in ended.err
    monkeypatch.setenv("LWNN_TRACEBACK", "1")
    with pytest.raises(SystemExit):
        contents.main()
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (MemoryError(), 2, "out of memory; give fewer rows or a smaller net"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_other_endings(monkeypatch, refused, error, code, message):
    fail_with(monkeypatch, error)
    assert refused("inspect", "x.safetensors", code=code) == message


def test_names_from_files_do_not_steer_the_terminal(lwnn, tmp_path):
    path = tmp_path / "bad\x1b[2J\nname"
    ended = lwnn("inspect", path)
    assert "bad\\x1b[2J\\nname: cannot be read" in ended.complaint


def test_starting_imports_nothing_heavy(process, tmp_path):
    code = "import lwnn.cli.app, sys; print(*sys.modules)"
    with process(code=code, folder=tmp_path) as python:
        modules = set(python.stdout.read().decode().split())
    assert "lwnn.cli.train" in modules
    assert not modules & {"numpy", "rich", "rich.table", "rich.progress", "safetensors"}
    assert "lwnn._kernels" not in modules


def test_a_reader_that_was_never_there_ends_the_run_quietly(process, made, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    with process("inspect", made, folder=tmp_path, stdout=writing) as python:
        os.close(writing)
        assert python.stderr.read() == b""
    assert python.returncode == 141


def test_a_reader_that_goes_away_ends_the_run_quietly(process, made, trees, table, tmp_path):
    trees.write_text(table(rows=30_000), encoding="utf-8")
    with process("predict", "--proba", made, trees, folder=tmp_path) as python:
        assert python.stdout.readline().startswith(b"prediction,")
        python.stdout.close()
        assert python.stderr.read() == b""
    assert python.returncode == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
@pytest.mark.parametrize("command", ["inspect", "evaluate", "predict"])
def test_no_room_for_the_output(process, made, trees, command, tmp_path):
    data = [] if command == "inspect" else [trees]
    with (
        open("/dev/full", "wb") as full,
        process(command, made, *data, folder=tmp_path, stdout=full) as python,
    ):
        last = python.stderr.read().decode().splitlines()[-1]
    assert python.returncode == 2
    assert last == "lwnn: cannot write the output: No space left on device"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send on Windows")
def test_ctrl_c_keeps_the_best_model(process, trees, tmp_path):
    endless = ("--algo", "bp", "--epochs", 1_000_000, "--patience", 1_000_000)
    with process("train", trees, *endless, "--json", folder=tmp_path) as python:
        for line in python.stderr:
            if line.startswith(b"epoch 3/"):
                python.send_signal(signal.SIGINT)
                break
        result, rest = json.loads(python.stdout.read()), python.stderr.read().decode()
    assert python.returncode == 130
    assert result["stopped"] == "interrupted"
    kept = f"the model of epoch {result['best_epoch']} is in trees-bp.safetensors"
    assert rest.splitlines()[-1] == f"lwnn: interrupted; {kept}"
    assert modelfile.load(tmp_path / "trees-bp.safetensors").labels == ("ash", "elm", "größer")


def test_a_name_that_the_terminal_cannot_show(process, made, tmp_path):
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    with process("inspect", made, folder=tmp_path, environment=ascii_only) as python:
        out, err = python.communicate()
    assert (python.returncode, err) == (0, b"")
    assert b"gr\\xf6\\xdfer" in out
