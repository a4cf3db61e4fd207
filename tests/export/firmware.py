"""Any number of exported models in one program that runs each of them over rows of its own."""

import dataclasses
import subprocess

import numpy as np
from device_tools import SHA256

from lwnn.export import columns, export_c
from lwnn.export.selftest import FLOAT_TOLERANCE, device_scores
from lwnn.quantization import QuantizedModel

_MAIN = """#include <stdio.h>
$includes
typedef struct { int agree, index; } record;
$functions
int main(void)
{
$calls    return 0;
}
"""
#: What a model says of its rows, which stand one after the other in stdin. The features lie in an
#: array of just their size, so that a sanitizer sees what is read beyond.
_FUNCTION = """
static void @_run(long rows)
{
    float features[@_FEATURES];
    @_score scores[@_CLASSES];
    @_scratch scratch;
    record found;
    for (; rows > 0; rows--) {
        if (fread(features, sizeof features, 1, stdin) != 1)
            return;
        found.index = @_scores(features, scores, &scratch);
        found.agree = @_predict(features) == ANSWER;
        MORE
        fwrite(&found, sizeof found, 1, stdout);
        fwrite(scores, sizeof scores, 1, stdout);
    }
}
"""
_INT8 = """{
            int8_t input[@_INPUTS];
            @_quantize(features, input);
            found.agree &= @_predict_int8(input) == ANSWER;
        }"""


@dataclasses.dataclass(frozen=True)
class Part:
    """A model of such a program: its name there, the core it is for, and inputs."""

    name: str
    model: object
    target: str
    x: np.ndarray

    def write(self, folder):
        """Export it."""
        for file, text in export_c(self.model, self.name, SHA256, self.target).items():
            (folder / file).write_text(text, encoding="utf-8")

    @property
    def function(self):
        """C that runs it."""
        text = _FUNCTION.replace("MORE", _INT8 if self.is_int8 else "")
        answer = "@_value(scores[0])" if self.model.response else "found.index"
        text = text.replace("ANSWER", answer)
        for constant in ("FEATURES", "CLASSES", "INPUTS"):
            text = text.replace(f"@_{constant}", f"{self.name.upper()}_{constant}")
        return text.replace("@", self.name)

    @property
    def is_int8(self):
        """Whether there is an interface for those who quantize themselves."""
        return isinstance(self.model, QuantizedModel)

    def readings(self, more=None):
        """What stdin holds for it: its rows, and `more`, of which it takes the first columns."""
        x = columns.readings(self.model, self.x).astype(np.float32)
        return x if more is None else np.vstack([x, more[:, : x.shape[1]]])

    def record(self):
        """What it writes for a row."""
        wanted = device_scores(self.model, self.x)
        return np.dtype(
            [("agree", "i4"), ("index", "i4"), ("scores", wanted.dtype, wanted.shape[1])]
        )

    def check(self, found):
        """Compare with the PC."""
        assert (found["agree"] == 1).all(), self.name
        found, wanted = found[: len(self.x)], device_scores(self.model, self.x)
        assert (found["index"] == wanted.argmax(axis=1)).all(), self.name
        if self.is_int8:
            assert (found["scores"] == wanted).all(), self.name
        else:
            most = FLOAT_TOLERANCE * np.maximum(np.abs(wanted).max(axis=1, keepdims=True), 1)
            assert (np.abs(found["scores"] - wanted) <= most).all(), self.name


def check(parts, folder, *compiler, more=None):
    """Compile the program, run all its models over their rows and `more`, compare with the PC."""
    readings = [part.readings(more) for part in parts]
    for part in parts:
        part.write(folder)
    includes = "".join(f'#include "{part.name}.h"\n' for part in parts)
    calls = [f"    {p.name}_run({len(r)});\n" for p, r in zip(parts, readings, strict=True)]
    text = _MAIN.replace("$includes", includes).replace("$calls", "".join(calls))
    text = text.replace("$functions", "".join(part.function for part in parts))
    (folder / "main.c").write_text(text)
    sources = ["main.c", *(f"{part.name}.c" for part in parts)]
    subprocess.run([*compiler, *sources, "-o", "program", "-lm"], check=True, cwd=folder)
    content = b"".join(r.tobytes() for r in readings)
    done = subprocess.run([folder / "program"], input=content, capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode(errors="replace")) == (0, "")
    start = 0
    for part, rows in zip(parts, readings, strict=True):
        kind = part.record()
        part.check(np.frombuffer(done.stdout, kind, len(rows), start))
        start += len(rows) * kind.itemsize
    assert start == len(done.stdout)
