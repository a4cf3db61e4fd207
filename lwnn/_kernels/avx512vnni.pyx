"""The kernels, built for AVX-512 (F, BW, DQ, VL) with VNNI, products of int8."""

include "common.pxi"
include "dense.pxi"
include "forward_forward.pxi"
include "few.pxi"
include "perturbation.pxi"
include "perturbation_forms.pxi"
include "int8.pxi"
