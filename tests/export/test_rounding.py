"""From sums to outputs in C: every way to round, against integers without bounds."""

import subprocess

import numpy as np
import pytest
from device_tools import needs
from plain_rounding import ROUNDED, requantized

from lwnn.export.csource import data_file

_MAIN = """#include <stdio.h>
#include "lwnn_rows.h"

int main(void)
{
    int32_t v[4];
    while (fread(v, sizeof v, 1, stdin) == 1)
        printf("%d\\n", (int)lwnn_requantize(v[0], v[1], (int8_t)v[2], v[3]));
    return 0;
}
"""

#: Compiler's options, rounding, and the range of `right`, which is -1 - shift.
WAYS = {
    "narrow": ([], "single", (1, 30)),
    "wide": (["-DLWNN_WIDE"], "single", (-31, 30)),
    "double": (["-DLWNN_DOUBLE"], "double", (-31, 30)),
}


def cases(low, high):
    """Random sums of all sizes, and some for which the half decides."""
    rng = np.random.default_rng(0)
    n = 20_000
    right = rng.integers(low, high + 1, n)
    multiplier = rng.integers(2**30, 2**31, n)
    total = np.trunc(rng.uniform(-1, 1, n) * 2.0 ** rng.uniform(0, 31, n)).astype(np.int64)
    # 2^30 times an odd multiple of 2^(right + 1) is a half.
    halves = np.arange(n) % 4 == 0
    multiplier[halves] = 2**30
    total[halves] = (2 * rng.integers(-120, 120, n) + 1)[halves] << np.clip(right + 1, 0, 20)[
        halves
    ]
    multiplier[::50] = 0
    zero_point = rng.integers(-128, 128, n)
    return np.stack([total, multiplier, right, zero_point], axis=1).astype(np.int32)


@needs("cc")
@pytest.mark.parametrize("way", WAYS)
def test_outputs_are_rounded_as_they_are_on_the_pc(way, tmp_path):
    flags, rounding, (low, high) = WAYS[way]
    for file in ("lwnn_rows.h", "lwnn_runtime.h", "lwnn_layers.h"):
        (tmp_path / file).write_text(data_file("runtime", file))
    (tmp_path / "main.c").write_text(_MAIN)
    command = ["cc", "-std=c99", "-O1", "-fsanitize=undefined", *flags, "main.c", "-o", "p"]
    subprocess.run(command, cwd=tmp_path, check=True)
    table = cases(low, high)
    done = subprocess.run([tmp_path / "p"], input=table.tobytes(), capture_output=True, check=True)
    found = np.array(done.stdout.split(), np.int64)
    wanted = [requantized(t, m, -1 - r, z, rounding) for t, m, r, z in table.tolist()]
    assert done.stderr == b""
    assert found.tolist() == wanted
    assert len(set(wanted)) == 256


def test_the_two_ways_differ_somewhere():
    table = cases(1, 30).tolist()
    results = [[rounded(t, m, -1 - r) for t, m, r, _ in table] for rounded in ROUNDED.values()]
    assert results[0] != results[1]
