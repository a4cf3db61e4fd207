"""What exported C can be run on: this PC, or a core in an emulator."""

import dataclasses
import math
import re
from pathlib import Path

import numpy as np

from lwnn.errors import UsageError
from lwnn.export import toolchain
from lwnn.export.toolchain import Tool

STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic")
#: A section for each function and constant, so that what is not used takes no room.
SECTIONS = ("-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections")
_ARM = Tool(
    ("arm-none-eabi-gcc",),
    "get it: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi (Debian), "
    "brew install --cask gcc-arm-embedded (macOS)",
)
_QEMU = Tool(
    ("qemu-system-arm",),
    "get it: apt-get install qemu-system-arm (Debian), brew install qemu (macOS)",
)
_AVR = Tool(("avr-gcc",), "get it: apt-get install gcc-avr avr-libc (Debian)")
_SIMAVR = Tool(("simavr",), "get it: apt-get install simavr (Debian)")


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
    rows : ndarray of float32, shape (n, readings)
    """

    export: Path
    harness: Path
    work: Path
    defines: list
    rows: np.ndarray

    def sources(self, *platform):
        """Paths of all C files: the model's, and those that run it."""
        test = self.export.with_name(f"{self.export.name}_selftest.c")
        return [
            str(self.export.with_name(f"{self.export.name}.c")),
            *([str(test)] if test.exists() else []),
            *(str(self.harness / name) for name in ("run.c", *platform)),
        ]

    def compile(self, compiler, *flags):
        """Compile with these flags; returns the path of the program."""
        program = self.work / "program"
        includes = [f"-I{self.export.parent}", f"-I{self.harness}"]
        command = [compiler, *self.defines, *includes, *flags, "-o", str(program)]
        toolchain.run(command, f"compiling {self.export.name}.c")
        return program


class Host:
    """This PC. It counts nothing."""

    words = "this machine"
    unit = None
    tools = ()

    def run(self, job):
        """Compile and run; returns what came out, all rows."""
        compiler = toolchain.host_compiler().find()
        program = job.compile(compiler, "-std=c99", "-O2", *job.sources("host.c"), "-lm")
        done = toolchain.run([str(program)], f"running {job.export.name}", input=job.rows.tobytes())
        return done.stdout


@dataclasses.dataclass(frozen=True)
class CortexM:
    """A board with a Cortex-M in QEMU.

    Parameters
    ----------
    words : str
    flags : tuple of str
        For the compiler: which core.
    board : str
        QEMU's name of it.
    code, memory : int
        Where code and data lie.
    size : int
        Bytes of memory; the stack begins at its end.
    megahertz : float
        Of SysTick, which goes on by 64 ns for each instruction.
    """

    words: str
    flags: tuple[str, ...]
    board: str
    code: int
    memory: int
    size: int
    megahertz: float
    unit = "instructions"
    tools = (_ARM, _QEMU)

    @property
    def ticks(self):
        """Of the clock, for each instruction."""
        return self.megahertz * 64 / 1000

    def link(self):
        """Flags that put code and data where the board has memory."""
        return (
            *("-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs"),
            f"-Wl,--section-start=.vectors={self.code:#x},-Ttext={self.code + 0x400:#x}",
            f"-Wl,-Tdata={self.memory:#x},-e,platform_vectors,--no-warn-rwx-segments",
            f"-DSTACK_TOP={self.memory + self.size:#x}u",
        )

    def run(self, job):
        """Compile and run; returns what came out, all rows."""
        compiler, emulator = _ARM.find(), _QEMU.find()
        sources = job.sources("cortex_m.c")
        flags = (*self.flags, "-std=c99", "-O3", *SECTIONS, *self.link())
        program = job.compile(compiler, *flags, *sources, "-lm")
        (job.work / "rows").write_bytes(job.rows.tobytes())
        command = [emulator, "-M", self.board, "-nographic", "-monitor", "none", "-serial", "none"]
        command += ["-semihosting-config", "enable=on,target=native", "-icount", "shift=6"]
        toolchain.run(
            [*command, "-kernel", str(program)], f"running {job.export.name}", cwd=job.work
        )
        return (job.work / "records").read_bytes()


class Avr:
    """An ATmega328P in simavr. Its rows are stored in flash, as many at a time as fit."""

    words = "an ATmega328P"
    unit = "cycles"
    tools = (_AVR, _SIMAVR)
    ticks = 1.0
    _flash = 32_768
    _memory = 2_048
    #: Bytes of flash and of memory that the program takes that runs the model, rows apart.
    _room, _stack = 7_000, 200

    def run(self, job):
        """Compile and run, again and again; returns what came out, all rows."""
        _AVR.find(), _SIMAVR.find()
        constants, scratch = self._said(job, "ROM"), self._said(job, "RAM")
        # A row as it is and quantized; working memory of the program's own and on the stack.
        if 5 * job.rows.shape[1] + 2 * scratch + self._stack > self._memory:
            raise UsageError(
                f"{job.export.name}: rows of {job.rows.shape[1]:,} readings and {scratch:,} bytes "
                f"of working memory are too much for the {self._memory:,} bytes of memory of an "
                "ATmega328P; train with fewer inputs or hidden units"
            )
        fit = (self._flash - self._room - constants) // (4 * job.rows.shape[1])
        if fit < 1:
            raise UsageError(
                f"{job.export.name}: {constants:,} bytes of constants leave no room for rows in "
                f"the {self._flash:,} bytes of an ATmega328P; train with fewer hidden units"
            )
        parts = [self._part(job, job.rows[n : n + fit]) for n in range(0, len(job.rows), fit)]
        # Each part begins with what the self-test found.
        return parts[0][:4] + b"".join(part[4:] for part in parts)

    @staticmethod
    def _said(job, what):
        header = job.export.with_suffix(".h").read_text(encoding="utf-8")
        return int(re.search(rf"^#define \w+_{what} (\d+)$", header, re.MULTILINE)[1])

    def _part(self, job, rows):
        lines = ("{" + ",".join(map(_spelt, row)) + "},\n" for row in rows.tolist())
        (job.work / "rows.inc").write_text("".join(lines))
        flags = ("-mmcu=atmega328p", "-std=c99", "-O3", *SECTIONS)
        flags = (*flags, f"-DCOUNT={len(rows)}", f'-DROWS="{job.work / "rows.inc"}"')
        program = job.compile(_AVR.find(), *flags, *job.sources("avr.c"), "-lm")
        command = [_SIMAVR.find(), "-m", "atmega328p", "-f", "16000000", str(program)]
        done = toolchain.run(command, f"running {job.export.name}")
        text = (done.stdout + done.stderr).decode(errors="replace")
        # simavr writes each line in colour, and a dot for its end.
        lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
        return bytes.fromhex("".join(line[:-1] for line in lines if _HEX.fullmatch(line)))


def _spelt(value):
    return "NAN" if math.isnan(value) else f"{value:.9e}f"


_HEX = re.compile(r"[0-9a-f]*\.")
_THUMB = "-mthumb"
MACHINES = {
    "host": Host(),
    "m0": CortexM(
        "a Cortex-M0 (microbit)",
        ("-mcpu=cortex-m0", _THUMB),
        "microbit",
        *(0x0, 0x20000000, 16 << 10, 16.0),
    ),
    "m4": CortexM(
        "a Cortex-M4F (mps2-an386)",
        ("-mcpu=cortex-m4", _THUMB, "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
        "mps2-an386",
        *(0x0, 0x20000000, 4 << 20, 25.0),
    ),
    "m55": CortexM(
        "a Cortex-M55 with MVE (mps3-an547)",
        ("-mcpu=cortex-m55", _THUMB, "-mfloat-abi=hard", "-mfpu=auto"),
        "mps3-an547",
        *(0x10000000, 0x30000000, 512 << 10, 32.0),
    ),
    "avr": Avr(),
}
