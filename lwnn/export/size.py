"""What an exported model takes of a device, before anything is flashed."""

import dataclasses
import functools
import shutil
import tempfile
from pathlib import Path

from lwnn.export import toolchain
from lwnn.export.machines import SECTIONS

#: Bytes of code and of stack beside the working memory where no compiler is at hand: the most
#: that was measured for any kind of net, with GCC 12 (AVR: 5.4) and -Os.
_CODE = {"rows": 4_200, "quads": 7_400, "pairs": 3_200, "blocks": 3_200, "float": 6_600}
_STACK = 500
#: What rounding twice adds to the code, at most: shifts of 64 bits, which an AVR has to spell out.
_TWICE = 1_300
#: The same, where readings become inputs by more than scaling.
_COLUMNS = 820
#: What `push` in the assembly takes beside that which the compiler tells.
_PUSHED = 32

_MAIN = """#include "{name}.h"
extern const float *volatile readings;
const float *volatile readings;
int main(void) {{ return (int){name}_predict(readings); }}
"""
_EMPTY = """extern const float *volatile readings;
const float *volatile readings;
int main(void) { return readings == 0; }
"""


@dataclasses.dataclass(frozen=True)
class Size:
    """Bytes that a model takes.

    Parameters
    ----------
    weights, constants, code : int
        Of flash. Constants are all but the weights: biases, multipliers, input scaling, and what
        the compiler adds to them.
    readings : int
        Memory for a row, which the caller has.
    scratch : int
        Working memory of a prediction.
    static : int
        Memory that is taken all the time.
    stack : int
        Bound of the stack that a prediction takes, working memory included.
    measured : bool
        Whether a compiler for the board measured code and stack; else they are estimates.
    """

    weights: int
    constants: int
    code: int
    readings: int
    scratch: int
    static: int
    stack: int
    measured: bool

    @property
    def flash(self):
        """All bytes of flash."""
        return self.weights + self.constants + self.code

    @property
    def ram(self):
        """All bytes of memory while a row is predicted."""
        return self.readings + self.static + self.stack


def is_measured(board):
    """Whether the board's compiler is installed, so that sizes are no estimates."""
    return board.compiler is not None and shutil.which(board.compiler) is not None


def how(measured):
    """How code and stack became known, for a person."""
    return "measured" if measured else "estimated, as no compiler for the board was found"


def size_of(program, readings, files, name, board):
    """Measure a model for a board with its compiler, or estimate.

    Parameters
    ----------
    program : Program
    readings : int
        Of a row.
    files : dict of str to str
        The exported files.
    name : str
    board : Board

    Returns
    -------
    Size
    """
    weights = sum(a.values.nbytes for a in program.arrays if a.name.endswith("_weight"))
    constants = program.rom - weights
    fixed = {"weights": weights, "constants": constants}
    fixed |= {"readings": 4 * readings, "scratch": program.ram}
    if not is_measured(board):
        kind = next(kind for kind in _CODE if program.runtime[0] == f"lwnn_{kind}.h")
        code = _CODE[kind] + (_TWICE if "LWNN_DOUBLE 1" in program.defines else 0)
        code += _COLUMNS if "lwnn_columns.h" in program.runtime else 0
        stack = program.ram + _STACK
        return Size(**fixed, code=code, static=0, stack=stack, measured=False)
    with tempfile.TemporaryDirectory() as folder:
        for file, text in files.items():
            Path(folder, file).write_text(text, encoding="utf-8")
        with_model = _link(folder, board, _MAIN.format(name=name), f"{name}.c")
        stack = _stack(Path(folder))
    without = _without(board)
    code = with_model[0] - without[0] - program.rom
    static = with_model[1] - without[1]
    return Size(**fixed, code=code, static=static, stack=stack, measured=True)


@functools.cache
def _without(board):
    """Bytes of flash and of static memory of the program without a model."""
    with tempfile.TemporaryDirectory() as folder:
        return _link(folder, board, _EMPTY)


def _link(folder, board, main, *sources):
    """Bytes of flash and of static memory of a program."""
    Path(folder, "main.c").write_text(main)
    flags = ["-std=c99", "-Os", *SECTIONS, "-fstack-usage", "-o", "program"]
    if board.compiler.startswith("arm"):
        flags += ["--specs=nano.specs", "--specs=nosys.specs", "-nostartfiles", "-Wl,-e,main"]
        flags += ["-Wl,--no-warn-rwx-segments"]
    else:
        # What does not fit is to be measured too.
        flags += ["-Wl,--defsym=__TEXT_REGION_LENGTH__=8M"]
    command = [shutil.which(board.compiler), *board.flags, *flags, "main.c", *sources, "-lm"]
    toolchain.run(command, f"compiling for {board.words}", cwd=folder)
    sizes = shutil.which(board.compiler.replace("gcc", "size"))
    done = toolchain.run([sizes, "program"], "measuring its size", cwd=folder)
    text, data, bss = map(int, done.stdout.split(b"\n")[1].split()[:3])
    return text + data, data + bss


def _stack(folder):
    """Bound of the stack: the model's own functions call each other, one of the runtime's ends."""
    own, runtime = 0, 0
    for path in folder.glob("*.su"):
        for line in path.read_text().splitlines():
            place, size, _ = line.split("\t")
            name = place.rpartition(":")[2]
            if name.startswith("lwnn_"):
                runtime = max(runtime, int(size))
            elif name.endswith(("_predict", "_scores", "_scores_int8", "_value")):
                own += int(size)
    # One function of the runtime may call another one, and that a part of the compiler's.
    return own + 2 * runtime + _PUSHED


def report(size, board):
    """Lines that tell a person what `size` is on `board`."""
    return [
        f"{board.words}; code and stack {how(size.measured)}",
        f"flash: weights {size.weights:,}, constants {size.constants:,}, code {size.code:,} bytes",
        f"memory: readings {size.readings:,}, static {size.static:,}, stack up to "
        f"{size.stack:,} bytes, {size.scratch:,} of them working memory",
        f"uses {size.flash:,} bytes ({_percent(size.flash, board.flash)} %) of flash; "
        f"maximum {board.flash:,}",
        f"uses {size.ram:,} bytes ({_percent(size.ram, board.ram)} %) of memory; "
        f"maximum {board.ram:,}",
    ]


def _percent(part, whole):
    """Whole percents, rounded up: what does not fit is never 100 %."""
    return -(-100 * part // whole)


def fits(size, board):
    """Whether the model fits, were it alone on the board."""
    return size.flash <= board.flash and size.ram <= board.ram
