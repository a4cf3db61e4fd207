"""Train small neural nets without backprop, or with it; compare them; quantize them to int8.

>>> import lwnn
>>> run = lwnn.train(lwnn.load(lwnn.sample_path()), lwnn.Options(algo="ff"))
>>> run.metrics["test"]["accuracy"] > 0.9
True

Names are imported when they are first used, so that ``import lwnn`` itself is quick.
"""

import importlib

from lwnn._version import __version__

#: Public name to its module, and to its name there where that is another.
_HOMES = {
    "Dataset": "lwnn.data",
    "Schema": "lwnn.data",
    "load": "lwnn.data",
    "sample_path": "lwnn.data",
    "split": "lwnn.data",
    "Model": "lwnn.model",
    "Network": "lwnn.network",
    "Params": "lwnn.network",
    "Options": "lwnn.options",
    "Run": "lwnn.training",
    "train": "lwnn.training",
    "QuantizedModel": "lwnn.quantization",
    "quantize": "lwnn.quantization",
    "load_model": "lwnn.modelfile:load",
    "save_model": "lwnn.modelfile:save",
    "compare": "lwnn.comparison",
    "tune": "lwnn.tuning",
    "LwnnError": "lwnn.errors",
}

#: Rooms that are public as a whole.
_ROOMS = ("autodiff",)

__all__ = ["__version__", *_HOMES, *_ROOMS]  # noqa: PLE0604 - the linter does not see that keys are text


def __getattr__(name):
    if name in _ROOMS:
        return importlib.import_module(f"lwnn.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'lwnn' has no attribute {name!r}")
    home, _, renamed = _HOMES[name].partition(":")
    return getattr(importlib.import_module(home), renamed or name)


def __dir__():
    return sorted(__all__)
