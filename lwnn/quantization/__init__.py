"""Float models to int8 ones: calibration, and the integer arithmetic, decided once, here.

A quantized model computes in integers from the first layer to the scores, with nothing that a
small device lacks, so that C code can give the same bits. `arithmetic` holds the definitions,
`calibration` the ranges seen on real rows, `conversion` turns both into tensors, `tensors` says
which there are and refuses bad ones, `inference` runs them.
"""

from lwnn.quantization.conversion import quantize
from lwnn.quantization.model import QuantizedModel
from lwnn.quantization.tensors import ROUNDINGS

__all__ = ["ROUNDINGS", "QuantizedModel", "quantize"]
