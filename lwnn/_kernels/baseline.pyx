"""The kernels, built for any processor of the platform."""

include "kernels.pxi"


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
