# Rows in: scaled, and laid out as a product reads them.

cdef void gather(const data_t *x, const float *scaler, float clip, Py_ssize_t n_in,
                 const int *rows, Py_ssize_t samples, float *out_bi, Py_ssize_t ldo) noexcept nogil:
    """Scaled rows of the data: clip((x - offset) * scale); padding columns are set to 0.

    `rows` NULL stands for 0, 1, 2, … A constant feature has scale 0 and reads 0 even where the
    difference overflows.
    """
    cdef Py_ssize_t b
    cdef const data_t *line
    cdef float *out
    for b in range(samples):
        line = x + (rows[b] if rows != NULL else b) * n_in
        if b + 1 < samples:
            lwnn_fetch(x + (rows[b + 1] if rows != NULL else b + 1) * n_in, n_in * sizeof(data_t))
        out = out_bi + b * ldo
        if data_t is float:
            lwnn_scale_float(line, scaler, scaler + n_in, clip, n_in, out)
        else:
            lwnn_scale_byte(line, scaler, scaler + n_in, clip, n_in, out)
        memset(out + n_in, 0, (ldo - n_in) * sizeof(float))


cdef void scale_row(const data_t *x, const float *scaler, float clip, Py_ssize_t n_in,
                    Py_ssize_t at, Py_ssize_t n, float *out) noexcept nogil:
    """Features at..at + n of one row, as `gather`; a whole tile's are a loop of known length."""
    cdef const float *scale = scaler + n_in
    if data_t is float:
        if n == LWNN_LANES:
            lwnn_scale_float(x + at, scaler + at, scale + at, clip, LWNN_LANES, out)
        else:
            lwnn_scale_float(x + at, scaler + at, scale + at, clip, n, out)
    elif n == LWNN_LANES:
        lwnn_scale_byte(x + at, scaler + at, scale + at, clip, LWNN_LANES, out)
    else:
        lwnn_scale_byte(x + at, scaler + at, scale + at, clip, n, out)


cdef void gather_tile(const data_t *x, const float *scaler, float clip, Py_ssize_t n_in,
                      const int *rows, Py_ssize_t samples, float *out_bi, Py_ssize_t step,
                      float *out_ib) noexcept nogil:
    """Up to LWNN_LANES scaled rows, both ways: as rows in tiles of inputs, `step` apart, and
    as one tile of samples."""
    cdef Py_ssize_t b, i = 0, n
    cdef float *block
    if samples < LWNN_LANES:
        memset(out_ib, 0, n_in * LWNN_LANES * sizeof(float))
    for b in range(samples):
        # All at once: rows lie apart, and few bytes of each are read at a time.
        lwnn_fetch(x + (rows[b] if rows != NULL else b) * n_in, n_in * sizeof(data_t))
    while i < n_in:
        n = min(<Py_ssize_t>LWNN_LANES, n_in - i)
        block = out_bi + i // LWNN_LANES * step
        for b in range(samples):
            scale_row(x + (rows[b] if rows != NULL else b) * n_in, scaler, clip, n_in, i, n,
                      block + b * LWNN_LANES)
            memset(block + b * LWNN_LANES + n, 0, (LWNN_LANES - n) * sizeof(float))
        transpose(block, LWNN_LANES, samples, n, out_ib + i * LWNN_LANES, LWNN_LANES)
        i += LWNN_LANES
