"""The kernels, built for any processor of the platform."""

include "common.pxi"
include "dense.pxi"
include "ff_losses.pxi"
include "forward_forward.pxi"
include "few.pxi"
include "columns.pxi"
include "mono.pxi"
include "unsupervised.pxi"
include "topdown.pxi"
include "images.pxi"
include "perceptron.pxi"
include "perturbation.pxi"
include "perturbation_forms.pxi"
include "elman.pxi"
include "elman_perturbation.pxi"
include "int8.pxi"


cdef extern from "processor.h":
    int lwnn_has_avx2()
    int lwnn_has_avx512()
    int lwnn_has_avx512vnni()


def processor_has(str variant):
    """Whether this processor can run the kernels built as `variant`."""
    if variant == "avx2":
        return bool(lwnn_has_avx2())
    if variant == "avx512":
        return bool(lwnn_has_avx512())
    if variant == "avx512vnni":
        return bool(lwnn_has_avx512vnni())
    return True
