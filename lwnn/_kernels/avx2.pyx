"""The kernels, built for AVX2 and FMA."""

include "common.pxi"
include "dense.pxi"
include "forward_forward.pxi"
include "few.pxi"
include "mono.pxi"
include "perturbation.pxi"
include "int8.pxi"
