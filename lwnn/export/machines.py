"""What exported C can be run on: this PC, or a core in an emulator."""

import dataclasses
from pathlib import Path

import numpy as np

from lwnn.export import toolchain

STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic")


@dataclasses.dataclass(frozen=True)
class Job:
    """A model to compile and rows to run it over.

    Parameters
    ----------
    export : Path
        Folder and name of the model, without ending.
    harness : Path
        Folder of the C files that run it.
    work : Path
        An empty folder.
    defines : list of str
        For the compiler.
    rows : ndarray of float32, shape (n, inputs)
    record : int
        Bytes that go out for each row.
    """

    export: Path
    harness: Path
    work: Path
    defines: list
    rows: np.ndarray
    record: int

    def sources(self, *platform):
        """Paths of all C files: the model's, and those that run it."""
        test = self.export.with_name(f"{self.export.name}_selftest.c")
        return [
            str(self.export.with_name(f"{self.export.name}.c")),
            *([str(test)] if test.exists() else []),
            *(str(self.harness / name) for name in ("run.c", *platform)),
        ]

    @property
    def includes(self):
        """Where the compiler finds headers."""
        return [f"-I{self.export.parent}", f"-I{self.harness}"]


class Host:
    """This PC."""

    counts = False
    words = "this machine"

    def run(self, job):
        """Compile and run; returns what came out, all rows."""
        compiler = toolchain.host_compiler().find()
        program = str(job.work / "program")
        command = [compiler, "-std=c99", "-O2", *job.defines, *job.includes]
        command += [*job.sources("host.c"), "-o", program, "-lm"]
        toolchain.run(command, f"compiling {job.export.name}.c")
        done = toolchain.run([program], f"running {job.export.name}", input=job.rows.tobytes())
        return done.stdout


MACHINES = {"host": Host()}
