"""A data file opened once: hashed as stored, counted for progress, unpacked when gzipped."""

import functools
import gzip
import hashlib
import io
import os
import shutil
import stat
import sys
import tempfile

from lwnn.errors import DataError, UsageError

CHUNK = 1 << 20
#: The path that means stdin, and what messages call it.
STDIN, STDIN_NAME = "-", "stdin"
# Deflate cannot pack tighter than about 1032 to 1 (zlib's technical notes, "Maximum Compression
# Factor"), so a gzip or zip member that announces more than this lies.
MAX_DEFLATE_RATIO = 1032


class _Meter(io.RawIOBase):
    """Raw file that hashes and counts what is read from it for the first time."""

    def __init__(self, file, progress, running_hash):
        self._file = file
        self.size = os.fstat(self._file.fileno()).st_size
        self.hash = running_hash
        self._hashed = 0
        self._progress = progress

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=os.SEEK_SET):
        return self._file.seek(offset, whence)

    def readinto(self, buffer):
        start = self._file.tell()
        count = self._file.readinto(buffer)
        fresh = start + count - self._hashed
        if start <= self._hashed and fresh > 0:
            self.hash.update(memoryview(buffer)[count - fresh : count])
            self._hashed += fresh
            if self._progress is not None:
                self._progress(self._hashed, self.size)
        return count

    def finish(self):
        """Read, and so hash, what was not read so far."""
        self._file.seek(self._hashed)
        buffer = bytearray(CHUNK)
        while self.readinto(buffer):
            pass

    def close(self):
        if not self.closed:
            self._file.close()
        super().close()


def spooled():
    """Return a temporary file with all of stdin, which can be read again: the same for each call.

    Raises
    ------
    UsageError
        When stdin is a terminal: nobody types a table.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("- reads data from stdin, which is a terminal; pipe a file into it")
    return _spooled(sys.stdin.buffer)


@functools.lru_cache(maxsize=1)
def _spooled(stdin):
    file = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as it may be read again)
    shutil.copyfileobj(stdin, file, CHUNK)
    file.flush()
    return file


class Source:
    """A regular file, open for reading.

    Parameters
    ----------
    path : str or os.PathLike
    progress : callable, optional
        Called as ``progress(bytes_read, bytes_total)`` now and then; both count stored bytes.
    after : Source, optional
        Another file, read to its end; the digest then is over its bytes and those of this one.
    file : file, optional
        What `spooled` gave, in place of what stands at `path`.

    Attributes
    ----------
    stream : io.BufferedIOBase
        The content, decompressed where the file is gzipped.
    gzipped : bool
    stored_bytes : int

    Raises
    ------
    DataError
        When the file is missing, not readable or not a regular file.
    """

    def __init__(self, path, progress=None, after=None, file=None):
        self.path = path if file is None else STDIN_NAME
        running_hash = hashlib.sha256() if after is None else after._meter.hash
        self._meter = _Meter(self._open(path, file), progress, running_hash)
        self.stored_bytes = self._meter.size
        stored = io.BufferedReader(self._meter, CHUNK)
        self.gzipped = stored.peek(2)[:2] == b"\x1f\x8b"
        self.stream = io.BufferedReader(gzip.GzipFile(fileobj=stored)) if self.gzipped else stored

    @staticmethod
    def _open(path, file):
        try:
            if file is not None:
                again = os.fdopen(os.dup(file.fileno()), "rb", buffering=0)
                again.seek(0)
                return again
            # Asked before opening: opening a named pipe would wait for its writer.
            mode = os.stat(path).st_mode
            if not stat.S_ISREG(mode):
                what = "is a folder" if stat.S_ISDIR(mode) else "is not a regular file"
                raise DataError(what, path=path, remedy="give a file")
            return open(path, "rb", buffering=0)
        except OSError as error:
            problem = f"cannot be read: {error.strerror or error}"
            raise DataError(problem, path=path, remedy="check the path") from error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self._meter.close()

    def peek(self):
        """Return some of the first bytes of the content, without taking them."""
        return self.stream.peek(1)

    def text(self):
        """Return the content as text; bytes that are not UTF-8 become surrogates."""
        # Kept, because a wrapper that is thrown away closes what it wraps.
        self._text = io.TextIOWrapper(self.stream, "utf-8-sig", errors="surrogateescape")
        return self._text

    def hexdigest(self):
        """Return the SHA-256 of the file as stored (see `after`); reads on to its end."""
        self._meter.finish()
        return self._meter.hash.hexdigest()

    def refuse(self, problem, remedy=None):
        """Raise a `DataError` about this file."""
        raise DataError(problem, path=self.path, remedy=remedy)

    def check_memory(self, count):
        """Refuse to take more bytes than the machine has."""
        if count > machine_memory():
            problem = f"needs {count / 1e9:.1f} GB of memory, this machine has"
            self.refuse(f"{problem} {machine_memory() / 1e9:.1f} GB", "give fewer rows")


def machine_memory():
    """Return the bytes of memory that the machine has, or 16 GB where it does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 1 << 34
