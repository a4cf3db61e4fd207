"""The kernels, built for AVX-512 (F, BW, DQ, VL) with VNNI, products of int8."""

include "kernels.pxi"
