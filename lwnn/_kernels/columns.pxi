# Columns of outputs, `[unit][sample]`: their sums of squares, and division by their root mean
# square, for the rules whose layers each learn for themselves.

cdef void column_squares(const float *h_ub, Py_ssize_t units, Py_ssize_t samples,
                         float *squares) noexcept nogil:
    cdef Py_ssize_t u, ld = padded(samples)
    memset(squares, 0, ld * sizeof(float))
    for u in range(units):
        add_squares(h_ub + u * ld, squares, samples)


cdef void column_inverses(const float *squares, Py_ssize_t units, Py_ssize_t samples,
                          float *inverse) noexcept nogil:
    """1 / (rms + tiny) of every column."""
    cdef Py_ssize_t b
    for b in range(samples):
        inverse[b] = 1 / (sqrtf(squares[b] / units) + TINY)


cdef void scale_columns(const float *h_ub, const float *factor, Py_ssize_t units,
                        Py_ssize_t samples, float *out_ub) noexcept nogil:
    """Each column times its factor; padding columns become 0. `out_ub` may be `h_ub`."""
    cdef Py_ssize_t u, b, ld = padded(samples)
    cdef const float *line
    cdef float *out
    for u in range(units):
        line = h_ub + u * ld
        out = out_ub + u * ld
        for b in range(samples):
            out[b] = line[b] * factor[b]
        for b in range(samples, ld):
            out[b] = 0
