"""Where the figures come from: processor, kernels, versions."""

import importlib.metadata
import os
import platform
from pathlib import Path

import lwnn._kernels
from lwnn._version import __version__

PACKAGES = ("numpy", "torch", "scikit-learn", "onnxruntime", "onnx")


def describe():
    """Processor, cores and kernel build, by name."""
    return {
        "processor": processor(),
        "platform": platform.platform(),
        "cores": cores(),
        "kernels": lwnn._kernels.variant,
    }


def processor():
    """Name of the processor, as well as the system knows it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def cores():
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def load():
    """Processes that wanted to run in the last minute, on average, where the system counts."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def versions():
    """Version by package; None for one that is not installed."""
    found = {"python": platform.python_version(), "lwnn": __version__}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found
