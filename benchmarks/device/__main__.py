"""Count what int8 inference costs on emulated cores, after checking every bit.

    python -m benchmarks.device

Instructions per inference under QEMU with -icount, cycles under simavr; from int8 input to scores,
-O3. Ends with 1 when a result differs or a limit is not held. Instructions are not cycles: they
say nothing of a time.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.device.limits import LIMITS, MOST_FLASH, MOST_STACK, PEERS
from benchmarks.device.nets import net
from lwnn.errors import MissingToolError
from lwnn.export import export_c, toolchain
from lwnn.export.machines import MACHINES, SECTIONS
from lwnn.export.verification import verify

_SHA256 = "0" * 64
_MAIN = """#include "net.h"
extern volatile int row;
extern int8_t input[][NET_INPUTS], scores[][NET_CLASSES];
volatile int row;
int8_t input[2][NET_INPUTS], scores[2][NET_CLASSES];
net_scratch scratch;
int main(void) { return CALL; }
"""


def main():
    """Print the tables; returns the exit status."""
    good = True
    print(f"{'core':6}{'net':12}{'count':>10}{'most':>10}{'raw input':>12}{'stack':>7}{'peer':>10}")
    for core, limits in LIMITS.items():
        try:
            for name, most in limits.items():
                good &= _row(core, name, most)
        except MissingToolError as error:
            print(f"{core:6}skipped: {error}")
    good &= _flash()
    return 0 if good else 1


def _row(core, name, most):
    model, x = net(name)
    with tempfile.TemporaryDirectory() as folder:
        verdict = verify(model, _written(model, folder, core), x, core)
    count, whole = int(verdict.count_int8.max()), int(verdict.count.max())
    peer = PEERS[core][name]
    line = f"{core:6}{name:12}{count:10,}{most:10,}{whole:12,}{verdict.stack:7}{peer:10,}"
    held = count <= most and (core != "m4" or verdict.stack <= MOST_STACK)
    print(line + ("" if verdict.good else "  DIFFERS") + ("" if held else "  OVER"), flush=True)
    return verdict.good and held


def _written(model, folder, core):
    for file, text in export_c(model, "net", _SHA256, core).items():
        Path(folder, file).write_text(text)
    return Path(folder, "net")


def _flash():
    """Flash of 64-32-10 on M4 beyond its weights and biases: with the model, less without it."""
    try:
        compiler = MACHINES["m4"].tools[0].find()
    except MissingToolError as error:
        print(f"flash: skipped: {error}")
        return True
    model, _ = net("64-32-10")
    parameters = sum(
        model.tensors[f"{layer}.{part}"].nbytes
        for layer, _, _ in model.network.layers
        for part in ("weight", "bias")
    )
    with tempfile.TemporaryDirectory() as folder:
        _written(model, folder, "m4")
        call = "net_scores_int8(input[row], scores[row], &scratch)"
        size = _linked(compiler, folder, call, "net.c") - _linked(
            compiler, folder, "scores[row][0]"
        )
    beyond = size - parameters
    print(f"flash of 64-32-10 on m4 beyond {parameters:,} bytes of weights and biases: {beyond:,}")
    print(f"  at most {MOST_FLASH:,}")
    return beyond <= MOST_FLASH


def _linked(compiler, folder, call, *sources):
    Path(folder, "main.c").write_text(_MAIN)
    machine = MACHINES["m4"]
    flags = [*machine.flags, "-std=c99", "-O3", *SECTIONS, "--specs=nano.specs", "-nostartfiles"]
    flags += ["--specs=nosys.specs", "-Wl,-e,main,--no-warn-rwx-segments", f"-DCALL={call}"]
    command = [compiler, *flags, "main.c", *sources, "-o", "program"]
    toolchain.run(command, "linking", cwd=folder)
    done = toolchain.run(["arm-none-eabi-size", "program"], "measuring", cwd=folder)
    text, data, _ = map(int, done.stdout.split(b"\n")[1].split()[:3])
    return text + data


if __name__ == "__main__":
    sys.exit(main())
