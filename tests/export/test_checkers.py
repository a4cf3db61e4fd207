"""Exported C under sanitizers and static analysis."""

import subprocess

import numpy as np
import pytest
from device_tools import needs
from exported_nets import MODELS, model_of, rows

from lwnn.quantization import QuantizedModel

LAYOUTS = ("portable", "m0", "m4", "m55")
#: How often sums are rounded changes one function, which these two reach in both of its callers.
CHECKED = [
    name for name in MODELS if not name.startswith("twice") or name in ("twice-relu", "twice-both")
]
_MAIN = """#include <stdio.h>
#include "net.h"

int main(void)
{
    float features[NET_INPUTS];
    net_score scores[NET_CLASSES];
    net_scratch scratch;
    while (fread(features, sizeof features, 1, stdin) == 1)
        printf("%d\\n", net_scores(features, scores, &scratch) == net_predict(features));
    return 0;
}
"""
SANITIZE = (
    "-g",
    "-O1",
    "-fsanitize=address,undefined,float-cast-overflow",
    "-fno-sanitize-recover",
)


@pytest.fixture(params=CHECKED)
def model(request):
    """A model of each of these kinds in turn."""
    return model_of(request.param)


def targets_of(model):
    return LAYOUTS if isinstance(model, QuantizedModel) else LAYOUTS[:1]


def extreme_rows():
    """Random, extreme and constant readings, and those that are not numbers."""
    limits = [0, 1, -1, 1e-42, 3.4e38, -3.4e38, np.inf, -np.inf, np.nan]
    constant = np.repeat(np.float32(limits)[:, None], 9, axis=1)
    mixed = np.random.default_rng(0).choice(np.float32(limits), (50, 9))
    return np.vstack([rows(100), constant, mixed]).astype(np.float32)


@needs("cc")
def test_sanitizers_find_nothing(model, write, tmp_path):
    (tmp_path / "main.c").write_text(_MAIN)
    x = extreme_rows()
    for target in targets_of(model):
        export = write(model, target=target)
        command = ["cc", *SANITIZE, f"-I{export.parent}", "main.c", f"{export}.c", "-o", "p", "-lm"]
        subprocess.run(command, check=True, cwd=tmp_path)
        done = subprocess.run([tmp_path / "p"], input=x.tobytes(), capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b""), target
        assert done.stdout.split() == [b"1"] * len(x)


@needs("gcc")
def test_the_analyzer_of_gcc_finds_nothing(model, write):
    for target in targets_of(model):
        export = write(model, target=target, self_test=rows())
        for source in export.parent.glob("*.c"):
            command = ["gcc", "-std=c99", "-O2", "-fanalyzer", "-Wall", "-Werror", "-c", source]
            done = subprocess.run(
                [*command, "-o", export.parent / "o"], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr


@needs("cppcheck")
@pytest.mark.parametrize("core", ["", "-D__AVR_HAVE_MUL__", "-D__ARM_FEATURE_DSP"])
def test_cppcheck_finds_nothing(model, write, core):
    for target in targets_of(model):
        export = write(model, target=target, self_test=rows(20))
        command = ["cppcheck", "--enable=warning,portability,performance", "--error-exitcode=1"]
        command += ["--std=c99", "--quiet", *([core] if core else []), str(export.parent)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
