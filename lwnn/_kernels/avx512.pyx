"""The kernels, built for AVX-512 (F, BW, DQ, VL)."""

include "common.pxi"
include "dense.pxi"
include "forward_forward.pxi"
include "few.pxi"
include "mono.pxi"
include "perturbation.pxi"
include "int8.pxi"
