"""Builds the kernels: one source, a build for each kind of processor.

Environment
-----------
LWNN_CHECKED=1
    Bounds checks in Cython, AddressSanitizer and UndefinedBehaviorSanitizer in C. For tests
    only; see CONTRIBUTING.md.
"""

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

CHECKED = os.environ.get("LWNN_CHECKED") == "1"
KERNELS = Path("lwnn/_kernels")
AVX512 = [
    *("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"),
    *("-mfma", "-mprefer-vector-width=512"),
]
FLAGS = {
    "baseline": [],
    "avx2": ["-mavx2", "-mfma"],
    "avx512": AVX512,
    "avx512vnni": [*AVX512, "-mavx512vnni"],
}
#: What the last ones need, as Linux names it.
AVX512_FLAGS = {"avx512f", "avx512bw", "avx512dq", "avx512vl"}
NEEDS = {
    "avx2": {"avx2", "fma"},
    "avx512": AVX512_FLAGS,
    "avx512vnni": {*AVX512_FLAGS, "avx512_vnni"},
}
DIRECTIVES = {
    "language_level": 3,
    "binding": True,
    "embedsignature": False,
    "boundscheck": CHECKED,
    "wraparound": False,
    "initializedcheck": CHECKED,
    "cdivision": True,
}
# No -ffast-math: sums keep their order, infinities and NaN keep their meaning.
COMPILE = ["-O3", "-fno-math-errno", "-fno-trapping-math"]
SANITIZE = ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined"]


def variants():
    """The builds that this platform can run one of; for checks only those that run right here."""
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    if not (x86 and CHECKED):
        return list(FLAGS) if x86 else ["baseline"]
    # A sanitized build takes minutes, and nobody would run the others.
    has = set(Path("/proc/cpuinfo").read_text().split())
    return [variant for variant in FLAGS if NEEDS.get(variant, set()) <= has]


class BuildKernels(build_ext):
    """Adds OpenMP where the compiler has it, and compiles the variants side by side."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def build_extensions(self):
        openmp = ["-fopenmp"] if self.compiles(["-fopenmp"]) else []
        for extension in self.extensions:
            extension.extra_compile_args += openmp
            extension.extra_link_args += openmp
        super().build_extensions()

    def compiles(self, flags):
        """Whether a small OpenMP program compiles and links with `flags`."""
        if sys.platform == "win32":
            return False
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text(
                "#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n"
            )
            compiler = [*self.compiler.compiler_so, *flags, str(source)]
            command = [*compiler, "-o", str(Path(folder, "probe"))]
            return subprocess.run(command, capture_output=True, check=False).returncode == 0


def extension(variant):
    return Extension(
        f"lwnn._kernels.{variant}",
        [str(KERNELS / f"{variant}.pyx")],
        include_dirs=[str(KERNELS)],
        depends=[str(path) for path in (*KERNELS.glob("*.pxi"), *KERNELS.glob("*.h"))],
        extra_compile_args=[*COMPILE, *FLAGS[variant], *(SANITIZE if CHECKED else [])],
        extra_link_args=["-fsanitize=address,undefined"] if CHECKED else [],
    )


setup(
    ext_modules=cythonize(
        [extension(variant) for variant in variants()],
        compiler_directives=DIRECTIVES,
    ),
    cmdclass={"build_ext": BuildKernels},
)
