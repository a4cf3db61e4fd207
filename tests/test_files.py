"""Files are replaced whole or not at all, and what goes wrong is said in one line."""

import errno
import os

import pytest

from lwnn import files
from lwnn.errors import LwnnError, UsageError


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"what was here")
    return path


def only(path):
    """The content of `path`, which must be alone in its folder."""
    assert os.listdir(path.parent) == [path.name]
    return path.read_bytes()


def test_new_content_replaces_the_old(target):
    with files.replacing(target) as file:
        file.write(b"new")
        assert target.read_bytes() == b"what was here"
    assert only(target) == b"new"


def test_text_is_written_as_utf8(target):
    files.write_text(target, "größer\n")
    assert only(target) == "größer\n".encode()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError])
def test_an_error_inside_leaves_what_was_there(target, error):
    with pytest.raises(error), files.replacing(target) as file:
        file.write(b"half of")
        raise error
    assert only(target) == b"what was here"


class Full:
    """Stands in for a file on a disk without room."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, content):
        self.file.write(content[:4])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def refuse(code):
    def call(*_, **__):
        raise OSError(code, os.strerror(code))

    return call


def fail_writing(monkeypatch):
    real = open
    monkeypatch.setattr("builtins.open", lambda *a, **k: Full(real(*a, **k)))


# Permission is refused by hand, because root, as whom tests may run, is refused nothing.
FAILURES = {
    "write": (fail_writing, errno.ENOSPC),
    "flush": (lambda m: m.setattr(os, "fsync", refuse(errno.ENOSPC)), errno.ENOSPC),
    "open": (lambda m: m.setattr("builtins.open", refuse(errno.EACCES)), errno.EACCES),
    "replace": (lambda m: m.setattr(os, "replace", refuse(errno.EPERM)), errno.EPERM),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_full_disk_or_a_refusal_is_one_line_and_leaves_what_was_there(
    monkeypatch, target, failure
):
    arrange, code = FAILURES[failure]
    with monkeypatch.context() as patch, pytest.raises(UsageError) as caught:
        arrange(patch)
        with files.replacing(target) as file:
            file.write(b"new content")
    assert str(caught.value) == (
        f"{target}: cannot write: {os.strerror(code)}; choose another place"
    )
    assert caught.value.exit_code == 2
    assert isinstance(caught.value, LwnnError)
    assert only(target) == b"what was here"


def test_a_missing_folder_is_named(tmp_path):
    path = tmp_path / "missing" / "out.csv"
    with pytest.raises(UsageError, match="No such file or directory") as caught:
        files.write_text(path, "x")
    assert str(path) in str(caught.value)
    assert os.listdir(tmp_path) == []
