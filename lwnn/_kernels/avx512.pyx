"""The kernels, built for AVX-512 (F, BW, DQ, VL)."""

include "kernels.pxi"
