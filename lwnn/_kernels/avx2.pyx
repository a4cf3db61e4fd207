"""The kernels, built for AVX2 and FMA."""

include "common.pxi"
include "dense.pxi"
include "ff_losses.pxi"
include "forward_forward.pxi"
include "few.pxi"
include "perturbation.pxi"
include "int8.pxi"
