"""The kernels, built for AVX2 and FMA."""

include "kernels.pxi"
