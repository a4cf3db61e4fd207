# Activations and their slopes.

cdef inline float sigmoid(float z) noexcept nogil:
    return 1 / (1 + expf(-z))


# Slope of a leaky ReLU below 0.
cdef float LEAK = <float>0.01


cdef inline float activate(float z, long kind) noexcept nogil:
    if kind == RELU:
        return z if z > 0 else 0
    if kind == LEAKY_RELU:
        return z if z > 0 else LEAK * z
    if kind == STEP:
        return 1 if z > 0 else 0
    if kind == SIGMOID:
        return sigmoid(z)
    if kind == TANH:
        return tanhf(z)
    return z


cdef inline float slope(float y, long kind) noexcept nogil:
    """Derivative of the activation, from its output."""
    if kind == RELU:
        return 1 if y > 0 else 0
    if kind == LEAKY_RELU:
        return 1 if y > 0 else LEAK
    if kind == STEP:
        return 0
    if kind == SIGMOID:
        return y * (1 - y)
    if kind == TANH:
        return 1 - y * y
    return 1


cdef void activate_all(float *z, Py_ssize_t n, long kind) noexcept nogil:
    """All in place; the kinds that need no function have loops of their own, with vectors."""
    cdef Py_ssize_t i
    if kind == LINEAR:
        return
    if kind == LEAKY_RELU:
        for i in range(n):
            z[i] = z[i] if z[i] > 0 else LEAK * z[i]
    elif kind == STEP:
        for i in range(n):
            z[i] = 1 if z[i] > 0 else 0
    else:
        for i in range(n):
            z[i] = activate(z[i], kind)


cdef void through_slope(float *d, const float *a, Py_ssize_t n, long kind) noexcept nogil:
    """From dC/da to dC/dz in place, given the outputs; the loop of the usual kind has vectors."""
    cdef Py_ssize_t i
    if kind == RELU:
        for i in range(n):
            d[i] = d[i] if a[i] > 0 else 0
    elif kind != LINEAR:
        for i in range(n):
            d[i] *= slope(a[i], kind)


cdef void bias_activate(float *z_ob, const float *bias, Py_ssize_t n_out, Py_ssize_t ld,
                        long kind) noexcept nogil:
    cdef Py_ssize_t o, b
    cdef float *line
    cdef float add, z
    for o in range(n_out):
        line = z_ob + o * ld
        add = bias[o]
        if kind == RELU:
            for b in range(ld):
                z = line[b] + add
                line[b] = z if z > 0 else 0
        elif kind == LINEAR:
            for b in range(ld):
                line[b] += add
        else:
            for b in range(ld):
                line[b] = activate(line[b] + add, kind)
