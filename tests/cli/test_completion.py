"""What a shell offers behind the beginning of a command line."""

import pytest

from lwnn.export.boards import BOARDS
from lwnn.options import ALGOS


@pytest.fixture
def offered(process, tmp_path):
    """The function that gives what bash is offered where the last of these words begins."""

    def run(*words):
        environment = {
            "_LWNN_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(["lwnn", *words]),
            "COMP_CWORD": str(len(words)),
        }
        with process(folder=tmp_path, environment=environment) as python:
            out, err = python.communicate()
        assert (python.returncode, err) == (0, b"")
        return out.decode().split()

    return run


def test_commands_and_options(offered):
    assert offered("tr") == ["train"]
    assert {"--algo", "--hidden", "--class-weight"} <= set(offered("train", "--"))


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["train", "--algo", ""], ALGOS),
        (["train", "--loss", "s"], ["softplus", "symba", "swish"]),
        (["inspect", "--missing", ""], ["indicate", "mean", "drop", "error"]),
        (["quantize", "--rounding", ""], ["single", "double"]),
        (["export", "--target", "m"], ["m0", "m4", "m55"]),
        (["tune", "--board", "pi"], [name for name in BOARDS if name.startswith("pi")]),
    ],
)
def test_values_of_options(offered, words, values):
    assert offered(*words) == list(values)


def test_where_files_go_the_shell_is_left_to_offer_them(offered):
    assert offered("evaluate", "m") == []


def test_the_script_for_a_shell(process, tmp_path):
    for shell in ("bash", "zsh", "fish"):
        environment = {"_LWNN_COMPLETE": f"source_{shell}"}
        with process(folder=tmp_path, environment=environment) as python:
            out, _ = python.communicate()
        assert python.returncode == 0
        assert b"_LWNN_COMPLETE=complete_" in out
